"""How long the way takes: one formula, used by the policy, the simulator and the screens.

Nothing here knows a road except a Corridor, a polyline somebody draws. It must never be read
as a promise: show a Span to those who may see minutes, a band's words to everybody else.
Invariant: further never takes less time, and a band never shrinks (tests/geo/test_travel.py).
Why these numbers: docs/matching.md, "Travel time".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.distance import EARTH_KM, arrows_km, unit_vectors
from geo.point import Point

PICKUP_MINUTES: Final = 8
DISTANCE_BANDS_KM: Final = (2, 5, 10, 25, 50, 100, 200)
CORRIDOR_KM: Final = 25.0
_SPARE: Final = 1e-4
"""Radians by which a first look is generous: 600 m."""

_START = 3.0
_NEAR_KM, _NEAR_DETOUR, _NEAR_KMH = 10.0, 1.4, 40.0
_OPEN_DETOUR, _OPEN_KMH = 1.4, 80.0
_FREEWAY_DETOUR, _FREEWAY_KMH = 1.15, 105.0

# Miles are rounded, hence "about": 2 km is 1.24 miles, and a bare "1 mile" would be untrue.
_TRAVEL: Final = {
    2: "a few minutes",
    5: "about 10 min",
    10: "about 15 min",
    25: "about half an hour",
    50: "under an hour",
    100: "over an hour",
}


def minutes(km: float, corridor: bool = False) -> float:
    """Driving time for a straight-line distance, from moving off to being there.

    Unit: straight kilometres in, minutes out. Leaving home is PICKUP_MINUTES more.
    Error: real trips lie within span() of it nine times in ten.
    Raises: nothing; a negative distance counts as none.
    """
    far = max(km, 0.0)
    detour, speed = (_FREEWAY_DETOUR, _FREEWAY_KMH) if corridor else (_OPEN_DETOUR, _OPEN_KMH)
    near = min(far, _NEAR_KM) * _NEAR_DETOUR / _NEAR_KMH
    return _START + 60 * (near + max(far - _NEAR_KM, 0.0) * detour / speed)


def minutes_array(
    km: NDArray[np.floating[Any]], corridor: bool | NDArray[np.bool_] = False
) -> NDArray[np.floating[Any]]:
    """The same for many distances at once.

    Shape: (N,) kilometres, one flag or (N,) flags in; (N,) minutes out, the dtype of km.
    Raises: nothing; NaN stays NaN.
    """
    far = np.maximum(km, 0)
    rate = np.where(corridor, _FREEWAY_DETOUR / _FREEWAY_KMH, _OPEN_DETOUR / _OPEN_KMH).astype(far.dtype)
    near = np.minimum(far, _NEAR_KM) * (_NEAR_DETOUR / _NEAR_KMH)
    answer: NDArray[np.floating[Any]] = _START + 60 * (near + np.maximum(far - _NEAR_KM, 0) * rate)
    return answer


@dataclass(frozen=True, slots=True)
class Span:
    """From this many minutes to that many; what an honest screen shows instead of one number."""

    low: float
    high: float


def span(minutes: float, km: float, corridor: bool) -> Span:
    """The range a real trip of this length falls into.

    Unit: minutes and straight kilometres in, minutes out; pass the time without the pick-up.
    Source: docs/matching.md: road/straight ratios of two towns at p5 and p95; the rest assumed.
    """
    low, high = (0.9, 1.3) if corridor else (0.8, 2.2) if km < _NEAR_KM else (0.85, 1.5)
    return Span(minutes * low, minutes * high)


def band_km(km: float) -> int | None:
    """The smallest band that holds the distance; None beyond 200 km or when unknown (NaN)."""
    return next((band for band in DISTANCE_BANDS_KM if km <= band), None)


def travel_words(band: int | None) -> str:
    """The way as people say it, from the band and never from the point."""
    return "two hours or more" if band is None else _TRAVEL.get(band, "two hours or more")


class _Leg(NamedTuple):
    """One straight piece of a corridor, as arrows from the middle of the Earth, shape (3,) each."""

    start: NDArray[np.float32]
    end: NDArray[np.float32]
    pole: NDArray[np.float32]
    """Of its great circle; no direction at all if the leg has no length."""
    inward: NDArray[np.float32]
    """Points along the line from its start …"""
    onward: NDArray[np.float32]
    """… and back from its end."""
    middle: NDArray[np.float32]
    half: float
    """Radians from its middle to its ends."""


@dataclass(frozen=True, slots=True)
class Corridor:
    """A fast road as a polyline: trips with both ends near it take the freeway branch.

    Shape: two points or more, in order along the road.
    Raises: ValueError with fewer than two.
    """

    points: tuple[Point, ...]
    _corners: NDArray[np.float32] = field(init=False, repr=False, compare=False)
    _legs: tuple[_Leg, ...] = field(init=False, repr=False, compare=False)

    def __init__(self, points: Sequence[Point]) -> None:
        if len(points) < 2:
            raise ValueError("a corridor needs two points or more")
        object.__setattr__(self, "points", tuple(points))
        corners = unit_vectors(np.array([p.lat for p in points]), np.array([p.lon for p in points]))
        object.__setattr__(self, "_corners", corners)
        object.__setattr__(self, "_legs", tuple(_leg(start, end) for start, end in pairwise(corners)))

    def covers(self, a: Point, b: Point) -> bool:
        """Whether both ends lie within 25 km of the line."""
        return bool(np.all(self.near(unit_vectors(np.array([a.lat, b.lat]), np.array([a.lon, b.lon])))))

    def near(self, vectors: NDArray[np.float32], km: float = CORRIDOR_KM) -> NDArray[np.bool_]:
        """Which of many points lie within km of the line.

        Shape: (N, 3) unit vectors in (geo/distance.py: unit_vectors), (N,) out; NaN is far.
        """
        # Most of a network is nowhere near: one look at the circle around the whole line first (a million people: 0.7 s
        # without it, 3 ms with it when spread over the world), then one at the circle around each leg. Only who lies
        # in that is measured, from that leg alone.
        middle, reach = _around(self._corners)
        rows = _in_circle(vectors.T, middle, reach + km / EARTH_KM)
        some = vectors.take(rows, axis=0)
        columns = np.ascontiguousarray(some.T)
        answer = np.zeros(len(vectors), dtype=np.bool_)
        for leg in self._legs:
            close = _in_circle(columns, leg.middle, leg.half + km / EARTH_KM)
            if len(close):
                answer[rows[close]] |= _km_from(leg, some.take(close, axis=0)) <= km
        return answer

    def distances_km(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far many points are from the line.

        Shape: (N, 3) unit vectors in, (N,) out. Unit: kilometres on the sphere.
        """
        answer: NDArray[np.float32] = np.min([_km_from(leg, vectors) for leg in self._legs], axis=0)
        return answer

    def snap(self, point: Point) -> Point:
        """The place on the line nearest to the point."""
        here = unit_vectors(np.array([point.lat]), np.array([point.lon]))[0].astype(np.float64)
        best, best_dot = self._corners[0].astype(np.float64), -2.0
        for start, end in zip(self._corners[:-1].astype(float), self._corners[1:].astype(float), strict=True):
            normal = np.cross(start, end)
            length = float(np.linalg.norm(normal))
            candidates = [start, end]
            if length > 0:
                normal /= length
                foot = here - normal * float(here @ normal)
                inside = foot @ np.cross(normal, start) >= 0 and foot @ np.cross(end, normal) >= 0
                if inside and np.linalg.norm(foot) > 0:
                    candidates.append(foot / np.linalg.norm(foot))
            for candidate in candidates:
                dot = float(candidate @ here)
                if dot > best_dot:
                    best, best_dot = candidate, dot
        lat = float(np.degrees(np.arctan2(best[2], np.hypot(best[0], best[1]))))
        return Point(lat, float(np.degrees(np.arctan2(best[1], best[0]))))


