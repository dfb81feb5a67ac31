"""Everything at once: workers killed, Redis killed, PostgreSQL restarted, all under load; and every promise holds.

Two workers for some seconds, or four for a minute with FLARE_TEST_TORTURE=1. What is promised: no answered write is
lost, no seat is given twice, each promise lapses once, and every follower has heard 1 … head, once and in order. The
longest an event was late is printed beside the longest outage (`pytest -s`); it is looked at, not asserted.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.client import Update
from dispatch.domain.lifecycle import ClaimState
from dispatch.ports import Tx
from tests.faults.conftest import LONG
from tests.faults.mortal import MortalPostgres, MortalValkey, mortal_postgres, mortal_valkey
from tests.faults.test_workers import claiming, following, holes, seats_right
from tests.support.site import Site, journal_of, opened, site, until

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(400)]

SECONDS = 60 if LONG else 10
WORKERS = 4 if LONG else 2
WATCHERS = 40 if LONG else 6
CLAIMERS = 12 if LONG else 6
DRIVERS = ("ben", "cem", "p3", "p4")


class Havoc:
    """What is broken, how often, and for how long at the longest."""

    def __init__(self, here: Site, postgres: MortalPostgres, valkey: MortalValkey) -> None:
        self._here, self._postgres, self._valkey = here, postgres, valkey
        self._luck = random.Random(int(os.environ.get("FLARE_TEST_SEED", "7")))
        self.struck: Counter[str] = Counter()
        self.longest_s = 0.0

    async def every(self, low_s: float, high_s: float, strike: Callable[[], None], until_s: float) -> None:
        """Strikes at random moments until that moment of the loop's clock."""
        loop = asyncio.get_running_loop()
        while loop.time() < until_s:
            turn = loop.create_future()
            loop.call_later(self._luck.uniform(low_s, high_s), turn.set_result, None)
            await turn
            began = time.monotonic()
            await asyncio.to_thread(strike)
            self.struck[strike.__name__] += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)

    def kill_a_worker(self) -> None:
        """SIGKILL; its parent starts another."""
        if workers := self._here.workers():
            os.kill(self._luck.choice(workers), signal.SIGKILL)

    def kill_redis(self) -> None:
        """Gone, and back half a second later at the latest."""
        self._valkey.kill()
        self._valkey.start()

    def restart_postgres(self) -> None:
        """As after a crash."""
        self._postgres.restart()


def running_out(url: str, claims: list[str]) -> None:
    """These promises end within the next seconds, one after the other."""

    def job(tx: Tx, now: datetime) -> None:
        for number, public_id in enumerate(claims):
            claim = tx.claims.by_public(public_id)
            assert claim is not None
            at = now + timedelta(seconds=1 + number * SECONDS / (2 * len(claims)))
            tx.claims.move(claim.id, [ClaimState.COMMITTED], lease_until=at)

    with opened(url) as store:
        store.submit(job).result()


def lapses(url: str, asks: list[str]) -> list[int]:
    """How often a promise was told to have lapsed, an ask."""

    def job(tx: Any, now: datetime) -> list[int]:
        found = []
        for public_id in asks:
            request = tx.requests.by_public(public_id)
            events = tx.journal.topic(f"r{request.id}", 0, 1_000).events
            found.append(sum((e.body.get("claim") or {}).get("status") == "lapsed" for e in events))
        return found

    with opened(url) as store:
        told: list[int] = store.read_now(job)
    return told


def test_while_everything_is_killed_nothing_answered_is_lost_and_everybody_hears_all_of_it_in_order(
    tmp_path: Path,
) -> None:
    late: list[float] = []

    def told(update: Update) -> None:
        if update.kind == "event":
            late.append((datetime.now(UTC) - datetime.fromisoformat(update.frame["at"])).total_seconds())

    async def story(here: Site, havoc: Havoc, url: str) -> None:
        loop = asyncio.get_running_loop()
        acked: list[str] = []
        stop = asyncio.Event()
        async with here.client("ana") as ana:
            public_id = (await here.ask(ana, 9))["id"]
            waiting = [(await here.ask(ana, 1))["id"] for _ in DRIVERS]
            promised = []
            for who, each in zip(DRIVERS, waiting, strict=True):
                async with here.client(who) as driver:
                    made = await here.post(driver, f"/v1/requests/{each}/claims", {"seats": 1})
                    promised.append(made.json()["id"])
            running_out(url, promised)
            async with following(here, public_id, WATCHERS, told) as heard:
                async with asyncio.TaskGroup() as load:
                    for who in [name for name in here.tokens if name not in ("ana", *DRIVERS)][:CLAIMERS]:
                        load.create_task(claiming(here, who, public_id, stop, acked))
                    await until(lambda: len(acked) >= 10)
                    ends = loop.time() + SECONDS
                    async with asyncio.TaskGroup() as trouble:
                        trouble.create_task(havoc.every(2, 6, havoc.kill_a_worker, ends))
                        trouble.create_task(havoc.every(1, 3, havoc.kill_redis, ends))
                        trouble.create_task(havoc.every(4, 12, havoc.restart_postgres, ends))
                    so_far = len(acked)
                    await until(lambda: len(acked) >= so_far + 10, 60)
                    stop.set()
                await until(lambda: lapses(url, waiting) == [1] * len(waiting), 60)
                closed = await here.post(ana, f"/v1/requests/{public_id}/close", {"disposition": "cancelled"})
                assert closed.status_code == 200
                with opened(url) as store:
                    head = journal_of(store, public_id)[-1][0]
                await until(lambda: all(seen[-1].off >= head for seen in heard), 60)
                assert not any(holes(seen) for seen in heard)
                assert lapses(url, waiting) == [1] * len(waiting)
        seats_right(url, public_id, acked, [head])
        sys.stderr.write(
            f"\n{SECONDS} s, {WORKERS} workers, {WATCHERS} followers: {dict(havoc.struck)}; {len(acked)} claims, "
            f"{len(late):,} events heard, latest after {max(late):.1f} s; longest strike {havoc.longest_s:.1f} s\n"
        )

    with (
        mortal_postgres() as postgres,
        mortal_valkey() as valkey,
        site(tmp_path, postgres.url, workers=WORKERS, friends=24, FLARE_REDIS_URL=valkey.url) as here,
    ):
        asyncio.run(story(here, Havoc(here, postgres, valkey), postgres.url))
