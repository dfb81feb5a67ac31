"""A rectangle of latitude and longitude that knows the date line and the poles.

Used for what a map shows. It must never be the thing that hides or reveals a person: a box
filters cells, not exact points (a box on exact points finds a person to 2 m in 32 questions).
Invariant: Box.around(p, d) contains everything within d of p (tests/geo/test_box.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from geo.point import NotOnEarth, Point

# The ellipsoid's tightest curve (along the meridian at the equator). A smaller radius makes
# a wider box; with the mean radius a point 999.9 km away could fall outside "1000 km".
_TIGHTEST_KM: Final = 6335.0
_MAX_TEXT: Final = 200


class BadBox(ValueError):
    """The text or the numbers are not a map box; says what a box looks like."""

    code: ClassVar[str] = "bad-box"

    def __init__(self, given: object, says: str) -> None:
        super().__init__(says)
        self.given, self.says = given, says


@dataclass(frozen=True, slots=True)
class Box:
    """West, south, east, north in degrees; west > east means it crosses the date line.

    Raises: BadBox when a side is not on Earth or south lies north of north.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        given = (self.west, self.south, self.east, self.north)
        try:
            low, high = Point(self.south, self.west), Point(self.north, self.east)
        except NotOnEarth as error:
            raise BadBox(given, f"A map box is west,south,east,north in degrees. {error.says}") from None
        for name, value in (("west", low.lon), ("south", low.lat), ("east", high.lon), ("north", high.lat)):
            object.__setattr__(self, name, value)
        if self.south > self.north:
            raise BadBox(given, "The south side of the box lies north of its north side. Order: west,south,east,north.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The box written as "west,south,east,north", as maps and URLs write it.

        Unit: degrees. Raises: BadBox, with a sentence a caller can be shown.
        """
        parts = text[:_MAX_TEXT].split(",")
        if len(parts) != 4 or len(text) > _MAX_TEXT:
            raise BadBox(text[:_MAX_TEXT], "A map box is four numbers with commas between: west,south,east,north.")
        try:
            west, south, east, north = (float(part) for part in parts)
        except ValueError:
            raise BadBox(text, "Each side of a map box is a number in degrees: west,south,east,north.") from None
        return cls(west, south, east, north)

    @classmethod
    def around(cls, point: Point, km: float) -> Self:
        """The smallest handy box that holds everything within km of the point.

        Unit: kilometres in. Error: up to 1 % too wide, never too narrow.
        Raises: BadBox when km is negative or no number.
        """
        if not km >= 0:
            raise BadBox(km, "The distance around a place must be zero or more kilometres.")
        angle = min(km / _TIGHTEST_KM + 1e-12, math.pi)
        reach = math.degrees(angle)
        south, north = point.lat - reach, point.lat + reach
        if south <= -90 or north >= 90:
            # A pole is inside: every meridian passes through.
            return cls(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
        # The ratio stays below 1 because the pole is outside; the widest point lies
        # poleward of the centre, so cos(lat) alone would cut its shoulders off.
        wide = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(point.lat)))))
        if wide >= 180 or angle >= math.pi / 2:
            return cls(-180.0, south, 180.0, north)
        return cls(_wrapped(point.lon - wide), south, _wrapped(point.lon + wide), north)

    def contains(self, point: Point) -> bool:
        """Whether the point lies inside or on an edge; 180 and -180 are the same meridian."""
        if not self.south <= point.lat <= self.north:
            return False
        lons = (point.lon, -point.lon) if abs(point.lon) == 180 else (point.lon,)
        return any(west <= lon <= east for west, east in self.longitudes() for lon in lons)

    def longitudes(self) -> list[tuple[float, float]]:
        """The one or two spans of longitude, each with west <= east.

        Shape: one pair, or two when the box crosses the date line (the western part first).
        """
        if self.west <= self.east:
            return [(self.west, self.east)]
        return [(self.west, 180.0), (-180.0, self.east)]

    def centre(self) -> Point:
        """The middle of the box in degrees, on the right side of the date line."""
        width = self.east - self.west + (360.0 if self.west > self.east else 0.0)
        return Point((self.south + self.north) / 2, _wrapped(self.west + width / 2))

    def __str__(self) -> str:
        """The form Box.parse reads."""
        return ",".join(f"{side:g}" for side in (self.west, self.south, self.east, self.north))


def _wrapped(lon: float) -> float:
    if lon < -180:
        return lon + 360
    return lon - 360 if lon > 180 else lon


WORLD: Final = Box(-180.0, -90.0, 180.0, 90.0)
