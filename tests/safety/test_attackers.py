"""Attackers against the real API: what they find out, in metres, and how many people they reach."""

import random
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest

from dispatch.domain import limits
from dispatch.domain.people import Duty, Person
from geo import cells, distance
from geo.point import Point
from tests.safety.test_desk import act, make
from tests.web.conftest import BAKER, Play, World

TRUE = Point(BAKER["lat"], BAKER["lon"])


def metres(a: Point, b: Point) -> float:
    return float(distance.great_circle_km(a, b)) * 1000


def test_averaging_a_hundred_asks_from_one_place_stays_half_a_kilometre_off(play: Play) -> None:
    async def story(world: World) -> None:
        luck, seen = random.Random(5), []
        for _ in range(100):
            near = {"lat": TRUE.lat + luck.gauss(0, 1e-4), "lon": TRUE.lon + luck.gauss(0, 1e-4)}
            ask = await world.ask(place=near, similar_ok=True)
            async with world.bearer(ask["links"]["view"].rpartition("#")[2]) as anyone:
                place = (await anyone.get(f"/v1/requests/{ask['id']}")).json()["place"]
            seen.append(cells.centre(place["cell"]))
        guess = Point(sum(p.lat for p in seen) / 100, sum(p.lon for p in seen) / 100)
        assert metres(guess, TRUE) >= 500
        assert len(set(seen)) == 1  # a hundred samples say what one says

    play(story)


def test_three_sybils_know_a_cell_and_a_band_and_stay_two_kilometres_off(play: Play) -> None:
    async def story(world: World) -> None:
        def sybils(tx: Any, now: datetime) -> None:
            ana = tx.people.by_public(world.people["ana"])
            for number, (lat, lon) in enumerate(((35.3, -116.0), (35.1, -116.3), (35.2, -115.9))):
                sybil = tx.people.add(
                    Person(id=0, public_id=tx.ids.public_id(), place=Point(lat, lon), duty=Duty.AVAILABLE,
                           alerts_per_week_max=50, name=f"S{number}")
                )  # fmt: skip
                tx.network.tie(ana.id, sybil.id)

        world.flare.store.submit(sybils).result()
        world.flare.feed.load()
        ask = await world.ask(urgency="unsafe")
        await world.turn()
        told = world.flare.store.read_now(
            lambda tx, now: [a.reasons.band_km for a in tx.alerts.of_request(tx.requests.by_public(ask["id"]).id)]  # type: ignore[union-attr]  # just posted
        )
        assert set(told) <= {2, 5, 10, 25, 50, 100, 200}

    play(story)
    luck = random.Random(11)
    off = []
    for _ in range(400):
        place = Point(luck.uniform(33, 37), luck.uniform(-118, -114))
        off.append(metres(place, cells.centre(cells.cell_of(place, cells.MEMBER))))
    assert median(off) >= 2_000
    assert sorted(off)[40] >= 500


