"""Cells: the only form in which others see a place."""

from __future__ import annotations

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from geo import cells
from geo.box import WORLD, Box
from geo.point import Point
from tests.geo.places import CENTRE, points


@given(points(), st.integers(0, 15))
def test_a_place_lies_in_its_cell_and_the_centre_too(point: Point, res: int) -> None:
    cell = cells.cell_of(point, res)
    assert cells.is_cell(cell)
    assert cells.resolution(cell) == res
    assert cells.cell_of(cells.centre(cell), res) == cell


@given(points(), st.integers(1, 10))
def test_a_parent_holds_the_centre_of_its_child(point: Point, res: int) -> None:
    cell = cells.cell_of(point, res)
    assert cells.parent(cell, res - 1) == cells.cell_of(cells.centre(cell), res - 1)
    assert cells.parent(cell, res) == cell


def test_nobody_can_ask_a_cell_for_more_than_it_knows() -> None:
    with pytest.raises(ValueError, match="no parent of resolution 7"):
        cells.parent(cells.cell_of(CENTRE, 6), 7)


def test_the_precisions_are_the_ones_promised() -> None:
    assert (cells.MEMBER, cells.PUBLIC, cells.EMPTY_LAND, cells.MAP) == (6, 5, 4, 4)
    assert cells.cell_of(CENTRE, cells.MEMBER) == "86298491fffffff"


@pytest.mark.parametrize(
    "text", ["", "86298491ffffff", "86298491FFFFFFF", "zz298491fffffff", 5, None, "0" * 15, "é" * 15]
)
def test_what_is_no_cell_is_told_so_without_an_error(text: object) -> None:
    assert not cells.is_cell(text)


def test_a_hexagon_has_six_corners_and_a_pentagon_five() -> None:
    assert len(cells.outline(cells.cell_of(CENTRE, 5))) == 6
    assert len(cells.outline("8009fffffffffff")) == 5


def test_neighbours_are_known_across_resolutions() -> None:
    home = cells.cell_of(CENTRE, 6)
    for other in cells.disk(home, 1):
        assert cells.same_or_next(home, other)
    far = next(cell for cell in cells.disk(home, 3) if cell not in cells.disk(home, 2))
    assert not cells.same_or_next(home, far)
    assert cells.same_or_next(cells.parent(home, 4), home)


def test_a_disk_grows_by_rings() -> None:
    assert [len(cells.disk(cells.cell_of(CENTRE, 6), k)) for k in range(4)] == [1, 7, 19, 37]


@given(points(), st.floats(1, 400), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_whatever_lies_in_a_box_lies_in_one_of_its_cells(centre: Point, km: float, up: float, along: float) -> None:
    box = Box.around(centre, km)
    spans = box.longitudes()
    west, east = spans[0] if along < 0.5 else spans[-1]
    inside = Point(box.south + (box.north - box.south) * up, west + (east - west) * along)
    try:
        found = cells.cells_in_box(box, 3, 2000)
    except cells.TooManyCells:
        reject()
    assert cells.cell_of(inside, 3) in found


def test_the_whole_world_is_122_cells_and_no_more() -> None:
    assert len(cells.cells_in_box(WORLD, 0, 122)) == 122


@pytest.mark.parametrize("res", [0, 9, 15])
def test_one_cell_past_the_limit_is_refused_before_the_work(res: int) -> None:
    with pytest.raises(cells.TooManyCells, match="smaller"):
        cells.cells_in_box(WORLD, res, 121)


def test_a_box_without_width_still_has_a_cell() -> None:
    assert cells.cells_in_box(Box(-116, 35, -116, 35), 5, 10) == [cells.cell_of(Point(35, -116), 5)]
