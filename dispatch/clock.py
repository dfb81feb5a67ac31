"""Where the time comes from: the machine, or a test's hand.

The machine's clock is read once; after that time moves by the time since boot, so that a
wall clock which is set back or forward neither lapses a claim early nor keeps it for ever.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _elapsed() -> float:
    """Seconds since boot, counting sleep where the system can tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()


class MachineClock:
    """Wall time at the start plus elapsed time, never below a stored high-water mark."""

    def __init__(
        self, not_before: datetime | None = None, *, wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        elapsed: Callable[[], float] = _elapsed,
    ) -> None:  # fmt: skip
        start = wall()
        self._start = max(start, not_before) if not_before else start
        self._since_boot, self._began = elapsed, elapsed()

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        return self._start + timedelta(seconds=self._since_boot() - self._began)


class SteppedClock:
    """Time that moves only when it is told to: for tests and stories."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        return self._now

    def step(self, by: timedelta) -> datetime:
        """The moment after moving on."""
        self._now += by
        return self._now

    def set(self, moment: datetime) -> None:
        """Moves to that moment, which must not lie in the past."""
        if moment < self._now:
            raise ValueError(f"time goes one way: {moment} is before {self._now}")
        self._now = moment
