"""The project installs the same from any index, and nothing in it tells about a machine; each check can fail."""

from pathlib import Path

import pytest

from tests.house.addresses import NPMRC, addresses
from tests.support.trees import write_tree


def test_no_file_names_an_index_a_machine_or_work_left_undone(project_root: Path) -> None:
    faults = addresses(project_root)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        (
            "constraints.txt",
            "--index" + "-url https://pypi.example/simple",
            "constraints.txt:1: a lock with an address",
        ),
        ("web/ui/package-lock.json", '{"a": {"resolved": "x"}}', "says where a package was fetched from"),
        ("web/ui/package-lock.json", '{"a": {"version": "https://npm.example/a"}}', "holds an address"),
        ("web/ui/.npmrc", "registry" + "=https://npm.example", "only `omit"),
        ("Makefile", "pip install --extra" + "-index there", "Makefile:1: names an index"),
        (".ci/run", "pip install --find" + "-links wheels", ".ci/run:1: names an index"),
        ("uv.lock", "", "uv.lock: never in git"),
        ("docs/a.md", "see /home" + "/someone/notes", "docs/a.md:1: a folder of one machine"),
        ("geo/a.py", "# TO" + "DO: later", "geo/a.py:1: left undone"),
    ],
)
def test_an_address_is_found_and_named(tmp_path: Path, file: str, text: str, says: str) -> None:
    (fault,) = addresses(write_tree(tmp_path, {file: text}))
    assert says in fault


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("web/ui/package-lock.json", '{"a": {"funding": {"url": "https://give.example"}, "integrity": "sha512-x"}}'),
        ("web/ui/.npmrc", NPMRC + "\n"),
        ("Makefile", "uv pip compile --no-emit-index" + "-url"),
        ("dispatch/clock.py", '"""See https://docs.example/clock."""'),
        ("web/a.py", "link = 'https://flare.example/work/home/root'"),
    ],
)
def test_what_is_no_address_is_left_alone(tmp_path: Path, file: str, text: str) -> None:
    assert addresses(write_tree(tmp_path, {file: text})) == []
