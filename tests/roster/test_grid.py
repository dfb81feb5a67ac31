"""Nobody within the radius is left out of the cells that are looked at, and few others are in them."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.roster.grid import COLUMNS, NOWHERE, PER_DEGREE, cell_numbers, strips
from geo.distance import EARTH_KM, great_circle_km
from geo.point import Point
from tests.roster.worlds import places


@given(places(), places(), st.floats(0, 1.2))
def test_whoever_is_within_the_radius_lies_in_exactly_one_strip(origin: Point, other: Point, more: float) -> None:
    radius = great_circle_km(origin, other) * (1 + more)
    cell = int(cell_numbers(np.array([other.lat]), np.array([other.lon]))[0])
    assert sum(low <= cell < high for low, high in strips(origin, radius)) == 1


def test_unknown_places_have_a_cell_of_their_own_that_nobody_looks_at() -> None:
    cells = cell_numbers(np.array([np.nan, 0.0]), np.array([0.0, np.nan]))
    assert cells.tolist() == [NOWHERE, NOWHERE]
    assert all(high <= NOWHERE for _, high in strips(Point(0, 0), 21_000))


@given(places(), st.floats(50, 500))
def test_the_strips_hold_little_more_than_the_circle(origin: Point, radius: float) -> None:
    looked_at = sum(area(low, high) for low, high in strips(origin, radius).tolist())
    circle = math.tau * EARTH_KM**2 * (1 - math.cos(radius / EARTH_KM))
    # The steps of the bands at both sides; where a pole is near, whole bands are taken.
    steps = 4 * radius * math.radians(1 / PER_DEGREE) * EARTH_KM
    polar = great_circle_km(origin, Point(math.copysign(90, origin.lat), 0)) < 2 * radius
    assert polar or looked_at < circle + steps


def area(low: int, high: int) -> float:
    """Square kilometres between two cells of one band."""
    band = low // COLUMNS
    south, north = (math.sin(math.radians(edge / PER_DEGREE - 90)) for edge in (band, band + 1))
    return EARTH_KM**2 * (north - south) * math.tau * (high - low) / COLUMNS


def test_beside_the_date_line_both_sides_are_looked_at() -> None:
    found = strips(Point(0, 179.9), 50)
    assert (found[:, 0] % COLUMNS == 0).any()
    assert (found[:, 1] % COLUMNS == 0).any()
