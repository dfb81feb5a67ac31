"""Where the people of the synthetic network live: towns of the western United States, by weight.

Data only, for dispatch/stories/world.py. Weights are shares of followers, not of inhabitants.
Source: docs/simulation.md, "The world".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_TABLE: Final = (
    "LosAngeles 34.05 -118.24 13 28|InlandEmpire 34.02 -117.40 4.6 22|SanDiego 32.80 -117.13 3.3 18|"
    "BayArea 37.60 -122.20 14 28|Sacramento 38.58 -121.49 2.4 20|Fresno 36.74 -119.79 1 15|"
    "Bakersfield 35.37 -119.02 .9 14|Phoenix 33.45 -112 4.9 28|Tucson 32.22 -110.94 1 14|"
    "LasVegas 36.12 -115.17 2.2 12|Reno 39.53 -119.81 .5 10|SaltLake 40.70 -111.90 2.6 25|"
    "Denver 39.74 -104.99 3.6 25|Seattle 47.55 -122.25 4.5 25|Portland 45.52 -122.68 2.5 18|"
    "Boise 43.60 -116.25 .8 14|Albuquerque 35.10 -106.63 .9 14|Spokane 47.66 -117.40 .6 12|"
    "Victorville 34.52 -117.30 .40 10|Barstow 34.90 -117.03 .035 6|Baker 35.27 -116.07 .004 5|"
    "Primm 35.61 -115.39 .006 4|StGeorge 37.10 -113.57 .18 9|Kingman 35.19 -114.05 .06 8|"
    "Bishop 37.36 -118.40 .02 8|Needles 34.85 -114.61 .01 5|Flagstaff 35.20 -111.65 .10 9|"
    "SantaBarbara 34.43 -119.75 .45 14|Eugene 44.05 -123.09 .38 10|Medford 42.33 -122.87 .22 9"
)
VISITED: Final = "LasVegas"
VISITED_FACTOR: Final = 2.5
"""In the week of the electronics show Las Vegas holds that many times its share."""


@dataclass(frozen=True, slots=True)
class Metros:
    """The table as arrays of one length. Unit: degrees; `spread_km` is one standard deviation."""

    names: tuple[str, ...]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    weight: NDArray[np.float64]
    spread_km: NDArray[np.float64]


def metros(*, show_week: bool) -> Metros:
    """The towns with their shares, which sum to 1."""
    rows = [row.split() for row in _TABLE.split("|")]
    names = tuple(row[0] for row in rows)
    numbers = np.array([[float(value) for value in row[1:]] for row in rows])
    weight = numbers[:, 2].copy()
    if show_week:
        weight[names.index(VISITED)] *= VISITED_FACTOR
    return Metros(names, numbers[:, 0], numbers[:, 1], weight / weight.sum(), numbers[:, 3])
