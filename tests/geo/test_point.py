"""A Point that exists is on Earth; everything else is refused in words a person can use."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.point import NotOnEarth, Point


@pytest.mark.parametrize(("lat", "lon"), [(0, 0), (90, 180), (-90, -180), (35.1773, -116.1698)])
def test_a_place_on_earth_is_taken_as_it_is(lat: float, lon: float) -> None:
    point = Point(lat, lon)
    assert (point.lat, point.lon) == (lat, lon)
    assert isinstance(point.lat, float)


@pytest.mark.parametrize("bad", [True, False, None, "35", b"35", [35], math.nan, math.inf, 10**400, np.bool_(True), 1j])
def test_what_is_no_number_is_refused_on_either_side(bad: Any) -> None:
    for pair in ((bad, 0.0), (0.0, bad)):
        with pytest.raises(NotOnEarth) as caught:
            Point(*pair)
        assert caught.value.code == "not-on-earth"


def test_numpy_numbers_become_plain_floats() -> None:
    float32: Any = np.float32(1.5)
    int64: Any = np.int64(2)
    assert type(Point(float32, int64).lat) is float


def test_swapped_coordinates_are_told_so_with_the_right_order() -> None:
    with pytest.raises(NotOnEarth, match=r"did you mean 35\.2, -116\.2\?"):
        Point(-116.2, 35.2)


def test_a_longitude_from_a_broken_row_is_refused() -> None:
    with pytest.raises(NotOnEarth, match="date line"):
        Point(10.0, 3548205.0)


@pytest.mark.parametrize(("lat", "lon"), [(90.0000001, 0), (-90.1, 0), (0, 180.0000001), (200, 200), (100, 170)])
def test_one_step_past_the_edge_is_refused(lat: float, lon: float) -> None:
    with pytest.raises(NotOnEarth):
        Point(lat, lon)


@given(st.floats(), st.floats())
def test_any_two_floats_make_a_place_or_a_refusal(lat: float, lon: float) -> None:
    on_earth = abs(lat) <= 90 and abs(lon) <= 180
    try:
        Point(lat, lon)
    except NotOnEarth:
        assert not on_earth
    else:
        assert on_earth
