"""What one look of the matcher sees, and what it decides: the values between the store and a policy.

Pure values. Built by actions/plan_wave.py for people and by dispatch/stories for the made ones, so that
a story's matcher is the real one. Policies: dispatch/domain/waves.py names them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import attention
from dispatch.domain.forecast import Forecast
from dispatch.domain.habits import TEXTBOOK, Habits
from dispatch.domain.kinds import Kind
from dispatch.domain.matching import Pool
from dispatch.domain.request import Request, Urgency
from dispatch.domain.standing import REACHES, Backing, Bound

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody who was told: when, how likely they were to come, and whether they still may.

    `silent`: has neither declined nor claimed. `hears`: the chance that it reaches them at all.
    """

    sent_at: datetime
    chance: float
    seats: int
    silent: bool
    hears: float = attention.REACHABLE
    online: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedColumns:
    """Everybody asked so far, as arrays of one length. Unit: `sent_s` seconds since 1970."""

    sent_s: Floats = field(default_factory=lambda: np.zeros(0))
    chance: Floats = field(default_factory=lambda: np.zeros(0))
    hears: Floats = field(default_factory=lambda: np.zeros(0))
    online: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    seats: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    silent: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def __len__(self) -> int:
        return len(self.chance)


def columns_of(asked: Iterable[Asked]) -> AskedColumns:
    """The same people as arrays."""
    rows = list(asked)
    return AskedColumns(
        sent_s=np.asarray([a.sent_at.timestamp() for a in rows], dtype=np.float64),
        chance=np.asarray([a.chance for a in rows], dtype=np.float64),
        hears=np.asarray([a.hears for a in rows], dtype=np.float64),
        online=np.asarray([a.online for a in rows], dtype=np.bool_),
        seats=np.asarray([a.seats for a in rows], dtype=np.int64),
        silent=np.asarray([a.silent for a in rows], dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A standing claim, as far as the odds need it."""

    seats: int
    since: datetime
    started: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything one look of the matcher sees."""

    request: Request
    now: datetime
    pool: Pool
    """Everybody who passed the gate and has not been asked."""
    raised_by: tuple[str, ...] = ()
    """Why it counts as more urgent than was said; the request's `raised` says the same."""
    asked: AskedColumns = field(default_factory=AskedColumns)
    promises: tuple[Promise, ...] = ()
    yeses: int = 0
    """How many have ever said yes to this request, whatever became of it."""
    ties: int = 0
    """How many ties the requester has."""
    habits: Habits = TEXTBOOK
    """What people here are like, as far as calls that are over have shown."""
    bound: Bound = REACHES[Backing.NOBODY]
    """How far the call may go; no policy reads it, what a look decided is cut to it."""

    @property
    def early(self) -> bool:
        """Is too little known of what becomes of such calls?"""
        return self.habits.early(self.request.kind)

    def honest(self, p: float) -> float:
        """That forecast, held to what came of earlier calls of the kind."""
        return self.habits.honest(self.request.kind, p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a look worked with, for the log and for "why was I asked?". Never sent to anybody."""

    p_before: float = 0.0
    p_after: float = 0.0
    target: float = 0.0
    floor: float = 0.0
    listed: int = 0
    load: float = 0.0
    weight: int = 0
    tonight: float = 1.0
    ended: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the look decided: whom to ask (rows of the pool, best first), when to look again, the odds."""

    ask: NDArray[np.intp]
    chance: Floats
    """The chance of a yes of each row of `ask`, kept with the alert …"""
    next_look: datetime | None
    forecast: Forecast
    hears: Floats = field(default_factory=lambda: np.zeros(0))
    """… and the chance that it reaches them …"""
    usual: Floats = field(default_factory=lambda: np.zeros(0))
    """… and what the crowd would have said in their place: what a person is measured against."""
    worth: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """Rows that would be worth their alert now, best first: what a round may share out (actions/share_drivers.py)."""
    exclusive: bool = False
    """Whoever is asked hears of no other call for a while, and nobody is asked who has just heard of one."""
    note: Note = field(default_factory=Note)

    def only(self, keep: NDArray[np.bool_] | slice) -> "Decision":
        """The decision with those of its people asked."""
        return replace(
            self, ask=self.ask[keep], chance=self.chance[keep], hears=self.hears[keep], usual=self.usual[keep]
        )


Policy = Callable[[Look], Decision]


def look_again(request: Request, now: datetime) -> datetime:
    """When the next look is due: every 2 min for half an hour, then every 5, then every 10."""
    waited = now - request.created_at
    if request.urgency is Urgency.DANGER:
        pause = timedelta(minutes=1)
    elif waited < timedelta(minutes=30):
        pause = timedelta(minutes=2)
    elif waited < timedelta(minutes=90):
        pause = timedelta(minutes=5)
    else:
        pause = timedelta(minutes=10)
    return now + pause


def plan_deadline(request: Request, kind: Kind, now: datetime) -> datetime:
    """By when the forecast speaks: the kind's plan, then twice as long each time it passes."""
    by = request.created_at + kind.plan
    while by < now + timedelta(minutes=12):
        by += max(by - request.created_at, kind.plan)
    return by
