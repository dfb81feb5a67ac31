"""Many calls at once: whoever drives for one is not there for the others, and who was asked for one is tired for all.

Each call is a Play of its own (play.py) on the clock of them all; where asks of one region compete, `paced` shares
drivers out by the rule that ships (dispatch/actions/share_drivers.py), with its switch, its rounds and its limits.
Must never give one person two trips at a time (tests/story/test_rush.py). Unit: minutes since the first call.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.actions import share_drivers
from dispatch.domain import limits, surge
from dispatch.domain.looking import Decision, Look
from dispatch.domain.matching import Pool
from dispatch.domain.request import Urgency
from dispatch.stories.trial.crowd import NEVER, Attention, Reactions
from dispatch.stories.trial.month import Toll, learn, remembered, toll_of
from dispatch.stories.trial.play import Call, Outcome, Play, Promised
from dispatch.stories.trial.settings import Trial
from dispatch.stories.trial.worlds import calls_of, net_of
from geo.cells import MEMBER, cell_of, parent
from geo.travel import PICKUP_MINUTES

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]

SHARES: Final = "paced"
"""The form that ships, and shares out where asks compete."""
FRESH_ALERT: Final = 10.0
"""So long an alert that nobody has answered counts as being asked elsewhere."""
DAY: Final = 24 * 60.0
OFFER: Final = surge.OFFER / timedelta(minutes=1)


class Everybody:
    """What all calls know of the same people."""

    def __init__(self, people: int, seed: int) -> None:
        self.mind = Attention(people, seed)
        self.busy_until = np.zeros(people)
        self.asked_at = np.full(people, -NEVER)
        """The last alert of each that is still unanswered."""
        self.offered_until = np.zeros(people)
        """Until then an offer is its holder's only one."""


class Among(Play):
    """One call among many."""

    def __init__(self, call: Call, policy: str, everybody: Everybody, posted: float) -> None:
        super().__init__(call, policy)
        self.call, self.posted, self._everybody = call, posted, everybody
        self.region = parent(cell_of(call.place, MEMBER), share_drivers.REGION_RES)
        self.exclusive = False

    @property
    def open_seats(self) -> int:
        """Seats nobody has promised."""
        return self.call.party - self._taken

    def put_off(self, until: float) -> None:
        """The look that is due waits for that minute of them all."""
        self._look_at = until - self.posted

    def decides(self, look: Look) -> Decision:
        """What it would do alone."""
        if self._policy is None:
            raise ValueError("a rival shares nothing out")
        return self._policy(look)

    def offered(self, at: float, look: Look, decision: Decision) -> None:
        """What a round gave it: each offer is its holder's only one for a while."""
        self.exclusive = True
        self.obey(at - self.posted, decision, look)
        self.exclusive = False

    @property
    def looks_now(self) -> bool:
        """Is what happens next a look?"""
        return self._look_at <= self.next_at() < NEVER

    def askable(self, now: float) -> Mask:
        """Whoever drives for another call, or holds an offer of one, is left alone."""
        rows, at = self.call.rows, self.posted + now
        busy = self._everybody.busy_until[rows] > at
        if self._policy is not None:
            busy |= self._everybody.offered_until[rows] > at
        return super().askable(now) & ~busy

    def known(self, pool: Pool, now: float) -> Pool:
        """With what the matcher remembers of them by now."""
        everybody, at = self._everybody, self.posted + now
        rows = pool.person - 1
        pool = remembered(super().known(pool, now), everybody.mind, at / DAY)
        return replace(
            pool, sent_7d=everybody.mind.total_sent[rows], elsewhere=everybody.asked_at[rows] > at - FRESH_ALERT
        )

    def react(self, rows: Rows, now: float) -> Reactions:
        """As tired, or as deaf, as the other calls have made them."""
        everybody, people, day = self._everybody, self.call.rows[rows], (self.posted + now) / DAY
        mind = everybody.mind
        call = replace(self.call, fatigue=mind.fatigue_at(day), deaf=mind.deaf(day))
        self._call, plain = call, self._call
        reacted = super().react(rows, now)
        self._call = plain
        mind.total_sent[people] += 1
        sees = reacted.sees <= self.call.horizon
        # Whether they look is drawn now: it tires them as of this minute, a little before they do.
        mind.saw(people[sees], day)
        everybody.asked_at[people] = self.posted + now
        if self.exclusive:
            everybody.offered_until[people] = self.posted + now + OFFER
        return reacted

    def _says_yes(self, now: float, row: int) -> None:
        person = int(self.call.rows[row])
        if self._everybody.busy_until[person] > self.posted + now:
            return
        before = len(self._claims)
        super()._says_yes(now, row)
        for claim in self._claims[before:]:
            self._drives(now, claim)

    def _drives(self, now: float, claim: Promised) -> None:
        """Gone until they have brought whom they fetched; who never comes is gone until that is noticed."""
        person = int(self.call.rows[claim.row])
        there_and_back = PICKUP_MINUTES + 2 * float(self.call.crowd.travel_minutes[person])
        self._everybody.busy_until[person] = self.posted + now + there_and_back
        self._everybody.asked_at[person] = -NEVER

    def _ends(self, now: float, claim: Promised) -> None:
        super()._ends(now, claim)
        self._everybody.busy_until[int(self.call.rows[claim.row])] = self.posted + now

    def told(self) -> Outcome:
        """Who stood by to the end is free again."""
        for claim in self._claims:
            if claim.waiting and claim.ended == NEVER:
                self._everybody.busy_until[int(self.call.rows[claim.row])] = 0.0
        return super().told()


