"""How much one caller may ask for: token buckets, counted in Redis by all workers together where there is one.

Without Redis, or while it is away, each of N workers counts in its own memory, a bounded number of callers, and
gives an Nth, at least one at a time: N is what the bus last heard of all machines, no less than this machine's
(tests/faults/test_shared_limits.py).
Time is an argument. The table is docs/http.md's "Limits"; a direct caller over loopback is the
operator at home and is not counted unless the settings say so (tests/web/test_limits.py).
"""

import contextlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from dispatch.domain import limits
from dispatch.domain.errors import SlowDown
from dispatch.ports import Bucket, Buckets, Bus
from web.visitor import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """So many in so many seconds, so many of them at once."""

    name: str
    count: int
    seconds: float
    burst: int = 0

    @property
    def size(self) -> int:
        """How many fit into a full bucket."""
        return self.burst or self.count

    @property
    def per_second(self) -> float:
        """How fast it fills."""
        return self.count / self.seconds


Charge = tuple[Rule, str]
"""One call, under this rule, for whoever is named."""

HOUR, DAY, MINUTE = 3_600.0, 86_400.0, 60.0

ASK_GUEST: Final = (Rule(name="ask", count=3, seconds=HOUR), Rule(name="ask-day", count=10, seconds=DAY))
ASK_MEMBER: Final = (Rule(name="ask", count=5, seconds=HOUR),)
ASK_PREFIX: Final = (Rule(name="ask-near", count=30, seconds=HOUR),)
CLAIM: Final = (Rule(name="claim", count=20, seconds=HOUR),)
ANSWER: Final = (Rule(name="answer", count=60, seconds=MINUTE),)
POSITION: Final = (Rule(name="position", count=1, seconds=limits.POSITION_EVERY.total_seconds()),)
SESSION_PREFIX: Final = (Rule(name="session", count=30, seconds=MINUTE, burst=60),)
WRONG_TOKEN: Final = (Rule(name="wrong-token", count=10, seconds=MINUTE),)
BOARD: Final = (Rule(name="board", count=1, seconds=1.0, burst=2),)
NEW_CELLS: Final = Rule(name="cells", count=30, seconds=MINUTE)
"""New cells of resolution 4 on somebody's board: whoever looks at their region never meets it."""
CELLS_SEEN: Final = "cells"
"""The bus's channel by which workers say what they let a viewer see."""
TEXT_PREFIX: Final = (Rule(name="text", count=10, seconds=HOUR),)
"""Codes sent to phones, for a whole neighbourhood: each costs money. The rest is in domain/phone.py."""
PHONE_GUESS: Final = (Rule(name="phone-guess", count=30, seconds=HOUR),)
TEST_PUSH: Final = (Rule(name="test-push", count=10, seconds=HOUR),)
GROUND: Final = (Rule(name="ground", count=30, seconds=MINUTE),)
"""Pieces of ground that nobody has drawn yet: half a second of a processor each."""
GROUND_NEAR: Final = (Rule(name="ground-near", count=60, seconds=MINUTE),)
READINESS: Final = (Rule(name="readiness", count=10, seconds=HOUR),)
REPORT: Final = (Rule(name="report", count=20, seconds=MINUTE),)
"""What is usual is worked out of some forty other calls for each of them."""
REPORT_NEAR: Final = (Rule(name="report-near", count=120, seconds=MINUTE),)
EXPORT: Final = (Rule(name="export", count=5, seconds=DAY),)
OTHER: Final = (Rule(name="other", count=120, seconds=MINUTE),)
"""Any other change."""


