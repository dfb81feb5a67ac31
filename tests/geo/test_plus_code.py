"""Plus codes, against values of the public specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.distance import great_circle_km
from geo.plus_code import code_in, decode, encode, is_full, is_short, recover
from geo.point import Point
from tests.geo.places import BAKER, points


@pytest.mark.parametrize(("lat", "lon", "code"), [
    (20.3701125, 2.782234375, "7FG49QCJ+2V"), (47.0000625, 8.0000625, "8FVC2222+22"),
    (-41.2730625, 174.7859375, "4VCPPQGP+Q9"), (90.0, 1.0, "CFX3X2X2+X2"), (0.5, -179.5, "62G2GG22+22"),
])  # fmt: skip
def test_known_codes_come_out(lat: float, lon: float, code: str) -> None:
    assert encode(Point(lat, lon)) == code


def test_known_codes_are_read() -> None:
    assert decode("7FG49QCJ+2V").point.lat == pytest.approx(20.3700625)
    assert decode("7FG49QCJ+2VX").point.lon == pytest.approx(2.782234375)
    assert decode("7fg49qcj+2v") == decode("7FG49QCJ+2V")
    assert decode("8FVC0000+").point == Point(47.5, 8.5)


@given(points(89.99))
def test_a_code_leads_back_to_its_place(point: Point) -> None:
    area = decode(encode(point))
    assert great_circle_km(area.point, point) * 1000 <= area.accuracy_m + 0.5 or abs(point.lon) == 180


@given(points(80), st.sampled_from([2, 4]), st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
def test_a_short_code_with_a_place_near_by_means_the_same_as_the_full_one(
    point: Point, left_out: int, up: float, along: float
) -> None:
    code = encode(point)
    shift = 400 if left_out == 2 else 20
    near = Point(max(-89.9, min(89.9, point.lat + up * shift)), max(-180.0, min(180.0, point.lon + along * shift)))
    assert great_circle_km(recover(code[left_out:], near).point, decode(code).point) < 0.001


def test_a_short_code_is_found_from_its_town() -> None:
    assert great_circle_km(recover("7WGM+W6", BAKER).point, BAKER) < 5


@pytest.mark.parametrize("code", [
    "", "+", "8FVC2222", "8FVC2222+2", "8FVC22+22", "XFVC2222+22", "8XVC2222+22", "8FVC2222+I2", "0FVC2222+22",
    "8F000000+22", "00000000+", "8FVC2200+2222",
])  # fmt: skip
def test_what_is_no_full_code_is_refused(code: str) -> None:
    assert not is_full(code)
    with pytest.raises(ValueError, match="full"):
        decode(code)


@pytest.mark.parametrize("code", ["", "+22", "8FVC2222+22", "7WG+W6", "7WGM+", "7WGM+W", "7WIM+W6", "22+22"])
def test_what_is_no_short_code_is_refused(code: str) -> None:
    assert not is_short(code)
    with pytest.raises(ValueError, match="short"):
        recover(code, BAKER)


def test_a_code_is_found_in_a_sentence_and_nowhere_else() -> None:
    assert code_in("we are at 85634vhp+2f now") == ("85634VHP+2F", (10, 21))
    assert code_in("7WGM+W6, Baker") == ("7WGM+W6", (0, 7))
    assert code_in("2+2 is four, C++ and 22+22x") is None
