"""Nobody gets more than the table says, the operator at home excepted, and a forged header moves nothing."""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from dispatch.domain import limits
from tests.web.conftest import BAKER, FAR, Play, World
from web.limiter import NEW_CELLS, Limiter, Rule
from web.visitor import trusted_networks, visitor_of

RIDE = {"kind": "ride", "quantity": 3, "place": BAKER, "similar_ok": True}


async def asks(world: World, count: int, **headers: str) -> list[int]:
    async with world.client(**headers) as guest:
        return [(await world.post(guest, "/v1/requests", RIDE)).status_code for _ in range(count)]


def test_a_guest_asks_three_times_an_hour_and_is_told_when_again(play: Play) -> None:
    async def story(world: World) -> None:
        assert await asks(world, 4, address=FAR) == [201, 201, 201, 429]
        async with world.client(address=FAR) as guest:
            told = await world.post(guest, "/v1/requests", RIDE)
            assert told.json()["code"] == "slow-down"
            assert told.headers["retry-after"] == str(told.json()["retry_after"]) == "1200"
            world.clock.step(timedelta(seconds=1_200))
            assert (await world.post(guest, "/v1/requests", RIDE)).status_code == 201

    play(story)


def test_a_bad_line_that_repeats_the_call_uses_up_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client(address=FAR) as guest:
            same = [(await world.post(guest, "/v1/requests", RIDE, "one-ask-sent-often-0001")) for _ in range(6)]
            assert {(each.status_code, each.json()["id"]) for each in same} == {(201, same[0].json()["id"])}
        assert await asks(world, 3, address=FAR) == [201, 201, 429]

    play(story)


def test_a_refused_body_costs_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client(address=FAR) as guest:
            for _ in range(20):
                assert (await world.post(guest, "/v1/requests", RIDE | {"quantity": 0})).status_code == 422
        assert await asks(world, 1, address=FAR) == [201]

    play(story)


def test_many_guests_of_one_neighbourhood_share_a_larger_limit(play: Play) -> None:
    async def story(world: World) -> None:
        got = []
        for number in range(16):
            got += await asks(world, 2, address=f"198.51.100.{number + 1}", **{"User-Agent": f"phone {number}"})
        assert got == [201] * 30 + [429] * 2
        assert await asks(world, 1, address="198.51.101.1") == [201]

    play(story)


def test_the_operator_at_home_is_not_counted_unless_the_settings_say_so(play: Play) -> None:
    async def at_home(world: World) -> None:
        assert await asks(world, 6) == [201] * 6
        # Forwarded by a proxy nobody declared: not at home, and its word is not taken.
        forged = {"X-Forwarded-For": "127.0.0.1"}
        assert await asks(world, 4, **forged) == [201, 201, 201, 429]
        assert await asks(world, 1, **{"X-Forwarded-For": "203.0.113.5"}) == [429]

    async def counted(world: World) -> None:
        assert await asks(world, 4) == [201, 201, 201, 429]

    async def never(world: World) -> None:
        assert await asks(world, 6, address=FAR) == [201] * 6

    play(at_home)
    play(counted, limits=True)
    play(never, limits=False)


def test_a_listed_proxy_is_believed_and_only_its_last_word(play: Play) -> None:
    async def story(world: World) -> None:
        assert await asks(world, 4, **{"X-Forwarded-For": "203.0.113.5"}) == [201, 201, 201, 429]
        assert await asks(world, 1, **{"X-Forwarded-For": "9.9.9.9, 203.0.113.5"}) == [429]
        assert await asks(world, 1, **{"X-Forwarded-For": "203.0.113.5, 198.51.100.1"}) == [201]

    play(story, trusted_proxies=("127.0.0.1",))


def test_positions_answers_and_boards_have_their_own_limits(play: Play) -> None:
    async def story(world: World) -> None:
        place = {"lat": 35.2, "lon": -116.1}
        async with world.client("ben") as ben:
            assert [(await ben.put("/v1/me/position", json=place)).status_code for _ in range(2)] == [200, 429]
            world.clock.step(timedelta(seconds=5))
            assert (await ben.put("/v1/me/position", json=place)).status_code == 200
            assert [(await ben.get("/v1/board")).status_code for _ in range(3)] == [200, 200, 429]
            path = "/v1/me/readiness?lat=35.2&lon=-116.1"
            assert [(await ben.get(path)).status_code for _ in range(11)] == [200] * 10 + [429]

    play(story, limits=True)


