"""Travel times and the words for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import travel
from geo.distance import great_circle_km, unit_vectors
from geo.point import Point
from tests.geo.places import BAKER, CENTRE, LAS_VEGAS

DISTANCES = st.floats(0, 5000)


def test_baker_to_las_vegas_takes_the_time_the_plan_says() -> None:
    # The story's points lie 124.9 km apart: 99.5 minutes by freeway (docs/matching.md, "Travel time").
    assert travel.minutes(124.9, corridor=True) == pytest.approx(99.5, abs=0.1)
    assert travel.PICKUP_MINUTES == 8


@pytest.mark.parametrize(("km", "corridor", "expected"), [
    (0, False, 3.0), (10, False, 24.0), (10, True, 24.0), (90, False, 108.0), (115, True, 24 + 105 * 1.15 / 105 * 60),
])  # fmt: skip
def test_the_formula_is_the_written_one(km: float, corridor: bool, expected: float) -> None:
    assert travel.minutes(km, corridor) == pytest.approx(expected)


@given(DISTANCES, DISTANCES, st.booleans())
def test_further_never_takes_less_time(a: float, b: float, corridor: bool) -> None:
    near, far = sorted((a, b))
    assert travel.minutes(near, corridor) <= travel.minutes(far, corridor)


@given(DISTANCES)
def test_a_freeway_is_never_slower(km: float) -> None:
    assert travel.minutes(km, corridor=True) <= travel.minutes(km)


@given(st.lists(st.tuples(DISTANCES, st.booleans()), max_size=20))
def test_many_at_once_answer_as_one_by_one(trips: list[tuple[float, bool]]) -> None:
    km = np.array([trip[0] for trip in trips])
    fast = np.array([trip[1] for trip in trips], dtype=bool)
    expected = [travel.minutes(*trip) for trip in trips]
    assert travel.minutes_array(km, fast) == pytest.approx(expected)


@given(DISTANCES, st.booleans())
def test_the_shown_range_holds_the_time_it_was_made_from(km: float, corridor: bool) -> None:
    time = travel.minutes(km, corridor)
    shown = travel.span(time, km, corridor)
    assert shown.low <= time <= shown.high


def test_the_range_is_wide_in_town_and_narrow_on_the_freeway() -> None:
    assert travel.span(10, 5, False) == travel.Span(8, 22)
    assert travel.span(100, 50, False) == travel.Span(85, 150)
    assert travel.span(100, 50, True) == travel.Span(90, 130)


@given(DISTANCES, DISTANCES)
def test_a_band_never_shrinks_with_distance(a: float, b: float) -> None:
    near, far = (travel.band_km(km) or 999 for km in sorted((a, b)))
    assert near <= far


@pytest.mark.parametrize(("km", "band"), [
    (0, 2), (2, 2), (2.01, 5), (10, 10), (99, 100), (200, 200), (200.1, None), (float("nan"), None),
])  # fmt: skip
def test_a_band_is_the_smallest_that_holds_the_distance(km: float, band: int | None) -> None:
    assert travel.band_km(km) == band


@pytest.mark.parametrize(("band", "words"), [
    (2, "a few minutes"), (5, "about 10 min"), (10, "about 15 min"), (25, "about half an hour"),
    (50, "under an hour"), (100, "over an hour"), (200, "two hours or more"), (None, "two hours or more"),
])  # fmt: skip
def test_each_band_has_the_words_people_say(band: int | None, words: str) -> None:
    assert travel.travel_words(band) == words


LINE = travel.Corridor([Point(34.9, -117.02), BAKER, LAS_VEGAS])


def test_a_corridor_covers_trips_with_both_ends_beside_it() -> None:
    assert LINE.covers(CENTRE, LAS_VEGAS)
    assert not LINE.covers(CENTRE, Point(35.69, -117.87))


def test_the_middle_of_a_long_leg_is_beside_the_road_too() -> None:
    middle = Point((BAKER.lat + LAS_VEGAS.lat) / 2, (BAKER.lon + LAS_VEGAS.lon) / 2)
    gap = LINE.distances_km(unit_vectors(np.array([middle.lat]), np.array([middle.lon])))
    assert float(gap[0]) < 1


def test_past_the_end_of_the_road_is_not_beside_it() -> None:
    beyond = Point(36.60, -114.65)
    assert not LINE.near(unit_vectors(np.array([beyond.lat]), np.array([beyond.lon])))[0]


def test_unknown_places_are_beside_no_road() -> None:
    assert LINE.near(unit_vectors(np.array([np.nan, BAKER.lat]), np.array([np.nan, BAKER.lon]))).tolist() == [
        False,
        True,
    ]


@given(st.floats(33, 38), st.floats(-119, -113))
def test_snapping_lands_on_the_road_at_the_distance_measured(lat: float, lon: float) -> None:
    point = Point(lat, lon)
    spot = LINE.snap(point)
    assert float(LINE.distances_km(unit_vectors(np.array([spot.lat]), np.array([spot.lon])))[0]) < 0.01
    gap = float(LINE.distances_km(unit_vectors(np.array([lat]), np.array([lon])))[0])
    assert great_circle_km(point, spot) == pytest.approx(gap, abs=0.05)


def test_one_point_is_no_road() -> None:
    with pytest.raises(ValueError, match="two points"):
        travel.Corridor([BAKER])


@given(st.lists(st.tuples(st.floats(33, 38), st.floats(-119, -113)), min_size=1), st.sampled_from([0.0, 1.0, 25.0]))
def test_who_is_beside_a_road_is_told_as_if_everybody_were_measured(
    places: list[tuple[float, float]], km: float
) -> None:
    everybody = [*places, (BAKER.lat, BAKER.lon), (BAKER.lat + 0.2248, BAKER.lon)]
    vectors = unit_vectors(np.array([lat for lat, _ in everybody]), np.array([lon for _, lon in everybody]))
    assert (LINE.near(vectors, km) == (LINE.distances_km(vectors) <= km)).all()
