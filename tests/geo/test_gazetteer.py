"""Names of places: the right Baker, never Fort Irwin."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.box import Box
from geo.distance import great_circle_km
from geo.gazetteer import ATTRIBUTION, MAX_TEXT, Place, gazetteer
from geo.names import fold
from geo.point import Point
from tests.geo.places import BAKER, CENTRE, points

TABLE = resources.files("geo").joinpath("data", "places.npz")
SHA256 = "c344ae8d76b9efd386f884c3ec8f6fe26ff0e974c32674eb39d6d127baaaf656"


def test_the_table_is_the_one_that_was_reviewed() -> None:
    assert hashlib.sha256(TABLE.read_bytes()).hexdigest() == SHA256
    assert len(TABLE.read_bytes()) < 4_000_000
    assert len(gazetteer()) > 230_000


def test_the_source_of_the_names_is_credited() -> None:
    assert ATTRIBUTION == "Place names: GeoNames, CC BY 4.0"
    text = Path(str(resources.files("geo").joinpath("data", "ATTRIBUTION.md"))).read_text("utf-8")
    assert ATTRIBUTION in text


def test_table_is_in_the_order_the_search_relies_on() -> None:
    book = gazetteer()
    names = [fold(book._name(row)) for row in range(0, len(book), 7)]
    assert names == sorted(names)


# By place ---------------------------------------------------------------------------------


def test_a_breakdown_at_zzyzx_is_13_km_southwest_of_baker() -> None:
    assert gazetteer().label(CENTRE) == "13 km SW of Baker, CA"
    assert gazetteer().near_label(CENTRE) == "near Baker, CA"


@given(points(0.09))
def test_around_the_breakdown_nobody_is_sent_to_fort_irwin(offset: Point) -> None:
    nearby = Point(CENTRE.lat + offset.lat, CENTRE.lon + offset.lon / 2000)
    assert "Baker, CA" in gazetteer().label(nearby)


@pytest.mark.parametrize(("lat", "lon", "label"), [
    (35.266, -116.07, "Baker, CA"),
    (35.61, -115.39, "Primm, NV"),
    (34.9, -117.02, "Barstow, CA"),
    (35.26, -116.68, "Fort Irwin, CA"),
    (36.04, -114.98, "Henderson, NV"),
    (34.15, -118.14, "Pasadena, CA"),
    (48.80, 2.13, "Versailles, France"),
    (9.93, 76.26, "Kochi, India"),
    (43.71, -79.40, "Toronto, ON"),
])  # fmt: skip
def test_in_a_town_the_town_is_named(lat: float, lon: float, label: str) -> None:
    assert gazetteer().label(Point(lat, lon)) == label


def test_on_the_strip_the_city_is_named_and_not_the_suburb() -> None:
    assert gazetteer().label(Point(36.11, -115.17)) == "8 km S of Las Vegas, NV"


def test_a_hamlet_where_nobody_lives_is_found_but_gives_no_label() -> None:
    (zzyzx,) = gazetteer().find("Zzyzx")
    assert zzyzx.kind == "hamlet"
    assert gazetteer().label(zzyzx.point) == "14 km S of Baker, CA"


@pytest.mark.parametrize(("lat", "lon", "words"), [
    (0.0, -140.0, "0.0 N, 140.0 W"), (-45.04, 60.0, "45.0 S, 60.0 E"), (90.0, 0.0, "90.0 N, 0.0 E"),
])  # fmt: skip
def test_far_out_at_sea_the_label_is_calm_and_coarse(lat: float, lon: float, words: str) -> None:
    assert gazetteer().label(Point(lat, lon)) == words
    assert gazetteer().near_label(Point(lat, lon)) == words


def test_far_from_any_town_near_is_not_claimed() -> None:
    assert gazetteer().near_label(Point(37.9, -115.9)).startswith("in the wider area of ")


@given(points())
@settings(deadline=None)
def test_every_place_on_earth_has_words(point: Point) -> None:
    assert gazetteer().label(point)
    place, km, toward = gazetteer().nearest(point)
    assert km == pytest.approx(great_circle_km(place.point, point))
    assert 0 <= toward < 360
    assert place.kind == "settlement"


@given(points(70))
@settings(deadline=None)
def test_the_named_place_is_never_much_further_than_the_closest(point: Point) -> None:
    _, km, _ = gazetteer().nearest(point)
    _, least = gazetteer().closest(point)
    assert least - 0.01 <= km <= max(25.0, 1.6 * least + 3) + 0.01


def test_the_date_line_does_not_hide_a_neighbour() -> None:
    assert gazetteer().label(Point(-16.8, -179.99)).endswith("Fiji")


# By name ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Baker, CA", "baker california", "BAKER CA", "Baker, CA 92309", "Main St, Baker, CA"])
def test_baker_california_is_found_however_it_is_written(text: str) -> None:
    (place,) = gazetteer().find(text)
    assert place.label == "Baker, CA"
    assert great_circle_km(place.point, BAKER) < 5
    assert place.tz == "America/Los_Angeles"


@pytest.mark.parametrize(("name", "lat", "lon"), [
    ("Primm", 35.61, -115.39), ("Zzyzx", 35.14, -116.10), ("Nipton", 35.47, -115.27), ("Jean, NV", 35.78, -115.32),
    ("Ludlow, CA", 34.72, -116.16), ("Yermo", 34.90, -116.82),
])  # fmt: skip
def test_the_places_along_the_road_to_vegas_are_known(name: str, lat: float, lon: float) -> None:
    assert great_circle_km(gazetteer().find(name)[0].point, Point(lat, lon)) < 3


@pytest.mark.parametrize(("text", "label"), [
    ("Las Vegas", "Las Vegas, NV"), ("las vegas, nm", "Las Vegas, NM"), ("St. George, Utah", "Saint George, UT"),
    ("Köln", "Köln, Germany"), ("koln", "Köln, Germany"), ("Berlin, DE", "Berlin, Germany"), ("vegas", "Las Vegas, NV"),
    ("London, ON", "London, ON"), ("Vancouver, CA", "Vancouver, BC"), ("tijuana mexico", "Tijuana, Mexico"),
    ("New York", "New York City, NY"), ("washington dc", "Washington, DC"), ("Lodz", "Łódź, Poland"),
    ("san bern", "San Bernardo, Chile"),
])  # fmt: skip
def test_the_first_answer_is_the_one_most_people_mean(text: str, label: str) -> None:
    assert gazetteer().find(text)[0].label == label


def test_where_one_is_decides_between_namesakes() -> None:
    assert gazetteer().find("Baker", near=CENTRE)[0].label == "Baker, CA"
    assert gazetteer().find("Las Vegas", near=Point(35.6, -105.2))[0].label == "Las Vegas, NM"


@pytest.mark.parametrize("typo", ["Barstwo", "Barstw", "Barsttow", "Barstov"])
def test_one_wrong_letter_still_finds_the_town(typo: str) -> None:
    assert "Barstow, CA" in [place.label for place in gazetteer().find(typo)]
    assert gazetteer().named(typo) == []


def test_no_name_finds_nothing() -> None:
    for text in ("", "  ", ",", ",,,", "qqqqqqq", "?", "x" * (MAX_TEXT + 1)):
        assert gazetteer().find(text) == []


def test_the_limit_is_kept() -> None:
    assert len(gazetteer().find("San", limit=3)) == 3
    assert gazetteer().find("x" * MAX_TEXT) == []


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=50)
def test_any_text_may_be_looked_up(text: str) -> None:
    found = gazetteer().find(text)
    assert len(found) <= 5
    assert len({(place.name, place.point) for place in found}) == len(found)


def test_a_place_elsewhere_is_labelled_with_its_country() -> None:
    nice = Place("Nice", "", "FR", Point(43.7, 7.27), 342_669, country_name="France")
    assert nice.label == "Nice, France"


def test_the_settlements_of_a_box_come_largest_first_also_across_the_date_line() -> None:
    box = Box.parse("-118.6,33.6,-117.6,34.4")
    found = gazetteer().in_box(box, 5)
    assert found[0].name == "Los Angeles"
    assert [place.population for place in found] == sorted((place.population for place in found), reverse=True)
    assert all(box.contains(place.point) and place.kind == "settlement" for place in found)
    assert len(found) == 5
    fiji = gazetteer().in_box(Box(176.0, -20.0, -178.0, -15.0), 400)
    assert {place.point.lon > 0 for place in fiji} == {True, False}
    assert gazetteer().in_box(Box(-30.0, -5.0, -29.9, -4.9), 5) == []
