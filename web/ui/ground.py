"""What the base map of the wall takes from Python: roads and towns for web/ui/tiles.mjs, and the archive of its tiles.

Runs while Flare is built (hatch_build.py), never while it serves; needs numpy and pmtiles. Which names come first is
decided here once: the largest place of its surroundings at every zoom, so that a hamlet alone in the desert is named
before the suburb of a city (tests/house/test_build.py).
"""

import gzip
import json
import math
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write

from geo import roads
from geo.gazetteer import Place, gazetteer

MOST_ZOOM, NAMED_TO_ZOOM = 4, 8
ROOM: Final = (77.0, 31.0)
"""Degrees of longitude and latitude one name has for itself at zoom 0: about 110 by 45 pixels."""
LAYERS: Final = ("land", "water", "county", "state", "border", "coast", "road", "town")
_RECORD: Final = struct.Struct("<BIII")


def places() -> dict[str, Any]:
    """Roads as lines, towns as [name, lon, lat, rank, is it large, zoom from which it is in the tiles]."""
    lines = [[name, [[round(p.lon, 4), round(p.lat, 4)] for p in roads.smoothed(name)]] for name in roads.names()]
    return {"roads": lines, "towns": [_row(place, level) for place, level in _levels(gazetteer().settlements())]}


def _levels(largest_first: Iterable[Place]) -> list[tuple[Place, int]]:
    """The towns worth a name, each with the zoom from which it is the largest of its surroundings."""
    taken: set[tuple[int, int, int]] = set()
    named = []
    for place in largest_first:
        finest = _cell(place, NAMED_TO_ZOOM)
        # Cells lie in each other: where the finest is taken, whoever took it found all larger ones taken, or took them.
        if finest not in taken:
            cells = [_cell(place, zoom) for zoom in range(1, NAMED_TO_ZOOM)] + [finest]
            level = next(cell[0] for cell in cells if cell not in taken)
            taken.update(cells[level - 1 :])
            named.append((place, level))
    return named


def _cell(place: Place, zoom: int) -> tuple[int, int, int]:
    east, north = (
        math.floor(at * 2**zoom / room) for at, room in zip((place.point.lon, place.point.lat), ROOM, strict=True)
    )
    return zoom, east, north


def _row(place: Place, level: int) -> list[Any]:
    people = round(10 * math.log10(max(10, place.population)))
    where = [round(place.point.lon, 4), round(place.point.lat, 4)]
    return [place.name, *where, level * 100 - people, int(place.large), min(level, MOST_ZOOM)]


def archive(records: bytes, out: Path) -> None:
    """Writes the tiles of tiles.mjs as one PMTiles file; the same records give the same bytes."""
    tiles, at = {}, 0
    while at < len(records):
        z, x, y, length = _RECORD.unpack_from(records, at)
        at += _RECORD.size
        tiles[zxy_to_tileid(z, x, y)] = records[at : at + length]
        at += length
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": -1_800_000_000,
        "max_lon_e7": 1_800_000_000,
        "min_lat_e7": -850_000_000,
        "max_lat_e7": 850_000_000,
        "center_zoom": 0,
        "center_lon_e7": 0,
        "center_lat_e7": 0,
    }
    with write(out) as writer:
        for number, body in sorted(tiles.items()):
            writer.write_tile(number, gzip.compress(body, 9, mtime=0))
        writer.finalize(header, {"name": "Flare", "vector_layers": [{"id": name, "fields": {}} for name in LAYERS]})


def json_of_places() -> bytes:
    """What tiles.mjs reads from its standard input."""
    return json.dumps(places(), separators=(",", ":"), ensure_ascii=False).encode()
