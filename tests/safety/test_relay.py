"""Attackers of passed links against the real API: what they see, how far they reach, what they can end."""

from typing import Any

import httpx

from dispatch.domain import limits
from tests.web.conftest import NOTE, PHONE, Play, World

SECRETS = (NOTE, PHONE, "35.2123", "116.1234", "Lastname")


async def link_of(world: World, who: str, ask: str, **body: Any) -> dict[str, Any]:
    async with world.client(who) as helper:
        answer = await world.post(helper, f"/v1/requests/{ask}/relays", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def opened(world: World, client: httpx.AsyncClient, link: dict[str, Any]) -> int:
    answer = await world.post(client, "/v1/session", {"token": link["token"]})
    if cookie := answer.headers.get("set-cookie"):
        client.headers["cookie"] = cookie.partition(";")[0]
    return int(answer.status_code)


def test_the_holder_of_a_passed_link_reads_what_the_public_reads_on_every_call(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.turn()
        link = await link_of(world, "ben", ask["id"])
        async with world.client() as guest:
            assert await opened(world, guest, link) == 200
            for path in ("", "/events", "/report", "/relays"):
                answer = await guest.get(f"/v1/requests/{ask['id']}{path}")
                assert answer.status_code == 200, path
                assert not [secret for secret in SECRETS if secret in answer.text], path
            place = (await guest.get(f"/v1/requests/{ask['id']}")).json()["place"]
            claim = await world.post(
                guest, f"/v1/requests/{ask['id']}/claims", {"seats": 2, "name": "Gus", "phone": "555 1234"}
            )
            assert claim.status_code == 201
            assert "lat" not in claim.json()["place"]
            assert not [secret for secret in SECRETS if secret in claim.text]
        assert place["resolution"] <= 5

    play(story)


def test_a_chain_letter_ends_at_the_calls_own_reach(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.turn()
        links = [await link_of(world, "ben", ask["id"]) for _ in range(limits.RELAYS_A_PERSON)]
        reached = 0
        for depth in range(limits.RELAY_DEPTH + 1):
            more = []
            for number, link in enumerate(links):
                for browser in range(limits.RELAY_OPENS + 2):
                    async with world.client(address=f"198.51.{depth}.{number * 16 + browser}") as guest:
                        if await opened(world, guest, link) != 200:
                            continue
                        reached += 1
                        passed = await world.post(guest, f"/v1/requests/{ask['id']}/relays", {"name": "x"})
                        if passed.status_code == 201:
                            more.append(passed.json())
            links = more
        assert reached == limits.GUEST_ALERTS_MAX  # Ana came by an invite: ten strangers a call

    play(story)


def test_a_passed_link_opens_nothing_by_itself_and_a_repeat_makes_no_second_one(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.turn()
        async with world.client("ben") as ben:
            key = world.key()
            path = f"/v1/requests/{ask['id']}/relays"
            first, again = [await world.post(ben, path, {}, key) for _ in range(2)]
            assert first.json() == again.json()
            assert again.headers["idempotency-replayed"] == "true"
            assert len((await ben.get(path)).json()["relays"]) == 1
        async with world.bearer(first.json()["token"]) as bearer:
            assert (await bearer.get(f"/v1/requests/{ask['id']}")).status_code == 401
        async with world.client() as nobody:
            assert (await nobody.get(f"/v1/requests/{ask['id']}")).status_code == 404
            assert (await nobody.get(path)).status_code == 404

    play(story)


def test_ending_somebody_elses_link_is_not_found_and_the_owners_end_cuts_the_guest_off(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.turn()
        link = await link_of(world, "ben", ask["id"])
        async with world.client() as guest, world.client("cem") as cem, world.client("ana") as ana:
            await opened(world, guest, link)
            for other in (guest, cem):
                assert (await other.delete(f"/v1/relays/{link['id']}")).status_code == 404
            assert (await ana.delete(f"/v1/relays/{link['id']}")).status_code == 204
            assert (await guest.get(f"/v1/requests/{ask['id']}")).status_code == 404
            late = await world.post(
                guest, f"/v1/requests/{ask['id']}/claims", {"seats": 1, "name": "G", "phone": "555"}
            )
            assert late.status_code == 404
            assert await opened(world, guest, link) == 401

    play(story)