def test_a_report_is_read_twenty_times_a_minute_by_page_and_program_together(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        async with world.client("ana", address=FAR) as ana:
            got = [(await ana.get(f"/v1/requests/{ask['id']}/report")).status_code for _ in range(20)]
            assert got == [200] * 20
            for path in (f"/v1/requests/{ask['id']}/report", f"/r/{ask['id']}/report"):
                assert (await ana.get(path)).status_code == 429
            world.clock.step(timedelta(seconds=3))
            assert (await ana.get(f"/r/{ask['id']}/report")).status_code == 200

    play(story)


def test_wrong_tokens_stop_after_ten_a_minute(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client(address=FAR) as guesser:
            wrong = [
                (await world.post(guesser, "/v1/session", {"token": f"flm_{number:022}"})).status_code
                for number in range(12)
            ]
        assert wrong == [401] * 10 + [429] * 2

    play(story)


def test_one_person_is_on_the_way_to_two_at_most_where_limits_count(play: Play) -> None:
    async def story(world: World) -> None:
        asked = [await world.ask(similar_ok=True) for _ in range(3)]
        async with world.client("ben") as ben:
            got = [await world.post(ben, f"/v1/requests/{each['id']}/claims", {"seats": 1}) for each in asked]
        assert [each.status_code for each in got] == [201, 201, 429]

    play(story, limits=True)


def test_the_limiter_remembers_a_bounded_number_of_callers() -> None:
    limiter = Limiter(lambda: 0.0, always=True)
    rule = Rule(name="r", count=1, seconds=60)
    for number in range(limits.CALLERS_KNOWN + 10):
        limiter.take([(rule, str(number))])
    assert len(limiter) == limits.CALLERS_KNOWN
    assert limiter.take([(rule, str(limits.CALLERS_KNOWN))]) == 60


def test_neighbourhoods_are_24_bits_of_an_old_address_and_56_of_a_new_one() -> None:
    def prefix(address: str) -> str:
        return visitor_of({"client": (address, 1), "headers": []}, trusted_networks([])).prefix

    assert prefix("198.51.100.7") == "198.51.100.0/24"
    assert prefix("::ffff:198.51.100.7") == "198.51.100.0/24"
    assert prefix("2001:db8:aaaa:bbcc::1") == "2001:db8:aaaa:bb00::/56"
    assert prefix("") == "local"


class StuckBus:
    """A bus that takes a message and does not come back until it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.said = 0
        self.listeners: list[Callable[[Mapping[str, object]], None]] = []

    def publish(self, channel: str, message: Mapping[str, object]) -> None:
        self.said += 1
        self.let.wait(20)

    def subscribe(self, channel: str, told: Callable[[Mapping[str, object]], None]) -> Callable[[], None]:
        self.listeners = [told]
        return self.listeners.clear


def test_a_bus_that_hangs_costs_no_memory_and_no_more_cells_than_a_share() -> None:
    bus, stranger = StuckBus(), visitor_of({"client": (FAR, 1), "headers": []}, ())
    limiter = Limiter(lambda: 0.0, always=True, workers=2, bus=bus)
    before = threading.active_count()
    asked = [f"cell {number}" for number in range(NEW_CELLS.count * 2)]
    seen = [len(limiter.cells_within(stranger, f"viewer {n}", asked)) for n in range(limits.CELLS_WAITING + 2)]
    assert (seen[0], seen[-1]) == (NEW_CELLS.count, NEW_CELLS.count / 2)
    limiter.close()
    limiter.close()
    bus.let.set()
    for thread in threading.enumerate():
        if thread.name.startswith("flare-cells"):
            thread.join(10)
    assert bus.listeners == []
    assert threading.active_count() <= before
    assert bus.said <= 2
    assert len(limiter.cells_within(stranger, "one more", asked)) == NEW_CELLS.count / 2
