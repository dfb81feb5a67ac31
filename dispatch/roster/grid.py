"""Bands of latitude, thin columns across them, and which of these cells a circle can touch.

People are numbered in the order of these cells, band by band from west to east, so everybody between two meridians of
a band is one range of numbers: near people are slices, not look-ups. A column is forty metres wide at most, so a slice
ends where the circle does.
Invariant: everyone within the radius lies in a strip, at the date line and the poles too
(tests/roster/test_grid.py).
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.box import Box
from geo.point import Point

PER_DEGREE: Final = 8
ROWS: Final = 180 * PER_DEGREE
COLUMNS: Final = 1 << 20
"""As many as let a cell be an int32."""
NOWHERE: Final = ROWS * COLUMNS
"""The cell of people whose place is unknown: behind all others."""

# The circle is measured in float32, half a metre off at most: ten metres more are cut off again by distance.
_SLACK_KM: Final = 0.01
_SLACK_DEGREES: Final = 1e-6
_COLUMNS_PER_DEGREE: Final = COLUMNS / 360
_TURNS: Final = np.array([-COLUMNS, 0, COLUMNS])


def cell_numbers(lat: NDArray[np.floating[Any]], lon: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    """The cell of each place.

    Shape: two (N,) in, (N,) out. Unit: degrees in (NaN = unknown, answers NOWHERE).
    """
    known = np.isfinite(lat) & np.isfinite(lon)
    cells = np.full(len(lat), NOWHERE, dtype=np.int32)
    row = np.clip(np.floor((lat[known] + 90) * PER_DEGREE).astype(np.int32), 0, ROWS - 1)
    column = np.floor((lon[known] + 180) * _COLUMNS_PER_DEGREE).astype(np.int32) % COLUMNS
    cells[known] = row * COLUMNS + column
    return cells


def strips(origin: Point, radius_km: float) -> NDArray[np.int32]:
    """Ranges of cells, first and one past the last, that hold everything within the radius.

    Unit: kilometres. Shape: (S, 2), one range where whole bands are taken, else one or two a band.
    """
    box = Box.around(origin, radius_km + _SLACK_KM)
    first = max(0, math.floor((box.south + 90) * PER_DEGREE))
    last = min(ROWS - 1, math.floor((box.north + 90) * PER_DEGREE))
    if (box.west, box.east) == (-180.0, 180.0):
        return np.array([(first * COLUMNS, (last + 1) * COLUMNS)], dtype=np.int32)
    rows = np.arange(first, last + 1)
    west, east = _sides(origin, box, rows)
    # What leaves the map on one side goes on at the other: 180 and -180 are one meridian, in the first column.
    low = np.maximum(west[:, None] + _TURNS, 0)
    past = np.minimum(east[:, None] + _TURNS, COLUMNS - 1) + 1
    cells = np.stack([low, past], axis=2) + (rows * COLUMNS)[:, None, None]
    found: NDArray[np.int32] = cells[low < past].astype(np.int32)
    return found


def _sides(origin: Point, box: Box, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns, first and last, that the circle in that box touches in each band: a corner of the box may be a city.

    Those below 0 or beyond the last go on round the Earth, never round twice.
    """
    lat, reach = math.radians(origin.lat), math.radians(box.north - origin.lat)
    south, north = np.radians(rows / PER_DEGREE - 90), np.radians((rows + 1) / PER_DEGREE - 90)
    # A circle on a sphere is widest on a parallel poleward of its middle; nearer to that is wider.
    at = np.minimum(np.maximum(math.asin(math.sin(lat) / math.cos(reach)), south), north)
    side = (math.cos(reach) - math.sin(lat) * np.sin(at)) / (math.cos(lat) * np.cos(at))
    wide = np.degrees(np.arccos(np.minimum(np.maximum(side, -1.0), 1.0))) + _SLACK_DEGREES
    west = np.floor((origin.lon + 180 - wide) * _COLUMNS_PER_DEGREE).astype(np.int64)
    east = np.floor((origin.lon + 180 + wide) * _COLUMNS_PER_DEGREE).astype(np.int64)
    return west, np.minimum(east, west + COLUMNS - 1)
