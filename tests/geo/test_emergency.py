"""The number to dial: right for the country, never empty."""

from __future__ import annotations

import csv
import re
from importlib import resources

import pytest

from geo.emergency import DEFAULT, country_of, emergency_number
from geo.gazetteer import gazetteer
from geo.point import Point
from tests.geo.places import CENTRE

ROWS = list(
    csv.DictReader(resources.files("geo").joinpath("data", "emergency_numbers.csv").read_text("utf-8").splitlines())
)


@pytest.mark.parametrize(("country", "number"), [
    ("US", "911"), ("CA", "911"), ("MX", "911"), ("DE", "112"), ("FR", "112"), ("GB", "999"), ("IN", "112"),
    ("AU", "000"), ("NZ", "111"), ("JP", "119"), ("us", "911"), (" US ", "911"),
])  # fmt: skip
def test_a_country_names_its_own_number(country: str, number: str) -> None:
    assert emergency_number(country) == number


@pytest.mark.parametrize("country", [None, "", "XX", "USA", "🇺🇸"])
def test_an_unknown_country_gets_both_numbers_that_most_phones_pass_on(country: str | None) -> None:
    assert emergency_number(country) == DEFAULT == "112 or 911"


def test_every_row_is_a_country_once_with_a_number_to_dial() -> None:
    codes = [row["country"] for row in ROWS]
    assert codes == sorted(set(codes))
    assert len(codes) >= 100
    for row in ROWS:
        assert re.fullmatch(r"\d{3,5}", row["number"]), row
        assert row["country"] in gazetteer().countries, row


@pytest.mark.parametrize(("lat", "lon", "country"), [
    (CENTRE.lat, CENTRE.lon, "US"), (9.93, 76.26, "IN"), (32.5, -116.9, "MX"), (49.28, -123.1, "CA"),
    (51.5, -0.1, "GB"), (0.0, -140.0, None), (90.0, 0.0, None),
])  # fmt: skip
def test_a_place_knows_its_country_and_the_open_sea_has_none(lat: float, lon: float, country: str | None) -> None:
    assert country_of(Point(lat, lon)) == country
