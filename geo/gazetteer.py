"""Names of places: from words to points, and from a point to words people say.

The words of a label are as exact as its point: whoever may not see the point gets the label of
its cell's centre (dispatch/domain/visibility decides, never this file). Offline and lazy: nothing
is read before the first question, and nothing is ever fetched.
Invariant: a breakdown at Zzyzx is "13 km SW of Baker, CA", never Fort Irwin 48 km away
(tests/geo/test_gazetteer.py).
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from geo.box import Box
from geo.distance import EARTH_KM, bearing, chord_km, great_circle_km, unit_vectors
from geo.names import ALIASES, COUNTRY_WORDS, PROVINCES, US_STATES, fold
from geo.point import Point

ATTRIBUTION: Final = "Place names: GeoNames, CC BY 4.0"
MAX_TEXT: Final = 200
LABEL_KM: Final = 200.0
LARGE: Final = 150_000
"""People, from which on a town's name is written larger."""

_SCALE: Final = 10_000
_NEAR_KM: Final = 60.0
_CITY_KM: Final = 25.0
_COMPASS: Final = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"

_Matcher = Callable[[str], NDArray[np.int64]]
_Where = tuple[str, str]  # country code, and state code or ""


@dataclass(frozen=True, slots=True)
class Place:
    """A named place.

    `kind`: "settlement"; "hamlet" where nobody lives and "suburb" where the city's name is the
    one people know. The last two are found by name and never used in a label.
    """

    name: str
    admin: str
    country: str
    point: Point
    population: int
    tz: str = ""
    kind: str = "settlement"
    country_name: str = ""

    @property
    def large(self) -> bool:
        """Is it one that people orient themselves by?"""
        return self.population >= LARGE

    @property
    def label(self) -> str:
        """As it is said: "Baker, CA" in the USA and Canada, "Nice, France" elsewhere."""
        return f"{self.name}, {self.admin or self.country_name or self.country}"


