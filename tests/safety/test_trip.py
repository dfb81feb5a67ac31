"""A trip shared with somebody trusted: what its link shows and to whom, when it ends; it opens nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain import limits
from tests.web.conftest import BAKER, NOTE, PHONE, Play, World, whole_text

CANARIES = (NOTE, PHONE, "555 0142", "555 0110", "35.2123", "116.1234", "Lastname", "Ana", "Cem")


async def shared(world: World, who: str, ask: str) -> str:
    """The token of a fresh link to that person's trip."""
    async with world.client(who) as client:
        made = await world.post(client, f"/v1/requests/{ask}/trips")
    assert made.status_code == 201, made.text
    link, _, token = made.json()["link"].partition("#")
    assert link.endswith(f"/trip/{ask}")
    return str(token)


async def seen(world: World, token: str, ask: str) -> Any:
    async with world.bearer(token) as anybody:
        return await anybody.get(f"/v1/requests/{ask}/trips")


async def status(world: World, token: str, ask: str) -> int:
    """404 for a link that shows nothing, 401 for one that has ended."""
    return int((await seen(world, token, ask)).status_code)


def test_a_drivers_trip_shows_their_first_name_their_step_and_the_public_area_alone(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask(destination="Zzyzx Road 7")
        claim = await world.claim("ben", ask["id"])
        await world.claim("cem", ask["id"])
        token = await shared(world, "ben", ask["id"])
        async with world.client("ben") as ben:
            await world.post(ben, f"/v1/claims/{claim['id']}/steps", {"step": "en_route", "lat": 35.1, "lon": -116.5})
        answer = await seen(world, token, ask["id"])
        (trip,) = answer.json()["trips"]
        assert (trip["by"], trip["drive"]["status"]) == ("Ben", "en_route")
        assert trip["ask"]["place"]["resolution"] <= 5
        for canary in (*CANARIES, "Zzyzx Road", "35.1,", "116.5"):
            assert canary not in whole_text(answer), canary

    play(story)


def test_the_one_who_waits_may_share_too_and_nobody_who_comes_is_named(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        token = await shared(world, "ana", ask["id"])
        await world.claim("ben", ask["id"])
        answer = await seen(world, token, ask["id"])
        (trip,) = answer.json()["trips"]
        assert (trip["by"], trip["drive"], trip["ask"]["seats"]["claimed"]) == ("Ana", None, 3)
        for canary in {*CANARIES, "Ben"} - {"Ana"}:
            assert canary not in whole_text(answer), canary

    play(story)


def test_a_trips_link_opens_its_trip_and_nothing_else(play: Play) -> None:
    async def story(world: World) -> None:
        ask, other = await world.ask(), await world.ask("dora", kind="supplies", quantity=2)
        await world.claim("ben", ask["id"])
        token = await shared(world, "ben", ask["id"])
        async with world.bearer(token) as holder:
            for path in (f"/v1/requests/{ask['id']}", f"/v1/requests/{ask['id']}/events", "/v1/me/alerts", "/v1/me"):
                assert (await holder.get(path)).status_code in (401, 404), path
            assert (await holder.get(f"/v1/requests/{other['id']}/trips")).status_code == 404
            promise = {"seats": 1, "name": "E", "phone": "555 0199"}
            claimed = await world.post(holder, f"/v1/requests/{ask['id']}/claims", promise)
            assert claimed.status_code in (401, 404)
            for change in ("trips", "notes", "close"):
                assert (await world.post(holder, f"/v1/requests/{ask['id']}/{change}", {})).status_code in (404, 422)
            assert (await holder.delete(f"/v1/requests/{ask['id']}/trips")).status_code == 404
        assert await status(world, token, ask["id"]) == 200

    play(story)


@pytest.mark.parametrize("who", ["cem", "dora", None])
def test_nobody_shares_a_trip_they_are_no_part_of(play: Play, who: str | None) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.claim("ben", ask["id"])
        async with world.client(who) as client:
            assert (await world.post(client, f"/v1/requests/{ask['id']}/trips")).status_code == 404
            assert (await client.delete(f"/v1/requests/{ask['id']}/trips")).status_code == 404
        async with world.bearer(ask["links"]["helper"].rpartition("#")[2]) as holder:
            assert (await world.post(holder, f"/v1/requests/{ask['id']}/trips")).status_code == 404

    play(story)


def test_a_trips_link_ends_by_itself_two_hours_after_the_trip_and_after_a_day_at_the_latest(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        bens, anas = await shared(world, "ben", ask["id"]), await shared(world, "ana", ask["id"])
        async with world.client("ben") as ben:
            await world.post(ben, f"/v1/claims/{claim['id']}/steps", {"step": "withdraw"})
            world.clock.step(limits.TRIP_SHOWN - timedelta(seconds=1))
            assert (await seen(world, bens, ask["id"])).json()["trips"][0]["drive"]["status"] == "withdrawn"
            world.clock.step(timedelta(seconds=1))
            assert await status(world, bens, ask["id"]) == 404
            again = await world.post(ben, f"/v1/requests/{ask['id']}/trips")
        assert again.json()["code"] == "not-allowed"
        assert await status(world, anas, ask["id"]) == 200
        world.clock.step(limits.TRIP_KEPT - limits.TRIP_SHOWN)
        assert await status(world, anas, ask["id"]) == 401

    play(story)


def test_a_trip_is_taken_back_from_every_browser_that_opened_it(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.claim("ben", ask["id"])
        bens, anas = await shared(world, "ben", ask["id"]), await shared(world, "ana", ask["id"])
        async with world.client() as browser:
            for token in (bens, anas):
                opened = await world.post(browser, "/v1/session", {"token": token})
                assert opened.json() == {"power": "trip", "request": ask["id"]}
                browser.headers["Cookie"] = opened.headers["set-cookie"].partition(";")[0]
            trips = (await browser.get(f"/v1/requests/{ask['id']}/trips")).json()["trips"]
            assert {trip["by"] for trip in trips} == {"Ana", "Ben"}
            async with world.client("ben") as ben:
                for _ in range(2):
                    assert (await ben.delete(f"/v1/requests/{ask['id']}/trips")).status_code == 204
            trips = (await browser.get(f"/v1/requests/{ask['id']}/trips")).json()["trips"]
            assert [trip["by"] for trip in trips] == ["Ana"]
        assert await status(world, bens, ask["id"]) == 401

    play(story)


def test_five_links_show_a_trip_and_a_sixth_waits_until_they_are_ended(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        for _ in range(limits.TRIP_LINKS):
            await shared(world, "ana", ask["id"])
        async with world.client("ana") as ana:
            sixth = await world.post(ana, f"/v1/requests/{ask['id']}/trips")
            assert sixth.json()["code"] == "not-allowed"
            await ana.delete(f"/v1/requests/{ask['id']}/trips")
        await shared(world, "ana", ask["id"])

    play(story)


def test_a_browser_that_follows_a_trip_is_given_no_ask_that_its_owners_was_merged_into(play: Play) -> None:
    async def story(world: World) -> None:
        from tests.safety.test_desk import act, make

        make(world, "dora")
        keep, double = await world.ask(), await world.ask(None, quantity=8, similar_ok=True, place=BAKER)
        async with world.bearer(double["links"]["owner"].rpartition("#")[2]) as owner:
            made = await world.post(owner, f"/v1/requests/{double['id']}/trips")
        async with world.client() as friend:
            opened = await world.post(friend, "/v1/session", {"token": made.json()["link"].rpartition("#")[2]})
            friend.headers["Cookie"] = opened.headers["set-cookie"].partition(";")[0]
            await act(world, f"requests/{double['id']}/merge", {"into": keep["id"]})
            assert (await friend.get(f"/v1/requests/{keep['id']}")).status_code == 404

    play(story)
