"""Cells of the Earth: the only form in which other people see a place.

A blurred dot leaks its centre after a hundred looks; a cell says the same thing every time.
This file only names cells; who may see which resolution is dispatch/domain/visibility.
Invariant: a place lies in its cell, and the cell's centre lies in the cell (tests/geo/test_cells.py).
Source: H3 4.x (Uber), https://h3geo.org.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import ClassVar, Final

import h3  # type: ignore[import-untyped]  # C extension without stubs

from geo.box import Box
from geo.point import Point

MEMBER: Final = 6  # edge 3.7 km
PUBLIC: Final = 5  # edge 9.9 km
EMPTY_LAND: Final = 4  # edge 26 km
MAP: Final = 4  # the cells of the live map's topics

_STRIP: Final = 30.0  # degrees; H3 reads a polygon edge of 180 or more the short way round
_EARTH_KM2: Final = 510_065_622.0


class TooManyCells(ValueError):
    """The box holds more cells than the caller was ready for; zoom in or go coarser."""

    code: ClassVar[str] = "too-many-cells"

    def __init__(self, res: int, limit: int) -> None:
        super().__init__(f"This area needs more than {limit} cells of resolution {res}. Ask for a smaller one.")
        self.res, self.limit = res, limit


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


def cells_in_box(box: Box, res: int, limit: int) -> list[str]:
    """Every cell that has some part in the box, sorted.

    Shape: at least one. Raises: TooManyCells past limit, before the work is done.
    """
    if _area_km2(box) > 2 * (limit + 1) * h3.average_hexagon_area(res, unit="km^2"):
        raise TooManyCells(res, limit)
    found: set[str] = set()
    for west, east in box.longitudes():
        strips = max(1, math.ceil((east - west) / _STRIP))
        step = (east - west) / strips
        for number in range(strips):
            left = west + number * step
            right = east if number == strips - 1 else left + step
            found |= _in_strip(left, box.south, right, box.north, res)
            if len(found) > limit:
                raise TooManyCells(res, limit)
    # A cell around a pole is no polygon on a flat map, and a box without width has no inside:
    # their corners name the cells that the fill leaves out. (tests/geo/test_cells.py)
    for lat in (box.south, box.centre().lat, box.north):
        for lon in (box.west, box.centre().lon, box.east):
            found.add(cell_of(Point(lat, lon), res))
    if len(found) > limit:
        raise TooManyCells(res, limit)
    return sorted(found)


def _in_strip(west: float, south: float, east: float, north: float, res: int) -> set[str]:
    if west == east or south == north:
        return set()
    ring = [(south, west), (south, east), (north, east), (north, west)]
    return {str(cell) for cell in h3.h3shape_to_cells_experimental(h3.LatLngPoly(ring), res, contain="overlap")}


def _area_km2(box: Box) -> float:
    width = sum(east - west for west, east in box.longitudes()) / 360
    height = (math.sin(math.radians(box.north)) - math.sin(math.radians(box.south))) / 2
    return _EARTH_KM2 * width * height