class Gazetteer:
    """235,000 places in arrays; a Place is made only when it is asked for.

    Speed: loads in about 30 ms, the first nearest() adds 15 ms, then under 1 ms a question.
    """

    def __init__(self, tables: dict[str, NDArray[Any]]) -> None:
        said = json.loads(tables["said"].tobytes())
        self._names = tables["names"].tobytes()
        self._starts = np.concatenate(([0], np.cumsum(tables["lengths"], dtype=np.int64)))
        self._lat, self._lon = tables["lat"], tables["lon"]
        self._population, self._region = tables["population"], tables["region"]
        self._regions: list[tuple[str, str, str, str]] = [(c, a, tz or "", kind) for c, a, tz, kind in said["regions"]]
        self.countries: dict[str, str] = said["countries"]
        self._vectors: NDArray[np.float32] | None = None
        self._country_by_name = {fold(name): code for code, name in self.countries.items()} | COUNTRY_WORDS
        self._nobody = np.array([kind != "settlement" for *_, kind in self._regions])

    @classmethod
    def load(cls) -> Self:
        """The shipped table, read anew; use gazetteer() to share one."""
        with resources.files("geo").joinpath("data", "places.npz").open("rb") as file, np.load(file) as tables:
            return cls({name: tables[name] for name in tables.files})

    def __len__(self) -> int:
        return len(self._region)

    def settlements(self) -> Iterator[Place]:
        """Every place where people live, the largest first."""
        rows = np.argsort(-self._population, kind="stable")
        return (self._place(int(row)) for row in rows[~self._nobody[self._region[rows]]])

    # By name ------------------------------------------------------------------------------

    def find(self, text: str, near: Point | None = None, limit: int = 5) -> list[Place]:
        """Places of that name, best first: "Baker, CA", "baker california", "Las Vegas".

        Shape: at most limit; exact names before longer names before misspelt ones; then the
        nearest first when near is given, else the largest.
        Raises: nothing; text past MAX_TEXT finds nothing.
        """
        found = self._search(text, self._exact, near, limit)
        if not found or ("," not in text and self._at(fold(text)) != self._at(fold(text) + "\0")):
            # "New York" alone may also mean "New York Mills"; "Baker, CA" means one place.
            found += self._search(text, self._longer, near, limit)
        return (found or self._search(text, self._misspelt, near, limit))[:limit]

    def named(self, text: str, near: Point | None = None, limit: int = 50) -> list[Place]:
        """Places of exactly that name (spelling folded), so that a caller can tell a clear one from many."""
        return self._search(text, self._exact, near, limit)

    def _search(self, text: str, matcher: _Matcher, near: Point | None, limit: int) -> list[Place]:
        if len(text) > MAX_TEXT:
            return []
        for name, wheres in self._readings(text):
            rows = matcher(name)
            for where in wheres:
                inside = rows if where is None else rows[self._inside(rows, where)]
                if len(inside):
                    return [self._place(int(row)) for row in self._ordered(inside, near)[:limit]]
        return []

    def _readings(self, text: str) -> Iterator[tuple[str, Sequence[_Where | None]]]:
        """The ways to take the words apart, the likeliest first: name, and where it must lie."""
        parts = [part for part in (fold(part) for part in text.split(",")) if part]
        if not parts:
            return
        if len(parts) == 1:
            yield parts[0], [None]
            words = parts[0].split()
            for size in range(min(4, len(words) - 1), 0, -1):
                wheres = self._wheres(" ".join(words[-size:]))
                if wheres:
                    yield " ".join(words[:-size]), wheres
            return
        known = [(spot, wheres) for spot, part in enumerate(parts) if spot and (wheres := self._wheres(part))]
        if not known:
            yield parts[0], [None]  # "Baker, please hurry": words after the comma that are no state say nothing
        for first in range(len(parts) - 1):
            wheres = next((wheres for spot, wheres in known if spot > first), [])
            if wheres:
                yield parts[first], wheres

    def _wheres(self, words: str) -> list[_Where | None]:
        """What a qualifier can mean, e.g. "ca": California first, then Canada."""
        plain = " ".join(word for word in words.split() if not word.isdigit())
        code = plain.upper()
        found: list[_Where | None] = []
        for country, names in (("US", US_STATES), ("CA", PROVINCES)):
            found += [(country, key) for key, name in names.items() if code == key or plain == fold(name)]
        if code in self.countries:
            found.append((code, ""))
        if plain in self._country_by_name:
            found.append((self._country_by_name[plain], ""))
        return found

    def _inside(self, rows: NDArray[np.int64], where: _Where) -> NDArray[np.bool_]:
        country, admin = where
        fits = np.array([each[0] == country and admin in ("", each[1]) for each in self._regions])
        answer: NDArray[np.bool_] = fits[self._region[rows]]
        return answer

    def _exact(self, name: str) -> NDArray[np.int64]:
        target = ALIASES.get(name, name)
        # Every word that starts with "target " sorts after the word itself and before "target!".
        return np.arange(self._at(target), self._at(target + "\0"))

    def _longer(self, name: str) -> NDArray[np.int64]:
        by_word = np.arange(self._at(name + " "), self._at(name + "!"))
        if len(by_word) or len(name) < 3:
            return by_word
        return np.arange(self._at(name + "!"), self._at(name + "\U0010ffff"))

    def _misspelt(self, name: str) -> NDArray[np.int64]:
        # One letter wrong, missing, doubled or swapped; the first letter is taken as meant.
        # Bounded: at most 24 letters, so about 1,300 look-ups of 18 steps. (0.1 s at worst)
        if not 5 <= len(name) <= 24 or any(char.isdigit() for char in name):
            return np.arange(0)
        tries = {name[:i] + name[i + 1 :] for i in range(1, len(name))}
        tries |= {name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(1, len(name) - 1)}
        tries |= {name[:i] + char + name[i + 1 :] for i in range(1, len(name)) for char in _LETTERS}
        tries |= {name[:i] + char + name[i:] for i in range(1, len(name) + 1) for char in _LETTERS}
        rows = [self._exact(each) for each in sorted(tries - {name})]
        return np.concatenate(rows) if rows else np.arange(0)

    def _at(self, target: str) -> int:
        return bisect_left(range(len(self)), target, key=lambda row: _folded(self._name(row)))

    def _ordered(self, rows: NDArray[np.int64], near: Point | None) -> NDArray[np.int64]:
        if near is None:
            return rows[np.argsort(-self._population[rows], kind="stable")]
        vectors = unit_vectors(self._lat[rows] / _SCALE, self._lon[rows] / _SCALE)
        return rows[np.argsort(chord_km(near, vectors), kind="stable")]

    # By place -----------------------------------------------------------------------------

    def nearest(self, point: Point) -> tuple[Place, float, float]:
        """The place people would name, how far it is and in which direction the point lies from it.

        Shape: place, kilometres, degrees (0 north, 90 east), seen from the place.
        Error: not always the closest: inside a city's area the city, and a larger town when it is
        comparably near. Far out at sea it is simply far: look at the kilometres.
        """
        place = self._place(self._named_from(point))
        return place, great_circle_km(place.point, point), bearing(place.point, point)

    def closest(self, point: Point) -> tuple[Place, float]:
        """The closest settlement whatever its size, and its distance in kilometres."""
        place = self._place(self._closest(point, self._dots(point))[0])
        return place, great_circle_km(place.point, point)

    def in_box(self, box: Box, limit: int) -> list[Place]:
        """The settlements inside a box, the largest first.

        Shape: at most limit; a box across the date line is one box.
        """
        lat, lon = self._lat / _SCALE, self._lon / _SCALE
        inside = (lat >= box.south) & (lat <= box.north) & ~self._nobody[self._region]
        across = np.zeros(len(lat), dtype=np.bool_)
        for west, east in box.longitudes():
            across |= (lon >= west) & (lon <= east)
        rows = np.flatnonzero(inside & across)
        return [self._place(int(row)) for row in self._ordered(rows, None)[:limit]]

    def label(self, point: Point) -> str:
        """Exact words for a point: "13 km SW of Baker, CA". Only for those who may see the point."""
        place, km, toward = self.nearest(point)
        if km > LABEL_KM:
            return _far_out(point)
        if km < 1.5:
            return place.label
        return f"{km:.0f} km {_COMPASS[round(toward / 45) % 8]} of {place.label}"

    def near_label(self, point: Point) -> str:
        """Soft words for a cell's centre: "near Baker, CA"; no distance, no direction."""
        place, km, _ = self.nearest(point)
        if km > LABEL_KM:
            return _far_out(point)
        return f"near {place.label}" if km <= _NEAR_KM else f"in the wider area of {place.label}"

    def _arrows(self) -> NDArray[np.float32]:
        if self._vectors is None:
            vectors = unit_vectors(self._lat / _SCALE, self._lon / _SCALE)
            vectors[self._nobody[self._region]] = 0  # as far as a quarter of the Earth: never nearest
            self._vectors = vectors
        return self._vectors

    def _dots(self, point: Point) -> NDArray[np.float32]:
        here = unit_vectors(np.array([point.lat]), np.array([point.lon]))[0]
        dots: NDArray[np.float32] = self._arrows() @ here
        return dots

    def _closest(self, point: Point, dots: NDArray[np.float32]) -> tuple[int, float]:
        # A float32 cosine can't tell 2 km from 3: it only picks who is measured.
        rows = np.flatnonzero(dots >= dots.max() - 1e-6)
        km = chord_km(point, self._arrows()[rows])
        best = int(np.argmin(km))
        return int(rows[best]), float(km[best])

    def _named_from(self, point: Point) -> int:
        dots = self._dots(point)
        _, first = self._closest(point, dots)
        # "Comparably near" ends at 1.6 times the closest; a city reaches 25 km by itself.
        reach = max(_CITY_KM, 1.6 * first + 3) + 1
        rows = np.flatnonzero(dots >= math.cos(min(reach / EARTH_KM, math.pi)) - 1e-6)
        km = chord_km(point, self._arrows()[rows])
        people = self._population[rows].astype(np.float64)
        city = np.minimum(0.02 * np.sqrt(people), _CITY_KM)
        if (km <= city).any():
            return int(rows[np.argmin(np.where(km <= city, (km + 1) / np.maximum(city, 0.01), np.inf))])
        cost = np.where(km <= 1.6 * first + 3, km / (people + 300) ** 0.15, np.inf)
        return int(rows[np.argmin(cost)])

    def _name(self, row: int) -> str:
        return self._names[self._starts[row] : self._starts[row + 1]].decode()

    def _place(self, row: int) -> Place:
        country, admin, tz, kind = self._regions[self._region[row]]
        point = Point(self._lat[row] / _SCALE, self._lon[row] / _SCALE)
        named = self.countries.get(country, country)
        return Place(self._name(row), admin, country, point, int(self._population[row]), tz, kind, named)


# Binary searches begin at the same few names: remembering them makes a misspelt look-up 3 times faster.
_folded = lru_cache(maxsize=16_384)(fold)


@cache
def gazetteer() -> Gazetteer:
    """The one shared Gazetteer, loaded at the first call (about 30 ms)."""
    return Gazetteer.load()


def _far_out(point: Point) -> str:
    """No name within 200 km: one decimal, about 10 km, is all the words there are."""
    north, east = "S" if point.lat < 0 else "N", "W" if point.lon < 0 else "E"
    return f"{abs(point.lat):.1f} {north}, {abs(point.lon):.1f} {east}"
