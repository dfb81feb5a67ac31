"""What the build of the wall's map left behind: how much of it, and whether its sources have changed since.

Read by the server, `flare doctor` and hatch_build.py, so it imports the standard library alone. Builds nothing.
Invariant: without what is built every page works; only the wall's map is the drawn one (tests/browser/test_ground.py).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static" / "built"
BASE_MAP: Final = "base.pmtiles"
FULL, PLAIN = "full", "plain"
SOURCES: Final = ("web/ui", "web/pages/data/base_map.json.gz", "geo/data/places.npz", "geo/roads.py")
"""Everything what is built is made of, below the project's folder."""


@dataclass(frozen=True, slots=True)
class Built:
    """`level`: "full" with the wall's map, "plain" without. `mark`: of the sources it was made of, "" for none."""

    level: str
    mark: str


def built(folder: Path = FOLDER) -> Built:
    """What is there; "plain" when nothing was built, or half."""
    try:
        told = json.loads((folder / "built.json").read_text("utf-8"))
        return Built(str(told["level"]), str(told["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Built(PLAIN, "")


def mark_of_sources(root: Path) -> str | None:
    """The mark of the sources as they are now; None where they are not, as in an installed wheel."""
    if not (root / "web" / "ui" / "package.json").is_file():
        return None
    digest = hashlib.sha256()
    for source in SOURCES:
        top = root / source
        inside = [top] if top.is_file() else sorted(each for each in top.iterdir() if each.is_file())
        for path in inside:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]


def stale(root: Path = FOLDER.parents[2]) -> bool:
    """Is there a map that was built from other sources than lie here now?"""
    now, held = mark_of_sources(root), built(root / "web" / "static" / "built")
    return now is not None and held.level == FULL and held.mark != now
