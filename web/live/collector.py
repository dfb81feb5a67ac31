"""Python's garbage collector, kept from stopping ten thousand sockets at a time.

A full collection walks every object that lives: with 10,000 sockets it held the event loop for 0.4 s of processor
time, and found some 300 objects worth freeing (docs/scale.md). So what is there when serving starts is walked no more;
young objects are looked at in lots that take a few milliseconds; and all of them only once two million more were made
than freed. It is not switched off: protocol and parser of a closed connection refer to each other, nothing else frees
them.
Invariant: whoever stops serving has the collector as it was (tests/live/test_collector.py).
"""

import gc
from typing import Final

THRESHOLDS: Final = (5_000, 4, 100)
"""Objects made and not freed until the young are looked at; how often that, until the middle ones; then, all."""


class Collector:
    """The process's, while it serves. Not for threads: everything is called from the event loop."""

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None

    def begin(self) -> None:
        """Serving starts. Idempotent."""
        if self._before is None:
            self._before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(*THRESHOLDS)

    def end(self) -> None:
        """Serving is over: the collector is the interpreter's again. Idempotent."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None


COLLECTOR: Final = Collector()
"""A process has one collector, so there is one of these."""
