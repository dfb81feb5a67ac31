"""A place is worked out once: the cell it lies in, words for it, and whether the land around is empty."""

import pytest
from hypothesis import given, settings

from dispatch.domain.errors import PlaceUnclear
from dispatch.domain.whereabouts import from_point, from_text
from geo import cells
from geo.point import Point
from tests.support.strategies import points

ZZYZX = Point(35.1428, -116.1042)
LAS_VEGAS = Point(36.1716, -115.1391)


@settings(max_examples=50)
@given(points())
def test_every_point_on_earth_has_a_cell_and_words(point: Point) -> None:
    where = from_point(point, 12.0, "as typed")
    assert where.cell == cells.cell_of(point, cells.MEMBER)
    assert where.label
    assert (where.point, where.accuracy_m, where.text) == (point, 12.0, "as typed")


def test_the_desert_is_empty_and_a_city_is_not() -> None:
    assert from_point(ZZYZX).empty_land
    assert not from_point(LAS_VEGAS).empty_land
    assert from_point(LAS_VEGAS).country == "US"


def test_coordinates_in_words_are_a_place_like_any_other() -> None:
    where = from_text("35.1428, -116.1042")
    assert where.point.lat == pytest.approx(ZZYZX.lat)
    assert where.cell == from_point(ZZYZX).cell


def test_words_that_fit_several_places_are_answered_with_choices() -> None:
    with pytest.raises(PlaceUnclear) as refusal:
        from_text("Springfield")
    assert len(refusal.value.choices) > 1
    for choice in refusal.value.choices:
        assert set(choice) == {"label", "place"}
        assert isinstance(choice["place"], dict)
        assert set(choice["place"]) == {"lat", "lon", "accuracy_m"}


def test_words_that_fit_no_place_say_what_to_do_instead() -> None:
    with pytest.raises(PlaceUnclear) as refusal:
        from_text("qqqqqqqqq zzzzz")
    assert refusal.value.choices == []
    assert len(refusal.value.says) > 20
