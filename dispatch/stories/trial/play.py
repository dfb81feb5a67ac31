"""One call for help, played in memory: the real policy looks, made people answer, the real rules keep count.

Leases, standby, the gate, travel and every decision come from dispatch/domain; the only things kept here are
lists. Unit: minutes since the call was posted.
Invariants: no more seats are claimed than asked for; nobody is asked twice (tests/story/test_trial.py).
"""

import heapq
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import limits, matching, paced
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.looking import AskedColumns, Decision, Look, Promise
from dispatch.domain.matching import Pool
from dispatch.domain.request import Request, Urgency
from dispatch.stories.trial.crowd import NEVER, Crowd, Reactions
from dispatch.stories.trial.rivals import RIVALS, STANDBY, Rival
from geo.point import Point
from geo.travel import PICKUP_MINUTES

LEASE: Final = limits.LEASE_COMMITTED / timedelta(minutes=1)
ASKED_ABOUT: Final = (0.0, 4.0, 10.0, 20.0)
"""Minutes at which the forecast is written down, if a seat is open."""


@dataclass(slots=True)
class Promised:
    """A claim: who, how many seats, since when, what will become of it."""

    row: int
    seats: int
    since: float
    fails: bool
    waiting: bool = False
    ended: float = NEVER
    stood_by: bool = False


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of one call. Times in minutes, infinite = never within the horizon."""

    alerts: int
    heard: float
    full: float
    secured: float
    pickup: float
    served: float
    cars: int
    woken: int
    late: int
    seen: int
    raised: bool
    forecasts: tuple[tuple[float, float, float], ...]
    """(minute, p, by): each forecast with its deadline."""
    waves: tuple[tuple[float, int], ...]
    degree: int = 0
    region: str = ""
    asked: NDArray[np.intp] = field(repr=False, default_factory=lambda: np.zeros(0, dtype=np.intp))
    """Rows of the network, in the order they were asked."""
    saw: NDArray[np.intp] = field(repr=False, default_factory=lambda: np.zeros(0, dtype=np.intp))
    """Rows that looked at all …"""
    judged: NDArray[np.intp] = field(repr=False, default_factory=lambda: np.zeros(0, dtype=np.intp))
    """… those that looked while they were still needed …"""
    judged_usual: NDArray[np.float64] = field(repr=False, default_factory=lambda: np.zeros(0))
    """… and how likely the crowd would have been to say yes in their place."""
    sent_hears: NDArray[np.float64] = field(repr=False, default_factory=lambda: np.zeros(0))
    yes: NDArray[np.intp] = field(repr=False, default_factory=lambda: np.zeros(0, dtype=np.intp))
    drove: NDArray[np.intp] = field(repr=False, default_factory=lambda: np.zeros(0, dtype=np.intp))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one policy is to be tried on: the people in reach, and the truth about them.

    `rows`: each pool row's row in the network. `fatigue`, `deaf`: true, by network row.
    """

    at: datetime
    place: Point
    party: int
    pool: Pool
    rows: NDArray[np.intp]
    crowd: Crowd
    ties: int
    urgency: Urgency = Urgency.STRANDED
    horizon: float = 360.0
    degree: int = 0
    region: str = ""
    fatigue: NDArray[np.float64] | None = None
    deaf: NDArray[np.bool_] | None = None
    as_stored: bool = False
    """The matcher knows what a fresh import knows: homes, no fixes, no open inboxes."""


