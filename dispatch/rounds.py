"""Looks of the matcher, one ask at a time or, where asks compete for the same drivers, together in rounds.

Surge comes on in a region, and goes off, by itself. No lock is held while the matcher thinks: it plans on a read and
writes what still holds. Must never lose a look, let one broken ask stop the others of its region, or keep the ticker
for longer than ROUND_ASKS looks. Tests: tests/contract/test_surge.py, test_waves.py.
Why, and the figures: docs/matching.md, "When asks compete".
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from dispatch.actions import plan_wave, send_wave, share_drivers, words
from dispatch.domain import limits, surge
from dispatch.domain.looking import Decision, Look, Policy
from dispatch.domain.request import Request, Urgency
from dispatch.ports import Clock, Roster, Store, Tx

log = logging.getLogger("flare.rounds")

READ_EVERY: Final = timedelta(seconds=5)
"""The asks going on are read again that often."""


class Rounds:
    """Every look goes through here. The regions in surge are as this one worker sees them."""

    def __init__(
        self, store: Store, roster: Roster, policy: Policy, clock: Clock, most: int = limits.ROUND_ASKS
    ) -> None:
        """`most`: asks that one round looks at."""
        self._most = most
        self._store, self._roster, self._policy, self._clock = store, roster, policy, clock
        self._contested: dict[str, list[Request]] = {}
        self._read_at: datetime | None = None
        self._switches: dict[str, surge.Switch] = {}
        self._last_round: dict[str, datetime] = {}
        self._looked: dict[int, datetime] = {}

    def look(self, request_id: int) -> None:
        """That ask's look: alone, or as part of its region's round, or put off until the next round.

        Raises: whatever the ask's own look raises; the ticker tries it again later.
        """
        now = self._clock.now()
        region, asks = self._region_of(request_id, now)
        if (until := self._put_off(region, asks, request_id, now)) is not None:
            self._store.submit(lambda tx, _: tx.due.put(words.WAVE, request_id, until)).result()
            return
        look = self._look_at(request_id)
        if look is None:
            self._store.submit(lambda tx, at: send_wave.nothing_to_ask(tx, at, request_id)).result()
            return
        if region is not None and self._in_surge(region, asks, look, now):
            self._last_round[region] = now
            self._round(self._company(asks, look, now))
        else:
            self._send(look, self._policy(look))

    # -- one ask --------------------------------------------------------------------------------

    def _look_at(self, request_id: int) -> Look | None:
        return self._store.read_now(lambda tx, at: plan_wave.look_at(tx, at, self._roster, request_id))

    def _send(self, look: Look, decision: Decision) -> None:
        """Writes the wave, the best few first: their reasons are worked out while nobody else waits for them."""
        parts = plan_wave.parts(decision)
        for number, part in enumerate(parts, 1):
            self._send_part(look, part, last=number == len(parts))

    def _send_part(self, look: Look, part: Decision, *, last: bool) -> None:
        def planned(tx: Tx, at: datetime) -> send_wave.Plan:
            return plan_wave.planned(tx, at, self._roster, look, part, last=last)

        plan = self._store.read_now(planned)
        self._store.submit(lambda tx, at: send_wave.send(tx, at, plan)).result()

    # -- a region -------------------------------------------------------------------------------

    def _region_of(self, request_id: int, now: datetime) -> tuple[str | None, list[Request]]:
        """The contested region of that ask and its open asks; None where it competes with few or none."""
        if self._read_at is None or now - self._read_at >= READ_EVERY or now < self._read_at:
            self._contested = self._store.read_now(lambda tx, _: share_drivers.contested(tx))
            self._read_at = now
            going_on = {ask.id for asks in self._contested.values() for ask in asks}
            self._switches = {name: each for name, each in self._switches.items() if name in self._contested}
            self._last_round = {name: at for name, at in self._last_round.items() if name in self._contested}
            self._looked = {ask: at for ask, at in self._looked.items() if ask in going_on}
        for region, asks in self._contested.items():
            if any(ask.id == request_id for ask in asks):
                return region, asks
        return None, []

    def _put_off(self, region: str | None, asks: list[Request], request_id: int, now: datetime) -> datetime | None:
        """When the region's next round is held, if this ask has to wait for it; danger never does."""
        if region is None or region not in self._last_round or not self._switches[region].on:
            return None
        until = self._last_round[region] + surge.window(len(asks))
        danger = any(ask.urgency is Urgency.DANGER for ask in asks if ask.id == request_id)
        return until if now < until and not danger else None

    def _in_surge(self, region: str, asks: list[Request], look: Look, now: datetime) -> bool:
        """Feeds the region's switch with what this ask's people could bring, against all open seats."""
        open_seats = sum(each.seats.open or 0 for each in asks)
        pressure = open_seats / max(1e-6, share_drivers.hoped_seats(look))
        return self._switches.setdefault(region, surge.Switch()).seen(pressure, now)

    def _company(self, asks: list[Request], look: Look, now: datetime) -> Iterator[Look]:
        """The looks of a round: that ask's, danger's, then whoever has waited longest for one."""
        never = datetime.min.replace(tzinfo=now.tzinfo)
        others = sorted(
            (ask for ask in asks if ask.id != look.request.id),
            key=lambda ask: (ask.urgency is not Urgency.DANGER, self._looked.get(ask.id, never), ask.id),
        )[: self._most - 1]
        self._looked |= dict.fromkeys((look.request.id, *(ask.id for ask in others)), now)
        yield look
        for ask in others:
            other = None
            with _others_go_on(ask.id):
                other = self._look_at(ask.id)
            if other is not None:
                yield other

    def _round(self, company: Iterator[Look]) -> None:
        bids = []
        for look in company:
            with _others_go_on(look.request.id):
                bids.append(share_drivers.bid(look, self._policy(look)))
        people = sorted({int(person) for bid in bids for person in bid.look.pool.person})
        holding = self._store.read_now(lambda tx, at: send_wave.offered_lately(tx, at, people, any_offer=True))
        for bid, decision in zip(bids, share_drivers.shared(bids, holding), strict=True):
            with _others_go_on(bid.look.request.id):
                self._send(bid.look, decision)


@contextmanager
def _others_go_on(request_id: int) -> Iterator[None]:
    """If this ask's part breaks it is logged, and the round goes on without it; the next round looks at it again."""
    try:
        yield
    except Exception:
        log.exception("an ask was left out of its round", extra={"target": request_id})
