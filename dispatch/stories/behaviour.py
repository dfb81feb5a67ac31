"""What people really do: the hidden truth of a story. The matcher is never told.

Every draw of a person is made once from (seed, row), so all policies meet the same people on the
same night. Pure but for numpy's seeded luck; the clock is an argument.
Source of every figure, and which are assumptions: docs/simulation.md, "The people".
Invariant: the check values there come out (tests/story/test_behaviour.py).
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.kinds import KINDS
from dispatch.domain.people import Duty
from dispatch.domain.request import Urgency
from dispatch.stories.world import READY_SHARE, SEATS, SEATS_SHARE
from geo import distance, travel
from geo.point import Point

Floats = NDArray[np.float64]

REACHABLE: Final = 0.70
BEDTIME: Final = (23.6, 1.3)
WAKING: Final = (7.0, 1.0)
SHOW_WEEK_LATER_H: Final = 1.2
"""In the week of the show people go to bed that much later."""
WOKEN: Final = 0.06
WOKEN_AFTER: Final = (6.0, 0.8)
LOOKS_SOON: Final = 0.60
SOON: Final = (3.0, 1.1)
LATER: Final = (45.0, 1.2)
ONLINE: Final = 0.12
ONLINE_SEES: Final = (0.6, 0.7)
DECIDES: Final = (1.2, 0.8)
BASE: Final = 0.30
TAU: Final = 35.0
RING: Final = {"1": 1.0, "2": 0.5, "vouched": 0.35, "3": 0.25, "community": 0.25, "open": 0.1}
NIGHT_FACTOR: Final = 0.7
READY_FACTOR: Final = 7.0
ORDINARY_FACTOR: Final = 0.478
HET_SIGMA: Final = 0.8
MOST: Final = 0.9
SAYS_CANT: Final = 0.45
NO_SHOW: Final = 0.22
ANNOUNCED: Final = 0.60
ANNOUNCED_AFTER: Final = (1.0, 12.0)
TRAVEL_MAX: Final = 240.0
FOLLOWER: Final = 0.35
FRIENDS_MAX: Final = 500
MOUNTAIN_FROM_LON: Final = -114.62
"""East of this the stories' clocks show mountain time: good enough from California to Arizona."""

