"""A place on Earth, as two numbers, checked once.

Everything else in geo/ takes a Point and therefore never meets a NaN, a swapped pair or a
longitude of 3548205.0 (a real row of a real night). It must never repair a bad pair silently:
a guess that is wrong sends a driver to the wrong desert.
Invariant: a Point that exists is on Earth (tests/geo/test_point.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar


class NotOnEarth(ValueError):
    """The two numbers are not a latitude and a longitude; says what to do about it."""

    code: ClassVar[str] = "not-on-earth"

    def __init__(self, lat: object, lon: object, says: str) -> None:
        super().__init__(says)
        self.lat, self.lon, self.says = lat, lon, says


@dataclass(frozen=True, slots=True)
class Point:
    """One place: WGS-84 latitude and longitude.

    Unit: degrees, north and east positive.
    Error: as given; nothing is rounded. (0, 0) is a legal Point.
    Raises: NotOnEarth for anything that is not two finite numbers within ±90 and ±180.
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        lat, lon = _number(self.lat), _number(self.lon)
        if lat is None or lon is None:
            raise NotOnEarth(self.lat, self.lon, "A place needs two plain numbers, latitude then longitude.")
        if not (math.isfinite(lat) and math.isfinite(lon)):
            raise NotOnEarth(lat, lon, "A place needs two finite numbers, latitude then longitude.")
        if abs(lat) > 90 and abs(lat) <= 180 and abs(lon) <= 90:
            raise NotOnEarth(
                lat,
                lon,
                f"Latitude {lat:g} is beyond the pole. Latitude comes first: did you mean {lon:g}, {lat:g}?",
            )
        if abs(lat) > 90:
            raise NotOnEarth(lat, lon, f"Latitude {lat:g} is beyond the pole. Give one between -90 and 90.")
        if abs(lon) > 180:
            raise NotOnEarth(lat, lon, f"Longitude {lon:g} goes past the date line. Give one between -180 and 180.")
        # A frozen dataclass refuses plain assignment; without this an int or a numpy number
        # would be kept as it came and print differently from the same float.
        object.__setattr__(self, "lat", lat)
        object.__setattr__(self, "lon", lon)

    def __str__(self) -> str:
        """The form our own pages write: 5 decimals, about a metre."""
        return f"{self.lat:.5f}, {self.lon:.5f}"


def _number(value: object) -> float | None:
    """The value as a float; None for bools, text and everything else that is no number."""
    if isinstance(value, bool | str | bytes | bytearray):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # numpy numbers have __float__ too
    except (TypeError, ValueError, OverflowError):
        return None
    # numpy.bool_ is no bool, yet float() takes it: True would become latitude 1.
    return None if type(value).__name__ in {"bool", "bool_"} else number
