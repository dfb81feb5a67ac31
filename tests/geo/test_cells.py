"""Cells: the only form in which others see a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import cells
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
