"""How much one caller may ask for: token buckets in memory, a bounded number of them.

Time is an argument. The table is docs/http.md's "Limits"; a direct caller over loopback is the
operator at home and is not counted unless the settings say so (tests/web/test_limits.py).
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.domain.errors import SlowDown
from web.visitor import Visitor

BUCKETS_MAX: Final = 50_000
"""Callers remembered; beyond that the one unseen the longest is forgotten, which lets it begin anew."""


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


HOUR, DAY, MINUTE = 3_600.0, 86_400.0, 60.0

ASK_GUEST: Final = (Rule(name="ask", count=3, seconds=HOUR), Rule(name="ask-day", count=10, seconds=DAY))
ASK_MEMBER: Final = (Rule(name="ask", count=5, seconds=HOUR),)
ASK_PREFIX: Final = (Rule(name="ask-near", count=30, seconds=HOUR),)
CLAIM: Final = (Rule(name="claim", count=20, seconds=HOUR),)
ANSWER: Final = (Rule(name="answer", count=60, seconds=MINUTE),)
POSITION: Final = (Rule(name="position", count=1, seconds=5.0),)
SESSION_PREFIX: Final = (Rule(name="session", count=30, seconds=MINUTE, burst=60),)
WRONG_TOKEN: Final = (Rule(name="wrong-token", count=10, seconds=MINUTE),)
BOARD: Final = (Rule(name="board", count=1, seconds=1.0, burst=2),)
NEW_CELLS: Final = Rule(name="cells", count=30, seconds=MINUTE)
"""New cells of resolution 4 on somebody's board: whoever looks at their region never meets it."""
CELLS_KNOWN: Final = 2_000
"""Cells remembered of one viewer."""
VIEWERS_KNOWN: Final = 5_000
TEST_PUSH: Final = (Rule(name="test-push", count=10, seconds=HOUR),)
READINESS: Final = (Rule(name="readiness", count=10, seconds=HOUR),)
EXPORT: Final = (Rule(name="export", count=5, seconds=DAY),)
OTHER: Final = (Rule(name="other", count=120, seconds=MINUTE),)
"""Any other change."""


class Limiter:
    """Counts. One per process; with several workers each gives its share (`workers`)."""

    def __init__(self, now: Callable[[], float], *, always: bool | None = None, workers: int = 1) -> None:
        """`always`: True counts everybody, False nobody, None everybody but the operator at home."""
        self._now, self._always, self._workers = now, always, workers
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._cells: OrderedDict[str, dict[str, None]] = OrderedDict()
        # Asks and claims are counted by the job that does them, on a writer thread: a repeat is none.
        self._lock = threading.Lock()
        self.refused = 0

    def __len__(self) -> int:
        return len(self._buckets)

    def counts(self, visitor: Visitor) -> bool:
        """Is this caller held to the table?"""
        return self._always if self._always is not None else not visitor.at_home

    def take(self, visitor: Visitor, who: str, rules: Sequence[Rule]) -> None:
        """Counts one call.

        Raises: SlowDown with the seconds until the next one fits; nothing is counted then.
        """
        if not self.counts(visitor):
            return
        with self._lock:
            now = self._now()
            levels = [(rule, self._level(rule, who, now)) for rule in rules]
            wait = max((1.0 - level) / self._speed(rule) for rule, level in levels)
            if wait > 0:
                self.refused += 1
                raise SlowDown(max(1, math.ceil(wait)))
            for rule, level in levels:
                self._keep(rule, who, level - 1.0, now)

    def cells_within(self, visitor: Visitor, who: str, wanted: Iterable[str]) -> set[str]:
        """Those of these cells that this viewer may see now: the ones seen before, and a few new ones a minute."""
        asked = dict.fromkeys(wanted)
        if not self.counts(visitor):
            return set(asked)
        with self._lock:
            known = self._cells.setdefault(who, {})
            self._cells.move_to_end(who)
            now, level = self._now(), self._level(NEW_CELLS, who, self._now())
            for cell in asked:
                if cell not in known and level >= 1.0:
                    known[cell] = None
                    level -= 1.0
            self._keep(NEW_CELLS, who, level, now)
            shown = {cell for cell in asked if cell in known}
            while len(known) > CELLS_KNOWN:
                del known[next(iter(known))]
            while len(self._cells) > VIEWERS_KNOWN:
                self._cells.popitem(last=False)
            return shown

    def _speed(self, rule: Rule) -> float:
        return rule.per_second / self._workers

    def _level(self, rule: Rule, who: str, now: float) -> float:
        held = self._buckets.get((rule.name, who))
        full = max(1.0, rule.size / self._workers)
        return full if held is None else min(full, held[0] + max(0.0, now - held[1]) * self._speed(rule))

    def _keep(self, rule: Rule, who: str, level: float, now: float) -> None:
        self._buckets[rule.name, who] = (level, now)
        self._buckets.move_to_end((rule.name, who))
        while len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
