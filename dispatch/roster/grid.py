"""Quarter-degree cells, and which of them a circle can touch.

People are numbered in the order of these cells, so everybody in one row of cells is one range
of numbers: near people are slices, not look-ups.
Invariant: everyone within the radius lies in a strip, at the date line and the poles too
(tests/roster/test_grid.py).
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.box import Box
from geo.point import Point

PER_DEGREE: Final = 4
COLUMNS: Final = 360 * PER_DEGREE
ROWS: Final = 180 * PER_DEGREE
NOWHERE: Final = ROWS * COLUMNS
"""The cell of people whose place is unknown: behind all others."""

# The circle is measured in float32, half a metre off at most: ten metres more are cut off again by distance.
_SLACK_KM: Final = 0.01
_SLACK_DEGREES: Final = 1e-6


def cell_numbers(lat: NDArray[np.floating[Any]], lon: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    """The cell of each place.

    Shape: two (N,) in, (N,) out. Unit: degrees in (NaN = unknown, answers NOWHERE).
    """
    known = np.isfinite(lat) & np.isfinite(lon)
    cells = np.full(len(lat), NOWHERE, dtype=np.int32)
    row = np.clip(np.floor((lat[known] + 90) * PER_DEGREE).astype(np.int32), 0, ROWS - 1)
    column = np.floor((lon[known] + 180) * PER_DEGREE).astype(np.int32) % COLUMNS
    cells[known] = row * COLUMNS + column
    return cells


def strips(origin: Point, radius_km: float) -> list[tuple[int, int]]:
    """Ranges of cells, first and one past the last, that hold everything within the radius.

    Unit: kilometres. Shape: one range where whole rows are taken, else one or two a row.
    """
    box = Box.around(origin, radius_km + _SLACK_KM)
    first = max(0, math.floor((box.south + 90) * PER_DEGREE))
    last = min(ROWS - 1, math.floor((box.north + 90) * PER_DEGREE))
    if (box.west, box.east) == (-180.0, 180.0):
        return [(first * COLUMNS, (last + 1) * COLUMNS)]
    return [
        (row * COLUMNS + left, row * COLUMNS + right + 1)
        for row in range(first, last + 1)
        for left, right in _columns(origin, box, row)
    ]


def _columns(origin: Point, box: Box, row: int) -> list[tuple[int, int]]:
    """Columns, first and last, that the circle in that box touches in that row: a corner of the box may be a city."""
    lat, reach = math.radians(origin.lat), math.radians(box.north - origin.lat)
    south, north = math.radians(row / PER_DEGREE - 90), math.radians((row + 1) / PER_DEGREE - 90)
    # A circle on a sphere is widest on a parallel poleward of its middle; nearer to that is wider.
    at = min(max(math.asin(math.sin(lat) / math.cos(reach)), south), north)
    side = (math.cos(reach) - math.sin(lat) * math.sin(at)) / (math.cos(lat) * math.cos(at))
    wide = math.degrees(math.acos(min(1.0, max(-1.0, side)))) + _SLACK_DEGREES
    left, right = (math.floor((lon + 180) * PER_DEGREE) for lon in (origin.lon - wide, origin.lon + wide))
    if right - left + 1 >= COLUMNS:
        return [(0, COLUMNS - 1)]
    # 180 and -180 are one meridian, and its people live in the first column.
    left, right = left % COLUMNS, right % COLUMNS
    return [(left, right)] if left <= right else [(0, right), (left, COLUMNS - 1)]
