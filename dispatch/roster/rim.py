"""Who is within the radius, decided exactly where it is close.

The fast distance is half a metre off at worst near by. Whoever is that near to the rim is
measured again in double precision, so the radius means what it says.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.roster.people import Rows
from geo.distance import chord_km, great_circles_km
from geo.point import Point

_RIM_KM: Final = 0.01
# Towards the other side of the Earth a chord says less and less about the arc: 3 km off at worst.
_FAR_KM: Final = 10_000.0


def within(
    origin: Point, radius_km: float, rows: Rows, vectors: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Who is within the radius, and how far everybody is.

    Shape: (N,) flags, (N,) distances. Unit: kilometres, great circle.
    Error: unknown places are within nothing, and NaN kilometres away.
    """
    km = chord_km(origin, vectors)
    with np.errstate(invalid="ignore"):
        inside = km <= radius_km
        close = (np.abs(km - radius_km) < _RIM_KM) | (km > _FAR_KM)
    if close.any():
        exact = great_circles_km(origin, rows["lat"][close], rows["lon"][close])
        km[close] = exact
        inside[close] = exact <= radius_km
    return inside, km
