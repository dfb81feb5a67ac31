"""A bad line between phones and a server, inside the test's own loop: late, in pieces, stalling, cut without a word.

What a lossy radio looks like from above TCP: bytes come late and in order, or not at all. One port, seeded luck.
Must never change a byte (a line that goes down for good is tests/support/line.py).
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PIECE = 1_400
"""Bytes handed on at a time: a packet."""


@dataclass(slots=True, kw_only=True)
class Badness:
    """How bad: a delay a packet, the share of packets that come late by `lost_s`, and of those that end the line."""

    delay_s: tuple[float, float] = (0.0, 0.03)
    lost: float = 0.03
    lost_s: float = 0.3
    cut: float = 0.03


@dataclass(slots=True)
class BadLine:
    """`address` is the phones' end. `struck` counts what it did."""

    address: str
    how: Badness
    luck: random.Random
    struck: Counter[str] = field(default_factory=Counter)

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Hands on what comes until either end, or the luck, ends it."""
        with suppress(OSError):
            while piece := await source.read(PIECE):
                if self.luck.random() < self.how.cut:
                    self.struck["cut"] += 1
                    break
                late = self.luck.uniform(*self.how.delay_s)
                if self.luck.random() < self.how.lost:
                    self.struck["lost"] += 1
                    late += self.how.lost_s
                await pause(late)
                self.struck["carried"] += 1
                target.write(piece)
                await target.drain()
        target.transport.abort()


async def pause(seconds: float) -> None:
    """Returns so much later, by a timer of the loop."""
    over = asyncio.Event()
    timer = asyncio.get_running_loop().call_later(seconds, over.set)
    try:
        await over.wait()
    finally:
        timer.cancel()


@asynccontextmanager
async def bad_line(to: tuple[str, int], how: Badness, seed: int) -> AsyncIterator[BadLine]:
    """A bad line to that server, for the length of the block."""
    calls: set[asyncio.Task[None]] = set()

    async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, on = await asyncio.open_connection(*to)
        except OSError:
            writer.transport.abort()
            return
        calls.update({asyncio.ensure_future(made.carry(reader, on)), asyncio.ensure_future(made.carry(back, writer))})

    server = await asyncio.start_server(call, "127.0.0.1", 0)
    made = BadLine(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", how, random.Random(seed))
    try:
        yield made
    finally:
        server.close()
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
