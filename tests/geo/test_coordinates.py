"""Latitude and longitude, however a tired person writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coordinates import read
from geo.point import NotOnEarth, Point
from tests.geo.places import CENTRE, points

FORMS = [
    "35.1773, -116.1698", "35.1773 -116.1698", "35.1773;-116.1698", "35.1773/-116.1698", "(35.1773, -116.1698)",
    "35.1773N 116.1698W", "N35.1773 W116.1698", "35.1773° N, 116.1698° W", "35.1773°, -116.1698°",
    "W116.1698 N35.1773", "35.1773 north 116.1698 west", "lat: 35.1773, lon: -116.1698", "Lat 35.1773 Lng -116.1698",
    "N 35° 10.638' W 116° 10.188'", "35 10.638 N, 116 10.188 W", "35°10'38.28\"N 116°10'11.28\"W",
    "35° 10′ 38.28″ N, 116° 10′ 11.28″ W", "35 10 38.28 N 116 10 11.28 W", "35°10’38.28”N 116°10’11.28”W",
    "35 deg 10 min 38.28 sec N 116 deg 10 min 11.28 sec W", "35,1773 -116,1698", "35,1773; -116,1698",
    "35,1773, -116,1698", "35.17730, -116.16980 (±35 m)", "35.1773, −116.1698", "We are at 35.1773, -116.1698.",
    "35.1773 N, -116.1698 W", "35\u00a010.638'N 116\u00a010.188'W",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_every_form_people_paste_means_the_same_place(text: str) -> None:
    fix = read(text)
    assert fix is not None
    assert fix.point.lat == pytest.approx(CENTRE.lat, abs=1e-6)
    assert fix.point.lon == pytest.approx(CENTRE.lon, abs=1e-6)


@pytest.mark.parametrize("text", [
    "", "35", "Baker", "I-15", "I-40, 15", "35.1.2, 3", "35,177,116", "35 N 116 N", "15 239", "35' 116'", "555 1234",
    "35°70'N 116°10'W", "35 -10 38 116 10 11", "35.5 10 N 116 10 W", "1 2 3 4 5", "exit 245", "12:30, 14:20", "°, °",
])  # fmt: skip
def test_what_is_no_pair_of_coordinates_is_left_to_others(text: str) -> None:
    assert read(text) is None


def test_a_swapped_pair_is_told_so() -> None:
    with pytest.raises(NotOnEarth, match="did you mean"):
        read("-116.1698, 35.1773")


@pytest.mark.parametrize(("text", "metres"), [
    ("35.26500, -116.07450 (±35 m)", 35), ("35.1, -116.1", 5566), ("35, -116", 55660), ("35.17730, -116.16980", 10),
    ("35.1773, -116.1698 (+/- 2,5 km)", 2500), ("35°10.6'N 116°10.2'W", 92.8), ("35.1773, -116.1698 ±100 ft", 30.48),
])  # fmt: skip
def test_the_accuracy_is_what_was_said_or_what_the_last_digit_is_worth(text: str, metres: float) -> None:
    fix = read(text)
    assert fix is not None
    assert fix.accuracy_m == pytest.approx(metres, rel=0.01)


def degrees_minutes(value: float, letters: str) -> str:
    whole, rest = divmod(round(abs(value) * 60, 5), 60)
    return f"{int(whole)}°{rest:.5f}'{letters[value < 0]}"


def degrees_minutes_seconds(value: float, letters: str) -> str:
    minutes, seconds = divmod(round(abs(value) * 3600, 3), 60)
    return f"{int(minutes // 60)}°{int(minutes % 60)}'{seconds:.3f}\"{letters[value < 0]}"


@given(points(), st.integers(0, 6))
def test_a_place_survives_every_way_of_writing_it(point: Point, form: int) -> None:
    lat, lon = point.lat, point.lon
    text = (
        f"{lat:.6f}, {lon:.6f}",
        f"{lat:.6f} {lon:.6f} (±12 m)",
        f"{abs(lat):.6f}{'NS'[lat < 0]} {abs(lon):.6f}{'EW'[lon < 0]}",
        f"{degrees_minutes(lat, 'NS')} {degrees_minutes(lon, 'EW')}",
        f"{degrees_minutes_seconds(lat, 'NS')}, {degrees_minutes_seconds(lon, 'EW')}",
        f"{lat:.6f}; {lon:.6f}".replace(".", ","),
        f"{degrees_minutes(lon, 'EW')} {degrees_minutes(lat, 'NS')}",
    )[form]
    fix = read(text)
    assert fix is not None, text
    assert fix.point.lat == pytest.approx(lat, abs=2e-6)
    assert fix.point.lon == pytest.approx(lon, abs=2e-6)


@given(st.text(alphabet="0123456789.,;:°'\"NSEW +-/()±m", max_size=40))
def test_any_heap_of_digits_is_read_or_refused(text: str) -> None:
    try:
        fix = read(text)
    except NotOnEarth:
        return
    assert fix is None or fix.accuracy_m >= 1
