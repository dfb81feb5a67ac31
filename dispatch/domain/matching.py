"""Who fits: the gate, the chance of a yes, and the reasons a person is given.

Pure, numpy. Called by actions/plan_wave.py; the gate is checked again in SQL as alerts are
written. Invariant: nobody passes the gate who is off duty, blocked, asked before, beyond their
own reach or weekly limit (tests/domain/test_matching.py).
"""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import attention, limits
from dispatch.domain.kinds import Kind
from dispatch.domain.network import CLOSES, RINGS, TRUST
from dispatch.domain.people import Duty
from dispatch.domain.request import LARGE_PARTY, RAISE_WHEN, Request, Urgency
from geo.point import Point

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BASE_ACCEPT: Final = 0.30
TRAVEL_TAU: Final = 35.0
"""Minutes of travel after which the chance of a yes has fallen to 1/e."""
NIGHT_FACTOR: Final = 0.7
READY_FACTOR: Final = 7.0
"""Somebody who set themselves available says yes that much more often than the mean of all …"""
ORDINARY_FACTOR: Final = 0.478
"""… and everybody else that much less: with one in twelve ready, the mean is 1."""
DELAYED_MINUTES: Final = 30.0
REMOTE_PEOPLE: Final = 25
REMOTE_MINUTES: Final = 30.0
AGES_S: Final = np.array([1_800.0, 86_400.0, 7 * 86_400.0, 30 * 86_400.0, math.inf])
FRESHNESS: Final = np.array([1.0, 0.9, 0.8, 0.7, 0.4, 0.8])
"""How far a place of at most that age may be trusted; the last is a declared home."""
NIGHT: Final = (23, 6)
MOST: Final = 0.9
"""Nobody is surer than this."""

DUTIES: Final = tuple(Duty)
RING_CODES: Final = max(RINGS) + 1
_CLOSES: Final = np.array([CLOSES.get(code, 0) for code in range(RING_CODES)], dtype=np.int8)
_TRUST: Final = np.array([TRUST.get(code, min(TRUST.values())) for code in range(RING_CODES)])


REMEMBERED: Final = (
    "fatigue", "sent_7d", "accepts", "expected", "opened", "expected_opened", "online", "elsewhere",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Everybody who could be asked, as arrays of one length: the roster's answer, with travel times.

    Unit: `minutes` of travel from where they are, 0 for a kind nobody travels to; `lon` degrees;
    quiet hours as minutes of the local day, -1 = none; `seen_at` seconds since 1970, NaN = a home.
    The columns from `fatigue` on are what is remembered of each; left out, nothing is known of anybody.
    """

    person: NDArray[np.int64]
    ring: NDArray[np.int8]
    km: Floats
    minutes: Floats
    lat: Floats
    lon: Floats
    seats: NDArray[np.int64]
    duty: NDArray[np.int8]
    reach_minutes: NDArray[np.int64]
    quiet_from: NDArray[np.int64]
    quiet_to: NDArray[np.int64]
    weekly_max: NDArray[np.int64]
    community: NDArray[np.int64]
    seen_at: Floats
    closed: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, dtype=np.int8))
    """Which rings may not ask them: bits of CLOSES in network.py."""
    fatigue: Floats = field(default_factory=lambda: np.zeros(0))
    """F: alerts they saw lately, the older the less."""
    sent_7d: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    accepts: Floats = field(default_factory=lambda: np.zeros(0))
    expected: Floats = field(default_factory=lambda: np.zeros(0))
    """Yeses they gave, and what the crowd would have given to the alerts they saw."""
    opened: Floats = field(default_factory=lambda: np.zeros(0))
    expected_opened: Floats = field(default_factory=lambda: np.zeros(0))
    online: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Their inbox is open in front of them."""
    elsewhere: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """They have just been asked for somebody else and have not answered."""

    def __post_init__(self) -> None:
        """Columns that were left out are filled with "nothing known"."""
        for name in (*REMEMBERED, "closed"):
            column = getattr(self, name)
            if len(column) != len(self.person):
                object.__setattr__(self, name, np.zeros(len(self.person), dtype=column.dtype))

    def __len__(self) -> int:
        return len(self.person)

    def only(self, keep: Mask | NDArray[np.intp]) -> "Pool":
        """The pool cut down to those people."""
        return Pool(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})


def local_minute(now: datetime, lon: Floats) -> Floats:
    """Minute of the local day by the sun: within about an hour and a half of any wall clock.

    Error: time zones bend; a person who needs quiet hours to the minute sets themselves off duty.
    """
    utc = now.hour * 60 + now.minute
    return attention.of_the_day(utc + np.where(np.isnan(lon), 0.0, lon) * 4.0)


def is_night(now: datetime, point: Point | None) -> bool:
    """Between 23 and 6 at that place, by the sun."""
    if point is None:
        return False
    minute = float(local_minute(now, np.asarray([point.lon]))[0])
    return minute >= NIGHT[0] * 60 or minute < NIGHT[1] * 60


def quiet(pool: Pool, now: datetime) -> Mask:
    """Who has quiet hours now: they are told in the inbox, without a sound."""
    return _quiet(pool, local_minute(now, pool.lon))


