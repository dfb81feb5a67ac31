"""Cells of the Earth: the only form in which other people see a place.

A blurred dot leaks its centre after a hundred looks; a cell says the same thing every time.
This file only names cells; who may see which resolution is dispatch/domain/visibility.
Invariant: a place lies in its cell, and the cell's centre lies in the cell (tests/geo/test_cells.py).
Source: H3 4.x (Uber), https://h3geo.org.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import h3  # type: ignore[import-untyped]  # C extension without stubs

from geo.point import Point

MEMBER: Final = 6  # edge 3.7 km
PUBLIC: Final = 5  # edge 9.9 km
EMPTY_LAND: Final = 4  # edge 26 km
MAP: Final = 4  # the cells of the live map's topics


def cell_of(point: Point, res: int) -> str:
    """The cell of this resolution the point lies in, as 15 hex digits."""
    return str(h3.latlng_to_cell(point.lat, point.lon, res))


@lru_cache(maxsize=65_536)
def centre(cell: str) -> Point:
    """The middle of the cell: what others may measure from."""
    lat, lon = h3.cell_to_latlng(cell)
    return Point(lat, lon)


def resolution(cell: str) -> int:
    """How fine the cell is: 0 (a continent) to 15 (a parking space)."""
    return int(h3.get_resolution(cell))


def parent(cell: str, res: int) -> str:
    """The coarser cell it belongs to; itself when already as coarse.

    Raises: ValueError when res is finer than the cell (nobody can know a finer one).
    """
    if res > resolution(cell):
        raise ValueError(f"a cell of resolution {resolution(cell)} has no parent of resolution {res}")
    return str(h3.cell_to_parent(cell, res))


def outline(cell: str) -> list[Point]:
    """The corners in order, six or five of them, not closed.

    Error: corners across the date line jump by 360 degrees; drawing must unwrap them.
    """
    return [Point(lat, lon) for lat, lon in h3.cell_to_boundary(cell)]


def is_cell(text: object) -> bool:
    """Whether the text names a cell; never raises."""
    return isinstance(text, str) and len(text) == 15 and text == text.lower() and bool(h3.is_valid_cell(text))


def same_or_next(a: str, b: str) -> bool:
    """Whether two cells are the same or share an edge, seen at the coarser of the two."""
    res = min(resolution(a), resolution(b))
    left, right = parent(a, res), parent(b, res)
    return left == right or right in h3.grid_disk(left, 1)


def disk(cell: str, k: int) -> list[str]:
    """The cell and everything up to k steps away, sorted.

    Shape: 1 + 3k(k+1) cells, fewer around the twelve pentagons.
    """
    return sorted(str(each) for each in h3.grid_disk(cell, k))
