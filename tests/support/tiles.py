"""Small PMTiles files for tests: a header, one tile, and whatever metadata a test wants."""

import gzip
from pathlib import Path
from typing import Any

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write

LAYERS = {
    "openmaptiles": ("water", "waterway", "transportation", "boundary", "place"),
    "protomaps": ("earth", "water", "roads", "boundaries", "places"),
}


def tiles_file(path: Path, layers: tuple[str, ...], kind: TileType = TileType.MVT, **more: Any) -> Path:
    """A file with one tile that holds nothing. `more`: further metadata."""
    header = {"tile_type": kind, "tile_compression": Compression.GZIP, "center_zoom": 0}
    degrees = ("min_lon", "min_lat", "max_lon", "max_lat", "center_lon", "center_lat")
    header |= dict(
        zip(
            (f"{name}_e7" for name in degrees),
            (-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000, 0, 0),
            strict=True,
        )
    )
    with write(path) as writer:
        writer.write_tile(zxy_to_tileid(0, 0, 0), gzip.compress(b"", mtime=0))
        writer.finalize(header, {"vector_layers": [{"id": name, "fields": {}} for name in layers]} | more)
    return path
