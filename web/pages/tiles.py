"""Whose tiles the wall's map is drawn from: the ones that were built, or the operator's own file.

A PMTiles file is opened at the start, so that a wrong one is one clear line there and not a black wall at night. It is
only ever read by range (web/pages/static.py); what is in it is the operator's to know.
Source: the PMTiles specification, version 3: a header of 127 bytes, little endian.
"""

import gzip
import hashlib
import json
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from dispatch.settings import BadSettings, Settings
from geo.gazetteer import LARGE
from web import built
from web.pages.base_map import ATTRIBUTION

HEADER: Final = struct.Struct("<7sB11Q4B")
VECTOR: Final = 1
PACKED: Final[dict[int, Callable[[bytes], bytes]]] = {1: lambda data: data, 2: gzip.decompress}
METADATA_MOST: Final = 4_000_000
KINDS: Final = {
    "flare": {"land", "road", "town"},
    "openmaptiles": {"water", "transportation", "place"},
    "protomaps": {"earth", "water", "roads", "places"},
}
"""The layers by which a file is known (web/static/wall/ground_map.js draws each kind)."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """A file of tiles. `kind`: a key of KINDS; `mark`: changes with the file; `source`: who is to be named, as text."""

    path: Path
    kind: str
    mark: str
    source: str


class NotTiles(Exception):
    """The file can't be drawn from; says why, and what would do."""


def tiles_of(settings: Settings) -> Tiles | None:
    """What the wall's map is drawn from; None where no map was built.

    Raises: BadSettings for an operator's file that can't be used.
    """
    held = built.built()
    if held.level != built.FULL:
        return None
    if settings.basemap is None:
        return Tiles(built.FOLDER / built.BASE_MAP, "flare", held.mark, ATTRIBUTION)
    try:
        return opened(settings.basemap)
    except (NotTiles, OSError) as why:
        raise BadSettings([f"FLARE_BASEMAP: {settings.basemap}: {getattr(why, 'strerror', None) or why}"]) from why


def opened(path: Path) -> Tiles:
    """The file; looked at again when it is another one than before.

    Raises: NotTiles, OSError.
    """
    about = path.stat()
    return _opened(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=4)
def _opened(path: Path, size: int, changed_ns: int) -> Tiles:
    with path.open("rb") as file:
        head = file.read(HEADER.size)
        if len(head) < HEADER.size or not head.startswith(b"PMTiles\x03"):
            raise NotTiles("not a PMTiles file of version 3")
        _, _, *numbers, _clustered, packing, _tile_packing, kind = HEADER.unpack(head)
        _root, _root_length, at, length, _leaves, _leaves_length, tiles_at, tiles_length = numbers[:8]
        if tiles_at + tiles_length > size:
            raise NotTiles(f"cut off: {size:,} bytes of {tiles_at + tiles_length:,}")
        if kind != VECTOR:
            raise NotTiles("its tiles are pictures; vector tiles are needed")
        if packing not in PACKED or length > METADATA_MOST:
            raise NotTiles("its metadata can't be read; pack it with gzip or not at all")
        file.seek(at)
        metadata = _metadata(PACKED[packing], file.read(length))
    layers = {str(layer.get("id")) for layer in metadata.get("vector_layers", []) if isinstance(layer, Mapping)}
    found = next((name for name, needed in KINDS.items() if needed <= layers), None)
    if found is None:
        said = ", ".join(sorted(layers)[:8]) or "none"
        raise NotTiles(f"its layers are {said}; known are those of OpenMapTiles, Protomaps and Flare")
    mark = hashlib.sha256(f"{size} {changed_ns} {path.absolute()}".encode()).hexdigest()[:10]
    return Tiles(path, found, mark, _plain(str(metadata.get("attribution") or "")))


def _metadata(unpack: Callable[[bytes], bytes], packed: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(unpack(packed) or b"{}")
    except (ValueError, OSError, EOFError) as why:
        raise NotTiles(f"its metadata can't be read ({why})") from why
    if not isinstance(told, Mapping):
        raise NotTiles("its metadata is no object")
    return told


def _plain(markup: str) -> str:
    """An attribution without its links: the page shows text and lets nobody else write markup."""
    text = re.sub(r"<[^>]*>", "", markup).replace("&copy;", "©").replace("&amp;", "&")
    return re.sub(r"\s+", " ", text).strip()[:200]


def address(tiles: Tiles) -> str:
    """Where a browser reads it."""
    return f"/static/built/{tiles.mark}/{built.BASE_MAP}"


def shown(settings: Settings) -> dict[str, str]:
    """What the wall's page needs: `map` for its script, "" where the wall draws its own ground; whom to name."""
    tiles = tiles_of(settings)
    if tiles is None:
        return {"map": "", "attribution": ATTRIBUTION}
    parts = {
        "built": f"/static/built/{built.built().mark}/",
        "tiles": address(tiles),
        "kind": tiles.kind,
        "large": LARGE,
    }
    source = dict.fromkeys(name for name in (tiles.source, ATTRIBUTION) if name)
    return {"map": json.dumps(parts, separators=(",", ":")), "attribution": " · ".join(source)}


def wall_map(settings: Settings) -> tuple[str, bool]:
    """What `flare doctor` says of the wall's map, and whether that is wrong."""
    try:
        tiles = tiles_of(settings)
    except BadSettings as why:
        return str(why), True
    if tiles is None:
        return f"{built.PLAIN}: the wall draws its own ground; make ui says what is missing", False
    old = "; its sources have changed since: make ui" if built.stale() else ""
    return f"{built.FULL}, {built.built().mark}, {tiles.kind} tiles{old}", False
