"""The seeded world of the match bench: people over the cities of the south-west, ties by degree, one hub.

The same seed gives the same world to the roster and to the engines it is compared with. Holds
nothing of anybody real, and knows no engine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.ports import PeopleColumns

TIES_PER_PERSON = 5.5
HUB_FRIENDS = 48_000
HUB = 1
SEED = 2009

# latitude, longitude, share of people, spread in km
CITIES = np.array(
    [
        (34.05, -118.24, 13, 28), (34.02, -117.40, 4.6, 22), (32.80, -117.13, 3.3, 18), (37.60, -122.20, 14, 28),
        (38.58, -121.49, 2.4, 20), (36.74, -119.79, 1, 15), (35.37, -119.02, 0.9, 14), (33.45, -112.00, 4.9, 28),
        (32.22, -110.94, 1, 14), (36.12, -115.17, 2.2, 12), (39.53, -119.81, 0.5, 10), (40.70, -111.90, 2.6, 25),
        (39.74, -104.99, 3.6, 25), (47.55, -122.25, 4.5, 25), (45.52, -122.68, 2.5, 18), (43.60, -116.25, 0.8, 14),
        (35.10, -106.63, 0.9, 14), (34.52, -117.30, 0.4, 10), (34.90, -117.03, 0.035, 6), (35.27, -116.07, 0.004, 5),
        (35.61, -115.39, 0.006, 4), (37.10, -113.57, 0.18, 9), (35.19, -114.05, 0.06, 8), (34.85, -114.61, 0.01, 5),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everybody and every tie once, by id; ids are 1 … N."""

    people: PeopleColumns
    ties: NDArray[np.int64]
    hub_friends: NDArray[np.int64]


def make_world(people: int, seed: int = SEED) -> World:
    luck = np.random.default_rng(seed)
    city = np.sort(luck.choice(len(CITIES), size=people, p=CITIES[:, 2] / CITIES[:, 2].sum()))
    lat = CITIES[city, 0] + luck.normal(0, CITIES[city, 3] / 111)
    lon = CITIES[city, 1] + luck.normal(0, CITIES[city, 3] / 111 * 1.22)
    wanted = np.minimum(5 * luck.random(people) ** (-1 / 1.28), 2_000)
    ladder = np.concatenate([[0.0], np.cumsum(wanted)])
    bounds = ladder[np.searchsorted(city, np.arange(len(CITIES) + 1))]

    def by_degree(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
        at = np.searchsorted(ladder, low + luck.random(len(low)) * (high - low), side="right") - 1
        return np.minimum(at, people - 1)

    count = int(TIES_PER_PERSON * people)
    everywhere = np.zeros(count), np.full(count, ladder[-1])
    a = by_degree(*everywhere)
    same = luck.random(count) < 0.39
    home = city[a]
    b = by_degree(np.where(same, bounds[home], 0.0), np.where(same, bounds[home + 1], ladder[-1]))
    shuffled = luck.permutation(people)  # ids say nothing about places
    a, b = shuffled[a] + 1, shuffled[b] + 1
    friends = 1 + luck.choice(np.arange(1, people), size=min(HUB_FRIENDS, people // 2), replace=False)
    ties = np.concatenate([np.stack([a, b], axis=1), np.stack([np.full(len(friends), HUB), friends], axis=1)])
    return World(people=_columns(lat[np.argsort(shuffled)], lon[np.argsort(shuffled)]), ties=ties, hub_friends=friends)


def _columns(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> PeopleColumns:
    count = len(lat)

    def all_of(value: float, dtype: type) -> NDArray:
        return np.full(count, value, dtype=dtype)

    return PeopleColumns(
        id=np.arange(1, count + 1),
        lat=lat,
        lon=lon,
        seen_at=all_of(np.nan, np.float64),
        seats=all_of(4, np.int16),
        duty=all_of(-1, np.int8),
        duty_until=all_of(np.nan, np.float64),
        reach_minutes=all_of(-1, np.int16),
        quiet_from=all_of(-1, np.int16),
        quiet_to=all_of(-1, np.int16),
        weekly_max=all_of(4, np.int16),
        guest=all_of(0, np.bool_),
    )