_ZS: Final = ("bed", "wake", "woken", "soon", "later", "online", "decide", "het")
_US: Final = (
    "reachable", "sound", "sooner", "online", "accept", "cant", "no_show", "announced", "when", "ready", "seats",
    "morning",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What one person does after one alert; times are moments, None = never."""

    woken: bool
    """Asleep when alerted, and the sound woke them."""
    sees: datetime | None
    decides: datetime | None
    comes: bool
    """Says yes, if there is still something to say yes to."""
    says_no: bool
    seats: int
    travel_minutes: float
    no_show: bool
    announces: timedelta | None
    """How long after the yes they take it back; None = they don't say."""


class Behaviour:
    """The truth about everybody of one network on one night."""

    def __init__(
        self,
        seed: int,
        *,
        lat: Floats,
        lon: Floats,
        seats: NDArray[np.integer],
        duty: NDArray[np.integer],
        place: Point,
        later_h: float = 0.0,
        willingness: float = 1.0,
    ) -> None:
        count = len(lat)
        luck = np.random.default_rng([seed, count, 1])
        normal = luck.standard_normal((count, len(_ZS)))
        even = luck.random((count, len(_US)))
        self._z = {name: normal[:, column] for column, name in enumerate(_ZS)}
        self._u = {name: even[:, column] for column, name in enumerate(_US)}
        available = list(Duty).index(Duty.AVAILABLE)
        # Where nobody ever said how ready they are, the ready ones exist all the same.
        self._ready = duty == available if (duty >= 0).any() else self._u["ready"] < READY_SHARE
        bounds = np.cumsum(SEATS_SHARE)
        drawn = np.array(SEATS)[np.minimum(np.searchsorted(bounds, self._u["seats"]), len(SEATS) - 1)]
        self.seats = np.where(seats > 0, seats, drawn).astype(np.int64)
        self.bed_h = BEDTIME[0] + later_h + BEDTIME[1] * self._z["bed"]
        self.wake_h = WAKING[0] + WAKING[1] * self._z["wake"]
        self.offset_h = np.where(lon > MOUNTAIN_FROM_LON, -7.0, -8.0)
        km = distance.chord_km(place, distance.unit_vectors(lat, lon)).astype(np.float64)
        self.travel_minutes = travel.minutes_array(km, corridor=True)
        self._willingness = willingness

    def local_hour(self, row: int, at: datetime) -> float:
        """The hour on that person's clock, 0 to 24."""
        return (at.hour + at.minute / 60 + at.second / 3600 + float(self.offset_h[row])) % 24

    def awake(self, row: int, at: datetime) -> bool:
        """Are they?"""
        return not self._sleeps(row, self.local_hour(row, at))

    def _sleeps(self, row: int, hour: float) -> bool:
        # Bedtimes past midnight lie beyond 24 h: 1 o'clock is looked at as 1 and as 25.
        bed, wake = float(self.bed_h[row]), float(self.wake_h[row])
        return bed <= hour or bed <= hour + 24 < wake + 24

    def _until_waking(self, row: int, at: datetime) -> timedelta:
        return timedelta(hours=(float(self.wake_h[row]) - self.local_hour(row, at)) % 24)

    def _morning(self, row: int) -> timedelta:
        """How long after waking the phone is picked up: two minutes on average."""
        return timedelta(minutes=-2.0 * math.log(max(1e-12, 1.0 - float(self._u["morning"][row]))))

    def sees(self, row: int, at: datetime) -> tuple[datetime | None, bool]:
        """When the alert is first looked at, and whether its sound woke them."""
        u = self._u
        if self.awake(row, at) and u["online"][row] < ONLINE:
            return at + self._minutes(ONLINE_SEES, "online", row), False
        if u["reachable"][row] >= REACHABLE:
            return None, False
        if not self.awake(row, at):
            if u["sound"][row] < WOKEN:
                return at + self._minutes(WOKEN_AFTER, "woken", row), True
            return at + self._until_waking(row, at) + self._morning(row), False
        kind, name = (SOON, "soon") if u["sooner"][row] < LOOKS_SOON else (LATER, "later")
        seen = at + self._minutes(kind, name, row)
        if self.awake(row, seen):
            return seen, False
        return seen + self._until_waking(row, seen) + self._morning(row), False

    def _minutes(self, kind: tuple[float, float], name: str, row: int) -> timedelta:
        median, sigma = kind
        return timedelta(minutes=median * math.exp(sigma * float(self._z[name][row])))

    def decides_after(self, row: int) -> timedelta:
        """How long from looking to an answer."""
        return self._minutes(DECIDES, "decide", row)

    def chance(self, row: int, at: datetime, *, kind: str, urgency: Urgency, ring: str, ties: int) -> float:
        """P(says yes | looks at that moment); `ties` is how many the requester has."""
        travels = float(self.travel_minutes[row])
        if not travels <= TRAVEL_MAX:
            return 0.0
        p = BASE * (1.0 if urgency is Urgency.DANGER else KINDS[kind].accept) * RING.get(ring, 0.1)
        if ring == "1" and ties > FRIENDS_MAX:
            p *= FOLLOWER
        hour = self.local_hour(row, at)
        if hour >= 23 or hour < 6:
            p *= NIGHT_FACTOR
        p *= READY_FACTOR if self._ready[row] else ORDINARY_FACTOR
        p *= math.exp(HET_SIGMA * float(self._z["het"][row]) - HET_SIGMA**2 / 2)
        return min(MOST, p * math.exp(-travels / TAU) * self._willingness)

    def reaction(self, row: int, at: datetime, *, kind: str, urgency: Urgency, ring: str, ties: int) -> Reaction:
        """Everything that person will do about an alert sent at that moment."""
        sees, woken = self.sees(row, at)
        u = self._u
        yes = sees is not None and bool(
            u["accept"][row] < self.chance(row, sees, kind=kind, urgency=urgency, ring=ring, ties=ties)
        )
        no_show = yes and bool(u["no_show"][row] < NO_SHOW)
        low, high = ANNOUNCED_AFTER
        told = timedelta(minutes=low + (high - low) * float(u["when"][row]))
        return Reaction(
            woken=woken,
            sees=sees,
            decides=None if sees is None else sees + self.decides_after(row),
            comes=yes,
            says_no=sees is not None and not yes and bool(u["cant"][row] < SAYS_CANT),
            seats=int(self.seats[row]),
            travel_minutes=float(self.travel_minutes[row]),
            no_show=no_show,
            announces=told if no_show and u["announced"][row] < ANNOUNCED else None,
        )
