"""The number to dial when it is a matter of life: Flare is never that number.

Every screen names one. The table is shipped and reviewed by a person; a country it doesn't know
answers both numbers that most telephones pass on, never a guess.
Invariant: every number is 3 to 5 digits and the default is never empty (tests/geo/test_emergency.py).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Final

from geo.gazetteer import gazetteer
from geo.point import Point

DEFAULT: Final = "112 or 911"
_LAND_KM: Final = 300.0


@cache
def _numbers() -> dict[str, str]:
    text = resources.files("geo").joinpath("data", "emergency_numbers.csv").read_text("utf-8")
    return {row["country"]: row["number"] for row in csv.DictReader(text.splitlines())}


def emergency_number(country: str | None, otherwise: str | None = None) -> str:
    """The number of a country by its two-letter code; when unknown, the house's own, else "112 or 911".

    Raises: nothing; case and spaces don't matter.
    """
    return _numbers().get((country or "").strip().upper(), otherwise or DEFAULT)


def country_of(point: Point) -> str | None:
    """The two-letter code of the country of the closest place; None beyond 300 km of any.

    Error: within a few kilometres of a border it may name the neighbour.
    """
    place, km = gazetteer().closest(point)
    return place.country if km <= _LAND_KM else None
