"""Tells the other workers that something was committed: off the writer's path, many commits in one word.

A hint says nothing and may be lost; whoever hears it reads the journal, and reads it every second anyway.
"""

import threading

from dispatch.domain.events import HINT
from dispatch.ports import Bus


class Hints:
    """One thread that says so whenever it was woken."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._wake = threading.Event()
        self._over = False

    def wake(self) -> None:
        """Something was committed. From any thread; never blocks."""
        self._wake.set()

    def run(self) -> None:
        """Says so each time, until `stop`."""
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._over:
                return
            self._bus.publish(HINT, {})

    def stop(self) -> None:
        """Ends `run`."""
        self._over = True
        self._wake.set()
