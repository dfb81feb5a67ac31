"""Distances: exact for one pair, fast for many, and never far apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from geo.distance import bearing, chord_km, distances_km, great_circle_km, km, moved, unit_vectors
from geo.point import Point
from tests.geo.places import BAKER, CENTRE, LAS_VEGAS, points


def test_known_distances_come_out() -> None:
    assert km(CENTRE, BAKER) == pytest.approx(13.0, abs=0.05)
    assert km(CENTRE, LAS_VEGAS) == pytest.approx(144.489, abs=0.01)
    assert great_circle_km(Point(0, 0), Point(0, 180)) == pytest.approx(math.pi * 6371.0088)


def test_many_targets_answer_in_order_and_none_answers_none() -> None:
    assert distances_km(CENTRE, []) == []
    assert distances_km(CENTRE, [BAKER, CENTRE]) == [km(CENTRE, BAKER), 0.0]


@given(points(), points())
@settings(max_examples=60, deadline=None)
def test_the_way_back_is_as_long_as_the_way_there(a: Point, b: Point) -> None:
    assert km(a, b) == pytest.approx(km(b, a), abs=1e-6)
    assert great_circle_km(a, b) == pytest.approx(great_circle_km(b, a), abs=1e-6)


@given(points(), points(), points())
@settings(max_examples=60, deadline=None)
def test_a_detour_is_never_shorter(a: Point, b: Point, c: Point) -> None:
    assert km(a, c) <= km(a, b) + km(b, c) + 1e-6
    assert great_circle_km(a, c) <= great_circle_km(a, b) + great_circle_km(b, c) + 1e-3


@given(points(), points())
@settings(max_examples=100, deadline=None)
def test_the_fast_distance_is_within_six_in_a_thousand_of_the_exact_one(a: Point, b: Point) -> None:
    fast = float(chord_km(a, unit_vectors(np.array([b.lat]), np.array([b.lon])))[0])
    # 2 m of slack for float32; right across the Earth a chord can't tell the last 10 km.
    assert fast == pytest.approx(km(a, b), rel=0.006, abs=0.002) or fast > 19_900


def test_neighbours_are_told_apart_by_the_fast_distance() -> None:
    near = moved(CENTRE, 0.05, 90)
    assert float(chord_km(CENTRE, unit_vectors(np.array([near.lat]), np.array([near.lon])))[0]) == pytest.approx(
        0.05, abs=0.002
    )


def test_an_unknown_place_is_near_nobody() -> None:
    gap = chord_km(CENTRE, unit_vectors(np.array([np.nan]), np.array([0.0])))
    assert not bool(gap[0] <= 1e9)


def test_nobody_is_an_empty_answer_of_the_right_kind() -> None:
    none = unit_vectors(np.array([]), np.array([]))
    assert none.shape == (0, 3)
    assert none.dtype == np.float32
    assert chord_km(CENTRE, none).shape == (0,)


@given(points(89.0))
def test_going_out_and_looking_back_finds_the_distance_and_the_direction(start: Point) -> None:
    there = moved(start, 25.0, 70.0)
    assert great_circle_km(start, there) == pytest.approx(25.0, abs=1e-3)
    assert bearing(start, there) == pytest.approx(70.0, abs=0.01)
