"""The world `surge`: five hundred parties in a flood and three hundred cars, shared out by the rule that ships.

Everybody accepts; a car makes up to three stops. Beside it stands first come, nearest car. Seeded, pure but for the
clock that times a round. Must never serve a seat twice (tests/story/test_flood.py).
Source of the instance: docs/matching.md, "When asks compete".
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.surge import DANGER_WEIGHT, FIRST_LEG_MINUTES, WEIGHTS, Contest, offers
from dispatch.stories.trial.bars import bar
from dispatch.stories.trial.figures import Row
from dispatch.stories.trial.run import FRESH
from dispatch.stories.trial.settings import PARTIES, PARTIES_SHARE
from dispatch.stories.trial.told import Table, Told
from dispatch.stories.world import SEATS, SEATS_SHARE

Floats = NDArray[np.float64]

ASKS: Final = 500
CARS: Final = 300
STOPS: Final = 3
NEXT_LEG_MINUTES: Final = 25.0
URGENCIES: Final = (1, 4, DANGER_WEIGHT)
URGENCIES_SHARE: Final = (0.5, 0.4, 0.1)
CLUSTERED: Final = 0.6
LIMITS: Final = (("weighted", 0.92, True), ("danger", 1.0, True), ("of_cap", 0.97, True), ("ms", 150.0, False))
"""Figure, limit, at least."""


@dataclass(slots=True, kw_only=True)
class Flood:
    """Who waits where and which cars there are; changed as cars are sent. Unit: kilometres, minutes."""

    place: Floats
    party: NDArray[np.int64]
    open: NDArray[np.int64]
    weight: NDArray[np.int64]
    car: Floats
    seats: NDArray[np.int64]
    stops: NDArray[np.int64]
    driven: Floats
    waited: Floats

    def minutes(self) -> Floats:
        """(asks, cars): the next leg of each car to each ask; infinite where it may not go."""
        return self.legs(np.arange(len(self.open)))

    def legs(self, asks: NDArray[np.intp]) -> Floats:
        """The same for some of the asks."""
        km = np.linalg.norm(self.place[asks][:, None, :] - self.car[None, :, :], axis=2)
        legs = 3.0 + km * 1.3 / 55.0 * 60.0
        most = np.where(self.stops == 0, FIRST_LEG_MINUTES, NEXT_LEG_MINUTES)
        free = (self.stops < STOPS) & (self.seats > 0)
        return np.where((legs <= most) & free[None, :] & (self.open[asks] > 0)[:, None], legs, np.inf)

    def send(self, ask: int, car: int, leg: float) -> None:
        """The car takes what it can of that party."""
        taken = int(min(self.open[ask], self.seats[car]))
        self.driven[car] += leg
        self.waited[ask] += taken * self.driven[car]
        self.open[ask] -= taken
        self.seats[car] -= taken
        self.stops[car] += 1
        self.car[car] = self.place[ask]


def flood(seed: int, asks: int = ASKS, cars: int = CARS) -> Flood:
    """The instance of that seed."""
    luck = np.random.default_rng([seed, asks, cars])
    centre = luck.uniform(-50, 50, (5, 2))
    near = centre[luck.integers(5, size=asks)] + luck.normal(0, 3, (asks, 2))
    place = np.where(luck.random((asks, 1)) < CLUSTERED, near, luck.normal(0, 30, (asks, 2)))
    party = luck.choice(PARTIES, asks, p=PARTIES_SHARE).astype(np.int64)
    return Flood(
        place=place, party=party, open=party.copy(),
        weight=luck.choice(URGENCIES, asks, p=URGENCIES_SHARE).astype(np.int64),
        car=luck.normal(0, 28, (cars, 2)), seats=luck.choice(SEATS, cars, p=SEATS_SHARE).astype(np.int64),
        stops=np.zeros(cars, dtype=np.int64), driven=np.zeros(cars), waited=np.zeros(asks),
    )  # fmt: skip


def shared_out(found: Flood) -> None:
    """Danger alone, then rounds of the rule that ships; whom no round has anything for is looked at as ever."""
    _rounds(found, found.weight >= DANGER_WEIGHT)
    _rounds(found, np.ones(len(found.open), dtype=np.bool_))
    first_come(found)


def _rounds(found: Flood, asks: NDArray[np.bool_]) -> None:
    while True:
        minutes = np.where(asks[:, None], found.minutes(), np.inf)
        reached = np.isfinite(minutes)
        pairs = offers(
            Contest(
                chance=reached.astype(np.float64), minutes=minutes, open_seats=found.open, party=found.party,
                weight=found.weight, seats=found.seats,
            )
        )  # fmt: skip
        if not pairs:
            return
        for ask, car in pairs:
            found.send(ask, car, float(minutes[ask, car]))


def first_come(found: Flood) -> None:
    """Every ask in its turn takes the nearest cars until it is served."""
    for ask in range(len(found.open)):
        while found.open[ask] > 0:
            legs = found.legs(np.array([ask]))[0]
            car = int(np.argmin(legs))
            if not np.isfinite(legs[car]):
                break
            found.send(ask, car, float(legs[car]))


RULES: Final[dict[str, Callable[[Flood], None]]] = {"first come, nearest": first_come, "paced": shared_out}


def figures_of(found: Flood, seats: int, spent_ms: float) -> Row:
    """What came of it. `of_cap`: of the people whom all seats together could take."""
    served = found.party - found.open
    worth = np.array([WEIGHTS[int(each)] for each in found.weight])
    danger = found.weight >= DANGER_WEIGHT
    people = float(served.sum() / found.party.sum())
    return {
        "people": people,
        "of_cap": people / min(1.0, seats / float(found.party.sum())),
        "weighted": float((worth * served).sum() / (worth * found.party).sum()),
        "danger": float(served[danger].sum() / max(1, found.party[danger].sum())),
        "wait": float(found.waited.sum() / max(1, served.sum())),
        "ms": spent_ms,
    }


def played(seeds: Iterable[int], rules: Iterable[str] = tuple(RULES)) -> dict[str, Row]:
    """The mean of each rule's figures over those seeds."""
    names, numbers = list(rules), list(seeds)
    rows: dict[str, list[Row]] = {name: [] for name in names}
    for seed in numbers:
        for name in names:
            found = flood(seed)
            seats, start = int(found.seats.sum()), time.process_time()
            RULES[name](found)
            rows[name].append(figures_of(found, seats, (time.process_time() - start) * 1_000))
    return {name: {key: float(np.mean([row[key] for row in each])) for key in each[0]} for name, each in rows.items()}


def bars(rows: dict[str, Row]) -> list[Row]:
    """What the shipped rule is held against."""
    return [bar(f"surge: {key}", rows["paced"][key], limit, at_least=up) for key, limit, up in LIMITS]


def told_of(seeds: int, *, first_seed: int = FRESH) -> Told:
    """`flare simulate surge`: both rules' rows and the bars."""
    rows = played(range(first_seed, first_seed + seeds))
    found = bars(rows)
    keys = list(next(iter(rows.values())))
    table = Table("", ["rule", *keys], [[name, *(f"{row[key]:.3f}" for key in keys)] for name, row in rows.items()])
    head = f"{ASKS} parties, {CARS} cars; seeds {first_seed:,} and up ({seeds}); everybody accepts"
    return Told(
        name="surge", says=("surge: a flood, in which asks compete for cars", head), tables=[table], bars=found,
        facts={
            "story": "surge", "seeds": seeds, "first_seed": first_seed, "bars": found,
            "rows": [{"policy": name, **row} for name, row in rows.items()],
        },
    )  # fmt: skip
