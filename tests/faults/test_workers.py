"""Two workers on one port: killed, rolled and stopped under load, and nobody notices more than a moment.

What the parent does is held by tests/faults/test_fleet.py, with workers that cost nothing to start.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from dispatch.client import FlareClient, Update
from tests.support.site import Site, journal_of, opened, site, until

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(240)]
FRIENDS = 24


Told = Callable[[Update], None]


async def watch(client: FlareClient, seen: list[Update], told: Told) -> None:
    async for update in client:
        told(update)
        seen.append(update)


def holes(seen: list[Update]) -> list[str]:
    """Where a follower's offsets were not last + 1, except by a snapshot."""
    found, last = [], 0
    for update in seen:
        if update.kind == "event" and update.off != last + 1:
            found.append(f"{last} -> {update.off}")
        last = update.off
    return found


@contextlib.asynccontextmanager
async def following(
    here: Site, public_id: str, watchers: int, told: Told = lambda update: None
) -> AsyncIterator[list[list[Update]]]:
    """Clients that follow an ask and come back by themselves; what each has seen. `told`: called as it comes."""
    heard: list[list[Update]] = [[] for _ in range(watchers)]
    clients = [FlareClient(here.live, headers=here.bearer("ana"), luck=lambda _, most: min(most, 0.05)) for _ in heard]
    tasks = []
    for client, seen in zip(clients, heard, strict=True):
        await client.__aenter__()
        await client.follow(f"req:{public_id}")
        tasks.append(asyncio.ensure_future(watch(client, seen, told)))
    await until(lambda: all(heard))
    try:
        yield heard
    finally:
        for task, client in zip(tasks, clients, strict=True):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.__aexit__()


async def claiming(here: Site, who: str, public_id: str, stop: asyncio.Event, acked: list[str]) -> None:
    """Takes a seat and gives it back, until told to stop; what was answered 201."""
    async with here.client(who) as client:
        while not stop.is_set():
            made = await here.post(client, f"/v1/requests/{public_id}/claims", {"seats": 1})
            if made.status_code == 409:
                continue
            assert made.status_code == 201, made.text
            acked.append(made.json()["id"])
            gone = await here.post(client, f"/v1/claims/{made.json()['id']}/steps", {"step": "withdraw"})
            assert gone.status_code == 200, gone.text


def seats_right(url: str, public_id: str, acked: list[str], offs: list[int]) -> None:
    """Every acknowledged claim is there, seats add up, offsets are dense."""
    with opened(url) as store:

        def job(tx: Any, now: object) -> Any:
            request = tx.requests.by_public(public_id)
            claims = [tx.claims.by_public(each) for each in acked]
            held = sum(c.seats for c in tx.claims.of_request(request.id) if str(c.status) in HOLDING)
            return request, claims, held

        request, claims, held = store.read_now(job)
        assert all(claims), "an acknowledged claim is lost"
        assert request.seats_taken == held <= request.quantity
        written = [off for off, _ in journal_of(store, public_id)]
        assert written == list(range(1, len(written) + 1))
        assert max(offs) <= len(written), "a follower was told what is not there"


HOLDING = {"committed", "en_route", "on_scene", "met", "done"}


def test_workers_killed_and_rolled_under_load_lose_no_claim_and_no_follower_an_event(
    tmp_path: Path, database: str, redis_url: str, rounds: int
) -> None:
    luck = random.Random(int(os.environ.get("FLARE_TEST_SEED", "5")))

    async def story(here: Site) -> None:
        acked: list[str] = []
        stop = asyncio.Event()

        async def replaced(before: list[int], who: set[int]) -> None:
            """So many of them are gone, two are there, and claims go on."""
            so_far = len(acked)
            await until(lambda: not who & set(here.workers()) and len(here.workers()) == len(before), 120)
            await until(lambda: len(acked) >= so_far + 20, 60)

        async with here.client("ana") as ana:
            public_id = (await here.ask(ana, 9))["id"]
            async with following(here, public_id, 4) as heard:
                async with asyncio.TaskGroup() as group:
                    for who in [name for name in here.tokens if name != "ana"][:12]:
                        group.create_task(claiming(here, who, public_id, stop, acked))
                    await until(lambda: len(acked) >= 20)
                    for _ in range(rounds - 2):
                        before = here.workers()
                        victim = luck.choice(before)
                        os.kill(victim, signal.SIGKILL)
                        await replaced(before, {victim})
                    before = here.workers()
                    here.process.send_signal(signal.SIGHUP)
                    await replaced(before, set(before))
                    stop.set()
                closed = await here.post(ana, f"/v1/requests/{public_id}/close", {"disposition": "cancelled"})
                assert closed.status_code == 200
                with opened(database) as store:
                    head = journal_of(store, public_id)[-1][0]
                await until(lambda: all(seen[-1].off >= head for seen in heard))
                assert all(not holes(seen) for seen in heard)
                # One snapshot each: whoever was cut off or sent away came back and resumed, or missed more than 500.
                assert all(seen[0].kind == "snapshot" for seen in heard)
        seats_right(database, public_id, acked, [head])

    with site(tmp_path, database, workers=2, friends=FRIENDS, FLARE_REDIS_URL=redis_url) as here:
        asyncio.run(story(here))
        began = time.monotonic()
        assert here.stop() == 0
        assert time.monotonic() - began < 15
