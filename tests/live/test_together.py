"""Reads that wait are done together, a few transactions at a time; one that breaks is answered alone."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain import limits
from dispatch.domain.errors import NotFound
from dispatch.domain.visibility import Viewer
from dispatch.ports import Job
from tests.live.world import Listener, World, play, until
from web.live.subscription import Subscription
from web.live.together import MOST, Together


class Counted:
    """The real store, which counts its transactions and holds them until it is let go."""

    def __init__(self, here: World) -> None:
        self._store, self.reads, self.go = here.store, 0, asyncio.Event()

    async def read(self, job: Job[Any]) -> Any:
        self.reads += 1
        await self.go.wait()
        return await self._store.read(job)


def storm(tmp_path: Path, scene: Callable[[Counted, Together], Awaitable[None]]) -> None:
    """Plays it in the lane of those who come in."""

    async def run(here: World) -> None:
        store = Counted(here)
        await scene(store, Together(store, here.hub.spawn))  # type: ignore[arg-type]  # as much of a store as it needs

    play(tmp_path, run, serve=False)


def number(one: int) -> Job[int]:
    return lambda tx, now: one + tx.journal.head()[1]


def broken(tx: Any, now: object) -> int:
    raise ZeroDivisionError


def refused(tx: Any, now: object) -> int:
    raise NotFound("ask")


def test_a_storm_of_reads_takes_half_of_the_readers_and_a_snapshot_for_many(tmp_path: Path) -> None:
    async def scene(store: Counted, together: Together) -> None:
        asked = [asyncio.ensure_future(together.read(lambda one=one: number(one))) for one in range(100)]  # type: ignore[misc]
        await until(lambda: store.reads == limits.SUBSCRIBE_READS)
        store.go.set()
        assert await asyncio.gather(*asked) == list(range(100))
        assert store.reads <= limits.SUBSCRIBE_READS + 100 / MOST + 1

    storm(tmp_path, scene)


@pytest.mark.parametrize(("job", "error"), [(broken, ZeroDivisionError), (refused, NotFound)])
def test_a_read_that_breaks_breaks_nobody_elses(tmp_path: Path, job: Job[int], error: type[Exception]) -> None:
    async def scene(store: Counted, together: Together) -> None:
        jobs = [number(0), number(1), job, number(3)]
        first = asyncio.ensure_future(together.read(lambda: number(9)))
        others = [asyncio.ensure_future(together.read(lambda each=each: each)) for each in jobs]  # type: ignore[misc]
        store.go.set()
        assert await first == 9
        told = await asyncio.gather(*others, return_exceptions=True)
        assert [told[0], told[1], told[3]] == [0, 1, 3]
        assert isinstance(told[2], error)

    storm(tmp_path, scene)


def test_whoever_may_look_no_more_is_told_nothing_by_a_read_that_waited_meanwhile(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        guest = Listener(here, Viewer(powers={ask.id: "view"}))
        await here.follow(guest, f"req:{ask.public_id}")
        assert [frame["mode"] for frame in guest.heard()] == ["snapshot"]
        store = Counted(here)
        here.hub.reads._store = store  # type: ignore[assignment]  # as much of a store as it needs
        renewed = asyncio.Event()

        async def renew() -> Viewer:
            await renewed.wait()
            return Viewer()

        guest._renew = renew
        for sub_id in range(limits.SUBSCRIBE_READS):
            other = Listener(here, ada)
            here.hub.open(other)
            here.hub.subscribe(Subscription(sub_id + 1, f"req:{ask.public_id}", other))
            await until(lambda: store.reads > sub_id)  # noqa: B023 - awaited within the round
        here.hub.subscribe(Subscription(2, f"req:{ask.public_id}", guest))
        await asyncio.sleep(0)
        here.hub._catching.stale(guest)
        store.go.set()
        await until(lambda: store.reads > limits.SUBSCRIBE_READS)
        await here.store.read(lambda tx, now: None)
        renewed.set()
        await until(lambda: not guest.subs)
        assert {frame["mode"] for frame in guest.heard()} == {"denied"}

    play(tmp_path, scene, serve=False)


def test_whoever_hung_up_while_waiting_is_not_read_for(tmp_path: Path) -> None:
    async def scene(store: Counted, together: Together) -> None:
        begun: list[int] = []

        def begin(one: int) -> Job[int]:
            begun.append(one)
            return number(one)

        asked = []
        for one in range(5):
            asked.append(asyncio.ensure_future(together.read(lambda one=one: begin(one))))  # type: ignore[misc]
            await until(lambda: store.reads == min(len(asked), limits.SUBSCRIBE_READS))
        asked[3].cancel()
        store.go.set()
        await asyncio.gather(*asked, return_exceptions=True)
        assert begun == [0, 1, 2, 4]

    storm(tmp_path, scene)