def test_bisecting_the_board_by_boxes_ends_at_the_cells_centre(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        west, south, east, north = -120.0, 32.0, -112.0, 38.0
        async with world.client("dora") as member:
            for turn in range(32):
                if turn % 2:
                    half = (west, south, (west + east) / 2, north)
                else:
                    half = (west, south, east, (south + north) / 2)
                found = await member.get("/v1/board", params={"bbox": ",".join(map(str, half))})
                hit = ask["id"] in [each["id"] for each in found.json()["features"]]
                if turn % 2:
                    west, east = (west, half[2]) if hit else (half[2], east)
                else:
                    south, north = (south, half[3]) if hit else (half[3], north)
        guess = Point((south + north) / 2, (west + east) / 2)
        assert metres(guess, TRUE) >= 500
        assert metres(guess, cells.centre(cells.cell_of(TRUE, cells.MEMBER))) < 50

    play(story)


def test_walking_through_readiness_tells_no_more_than_its_cell(play: Play) -> None:
    async def story(world: World) -> None:
        luck, heard = random.Random(3), set()
        centre = cells.centre(cells.cell_of(TRUE, cells.PUBLIC))
        async with world.client("ana") as member:
            for _ in range(25):
                where = {"lat": centre.lat + luck.uniform(-0.02, 0.02), "lon": centre.lon + luck.uniform(-0.02, 0.02)}
                heard.add((await member.get("/v1/me/readiness", params=where)).text)
        assert len(heard) == 1

    play(story)


def test_a_walker_of_readiness_has_ten_questions_an_hour(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as member:
            codes = [
                (await member.get("/v1/me/readiness", params={"lat": 35.2, "lon": -116.1 + step})).status_code
                for step in range(12)
            ]
        assert codes == [200] * 10 + [429] * 2

    play(story, limits=True)


def test_a_scraper_who_changes_the_name_of_the_browser_has_no_other_budget(play: Play) -> None:
    async def story(world: World) -> None:
        for number in range(45):
            where = {"lat": 31.0 + number // 9 * 2.0, "lon": -118.0 + number % 9 * 2.0}
            await world.ask("dora", place=where, kind="supplies", quantity=2, similar_ok=True)
        seen: set[str] = set()
        for number, box in enumerate(("-120,30,-100,36", "-120,36,-100,40")):
            agent = {"User-Agent": f"browser {number}"}
            async with world.client(address=f"198.51.100.{number}", **agent) as scraper:
                features = (await scraper.get("/v1/board", params={"bbox": box})).json()["features"]
                seen |= {cells.parent(feature["properties"]["cell"], cells.EMPTY_LAND) for feature in features}
        assert len(seen) == 30

    play(story, limits=None)


def strangers(world: World, count: int) -> None:
    """So many people around who accept strangers."""

    def job(tx: Any, now: datetime) -> None:
        luck = random.Random(1)
        for _ in range(count):
            place = Point(35.2 + luck.uniform(-0.2, 0.2), -116.1 + luck.uniform(-0.2, 0.2))
            tx.people.add(
                Person(id=0, public_id=tx.ids.public_id(), place=place, duty=Duty.AVAILABLE, alerts_per_week_max=100)
            )

    world.flare.store.submit(job).result()
    world.flare.feed.load()


async def reached(world: World, addresses: list[str], crowd: int = 120) -> int:
    """How many alerts ten phone numbers cause within an hour, each asking as often as it is let."""
    strangers(world, crowd)
    for number in range(10):
        device = {"User-Agent": f"phone {number}"} if len(addresses) > 1 else {}
        async with world.client(address=addresses[number % len(addresses)], **device) as guest:
            for again in range(4):
                where = {"lat": 35.1 + number / 50, "lon": -116.1 + again / 50}
                body = {"kind": "ride", "quantity": 4, "place": where, "urgency": "unsafe"}
                contact = {"contact": {"name": "P", "phone": f"+1 760 555 {number:04}"}}
                await world.post(guest, "/v1/requests", body | contact)
    for _ in range(12):
        await world.turn(timedelta(minutes=5))
    total: int = world.flare.store.read_now(
        lambda tx, now: sum(request.alerted for request in tx.requests.open_in(None, 500))
    )
    return total


def test_a_prankster_with_ten_numbers_reaches_thirty_people_from_one_device(play: Play) -> None:
    async def story(world: World) -> None:
        assert 0 < await reached(world, ["198.51.100.7"]) <= 3 * limits.GUEST_ALERTS_MAX <= 150

    play(story, limits=True)


@pytest.mark.slow
def test_and_a_hundred_and_fifty_from_ten_devices_of_one_neighbourhood(play: Play) -> None:
    async def story(world: World) -> None:
        addresses = [f"198.51.100.{number}" for number in range(10)]
        total = await reached(world, addresses, crowd=1_000)
        assert total == limits.GUESTS_NEARBY_HOUR == 150
        make(world, "dora")
        async with world.client("dora") as desk:
            flags = (await desk.get("/v1/desk")).json()["flags"]
        stuck = next(flag for flag in flags if flag["alerted"] < limits.GUEST_ALERTS_MAX)
        assert {flag["kind"] for flag in flags} == {"guest_cap"}
        await act(world, f"requests/{stuck['request']}/take")
        await world.turn(timedelta(minutes=5))
        taken = world.flare.store.read_now(lambda tx, now: tx.requests.by_public(stuck["request"]))
        assert taken is not None
        assert taken.alerted > stuck["alerted"]

    play(story, limits=True)


@pytest.mark.slow
def test_and_three_hundred_from_ten_addresses(play: Play) -> None:
    async def story(world: World) -> None:
        addresses = [f"198.51.{number}.7" for number in range(10)]
        assert 0 < await reached(world, addresses) <= 30 * limits.GUEST_ALERTS_MAX <= 500

    play(story, limits=True)


def test_a_scraper_gets_its_budget_of_cells_and_no_more(play: Play) -> None:
    async def story(world: World) -> None:
        for number in range(45):
            where = {"lat": 31.0 + number // 9 * 2.0, "lon": -118.0 + number % 9 * 2.0}
            await world.ask("dora", place=where, kind="supplies", quantity=2, similar_ok=True)
        async with world.client(address="198.51.100.9") as scraper:
            first = (await scraper.get("/v1/board")).json()["features"]
            world.clock.step(timedelta(seconds=2))
            again = (await scraper.get("/v1/board")).json()["features"]
            world.clock.step(timedelta(seconds=60))
            later = (await scraper.get("/v1/board")).json()["features"]
        assert (len(first), len(later)) == (30, 45)
        assert len(again) <= 31

    play(story, limits=None)
