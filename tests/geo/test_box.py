"""Boxes at the date line and at the poles, where maps usually break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.box import WORLD, BadBox, Box
from geo.distance import km as exact_km
from geo.distance import moved
from geo.point import Point
from tests.geo.places import CENTRE, points


def test_a_box_is_read_as_maps_write_it() -> None:
    box = Box.parse("-117, 34.5,-115,36")
    assert box == Box(-117, 34.5, -115, 36)
    assert box.contains(CENTRE)
    assert not box.contains(Point(37, -116))


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,50,1,40", "0,0,0,91", "nan,0,1,1", "-181,0,0,1", "1," * 500]
)
def test_a_bad_box_is_refused_with_a_sentence_that_names_the_order(text: str) -> None:
    with pytest.raises(BadBox, match="west,south,east,north"):
        Box.parse(text)


def test_a_box_across_the_date_line_holds_both_sides_and_nothing_between() -> None:
    box = Box(170, -20, -170, -10)
    assert box.longitudes() == [(170, 180), (-180, -170)]
    assert box.contains(Point(-15, 179))
    assert box.contains(Point(-15, -179))
    assert not box.contains(Point(-15, 0))
    assert box.centre() == Point(-15, 180)


def test_both_names_of_the_date_line_are_the_same_meridian() -> None:
    assert Box(170, -1, 180, 1).contains(Point(0, -180))
    assert Box(-180, -1, -170, 1).contains(Point(0, 180))


@given(points(), st.floats(0, 3000), st.floats(0, 360), st.floats(0, 1))
def test_a_box_around_a_place_holds_its_centre_and_everything_within_reach(
    centre: Point, reach: float, toward: float, share: float
) -> None:
    box = Box.around(centre, reach)
    assert box.contains(centre)
    there = moved(centre, reach * share, toward)
    if exact_km(centre, there) <= reach - 0.001:
        assert box.contains(there)


@pytest.mark.parametrize("pole", [90.0, -90.0])
def test_around_a_pole_every_longitude_is_inside(pole: float) -> None:
    box = Box.around(Point(pole, 30), 100)
    assert (box.west, box.east) == (-180, 180)
    assert box.contains(Point(pole - 0.5 if pole > 0 else pole + 0.5, -150))
    assert not box.contains(Point(0, 0))


def test_a_box_around_a_place_is_not_much_wider_than_asked() -> None:
    box = Box.around(Point(0, 0), 100)
    assert not box.contains(moved(Point(0, 0), 102, 90))
    assert not box.contains(moved(Point(0, 0), 102, 0))


@pytest.mark.parametrize("km", [-1.0, float("nan")])
def test_a_distance_below_zero_makes_no_box(km: float) -> None:
    with pytest.raises(BadBox):
        Box.around(CENTRE, km)


@given(points())
def test_the_world_holds_every_place(point: Point) -> None:
    assert WORLD.contains(point)
    assert Box.around(point, 30_000) == WORLD or Box.around(point, 30_000).contains(Point(-point.lat, 0))


def test_a_box_reads_back_what_it_writes() -> None:
    assert Box.parse(str(Box(170, -20.5, -170, -10))) == Box(170, -20.5, -170, -10)
