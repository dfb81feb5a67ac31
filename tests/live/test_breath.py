"""A hub that has spoken listens for as long: what comes faster than it can be told goes out together."""

import asyncio
import random
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from dispatch.domain.visibility import Viewer
from tests.live.jumping import JumpingLoop, passing
from tests.live.simulation import START, SimulatedStore
from tests.live.world import KeptWire, until
from web.live.connection import Connection
from web.live.hub import Hub
from web.live.subscription import Stage, Subscription

TAKES_S = 0.01
"""What one write takes of the stepped clock, as a thousand watchers would."""


class Even(random.Random):
    """No luck: nothing is slow, nothing is lost."""

    def choice(self, seq: Any) -> Any:
        return seq[0]

    def random(self) -> float:
        return 0.0


class SlowWire(KeptWire):
    """A network that takes its time for each write, and remembers when and how much."""

    def write(self, written: bytes) -> None:
        before = len(self.frames)
        super().write(written)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        self.told.append((round(loop.elapsed, 4), len(self.frames) - before))
        loop.elapsed += TAKES_S

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[float, int]] = []


def told(events: int, apart_s: float) -> tuple[list[float], list[tuple[float, int]]]:
    """When each event was committed; when something was written, and how many events that was."""

    async def scene() -> tuple[list[float], list[tuple[float, int]]]:
        loop, store, wire = asyncio.get_running_loop(), SimulatedStore(Even()), SlowWire()
        clock = SimpleNamespace(now=lambda: START + timedelta(seconds=loop.time()))
        hub = Hub(store, clock, luck=Even(), floor_s=lambda: 60.0)  # type: ignore[arg-type]  # a double
        await hub.start()
        viewer = Viewer(person_id=1)
        listener = Connection(hub, wire, viewer, lambda: asyncio.sleep(0, viewer))
        hub.open(listener)
        sub = Subscription(1, "req:ask1", listener)
        hub.subscribe(sub)
        await until(lambda: sub.stage is Stage.LIVE)
        await passing(1)
        wire.told.clear()
        came = []
        for _ in range(events):
            came.append(round(loop.time(), 4))
            store.commit(1, 1)
            await passing(apart_s)
        await passing(1)
        await hub.stop()
        return came, [each for each in wire.told if each[0] <= came[-1] + 1]

    loop = JumpingLoop()
    try:
        return loop.run_until_complete(scene())
    finally:
        loop.close()


def test_events_that_come_faster_than_they_can_be_told_go_out_together() -> None:
    _, writes = told(40, TAKES_S / 10)
    assert sum(count for _, count in writes) == 40
    assert len(writes) <= 8


def test_an_event_that_comes_alone_is_told_the_moment_it_comes() -> None:
    came, writes = told(5, 1.0)
    assert writes == [(moment, 1) for moment in came]
