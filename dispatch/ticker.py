"""Work with a date: looks of the matcher, lapses, expiry, telling many. No leader, no lock held between rows.

Every worker runs one. Each row's effect and its removal (or next date) are one transaction, so that
work done twice at once is done once (tests/contract/test_due.py). A failing row is logged and tried
again later; it never stops the others.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from dispatch.actions import close_request, erase, lapse_claims, look_after, prove_phone, set_me, tell_people, words
from dispatch.domain import limits
from dispatch.domain.looking import Policy
from dispatch.ports import Clock, DueWork, Lane, Roster, Store, Tx
from dispatch.rounds import Rounds

log = logging.getLogger("flare.ticker")

LAPSE: Final = "lapse"
"""The one kind of work that is no row of `due`: a claim's own lease is its date."""

Simple = Callable[[Tx, datetime, int], None]

SIMPLE: Final[dict[str, Simple]] = {
    words.EXPIRE: close_request.expire_request,
    words.STAND_DOWN: tell_people.stand_down,
    words.REOPEN: tell_people.reopen,
    words.SEEN: tell_people.tell_seen,
    words.DONE: lapse_claims.finish_met,
    words.DUTY: set_me.end_duty,
    words.KEYS: erase.tend_keys,
    words.AUDIT: erase.seal_audit,
    words.TRIM: erase.trim,
    words.SAFE: look_after.ask_if_safe,
    words.TEXTS: prove_phone.forget_codes,
}
"""Due work that is one transaction on one row: its kind and the action."""

BULK: Final = frozenset({words.STAND_DOWN, words.REOPEN})
"""Work that tells many people at once, and waits behind whatever one person does."""
AT_ONCE: Final = 20
"""Rows of one kind taken in one turn."""
FAILED_AGAIN: Final = timedelta(seconds=30)


class Ticker:
    """Does what is due. `turn` is all of it; `run` calls it until told to stop."""

    def __init__(
        self, store: Store, roster: Roster, policy: Policy, clock: Clock, kept: timedelta = limits.EXACT_KEPT
    ) -> None:
        """`kept`: how long exact places are kept after the close."""
        self._kept = kept
        self._store, self._roster, self._policy, self._clock = store, roster, policy, clock
        self._rounds = Rounds(store, roster, policy, clock)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._failed: dict[tuple[str, int], datetime] = {}

    def turn(self) -> int:
        """Does everything that is ready now; answers how many rows were worked on."""
        done = 0
        now = self._clock.now()
        ready, lapsing = self._store.read_now(
            lambda tx, at: (tx.due.ready(at, AT_ONCE * 4), tx.claims.lapsing(at, AT_ONCE))
        )
        for claim in lapsing:
            done += self._guarded(DueWork(kind=LAPSE, target=claim.id, due_at=now), claim.request_id, now)
        for work in ready:
            done += self._guarded(work, work.target, now)
        return done

    def _guarded(self, work: DueWork, target: int, now: datetime) -> int:
        key = (work.kind, work.target)
        if self._failed.get(key, now) > now:
            return 0
        try:
            self._do(work, target)
        except Exception:
            # One row that can't be done must not stop the rows behind it; it is tried again later.
            log.exception("due work failed", extra={"kind": work.kind, "target": work.target})
            self._failed[key] = now + FAILED_AGAIN
            return 0
        self._failed.pop(key, None)
        return 1

    def _do(self, work: DueWork, target: int) -> None:
        store = self._store
        if work.kind == LAPSE:
            store.submit(lambda tx, now: lapse_claims.lapse_claim(tx, now, work.target, target)).result()
        elif work.kind == words.WAVE:
            self._rounds.look(target)
        elif work.kind == words.SHRED:
            store.submit(lambda tx, now: erase.shred_request(tx, now, target, self._kept)).result()
        else:
            lane = Lane.BULK if work.kind in BULK else Lane.PEOPLE
            store.submit(lambda tx, now: SIMPLE[work.kind](tx, now, target), lane=lane).result()

    def next_at(self) -> datetime | None:
        """When the next work is due, as far as is known now."""
        dates = self._store.read_now(lambda tx, _: (tx.due.next_at(), tx.claims.next_lease()))
        known = [date for date in dates if date is not None]
        return min(known) if known else None

    def wake(self) -> None:
        """Something was committed: looks at once. From any thread; never blocks."""
        self._wake.set()

    def run(self) -> None:
        """Turns until `stop`: at once when woken, at the next date it knows, and every second anyway."""
        while not self._stop.is_set():
            self._wake.clear()
            try:
                worked = self.turn()
                due = self.next_at()
            except Exception:
                log.exception("a turn of due work failed; the next one follows")
                worked, due = 0, None
            if worked:
                continue
            pause = (due - self._clock.now()).total_seconds() if due is not None else limits.POLL_FLOOR_S
            # A row that failed keeps its past date until it is tried again: no reason to spin on it.
            self._wake.wait(min(max(pause, 0.05), limits.POLL_FLOOR_S))

    def stop(self) -> None:
        """Ends `run` after the turn it is in."""
        self._stop.set()
        self._wake.set()
