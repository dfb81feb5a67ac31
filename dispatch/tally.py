"""How soon people are told, and how soon an ask is covered: counted from the journal, for /metrics.

Every worker reads the whole journal and counts for itself, so figures of several workers are copies of each other:
the furthest is right, never the sum; a new worker goes on from there (`resume`). Counts only, of nobody.
"""

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from dispatch.domain.events import Event, EventKind

REMEMBERED: Final = 10_000
"""Asks whose beginning is remembered; the oldest is forgotten first, and then not counted."""
TO_ALERT_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)
TO_COVERED_S: Final = (60.0, 180.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0)


PLAIN: Final = ("posted", "alerts", "seats_met")
HISTOGRAMS: Final = ("to_alert", "to_covered")


class Histogram:
    """How many took at most so long, as Prometheus wants it."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds, self._counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self._counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(self._counts)

    def figures(self) -> list[float]:
        """Its counts and, last, its sum."""
        return [*map(float, self._counts), self.total]

    def resume(self, figures: Sequence[float]) -> None:
        """Goes on from there; from nothing where the bounds were others."""
        if len(figures) == len(self._counts) + 1:
            self._counts, self.total = [int(count) for count in figures[:-1]], float(figures[-1])

    def buckets(self) -> list[tuple[str, int]]:
        """(bound, how many took at most that long)."""
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        return [(name, sum(self._counts[: at + 1])) for at, name in enumerate(names)]


class Tally:
    """Hears every event of the journal once, in order. Thread-safe."""

    def __init__(self) -> None:
        self.to_alert, self.to_covered = Histogram(TO_ALERT_S), Histogram(TO_COVERED_S)
        self.posted = self.alerts = self.seats_met = 0
        self.closed: dict[str, int] = {}
        self._asks: OrderedDict[int, dict[str, object]] = OrderedDict()
        self._lock = threading.Lock()

    def figures(self) -> dict[str, list[float]]:
        """Everything counted so far, as plain numbers."""
        with self._lock:
            closed = {f"closed {how}": [float(count)] for how, count in self.closed.items()}
            plain = {name: [float(getattr(self, name))] for name in PLAIN}
            return plain | closed | {name: getattr(self, name).figures() for name in HISTOGRAMS}

    def resume(self, figures: Mapping[str, Sequence[float]]) -> "Tally":
        """Goes on from another's figures; itself."""
        with self._lock:
            for name in PLAIN:
                setattr(self, name, int(figures.get(name, [0])[0]))
            for name, count in figures.items():
                if name.startswith("closed "):
                    self.closed[name.removeprefix("closed ")] = int(count[0])
            for name in HISTOGRAMS:
                getattr(self, name).resume(figures.get(name, ()))
        return self

    def heard(self, event: Event) -> None:
        """One event; what concerns no ask is passed over."""
        if event.request_id is None or not event.topic.startswith("r"):
            return
        with self._lock:
            if event.kind == EventKind.POSTED and not event.body.get("drill"):
                self.posted += 1
                self._asks[event.request_id] = {"since": event.at}
                if len(self._asks) > REMEMBERED:
                    self._asks.popitem(last=False)
            elif (ask := self._asks.get(event.request_id)) is not None:
                self._of(ask, event)

    def _of(self, ask: dict[str, object], event: Event) -> None:
        since = ask["since"]
        took = (event.at - since).total_seconds() if isinstance(since, datetime) else 0.0
        if event.kind == EventKind.WAVE_SENT:
            now = _number(event.body.get("heard"), "alerted")
            before = ask.get("alerts", 0)
            if now and not before:
                self.to_alert.add(took)
            if now > (before if isinstance(before, int) else 0):
                self.alerts += now - (before if isinstance(before, int) else 0)
                ask["alerts"] = now
        elif event.kind == EventKind.COVERED and "covered" not in ask:
            ask["covered"] = True
            self.to_covered.add(took)
        elif event.kind == EventKind.CLAIM_STEPPED:
            claim = event.body.get("claim")
            if isinstance(claim, Mapping) and claim.get("status") == "met":
                self.seats_met += _number(claim, "seats")
        elif event.kind == EventKind.CLOSED:
            how = str(event.body.get("disposition", event.body.get("status", "closed")))
            self.closed[how] = self.closed.get(how, 0) + 1
            self._asks.pop(event.request_id or 0, None)


def _number(holder: object, name: str) -> int:
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, int) else 0
