"""The synthetic network: a hub and the followers who would hear it, spread over the western United States.

Everything follows from one seed; nobody in it is a real person. Row 0 is the hub. The same arrays
go into a store (`arrivals`) or straight into a roster (`columns`).
Invariants: ties are symmetric, unique and without loops; the figures of docs/simulation.md hold
(tests/story/test_world.py).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import limits
from dispatch.domain.columns import once_each
from dispatch.domain.people import Duty
from dispatch.ports import Arrivals, PeopleColumns
from dispatch.stories.metros import Metros, metros

FOLLOWERS: Final = 48_000
WORLD_SEED: Final = 2009
"""The network is one; the nights played on it differ by their own seeds."""
DEGREE_SCALE: Final = 5.0
DEGREE_TAIL: Final = 1.28
DEGREE_MAX: Final = 2_000
"""How many ties a follower has: a Pareto distribution of that scale and exponent (the tail), cut at the most."""
SAME_METRO: Final = 0.39
"""Share of the ties among followers whose two ends live in one metro."""
SEATS: Final = (1, 2, 3, 4, 6)
SEATS_SHARE: Final = (0.05, 0.10, 0.45, 0.28, 0.12)
READY_SHARE: Final = 0.08
"""Share of people who set themselves available."""
LON_STRETCH: Final = 1.22
KM_PER_DEGREE: Final = 111.0

FIRST_NAMES: Final = (
    "Ada Aisha Alba Alma Amir Ana Andre Anika Arlo Asha Beatriz Ben Bo Cal Carmen Cleo Dana Dario Delia Dev Eli Elena "
    "Emeka Erin Esme Ezra Fay Felix Fern Gael Gia Hana Hank Hugo Ida Ilse Imani Ines Iris Ivan Jade Jae Jonah Joy Juno "
    "Kai Kira Kofi Lana Leo Lena Lior Lou Luz Mae Malik Mara Marco Maya Mei Milo Mina Nadia Ned Nia Noa Nora Omar Opal "
    "Oren Otis Paz Pia Priya Quinn Rafa Ravi Rhea Rita Roan Rosa Ruth Sade Sam Selma Seth Sol Suki Tariq Tess Theo "
    "Thora Tomas Una Vera Vik Wade Wren Yara Yusuf Zev Zoe"
).split()
SHOW_WEEK_HUB: Final = "Robin"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One network as arrays: row 0 is the hub, the others are its followers (or nobody's, without `hub_tied`)."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    metro: NDArray[np.int64]
    """Row of the metros table; -1 for the hub."""
    seats: NDArray[np.int16]
    duty: NDArray[np.int8]
    degree: NDArray[np.int64]
    """Ties each person was meant to have, the hub's aside."""
    ties: NDArray[np.int64]
    """Shape (T, 2), rows, a < b."""
    names: tuple[str, ...]
    towns: Metros
    show_week: bool

    def __len__(self) -> int:
        return len(self.lat)

    def externals(self) -> list[str]:
        """The operator's own name of each row."""
        return [f"s{row}" for row in range(len(self))]

    def arrivals(self) -> Arrivals:
        """The network as a store takes it."""
        return Arrivals(
            externals=self.externals(),
            names=self.names,
            lat=self.lat,
            lon=self.lon,
            seats=self.seats,
            duty=self.duty,
            given=frozenset({"name", "place", "seats", "duty"}),
            ties=self.ties,
        )

    def columns(self) -> PeopleColumns:
        """The network as a roster takes it; the id of a person is their row + 1."""
        count = len(self)
        never = np.full(count, np.nan)
        none = np.full(count, -1, dtype=np.int16)
        return PeopleColumns(
            id=np.arange(1, count + 1, dtype=np.int64),
            lat=self.lat,
            lon=self.lon,
            seen_at=never,
            seats=self.seats,
            duty=self.duty,
            duty_until=never,
            reach_minutes=none,
            quiet_from=none,
            quiet_to=none,
            weekly_max=np.full(count, limits.ALERTS_PER_WEEK, dtype=np.int16),
            guest=np.zeros(count, dtype=np.bool_),
        )


def build(
    seed: int = WORLD_SEED, *, followers: int = FOLLOWERS, show_week: bool = True, hub_tied: bool = True
) -> World:
    """The network of that seed.

    Shape: followers + 1 people. Cost: below a second for 48,000.
    """
    towns = metros(show_week=show_week)
    luck = np.random.default_rng([seed, followers])
    home = luck.choice(len(towns.names), size=followers, p=towns.weight)
    spread = towns.spread_km[home] / KM_PER_DEGREE
    lat = towns.lat[home] + luck.standard_normal(followers) * spread
    lon = towns.lon[home] + luck.standard_normal(followers) * spread * LON_STRETCH
    seats = luck.choice(np.array(SEATS), size=followers, p=np.array(SEATS_SHARE))
    ready = luck.random(followers) < READY_SHARE
    degree = degrees(luck, followers)
    ties = _ties(luck, degree, home, towns) + 1
    if hub_tied:
        star = np.stack([np.zeros(followers, dtype=np.int64), np.arange(1, followers + 1)], axis=1)
        ties = np.concatenate([star, ties])
    first = luck.integers(len(FIRST_NAMES), size=followers)
    names = (SHOW_WEEK_HUB, *(FIRST_NAMES[each] for each in first.tolist()))
    return World(
        lat=np.concatenate([[np.nan], lat]),
        lon=np.concatenate([[np.nan], lon]),
        metro=np.concatenate([[-1], home]),
        seats=np.concatenate([[-1], seats]).astype(np.int16),
        duty=np.concatenate([[-1], np.where(ready, list(Duty).index(Duty.AVAILABLE), -1)]).astype(np.int8),
        degree=np.concatenate([[0], degree]),
        ties=ties,
        names=names,
        towns=towns,
        show_week=show_week,
    )


def degrees(luck: np.random.Generator, count: int) -> NDArray[np.int64]:
    """How many ties each of so many people has: most a few, a few very many, none more than 2,000."""
    drawn = np.floor(DEGREE_SCALE * luck.random(count) ** (-1.0 / DEGREE_TAIL))
    return np.minimum(drawn, DEGREE_MAX).astype(np.int64)


def _ties(
    luck: np.random.Generator, degree: NDArray[np.int64], home: NDArray[np.int64], towns: Metros
) -> NDArray[np.int64]:
    """Ends paired by luck, some of them within their metro, so that SAME_METRO of all ties are local."""
    ends = np.repeat(np.arange(len(degree)), degree)
    luck.shuffle(ends)
    share = np.bincount(home[ends], minlength=len(towns.names)) / max(1, len(ends))
    by_chance = float((share**2).sum())
    near = max(0.0, (SAME_METRO - by_chance) / (1.0 - by_chance))
    split = int(len(ends) * near)
    local = ends[:split]
    # Ends of one metro stand side by side, in lucky order among themselves: neighbours are paired.
    local = local[np.argsort(home[local], kind="stable")]
    pairs = np.concatenate([_paired(local), _paired(ends[split:])])
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    keys = once_each((low * len(degree) + high)[low != high])
    return np.stack([keys // len(degree), keys % len(degree)], axis=1)


def _paired(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    return ends[: len(ends) // 2 * 2].reshape(-1, 2)