class Limiter:
    """Counts. One per process; `workers` of them share what the table gives. Thread-safe."""

    def __init__(
        self, now: Callable[[], float], *, always: bool | None = None, workers: int = 1,
        buckets: Buckets | None = None, bus: Bus | None = None, secret: bytes = b"",
    ) -> None:  # fmt: skip
        """`always`: True counts everybody, False nobody, None everybody but the operator at home.

        `buckets`: where all workers count together; `bus`: by which they tell each other of cells; `secret`: callers
        are named by a hash under it, so that no address and no token is kept anywhere.
        """
        self._now, self._always, self._workers = now, always, workers
        self._shared, self._secret = buckets, secret[:64]
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._cells: OrderedDict[str, dict[str, None]] = OrderedDict()
        self._lock = threading.Lock()
        self._bus = bus
        # A bus that is slow must not hold the event loop, on which maps ask for cells.
        self._teller = ThreadPoolExecutor(1, "flare-cells") if bus is not None else None
        self._unhook = bus.subscribe(CELLS_SEEN, self._heard) if bus is not None else lambda: None
        self._telling = 0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._buckets)

    def close(self) -> None:
        """Says nothing more to the other workers and hears nothing from them. Idempotent."""
        self._unhook()
        teller, self._teller = self._teller, None
        if teller is not None:
            teller.shutdown(wait=False, cancel_futures=True)

    @property
    def _share(self) -> int:
        """Of how many workers this one is, as far as it knows."""
        return max(self._workers, getattr(self._bus, "workers", 1))

    @property
    def waits(self) -> bool:
        """Does counting cross a network? Then it has no business on an event loop."""
        return self._shared is not None

    @property
    def away(self) -> bool:
        """Is what all workers count together not to be had now? What costs money waits until it is."""
        return self._shared is not None and self._shared.away

    @property
    def alone(self) -> bool:
        """Does this worker give its share by itself, since there is no counting together now?"""
        return self._share > 1 and (self._shared is None or self._shared.away)

    def counts(self, visitor: Visitor) -> bool:
        """Is this caller held to the table?"""
        return self._always if self._always is not None else not visitor.at_home

    def take(self, charges: Sequence[Charge]) -> float:
        """Counts all of these and answers 0; or counts none and answers in how many seconds they would fit."""
        wanted = [self._bucket(rule, who, 1) for rule, who in charges]
        if self._shared is not None and (waited := self._shared.take(wanted)) is not None:
            return waited
        with self._lock:
            now = self._now()
            share = [self._bucket(rule, who, self._share) for rule, who in charges]
            wait = max((1.0 - self._level(each, now)) / each.per_second for each in share)
            if wait <= 0:
                for each in share:
                    self._keep(each.name, self._level(each, now) - 1.0, now)
            return max(0.0, wait)

    def give_back(self, charges: Sequence[Charge]) -> None:
        """Takes back what `take` counted: the call was one that had been answered before."""
        if self._shared is not None and self._shared.give_back([self._bucket(*charge, 1) for charge in charges]):
            return
        with self._lock:
            now = self._now()
            for each in (self._bucket(*charge, self._share) for charge in charges):
                self._keep(each.name, min(each.size, self._level(each, now) + 1.0), now)

    def too_soon(self, wait: float) -> SlowDown:
        """The refusal of somebody who comes so many seconds too soon; counted."""
        self.refused += 1
        return SlowDown(max(1, math.ceil(wait)))

    def cells_within(self, visitor: Visitor, who: str, wanted: Iterable[str]) -> set[str]:
        """Those of these cells that this viewer may see now: the ones seen before, and a few new ones a minute.

        From memory alone: it is asked on the event loop, for each map that moves. Workers tell each other what was
        seen; while nobody hears it, each gives its share.
        """
        asked = dict.fromkeys(wanted)
        if not self.counts(visitor):
            return set(asked)
        heard = self._teller is not None and getattr(self._bus, "connected", True)
        together = heard and self._telling < limits.CELLS_WAITING
        bucket = self._bucket(NEW_CELLS, who, 1 if together else self._share)
        with self._lock:
            known = self._cells.setdefault(bucket.name, {})
            now, level = self._now(), self._level(bucket, self._now())
            fresh = [cell for cell in asked if cell not in known][: int(max(0.0, level))]
            self._see(bucket, fresh, now)
            shown = {cell for cell in asked if cell in known}
        if fresh and together:
            self._tell({"who": bucket.name, "cells": fresh})
        return shown

    def _tell(self, seen: Mapping[str, object]) -> None:
        """Says it from a thread of its own; a bounded number of them wait."""
        bus, teller = self._bus, self._teller
        if bus is None or teller is None:
            return
        with self._lock:
            self._telling += 1

        def tell() -> None:
            try:
                bus.publish(CELLS_SEEN, seen)
            finally:
                with self._lock:
                    self._telling -= 1

        with contextlib.suppress(RuntimeError):  # closed meanwhile
            teller.submit(tell)

    def _heard(self, message: Mapping[str, object]) -> None:
        """Another worker let a viewer see cells, or this one did: what is known already costs nothing twice."""
        who, cells = message.get("who"), message.get("cells")
        if isinstance(who, str) and isinstance(cells, list):
            bucket = Bucket(name=who, per_second=NEW_CELLS.per_second, size=float(NEW_CELLS.size))
            with self._lock:
                known = self._cells.get(who, {})
                self._see(bucket, [cell for cell in cells if cell not in known], self._now())

    def _see(self, bucket: Bucket, fresh: Sequence[str], now: float) -> None:
        known = self._cells.setdefault(bucket.name, {})
        self._cells.move_to_end(bucket.name)
        known.update(dict.fromkeys(fresh))
        self._keep(bucket.name, self._level(bucket, now) - len(fresh), now)
        while len(known) > limits.CELLS_KNOWN:
            del known[next(iter(known))]
        while len(self._cells) > limits.VIEWERS_KNOWN:
            self._cells.popitem(last=False)

    def _bucket(self, rule: Rule, who: str, workers: int) -> Bucket:
        name = blake2b(f"{rule.name} {who}".encode(), key=self._secret, digest_size=16).hexdigest()
        return Bucket(name=name, per_second=rule.per_second / workers, size=max(1.0, rule.size / workers))

    def _level(self, bucket: Bucket, now: float) -> float:
        held = self._buckets.get(bucket.name)
        return bucket.size if held is None else bucket.level(*held, now)

    def _keep(self, name: str, level: float, now: float) -> None:
        self._buckets[name] = (level, now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > limits.CALLERS_KNOWN:
            self._buckets.popitem(last=False)
