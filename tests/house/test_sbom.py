"""The bill of materials names everything that is installed, and nothing by word alone: each package has its hashes."""

import json
import re
from pathlib import Path

from tools import make_sbom


def test_every_package_of_both_locks_is_named_with_its_hashes(project_root: Path) -> None:
    made = make_sbom.document(project_root)
    named = {part["purl"] for part in made["components"]}
    lock = (project_root / "constraints-run.txt").read_text()
    pinned = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE)
    assert len(pinned) > 30
    assert {f"pkg:pypi/{name}@{version}" for name, version in pinned} <= named
    assert any(purl.startswith("pkg:npm/maplibre-gl@") for purl in named)
    assert len(named) == len(made["components"])
    for part in made["components"]:
        assert part["hashes"], part["purl"]
        for found in part["hashes"]:
            assert len(found["content"]) == {"SHA-256": 64, "SHA-512": 128}[found["alg"]], part["purl"]
    told = sum(len(part["hashes"]) for part in made["components"] if part["purl"].startswith("pkg:pypi/"))
    assert told == lock.count("--hash=sha256:")


def test_the_same_locks_give_the_same_document(project_root: Path, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        assert make_sbom.main([str(tmp_path / name)]) == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    made = json.loads((tmp_path / "one.json").read_text())
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")


def test_only_what_is_named_enters_the_image(project_root: Path) -> None:
    rules = [line for line in (project_root / ".dockerignore").read_text().splitlines() if line[:1] not in ("", "#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert not [name for name in let_in if re.search(r"secret|\.env|key|deploy|vapid|\.db", name)]
