"""The same key and body: one effect, one answer, whoever waits how often. Somebody else's key is worth nothing."""

import asyncio
from typing import Any

from tests.web.conftest import BAKER, PHONE, Play, World

RIDE: dict[str, Any] = {"kind": "ride", "quantity": 3, "place": BAKER}
LONG = "0123456789abcdefghijkl"


def test_a_repeated_ask_is_one_ask_with_the_same_links(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            first = await world.post(ana, "/v1/requests", RIDE, LONG)
            before = world.rows()
            again = await world.post(ana, "/v1/requests", dict(reversed(RIDE.items())), LONG)
            assert again.status_code == first.status_code == 201
            assert again.json() == first.json()
            assert "idempotency-replayed" not in first.headers
            assert again.headers["idempotency-replayed"] == "true"
            assert world.rows() == before

    play(story)


def test_the_same_key_with_another_body_or_path_is_refused(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            asked = (await world.post(ana, "/v1/requests", RIDE, LONG)).json()
            other = await world.post(ana, "/v1/requests", RIDE | {"quantity": 4}, LONG)
            assert (other.status_code, other.json()["code"]) == (422, "key-reused")
            drill = await world.post(ana, "/v1/drills", RIDE, LONG)
            assert (drill.status_code, drill.json()["code"]) == (422, "key-reused")
            path = f"/v1/requests/{asked['id']}"
            patched = await ana.patch(path, json=RIDE, headers={"Idempotency-Key": LONG})
            assert patched.status_code == 422

    play(story)


def test_a_refusal_is_the_answer_for_its_key_even_when_the_world_has_moved_on(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask(quantity=4)
        mine = await world.claim("ben", asked["id"], 4)
        path = f"/v1/requests/{asked['id']}/claims"
        async with world.client("cem") as cem, world.client("ben") as ben:
            late = await world.post(cem, path, {"seats": 1}, LONG)
            assert late.json()["seats_open"] == 0
            await world.post(ben, f"/v1/claims/{mine['id']}/steps", {"step": "withdraw"})
            again = await world.post(cem, path, {"seats": 1}, LONG)
            assert again.json() == late.json()
            assert again.headers["idempotency-replayed"] == "true"
            assert (await world.post(cem, path, {"seats": 1})).status_code == 201

    play(story)


def test_a_wrong_code_is_counted_once_however_often_it_is_sent(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        claim = await world.claim("ben", asked["id"])
        path = f"/v1/claims/{claim['id']}/steps"
        async with world.client("ben") as ben:
            for step in ("en_route", "on_scene"):
                await world.post(ben, path, {"step": step})
            for _ in range(3):
                wrong = await world.post(ben, path, {"step": "met", "code": "nope"}, LONG)
                assert wrong.json()["tries_left"] == 4
            assert (await world.post(ben, path, {"step": "met", "code": "nope"})).json()["tries_left"] == 3

    play(story)


def test_ten_at_once_under_one_key_take_the_seat_once(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        path = f"/v1/requests/{asked['id']}/claims"
        async with world.client("ben") as ben:
            answers = await asyncio.gather(*(world.post(ben, path, {"seats": 2}, LONG) for _ in range(10)))
            assert {each.status_code for each in answers} == {201}
            assert len({each.text for each in answers}) == 1
        async with world.client("ana") as ana:
            assert (await ana.get(f"/v1/requests/{asked['id']}")).json()["seats"]["claimed"] == 2

    play(story)


def test_a_change_without_a_key_or_with_a_poor_one_is_refused(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        before = world.rows()
        async with world.client("ana") as ana:
            for key in (None, "x" * 7, "x" * 65, "with a blank", "ключ-ключ-ключ"):
                headers: Any = [(b"idempotency-key", key.encode())] if key is not None else []
                for method, path in (("POST", "/v1/requests"), ("PATCH", f"/v1/requests/{asked['id']}")):
                    answer = await ana.request(method, path, json=RIDE, headers=headers)
                    assert (answer.status_code, answer.json()["code"]) == (400, "key-missing"), key
            for key in ("x" * 8, "x" * 64):
                answer = await world.post(ana, "/v1/requests", RIDE | {"similar_ok": True}, key)
                assert answer.status_code == 201
        assert world.rows()["asks"] == before["asks"] + 2

    play(story)


def test_the_same_key_from_another_person_is_another_action(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana, world.client("ben") as ben:
            hers = await world.post(ana, "/v1/requests", RIDE, LONG)
            his = await world.post(ben, "/v1/requests", RIDE, LONG)
            assert hers.json()["id"] != his.json()["id"]

    play(story)


def test_a_guest_who_guesses_a_short_key_gets_no_link(play: Play) -> None:
    async def story(world: World) -> None:
        body = RIDE | {"contact": {"name": "Gus"}}
        async with (
            world.client(address="198.51.100.7") as gus,
            world.client(address="203.0.113.9") as stranger,
            world.client(address="198.51.100.8", **{"User-Agent": "another program"}) as neighbour,
        ):
            asked = (await world.post(gus, "/v1/requests", body, "12345678")).json()
            for other in (stranger, neighbour):
                told = (await world.post(other, "/v1/requests", body, "12345678")).json()
                assert told["id"] != asked["id"]
                assert told["links"] != asked["links"]

    play(story)


def test_a_guest_repeats_with_the_cookie_of_the_first_answer_and_gets_the_same_ask(play: Play) -> None:
    async def story(world: World) -> None:
        body = RIDE | {"contact": {"name": "Gus", "phone": PHONE}}
        async with world.client() as gus:
            for key in (LONG, "12345678"):
                first = await world.post(gus, "/v1/requests", body | {"similar_ok": True}, key)
                lost = await world.post(gus, "/v1/requests", body | {"similar_ok": True}, key)
                assert lost.json() == first.json()
                with_cookie = {"Cookie": first.headers["set-cookie"].partition(";")[0], "Idempotency-Key": key}
                again = await gus.post("/v1/requests", json=body | {"similar_ok": True}, headers=with_cookie)
                assert again.json()["id"] == first.json()["id"]
                for cookie in (lost, again):
                    signed = {"Cookie": cookie.headers["set-cookie"].partition(";")[0]}
                    shown = await gus.get(f"/v1/requests/{first.json()['id']}", headers=signed)
                    assert shown.json()["role"] == "owner"

    play(story)


def test_an_ask_very_like_one_going_on_is_asked_about_first(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        async with world.client("ana") as ana:
            twin = await world.post(ana, "/v1/requests", RIDE)
            assert (twin.status_code, twin.json()["code"]) == (409, "similar-ask")
            assert twin.json()["link"] == f"http://flare.test/r/{asked['id']}"
            assert (await world.post(ana, "/v1/requests", RIDE | {"similar_ok": True})).status_code == 201

    play(story)


def test_the_same_phone_in_another_browser_is_shown_the_ask_going_on_as_anybody_sees_it(play: Play) -> None:
    async def story(world: World) -> None:
        body = RIDE | {"contact": {"name": "Gus", "phone": PHONE}}
        async with world.client() as gus:
            first = (await world.post(gus, "/v1/requests", body)).json()
        async with world.client() as laptop:
            twins = [await world.post(laptop, "/v1/requests", body, LONG) for _ in range(2)]
            links = {twin.json()["link"] for twin in twins}
            assert [twin.status_code for twin in twins] == [409, 409]
            assert links == {first["links"]["view"]}
            opened = await world.post(laptop, "/v1/session", {"token": links.pop().partition("#")[2]})
            assert opened.json() == {"power": "view", "request": first["id"]}

    play(story)
