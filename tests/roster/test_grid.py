"""Nobody within the radius is left out of the cells that are looked at."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.roster.grid import COLUMNS, NOWHERE, cell_numbers, strips
from geo.distance import great_circle_km
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


def test_a_town_is_a_few_cells_and_not_the_whole_row() -> None:
    assert sum(high - low for low, high in strips(Point(35.265, -116.074), 50)) < 40


def test_beside_the_date_line_both_sides_are_looked_at() -> None:
    columns = {low % COLUMNS for low, _ in strips(Point(0, 179.9), 50)}
    assert 0 in columns
    assert max(columns) > COLUMNS - 4
