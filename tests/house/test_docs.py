"""What can be set is written down, under the name that is read."""

from pathlib import Path

import pytest

from tests.house.image import VARIABLE, known_variables
from tests.support.trees import write_tree


def untold(root: Path) -> list[str]:
    """Variables that settings.py reads and docs/settings.md doesn't name, and the other way round."""
    read = {name for name in known_variables(root / "dispatch" / "settings.py") if not name.endswith("_FILE")}
    text = (root / "docs" / "settings.md").read_text(encoding="utf-8")
    told = {name.removesuffix("_FILE") for name in VARIABLE.findall(text)}
    return [f"docs/settings.md doesn't name {name}" for name in sorted(read - told)] + [
        f"docs/settings.md names {name}, which nothing reads" for name in sorted(told - read)
    ]


def test_every_setting_is_told_and_every_told_setting_exists(project_root: Path) -> None:
    if not (project_root / "docs" / "settings.md").exists():
        pytest.skip("docs/settings.md isn't written yet")
    faults = untold(project_root)
    assert not faults, "\n".join(faults)


def test_a_setting_that_nobody_told_is_found(tmp_path: Path) -> None:
    texts = {"dispatch/settings.py": 'A = ["FLARE_HOST", "FLARE_PORT"]', "docs/settings.md": "FLARE_PORT, FLARE_PROT"}
    assert untold(write_tree(tmp_path, texts)) == [
        "docs/settings.md doesn't name FLARE_HOST",
        "docs/settings.md names FLARE_PROT, which nothing reads",
    ]
