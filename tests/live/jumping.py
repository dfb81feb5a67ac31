"""An event loop on a stepped clock: time jumps to whatever is next, and nobody waits.

Knows nothing of the stream. Invariant: a loop on which nothing will ever happen says so and does not hang
(tests/live/simulation.py runs on it).
"""

import asyncio
import selectors
from typing import Any


class _Jump(selectors.SelectSelector):
    """Waits for nothing: time jumps."""

    loop: "JumpingLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits and nothing will ever happen")
        self.loop.elapsed += max(0.0, timeout)
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on a stepped clock."""

    def __init__(self) -> None:
        jump = _Jump()
        super().__init__(jump)
        jump.loop = self
        self.elapsed = 0.0

    def time(self) -> float:
        return self.elapsed

    def _write_to_self(self) -> None: ...  # nobody sleeps, so nobody needs waking


async def passing(seconds: float) -> None:
    """So much of the stepped clock's time."""
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    timer = loop.call_later(seconds, passed.set_result, None)
    try:
        await passed
    finally:
        timer.cancel()
