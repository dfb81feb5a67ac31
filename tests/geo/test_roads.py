"""Schematic roads: every town is known, the line stays near the road."""

from __future__ import annotations

from itertools import pairwise

import pytest

from geo import roads
from geo.distance import great_circle_km
from geo.gazetteer import gazetteer
from geo.point import Point
from tests.geo.places import BAKER, CENTRE, LAS_VEGAS


@pytest.mark.parametrize("name", roads.names())
def test_every_town_of_a_road_is_one_place_in_the_gazetteer(name: str) -> None:
    for town in roads.towns(name):
        found = gazetteer().named(town)
        assert [place.label for place in found] == [found[0].label], town
        assert found[0].label.endswith(town[-4:]), town


@pytest.mark.parametrize("name", roads.names())
def test_towns_follow_each_other_without_leaps(name: str) -> None:
    line = roads.corridor(name)
    assert line is not None
    for a, b in pairwise(line.points):
        assert great_circle_km(a, b) < 420, (name, a, b)


@pytest.mark.parametrize("written", ["I-15", "i15", "I 15", "Interstate 15", "the I-15 northbound"])
def test_a_road_is_known_however_it_is_written(written: str) -> None:
    assert roads.canonical(written) == "I-15"
    assert roads.corridor(written) is not None


@pytest.mark.parametrize(("written", "name"), [
    ("US 95", "US-95"), ("U.S. Highway 95", "US-95"), ("Hwy 58", "CA-58"), ("SR-127", "CA-127"),
    ("route 66", "Highway 66"),
    ("Baker", None), ("", None), ("hi 15", None), ("15", None),
])  # fmt: skip
def test_other_roads_are_read_too(written: str, name: str | None) -> None:
    assert roads.canonical(written) == name


def test_an_unknown_road_has_no_line() -> None:
    assert roads.corridor("I-999") is None
    assert roads.corridor("Baker") is None
    assert roads.corridor("I-15" * 100) is None
    assert roads.towns("I-999") == []


def test_the_breakdown_lies_on_the_road_to_vegas() -> None:
    assert roads.corridors_near(CENTRE, 5) == ["I-15"]
    line = roads.corridor("I-15")
    assert line is not None
    assert line.covers(CENTRE, LAS_VEGAS)
    assert not line.covers(CENTRE, Point(36.2, -116.9))


def test_far_from_all_roads_none_is_named() -> None:
    assert roads.corridors_near(Point(0, 0), 25) == []


def test_mile_239_stands_in_three_states_and_one_of_them_is_by_zzyzx() -> None:
    posts = {post.state: post for post in roads.mile_posts("I-15", 239)}
    assert set(posts) == {"CA", "UT", "MT"}
    assert great_circle_km(posts["CA"].point, CENTRE) < 8


def test_a_mile_that_no_state_has_is_nowhere() -> None:
    assert roads.mile_posts("I-15", 900) == []
    assert roads.mile_posts("US-95", 10) == []
    assert roads.mile_posts("nonsense", 10) == []


def test_a_post_at_a_town_is_the_town() -> None:
    (post,) = [each for each in roads.mile_posts("I-15", 246) if each.state == "CA"]
    assert great_circle_km(post.point, BAKER) < 1
