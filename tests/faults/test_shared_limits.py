"""Two workers give a caller what the table says, and not twice that: counted in Redis, and while Redis is away."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dispatch.bus.buckets import RedisBuckets
from dispatch.bus.over_redis import Probing, RedisBus
from tests.faults.mortal import mortal_valkey
from tests.support.site import PLACE, Site, site, until
from web.limiter import HOUR, NEW_CELLS, Limiter, Rule
from web.visitor import visitor_of

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

RULE = Rule(name="ask", count=6, seconds=HOUR)
NEAR = Rule(name="near", count=100, seconds=HOUR)
STRANGER = visitor_of({"client": ("198.51.100.7", 1), "headers": []}, ())
QUICK = Probing(every_s=0.1, heard_within_s=0.2)


@contextmanager
def workers(url: str, count: int = 2, known: int | None = None) -> Iterator[list[Limiter]]:
    """So many limiters, as one fleet's workers have them; their own clocks stand still.

    `known`: how many of them are on one machine, all unless said.
    """
    buckets, buses = [RedisBuckets(url) for _ in range(count)], [RedisBus(url, QUICK) for _ in range(count)]
    yield [
        Limiter(lambda: 0.0, always=True, workers=known or count, buckets=held, bus=bus, secret=b"s" * 32)
        for held, bus in zip(buckets, buses, strict=True)
    ]
    for held, bus in zip(buckets, buses, strict=True):
        held.close()
        bus.close()


def granted(limiters: list[Limiter], times: int = 20, who: str = "ana") -> int:
    """How many calls go through when that caller goes from one worker to the next."""
    return sum(limiters[number % len(limiters)].take([(RULE, who), (NEAR, "all")]) == 0 for number in range(times))


def bus_of(limiter: Limiter) -> RedisBus:
    assert isinstance(limiter._bus, RedisBus)
    return limiter._bus


def test_two_workers_together_give_a_caller_what_one_would(redis_url: str) -> None:
    with workers(redis_url) as both:
        assert granted(both[:1]) == RULE.count
        assert granted(both[1:]) == 0
        assert granted(both, who="ben") == RULE.count
        assert 590 < both[1].take([(RULE, "ana")]) <= 600


def test_whoever_is_over_their_own_limit_uses_up_nothing_of_their_neighbours(redis_url: str) -> None:
    with workers(redis_url) as both:
        assert granted(both, times=80) == RULE.count
        assert sum(both[0].take([(NEAR, "all")]) == 0 for _ in range(120)) == NEAR.count - RULE.count


def test_a_repeat_that_is_given_back_on_another_worker_costs_nothing(redis_url: str) -> None:
    with workers(redis_url) as (one, other):
        for _ in range(20):
            assert one.take([(RULE, "ana")]) == 0
            other.give_back([(RULE, "ana")])
        other.give_back([(RULE, "ana")])
        assert granted([one, other]) == RULE.count


def test_a_bucket_fills_by_the_clock_of_redis_whatever_the_workers_say(redis_url: str) -> None:
    async def story() -> None:
        fast = Rule(name="fast", count=5, seconds=1.0)
        with workers(redis_url) as (one, other):
            assert [one.take([(fast, "ana")]) == 0 for _ in range(6)][-1] is False
            await until(lambda: other.take([(fast, "ana")]) == 0, 5)

    asyncio.run(story())


def test_redis_holds_no_name_and_forgets_every_bucket_by_itself(redis_url: str) -> None:
    import redis

    with workers(redis_url) as both, redis.Redis.from_url(redis_url) as client:
        granted(both, who="flm_a-token-of-somebody")
        keys = list(client.scan_iter("*"))
        assert len(keys) == 2
        assert not any(b"somebody" in key or b"all" in key for key in keys)
        assert all(0 < client.ttl(key) <= HOUR + 1 for key in keys)


def test_while_redis_is_away_each_worker_gives_its_share_and_then_they_count_together_again() -> None:
    async def story() -> None:
        with mortal_valkey() as server, workers(server.url) as both:
            assert granted(both, times=2) == 2
            assert not any(each.alone for each in both)
            server.kill()
            assert [granted([each]) for each in both] == [RULE.count / 2] * 2
            assert all(each.alone for each in both)
            assert granted(both, who="ben") == RULE.count
            server.start()
            await until(lambda: [each.take([(NEAR, "all")]) == 0 and not each.alone for each in both] == [True] * 2, 10)
            assert [granted([each], who="cem") for each in both] == [RULE.count, 0]

    asyncio.run(story())


def test_while_redis_is_away_workers_of_other_machines_count_as_well() -> None:
    async def story() -> None:
        with mortal_valkey() as server, workers(server.url, 3, known=1) as machines:
            await until(lambda: all(bus_of(each).workers == 3 for each in machines))
            server.kill()
            await until(lambda: not any(bus_of(each).connected for each in machines))
            assert [granted([each]) for each in machines] == [RULE.count / 3] * 3
            assert all(each.alone for each in machines)

    asyncio.run(story())


def test_a_worker_that_is_gone_is_not_counted_for_long(redis_url: str) -> None:
    async def story() -> None:
        with workers(redis_url, 2) as (one, other):
            await until(lambda: bus_of(one).workers == 2)
            bus_of(other).close()
            await until(lambda: bus_of(one).workers == 1)

    asyncio.run(story())


def test_a_viewer_gets_one_budget_of_cells_from_all_workers_and_sees_everywhere_what_was_seen(redis_url: str) -> None:
    async def story() -> None:
        with workers(redis_url) as (one, other):
            await until(lambda: bus_of(one).connected)
            await until(lambda: bus_of(other).connected)
            seen = one.cells_within(STRANGER, "ana", [f"cell {number}" for number in range(20)])
            assert len(seen) == 20
            await until(lambda: _left(other) == 10)
            assert other.cells_within(STRANGER, "ana", seen) == seen
            assert len(other.cells_within(STRANGER, "ana", [f"more {number}" for number in range(60)])) == 10

    asyncio.run(story())


def _left(limiter: Limiter) -> float:
    bucket = limiter._bucket(NEW_CELLS, "ana", 1)
    return limiter._level(bucket, 0.0)


def test_a_guest_who_asks_at_two_workers_by_turns_asks_three_times_an_hour(tmp_path: Path, database: str) -> None:
    async def story(here: Site, kill: Callable[[], None]) -> None:
        async def asks(agent: str, times: int) -> list[int]:
            got = []
            for number in range(times):
                # A connection each: the kernel hands it to either worker.
                async with httpx.AsyncClient(base_url=here.base, headers={"User-Agent": agent}) as guest:
                    body = {"kind": "ride", "quantity": 1, "place": PLACE, "similar_ok": True}
                    key = {"Idempotency-Key": f"{agent}-{number:016}"}
                    got.append((await guest.post("/v1/requests", json=body, headers=key)).status_code)
            return got

        assert await asks("phone", 12) == [201] * 3 + [429] * 9
        kill()
        assert (await asks("other-phone", 12)).count(201) <= 3
        async with here.client() as anybody:

            async def said() -> bool:
                told = (await anybody.get("/readyz")).json()
                return told["status"] == "degraded" and "share" in told["reason"]

            await until(said)

    with (
        mortal_valkey() as server,
        site(tmp_path, database, workers=2, FLARE_REDIS_URL=server.url, FLARE_LIMITS="on") as here,
    ):
        asyncio.run(story(here, server.kill))
