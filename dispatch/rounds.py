"""Rounds: where asks compete for the same drivers, they are looked at together, and nobody is offered to two.

The ticker asks for every look whether its region is in surge. It comes on, and goes off, by itself.
Must never lose a look: what it does not take, the ticker does as ever. Tests: tests/contract/test_surge.py.
Why, and the figures: docs/matching.md, "When asks compete".
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from dispatch.actions import send_wave, share_drivers, words
from dispatch.domain import surge
from dispatch.domain.request import Request, Urgency
from dispatch.domain.waves import Policy
from dispatch.ports import Clock, Roster, Store, Tx

READ_EVERY: Final = timedelta(seconds=5)
"""The asks going on are read again that often."""


class Rounds:
    """The regions in surge, as one worker sees them."""

    def __init__(self, store: Store, roster: Roster, policy: Policy, clock: Clock) -> None:
        self._store, self._roster, self._policy, self._clock = store, roster, policy, clock
        self._contested: dict[str, list[Request]] = {}
        self._read_at: datetime | None = None
        self._switches: dict[str, surge.Switch] = {}
        self._held: dict[str, datetime] = {}

    def take(self, request_id: int) -> bool:
        """True if the look at that ask was done, or put off, as part of a round."""
        now = self._clock.now()
        if self._read_at is None or now - self._read_at >= READ_EVERY or now < self._read_at:
            self._contested = self._store.read_now(lambda tx, _: share_drivers.contested(tx))
            self._read_at = now
            self._switches = {name: each for name, each in self._switches.items() if name in self._contested}
            self._held = {name: at for name, at in self._held.items() if name in self._contested}
        for region, asks in self._contested.items():
            for ask in asks:
                if ask.id == request_id:
                    return self._in_surge(region, asks, ask, now) and self._round(region, asks, ask, now)
        return False

    def _in_surge(self, region: str, asks: list[Request], ask: Request, now: datetime) -> bool:
        def pressure(tx: Tx, at: datetime) -> float | None:
            look = send_wave.look_at(tx, at, self._roster, ask.id)
            return None if look is None else open_seats / max(1e-6, share_drivers.hoped_seats(look))

        open_seats = sum(each.seats.open or 0 for each in asks)
        found = self._store.read_now(pressure)
        return found is not None and self._switches.setdefault(region, surge.Switch()).seen(found, now)

    def _round(self, region: str, asks: list[Request], ask: Request, now: datetime) -> bool:
        until = self._held.get(region, now) + surge.window(len(asks)) if region in self._held else now
        if now < until and ask.urgency is not Urgency.DANGER:
            self._store.submit(lambda tx, _: tx.due.put(words.WAVE, ask.id, until)).result()
            return True
        self._held[region] = now
        for plan in self._plans([each.id for each in asks]):
            for chunk in plan.chunks():
                self._store.submit(lambda tx, at, chunk=chunk: send_wave.send(tx, at, chunk)).result()  # type: ignore[misc]
        return True

    def _plans(self, ids: list[int]) -> list[send_wave.Plan]:
        read = self._store.read_now
        found = [read(lambda tx, at, one=one: send_wave.look_at(tx, at, self._roster, one)) for one in ids]  # type: ignore[misc]
        looks = [look for look in found if look is not None]
        if not looks:
            return []
        people = sorted({int(person) for look in looks for person in look.pool.person})
        holding = read(lambda tx, at: send_wave.offered_lately(tx, at, people))
        decisions = share_drivers.shared(looks, [self._policy(look) for look in looks], holding)
        plans = []
        for look, decision in zip(looks, decisions, strict=True):
            plan = read(
                lambda tx, at, look=look, decision=decision: send_wave.planned(tx, at, self._roster, look, decision)  # type: ignore[misc]
            )
            plans.append(replace(plan, exclusive=True))
        return plans
