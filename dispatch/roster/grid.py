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
    columns: list[tuple[int, int]] = []
    for west, east in box.longitudes():
        left, right = math.floor((west + 180) * PER_DEGREE), math.floor((east + 180) * PER_DEGREE)
        if right >= COLUMNS:  # 180 and -180 are one meridian, and its people live in the first column
            right = COLUMNS - 1
            columns.append((0, 0))
        columns.append((left, right))
    if (0, COLUMNS - 1) in columns:
        return [(first * COLUMNS, (last + 1) * COLUMNS)]
    rows = range(first * COLUMNS, (last + 1) * COLUMNS, COLUMNS)
    return [(row + left, row + right + 1) for row in rows for left, right in _apart(columns)]


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same columns in spans that don't overlap, so that nobody is found twice."""
    found: list[tuple[int, int]] = []
    for left, right in sorted(spans):
        if found and left <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found
