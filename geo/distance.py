"""How far two places are apart, exactly for one pair and fast for a million.

`km` is the answer for people and tests; `chord_km` is the answer for the roster, where one
look measures everybody. Neither knows a road: geo/travel.py turns kilometres into minutes.
Invariant: the fast answer is within 0.6 % of the exact one (tests/geo/test_distance.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.point import Point

if TYPE_CHECKING:
    from collections.abc import Callable

EARTH_KM: Final = 6371.0088


@cache
def _geodesic() -> Callable[[tuple[float, float], tuple[float, float]], Any]:
    # geopy loads every geocoder and requests with it (0.2 s): at first use, so that a
    # command that measures nothing does not wait for it. (tests/geo/test_import.py)
    from geopy.distance import geodesic

    return geodesic  # type: ignore[no-any-return]  # geopy ships no types


def km(a: Point, b: Point) -> float:
    """Straight-line distance between two points.

    Unit: kilometres along the WGS-84 ellipsoid, never along roads.
    Error: below a millimetre. About 0.2 ms a pair: for many, chord_km.
    Raises: nothing; a Point that exists is on Earth (geo/point.py).
    Source: Karney 2013, J. Geodesy 87, as shipped in geopy 2.5 (geodesic).
    """
    return float(_geodesic()((a.lat, a.lon), (b.lat, b.lon)).km)


def distances_km(origin: Point, targets: Sequence[Point]) -> list[float]:
    """Straight-line distance from one point to many.

    Shape: N targets in, N floats out, same order; none in, [] out.
    Unit: kilometres along the WGS-84 ellipsoid.
    Error: a lower bound on travel, since roads are longer: never promise a time from it.
    Raises: nothing.
    """
    return [km(origin, target) for target in targets]


def great_circle_km(a: Point, b: Point) -> float:
    """Distance on the sphere, the one the shared counts were made with.

    Unit: kilometres, R = 6371.0088.
    Error: up to 0.56 % against the ellipsoid; exact to rounding for the sphere.
    Raises: nothing.
    """
    la, lb = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lb - la) / 2)
    half_lon = math.sin(math.radians(b.lon - a.lon) / 2)
    h = half_lat * half_lat + math.cos(la) * math.cos(lb) * half_lon * half_lon
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, h)))


def great_circles_km(
    origin: Point, lats: NDArray[np.floating[Any]], lons: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """`great_circle_km` from one point to many: slower than chord_km, and exact.

    Shape: two (N,) arrays in, (N,) out, same order.
    Unit: degrees in; kilometres, R = 6371.0088.
    Error: as `great_circle_km`.
    Raises: nothing; a NaN answers NaN.
    """
    phi, lam = np.radians(lats), np.radians(lons - origin.lon)
    here = math.radians(origin.lat)
    h = np.sin((phi - here) / 2) ** 2 + math.cos(here) * np.cos(phi) * np.sin(lam / 2) ** 2
    answer: NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(1.0, h)))
    return answer


def unit_vectors(lats: NDArray[np.floating[Any]], lons: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Points as arrows from the middle of the Earth, ready for chord_km.

    Shape: two (N,) arrays in, one (N, 3) float32 array out.
    Unit: degrees in; length 1 out. A NaN stays NaN, so an unknown place is near nobody.
    Error: float32 moves a point by at most about half a metre.
    Raises: nothing.
    """
    phi = np.radians(np.asarray(lats, dtype=np.float64))
    lam = np.radians(np.asarray(lons, dtype=np.float64))
    level = np.cos(phi)
    out = np.empty((*phi.shape, 3), dtype=np.float32)
    out[..., 0] = level * np.cos(lam)
    out[..., 1] = level * np.sin(lam)
    out[..., 2] = np.sin(phi)
    return out


def chord_km(origin: Point, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Great-circle distance from one point to many, for whole networks at once.

    Shape: (N, 3) unit vectors in, (N,) float32 out, same order.
    Unit: kilometres on the sphere, R = 6371.0088.
    Error: about a metre near by, 0.56 % against the ellipsoid at worst.
    Raises: nothing; a NaN vector answers NaN.
    """
    return arrows_km(unit_vectors(np.array([origin.lat]), np.array([origin.lon]))[0], vectors)


def arrows_km(here: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same from a unit vector, shape (3,)."""
    # The length of the chord, not acos(dot): a float32 cosine is blind below 2 km.
    # And a column at a time: numpy is five times slower along rows of three.
    x, y, z = (vectors[:, axis] - here[axis] for axis in range(3))
    chord = np.sqrt(x * x + y * y + z * z)
    answer: NDArray[np.float32] = (2 * EARTH_KM * np.arcsin(np.minimum(chord * 0.5, 1.0))).astype(np.float32)
    return answer


def bearing(start: Point, end: Point) -> float:
    """The direction in which one sets out from start to reach end the short way.

    Unit: degrees, 0 north, 90 east, below 360. Raises: nothing; a point seen from itself is north.
    """
    a, b = math.radians(start.lat), math.radians(end.lat)
    turn = math.radians(end.lon - start.lon)
    east = math.sin(turn) * math.cos(b)
    north = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    degrees = math.degrees(math.atan2(east, north)) % 360
    return degrees if degrees < 360 else 0.0  # a hair west of north rounds up to 360 itself


def moved(point: Point, km: float, toward: float) -> Point:
    """The point this far away in this direction, along a great circle.

    Unit: kilometres on the sphere; degrees, 0 north, 90 east. Raises: nothing.
    """
    far, angle, lat = km / EARTH_KM, math.radians(toward), math.radians(point.lat)
    up = math.sin(lat) * math.cos(far) + math.cos(lat) * math.sin(far) * math.cos(angle)
    turn = math.atan2(math.sin(angle) * math.sin(far) * math.cos(lat), math.cos(far) - math.sin(lat) * up)
    north = math.degrees(math.asin(min(1.0, max(-1.0, up))))
    return Point(north, (point.lon + math.degrees(turn) + 540) % 360 - 180)