class Play:
    """One call under one policy. `play` runs it to its end."""

    def __init__(self, call: Call, policy: str) -> None:
        self._call = call
        name = policy.removesuffix(STANDBY)
        self._rival: Rival | None = RIVALS.get(name)
        self._policy = None if self._rival else paced.FORMS[name]
        self._standby = self._rival is None or policy.endswith(STANDBY)
        size = len(call.pool)
        self._asked = np.zeros(size, dtype=np.bool_)
        self._by_person = np.argsort(call.pool.person)
        self._order: list[NDArray[np.intp]] = []
        self._sent: list[NDArray[np.float64]] = []
        self._chance: list[NDArray[np.float64]] = []
        self._hears: list[NDArray[np.float64]] = []
        self._usual: list[NDArray[np.float64]] = []
        self._reacted: list[Reactions] = []
        self._useful: list[NDArray[np.int64]] = []
        self._yes_at = np.full(size, NEVER)
        self._claims: list[Promised] = []
        self._yes: list[int] = []
        self._events: list[tuple[float, int, str, int]] = []
        self._number = count()
        self._look_at = 0.0
        self._taken = 0
        self._open_since = 0.0
        self._secured = NEVER
        self._full = NEVER
        self._forecasts: list[tuple[float, float, float]] = []
        self._waves: list[tuple[float, int]] = []
        self._request = Request(
            id=1, public_id="trial", requester=0, kind="ride", quantity=call.party, seats_taken=0,
            status=RequestState.OPEN, urgency=call.urgency, for_other=False, needs=(), cell=None, off=1,
            created_at=call.at, deadline_at=call.at + KINDS["ride"].give_up,
        )  # fmt: skip
        self._raised = matching.raised_by(self._request, call.pool, call.place, call.at)

    def play(self) -> Outcome:
        """Until nothing can change any more, or the horizon."""
        while (now := self.next_at()) < NEVER:
            self.step(now)
        return self.told()

    def next_at(self) -> float:
        """The minute at which something happens next; NEVER once nothing can change any more."""
        now = min(self._events[0][0] if self._events else NEVER, self._look_at)
        return NEVER if now > self._call.horizon or self._settled() else now

    def step(self, now: float) -> None:
        """What happens at that minute: the matcher's look first, else what people do."""
        if self._look_at <= now:
            self._look(now)
        else:
            _, _, what, which = heapq.heappop(self._events)
            self._happen(now, what, which)

    # -- the matcher ----------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        if self._taken >= self._call.party:
            self._look_at = NEVER
            return
        look = self.seen_at(now)
        if self._policy is not None:
            self.obey(now, self._policy(look), look)
            return
        rival = self._rival
        assert rival is not None  # noqa: S101 - one of the two is set
        self._look_at = now + rival.every
        rows = rival.ask(look, now)
        if len(rows):
            usual = paced.usual(look)
            chance = paced.chances(look, paced.SHIPPED, usual)
            self._send(now, self._rows_of(look, rows), chance[rows], paced.hears(look)[rows], usual[rows])

    def obey(self, now: float, decision: Decision, look: Look) -> None:
        """Asks whom a policy decided on, on that look, and looks again when it said."""
        self._note(now, decision)
        again = decision.next_look
        self._look_at = NEVER if again is None else (again - self._call.at) / timedelta(minutes=1)
        if len(decision.ask):
            self._send(now, self._rows_of(look, decision.ask), decision.chance, decision.hears, decision.usual)

    def _rows_of(self, look: Look, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The call's own rows of some rows of a look."""
        return self._by_person[np.searchsorted(self._call.pool.person[self._by_person], look.pool.person[rows])]

    def askable(self, now: float) -> NDArray[np.bool_]:
        """Who of the call's people may still be asked."""
        return ~self._asked

    def known(self, pool: Pool, now: float) -> Pool:
        """Those people as the matcher knows them at that minute."""
        call = self._call
        if call.as_stored:
            return pool
        at = call.at + timedelta(minutes=now)
        online = call.crowd.is_online(pool.person - 1, now)
        return replace(pool, online=online, seen_at=np.full(len(pool), at.timestamp()))

    def seen_at(self, now: float) -> Look:
        """What the matcher sees at that minute."""
        call = self._call
        pool = self.known(call.pool.only(np.flatnonzero(self.askable(now))), now)
        at = call.at + timedelta(minutes=now)
        held = tuple(
            Promise(
                seats=c.seats,
                since=call.at + timedelta(minutes=c.since),
                started=not c.fails and now >= c.since + PICKUP_MINUTES,
            )
            for c in self._claims
            if c.ended > now and not c.waiting
        )
        return Look(
            request=replace(
                self._request, seats_taken=self._taken, alerted=int(self._asked.sum()), raised=bool(self._raised)
            ),
            now=at,
            pool=pool,
            raised_by=self._raised,
            asked=self._columns(now),
            promises=held,
            yeses=len(self._claims),
            ties=call.ties,
        )

    def _columns(self, now: float) -> AskedColumns:
        if not self._order:
            return AskedColumns()
        rows = np.concatenate(self._order)
        hears = np.concatenate(self._hears)
        decides = np.concatenate([r.decides for r in self._reacted])
        refuses = np.concatenate([r.says_no for r in self._reacted])
        said = (refuses & (decides <= now)) | (self._yes_at[rows] <= now)
        return AskedColumns(
            sent_s=self._call.at.timestamp() + 60.0 * np.concatenate(self._sent),
            chance=np.concatenate(self._chance),
            hears=hears,
            online=hears == 1.0,
            seats=np.concatenate(self._useful),
            silent=~said,
        )

    def _note(self, now: float, decision: Decision) -> None:
        due = [at for at in ASKED_ABOUT if at <= now][len(self._forecasts) :]
        if due:
            by = (decision.forecast.by - self._call.at) / timedelta(minutes=1)
            self._forecasts += [(at, decision.forecast.p, by) for at in due]

    def react(self, rows: NDArray[np.intp], now: float) -> Reactions:
        """What those of the call's people do about an alert of that minute."""
        call, people = self._call, self._call.rows[rows]
        danger = call.urgency is Urgency.DANGER
        return call.crowd.reactions(
            people, now, rings=call.pool.ring[rows], kind=1.0 if danger else KINDS["ride"].accept, ties=call.ties,
            fatigue=0.0 if call.fatigue is None else call.fatigue[people],
            deaf=None if call.deaf is None else call.deaf[people],
        )  # fmt: skip

    def _send(
        self,
        now: float,
        rows: NDArray[np.intp],
        chance: NDArray[np.float64],
        hears: NDArray[np.float64],
        usual: NDArray[np.float64],
    ) -> None:
        call = self._call
        reacted = self.react(rows, now)
        self._usual.append(usual)
        self._asked[rows] = True
        self._order.append(rows)
        self._sent.append(np.full(len(rows), now))
        self._chance.append(np.round(chance, 4))
        self._hears.append(np.round(hears, 4))
        left = call.party - self._taken
        self._useful.append(np.maximum(1, np.minimum(call.pool.seats[rows], left)))
        self._reacted.append(reacted)
        self._waves.append((now, len(rows)))
        for at in np.flatnonzero(reacted.comes & (reacted.decides < call.horizon)):
            self._later(float(reacted.decides[at]), "yes", int(rows[at]))
        if self._policy is not None and int(self._asked.sum()) <= limits.DECLINE_AT_ONCE:
            for at in np.flatnonzero(reacted.says_no & (reacted.decides < call.horizon)):
                self._later(float(reacted.decides[at]), "no", int(rows[at]))

    def _later(self, minute: float, what: str, which: int) -> None:
        heapq.heappush(self._events, (minute, next(self._number), what, which))

    # -- people ---------------------------------------------------------------------------------

    def _happen(self, now: float, what: str, which: int) -> None:
        if what == "yes":
            self._says_yes(now, which)
        elif what == "no":
            if int(self._asked.sum()) <= limits.DECLINE_AT_ONCE and self._taken < self._call.party:
                self._look_at = min(self._look_at, now)
        else:
            self._ends(now, self._claims[which])

    def _says_yes(self, now: float, row: int) -> None:
        party = self._call.party
        left = party - self._taken
        person = int(self._call.rows[row])
        self._yes_at[row] = now
        self._yes.append(person)
        fails, told = self._call.crowd.no_show(person)
        if left <= 0:
            waiting = sum(c.waiting and c.ended > now for c in self._claims)
            if not self._standby or waiting >= limits.STANDBY_MAX:
                return
        seats = max(1, min(int(self._call.crowd.seats[person]), left if left > 0 else party))
        claim = Promised(row=row, seats=seats, since=now, fails=fails, waiting=left <= 0, stood_by=left <= 0)
        self._claims.append(claim)
        if told < NEVER:
            self._later(now + told, "end", len(self._claims) - 1)
        if not claim.waiting:
            self._commits(now, claim)

    def _commits(self, now: float, claim: Promised) -> None:
        claim.waiting, claim.since = False, now
        claim.seats = min(claim.seats, self._call.party - self._taken)
        self._taken += claim.seats
        if claim.fails:
            self._later(now + LEASE, "end", self._claims.index(claim))
        if self._taken >= self._call.party:
            self._secured = now
            self._full = min(self._full, now)

    def _ends(self, now: float, claim: Promised) -> None:
        if claim.ended < NEVER:
            return
        claim.ended = now
        if claim.waiting:
            claim.waiting = False
            return
        self._taken -= claim.seats
        for other in self._claims:
            if other.waiting and other.ended == NEVER and self._taken < self._call.party:
                self._commits(now, other)
        if self._taken < self._call.party:
            self._secured = NEVER
            self._look_at = now if self._policy is not None else max(now, min(self._look_at, self._next_slot(now)))

    def _next_slot(self, now: float) -> float:
        """A rival looks on its own beat: the next one after a seat came back."""
        rival = self._rival
        if rival is None or rival.every > self._call.horizon:
            return NEVER
        return (now // rival.every + 1) * rival.every

    def _settled(self) -> bool:
        """Full, and everybody who promised will come."""
        if self._taken < self._call.party:
            return False
        return not any(c.fails and not c.waiting and c.ended == NEVER for c in self._claims)

    # -- afterwards -----------------------------------------------------------------------------

    def told(self) -> Outcome:
        """What has come of it so far."""
        call, horizon = self._call, self._call.horizon
        rows = np.concatenate(self._order) if self._order else np.zeros(0, dtype=np.intp)
        sees = np.concatenate([r.sees for r in self._reacted]) if self._reacted else np.zeros(0)
        woken = np.concatenate([r.woken for r in self._reacted]) if self._reacted else np.zeros(0, dtype=np.bool_)
        kept = [c for c in self._claims if c.ended == NEVER and not c.waiting and not c.fails]
        there = [c.since + PICKUP_MINUTES + float(call.crowd.travel_minutes[call.rows[c.row]]) for c in kept]
        secured = self._secured if self._secured <= horizon else NEVER
        looked = (sees <= horizon) & (sees <= secured)
        usual = np.concatenate(self._usual) if self._usual else np.zeros(0)
        hears = np.concatenate(self._hears) if self._hears else np.zeros(0)
        return Outcome(
            alerts=len(rows),
            heard=float(sees.min(initial=NEVER)),
            full=self._full,
            secured=secured,
            pickup=max(there) if there and secured < NEVER else NEVER,
            served=sum(c.seats for c in kept) / call.party,
            cars=len(kept),
            woken=int(woken.sum()),
            late=int(((sees > secured) & (sees <= horizon)).sum()),
            seen=int(looked.sum()),
            raised=bool(self._raised),
            forecasts=tuple(self._forecasts),
            waves=tuple(self._waves),
            degree=call.degree,
            region=call.region,
            asked=call.rows[rows],
            saw=call.rows[rows[sees <= horizon]],
            judged=call.rows[rows[looked]],
            judged_usual=usual[looked],
            sent_hears=hears,
            yes=np.asarray(self._yes, dtype=np.intp),
            drove=np.asarray([call.rows[c.row] for c in kept], dtype=np.intp),
        )
