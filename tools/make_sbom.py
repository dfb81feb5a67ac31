"""Writes what Flare is made of as a CycloneDX document: every locked package with its hashes, Python's and the wall's.

    python -m tools.make_sbom FILE

Read from the lock files alone, so it names what an image installs and not what happens to lie on this machine; the same
locks give the same bytes (tests/house/test_sbom.py). Never fetches anything.
"""

import base64
import json
import re
import sys
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parent.parent
PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def python_packages(lock: str) -> Iterator[dict[str, Any]]:
    """The components of a lock of pip's, in its order; the hashes are those of every file that may be installed."""
    component: dict[str, Any] | None = None
    for line in lock.splitlines():
        if pinned := PINNED.match(line):
            if component:
                yield component
            component = _component("pypi", pinned[1], pinned[2])
        if component:
            component["hashes"] += [{"alg": "SHA-256", "content": found} for found in HASH.findall(line)]
    if component:
        yield component


def npm_packages(lock: str) -> Iterator[dict[str, Any]]:
    """The components of a lock of npm's that reach a browser: none that only builds."""
    for path, package in json.loads(lock)["packages"].items():
        name = path.rpartition("node_modules/")[2]
        if not name or package.get("dev") or package.get("optional"):
            continue
        component = _component("npm", name, package["version"])
        algorithm, _, digest = package["integrity"].partition("-")
        content = base64.b64decode(digest).hex()
        component["hashes"].append({"alg": algorithm.upper().replace("SHA", "SHA-"), "content": content})
        yield component


def _component(registry: str, name: str, release: str) -> dict[str, Any]:
    purl = f"pkg:{registry}/{name.replace('@', '%40')}@{release}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": release, "purl": purl, "hashes": []}


def document(root: Path) -> dict[str, Any]:
    """The whole document."""
    parts = [
        *python_packages((root / "constraints-run.txt").read_text(encoding="utf-8")),
        *npm_packages((root / "web" / "ui" / "package-lock.json").read_text(encoding="utf-8")),
    ]
    us = _component("pypi", "flare-dispatch", version("flare-dispatch"))
    del us["hashes"]
    told = json.dumps(parts, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, told)}",
        "version": 1,
        "metadata": {"component": us | {"type": "application"}},
        "components": parts,
        "dependencies": [{"ref": us["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def main(arguments: list[str]) -> int:
    """Writes the file; 2 for wrong usage."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    made = document(ROOT)
    Path(arguments[0]).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"{arguments[0]}: {len(made['components'])} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