def _leg(start: NDArray[np.float32], end: NDArray[np.float32]) -> _Leg:
    pole = np.cross(start, end)
    length = np.linalg.norm(pole)
    pole = pole / length if length > 0 else pole
    middle, half = _around(np.stack([start, end]))
    return _Leg(start, end, pole, np.cross(pole, start), np.cross(end, pole), middle, half)


def _around(corners: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """A circle that holds them all: its middle, and its radius in radians."""
    middle = corners.mean(axis=0)
    middle /= np.linalg.norm(middle)
    return middle, math.acos(min(1.0, float((corners @ middle).min())))


def _in_circle(columns: NDArray[np.float32], middle: NDArray[np.float32], radians: float) -> NDArray[np.int64]:
    """Who lies in a circle, or just outside: places in the columns, which are x, y and z."""
    # No matrix product: of one this large numpy's library makes threads, which wait long for a busy core.
    cosine = columns[0] * middle[0] + columns[1] * middle[1] + columns[2] * middle[2]
    return np.flatnonzero(cosine >= math.cos(min(radians + _SPARE, math.pi)))


def _km_from(leg: _Leg, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kilometres from one leg, the nearer of its ends where nothing of it lies beside."""
    best = np.minimum(arrows_km(leg.start, vectors), arrows_km(leg.end, vectors))
    beside = (vectors @ leg.inward > 0) & (vectors @ leg.onward > 0)
    across = EARTH_KM * np.abs(np.arcsin(np.clip(vectors @ leg.pole, -1, 1)))
    answer: NDArray[np.float32] = np.where(beside & (across < best), across, best).astype(np.float32)
    return answer