def _quiet(pool: Pool, minute: Floats) -> Mask:
    start, end = pool.quiet_from, pool.quiet_to
    if not (start >= 0).any():
        return np.zeros(len(pool), dtype=np.bool_)
    within = np.where(start <= end, (minute >= start) & (minute < end), (minute >= start) | (minute < end))
    return (start >= 0) & within


def hears(pool: Pool, now: datetime, *, asked: int = 0, asked_online: int = 0) -> Floats:
    """R of everybody in the pool: P(an alert sent now reaches their eyes while it matters).

    `asked`, `asked_online`: how many of the same neighbourhood were asked already, and how many of those had their
    inbox open: with the pool's they say how many are up tonight.
    """
    minute = local_minute(now, pool.lon)
    up = float(attention.awake(minute).mean()) * (len(pool) + asked) if len(pool) else 0.0
    more = attention.stirring(up, float(pool.online.sum() + asked_online))
    return attention.hears(minute, pool.online, _quiet(pool, minute), fatigue=pool.fatigue, more=more)


def gate(pool: Pool, *, rings: frozenset[int], never: frozenset[int]) -> Mask:
    """Who may be asked at all: one boolean per person of the pool.

    Somebody who closed themselves to a ring is not asked from it. `never`: the requester, the blocked, those already
    alerted or on another errand.
    """
    allowed = np.zeros(RING_CODES, dtype=np.bool_)
    allowed[list(rings)] = True
    keep: Mask = allowed[pool.ring] & (pool.closed & _CLOSES[pool.ring] == 0)
    for duty in (Duty.OFF_DUTY, Duty.ON_BREAK, Duty.COMMITTED):
        keep &= pool.duty != DUTIES.index(duty)
    if never:
        keep &= ~np.isin(pool.person, np.fromiter(never, dtype=np.int64))
    return keep


def in_reach(pool: Pool) -> Mask:
    """Whom the way is not too long for, by the house's limit and their own."""
    own = (pool.reach_minutes < 0) | (pool.minutes <= pool.reach_minutes)
    return (pool.minutes <= limits.TRAVEL_MAX_MINUTES) & own


def within_week(pool: Pool) -> Mask:
    """Who may hear one more alert this week, by their own limit."""
    return pool.sent_7d < pool.weekly_max


def freshness(seen_at: Floats, now: datetime) -> Floats:
    """How far an old place may be trusted, 0.4 to 1; a declared home counts 0.8."""
    age = now.timestamp() - seen_at
    # NaN sorts behind every age.
    return FRESHNESS[np.searchsorted(AGES_S, age, side="left")]


def chance_of_yes(pool: Pool, request: Request, kind: Kind, now: datetime, *, follower: float) -> Floats:
    """P(says yes | looks), one per person, at most 0.9.

    `follower`: what a tie of this requester counts, 1 for a friend, 0.35 for one of thousands.
    """
    trust = _TRUST[pool.ring]
    tie = np.where(pool.ring == 1, follower, 1.0)
    accept = 1.0 if request.urgency is Urgency.DANGER else kind.accept
    chance = BASE_ACCEPT * accept * trust * tie * freshness(pool.seen_at, now)
    if kind.located:
        chance = chance * np.exp(-pool.minutes / TRAVEL_TAU)
    chance = chance * np.where(pool.duty == DUTIES.index(Duty.AVAILABLE), READY_FACTOR, ORDINARY_FACTOR)
    chance = chance * attention.tired(pool.fatigue)
    minute = local_minute(now, pool.lon)
    night = (minute >= NIGHT[0] * 60) | (minute < NIGHT[1] * 60)
    return np.minimum(MOST, np.where(night, chance * NIGHT_FACTOR, chance))


def learned(pool: Pool, chance: Floats, *, willing: float = 1.0, opens: float = 1.0) -> Floats:
    """The same chances with what is known of people here, and of each: how often they say yes, and open at all.

    `willing`, `opens`: of people here (dispatch/domain/habits.py). Each is held against them, and not the textbook.
    """
    own = attention.personal(pool.accepts, pool.expected * willing)
    own = own * attention.opens(pool.opened, pool.expected_opened * opens)
    return np.minimum(MOST, chance * (willing * opens) * own)


def best_first(index: Floats) -> NDArray[np.intp]:
    """Places in `index`, the highest first; of equal ones the earlier first."""
    order = np.argsort(-index)
    ranked = index.take(order)
    differs = ranked[1:] != ranked[:-1]
    if differs.all():
        return order
    # Sorting whole numbers twice is still several times faster than one stable sort of floats.
    place = np.concatenate([[0], np.cumsum(differs)]) * len(index) + order
    place.sort()
    return place % len(index)


def raised_by(request: Request, pool: Pool, point: Point | None, now: datetime) -> tuple[str, ...]:
    """Why the matcher counts it as more urgent than was said: two of night, remote, large; else ()."""
    if request.urgency is not Urgency.STRANDED or point is None:
        return ()
    near = int((pool.minutes <= REMOTE_MINUTES).sum())
    grounds = (
        ("night", is_night(now, point)),
        ("remote", near < REMOTE_PEOPLE),
        ("large", (request.quantity or 0) >= LARGE_PARTY),
    )
    held = tuple(name for name, holds in grounds if holds)
    return held if len(held) >= RAISE_WHEN else ()