class Rush:
    """All calls of a night under one policy."""

    def __init__(self, calls: Iterable[tuple[float, Call]], policy: str, people: int, seed: int) -> None:
        """`calls`: (minute since the first, the call), in their order; each is made when it is posted."""
        self._calls = enumerate(iter(calls))
        self._policy = policy
        self._everybody = Everybody(people, seed)
        self._going: dict[int, Among] = {}
        self._switches: dict[str, surge.Switch] = {}
        self._held: dict[str, float] = {}
        self._looked: dict[int, float] = {}
        self.rounds = 0

    def play(self) -> tuple[list[Outcome], Toll]:
        """Every call to its end, and what the night cost its people."""
        outcomes: dict[int, Outcome] = {}
        due: list[tuple[float, int]] = []
        coming = next(self._calls, None)
        at = 0.0
        while due or coming is not None:
            if coming is not None and (not due or coming[1][0] <= due[0][0]):
                number, (posted, call) = coming
                self._going[number] = Among(call, self._policy, self._everybody, posted)
                coming = next(self._calls, None)
                heapq.heappush(due, (posted, number))
                continue
            at, number = heapq.heappop(due)
            play = self._going[number]
            now = play.next_at()
            if now < NEVER and play.posted + now <= at + 1e-9:
                self._step(number, play, now)
                now = play.next_at()
            if now == NEVER:
                outcomes[number] = play.told()
                learn(self._everybody.mind, at / DAY, outcomes[number], noted=True)
                del self._going[number]
            else:
                heapq.heappush(due, (max(at, play.posted + now), number))
        return [outcomes[number] for number in sorted(outcomes)], toll_of(self._everybody.mind, at / DAY)

    def _step(self, number: int, play: Among, now: float) -> None:
        if not (self._policy == SHARES and play.looks_now and play.open_seats > 0):
            play.step(now)
            return
        at = play.posted + now
        rivals = {n: other for n, other in self._going.items() if other.region == play.region and other.open_seats > 0}
        if len(rivals) < share_drivers.ASKS_LEAST:
            play.step(now)
            return
        switch = self._switches.setdefault(play.region, surge.Switch())
        until = self._held.get(play.region, -NEVER) + surge.window(len(rivals)) / timedelta(minutes=1)
        if switch.on and at < until and play.call.urgency is not Urgency.DANGER:
            play.put_off(until)
            return
        look = play.seen_at(now)
        wanted = sum(other.open_seats for other in rivals.values())
        if not switch.seen(wanted / max(1e-6, share_drivers.hoped_seats(look)), look.now):
            play.step(now)
            return
        self._held[play.region] = at
        self._round(number, rivals, at)

    def _round(self, first: int, rivals: dict[int, Among], at: float) -> None:
        """That ask, danger, then whoever has waited longest for a look: offered to together."""
        self.rounds += 1
        order = sorted(
            rivals,
            key=lambda n: (n != first, rivals[n].call.urgency is not Urgency.DANGER, self._looked.get(n, -1.0), n),
        )[: limits.ROUND_ASKS]
        self._looked |= dict.fromkeys(order, at)
        company = [rivals[number] for number in order]
        looks = [each.seen_at(at - each.posted) for each in company]
        bids = [share_drivers.bid(look, each.decides(look)) for each, look in zip(company, looks, strict=True)]
        holding = set((np.flatnonzero(self._everybody.asked_at > at - OFFER) + 1).tolist())
        for each, bid, decision in zip(company, bids, share_drivers.shared(bids, holding), strict=True):
            each.offered(at, bid.look, decision)


def nights(
    trial: Trial, seed: int, policies: tuple[str, ...], *, willingness: float = 1.0
) -> dict[str, tuple[list[Outcome], Toll]]:
    """The night of that seed under each policy."""
    people = len(net_of(trial, seed).world)

    def calls() -> Iterator[tuple[float, Call]]:
        for one, call in calls_of(trial, seed, willingness=willingness):
            yield one.day * DAY, call

    return {policy: Rush(calls(), policy, people, seed).play() for policy in policies}
