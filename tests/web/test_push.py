"""A browser subscribes with the key it reads from `GET /v1/me`, and is told no more when it says so or signs out."""

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain import limits
from dispatch.notify.web_push import b64, new_key, private_bytes, read_point, unb64
from dispatch.runtime import build
from dispatch.settings import BadSettings
from tests.support.reader import Reader
from tests.web.conftest import Play, World, settings_for

READER = Reader()
SUBSCRIPTION: dict[str, Any] = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
    "expirationTime": None,
    "keys": {"p256dh": b64(READER.p256dh), "auth": b64(READER.auth)},
}


async def cookie_of(world: World, who: str) -> str:
    """The cookie of a browser in which they have opened their link."""
    async with world.client() as client:
        answer = await world.post(client, "/v1/session", {"token": world.tokens[who]})
    return str(answer.headers["set-cookie"]).partition(";")[0]


def test_the_key_to_subscribe_with_stands_in_my_own_page_of_facts(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ben") as client:
            mine = (await client.get("/v1/me")).json()["push"]
        read_point(unb64(mine["key"]))
        assert mine["devices"] == 0

    play(story)


def test_a_subscription_is_kept_once_however_often_it_is_sent(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ben") as client:
            for _ in range(2):
                answer = await client.put("/v1/me/push", json=SUBSCRIPTION)
                assert (answer.status_code, answer.json()) == (200, {"devices": 1})
            assert (await client.delete("/v1/me/push")).status_code == 204
            assert (await client.delete("/v1/me/push")).status_code == 204
            changed = (await client.put("/v1/me", json={"name": "Ben"})).json()
            assert changed["push"] == (await client.get("/v1/me")).json()["push"]
            assert changed["push"]["devices"] == 0
            exported = (await client.get("/v1/me/export")).json()
        assert exported["devices"] == []

    play(story)


def test_one_browser_unsubscribes_itself_and_no_other(play: Play) -> None:
    async def story(world: World) -> None:
        first, second = [await cookie_of(world, "ben") for _ in range(2)]
        async with world.client() as client:
            for number, cookie in ((1, first), (2, second)):
                body = SUBSCRIPTION | {"endpoint": f"https://fcm.googleapis.com/fcm/send/{number}"}
                answer = await client.put("/v1/me/push", json=body, headers={"Cookie": cookie})
                assert answer.json() == {"devices": number}
            await client.delete("/v1/me/push", headers={"Cookie": first})
            mine = await client.get("/v1/me", headers={"Cookie": second})
            assert mine.json()["push"]["devices"] == 1
            assert (await client.delete("/v1/session", headers={"Cookie": second})).status_code == 204
        async with world.client("ben") as client:
            assert (await client.get("/v1/me")).json()["push"]["devices"] == 0

    play(story)


def test_a_browser_that_opens_another_link_is_told_as_before_and_a_new_owner_not_at_all(play: Play) -> None:
    async def story(world: World) -> None:
        cookie = await cookie_of(world, "ben")
        ask = await world.ask("ana")
        async with world.client() as client:
            await client.put("/v1/me/push", json=SUBSCRIPTION, headers={"Cookie": cookie})
            client.headers["Cookie"] = cookie
            view = ask["links"]["view"].rpartition("#")[2]
            opened = await world.post(client, "/v1/session", {"token": view})
            cookie = client.headers["Cookie"] = str(opened.headers["set-cookie"]).partition(";")[0]
            assert (await client.get("/v1/me")).json()["push"]["devices"] == 1
            await world.post(client, "/v1/session", {"token": world.tokens["cem"]})
        for who in ("ben", "cem"):
            async with world.client(who) as client:
                assert (await client.get("/v1/me")).json()["push"]["devices"] == 0

    play(story)


async def opens(world: World, token: str, cookie: str, key: str | None = None) -> str:
    """The cookie of a browser after it has opened that link."""
    async with world.client() as client:
        client.headers["Cookie"] = cookie
        sent = {"Idempotency-Key": key or world.key()}
        opened = await client.post("/v1/session", json={"token": token}, headers=sent)
    assert opened.status_code == 200
    return str(opened.headers["set-cookie"]).partition(";")[0]


async def told(world: World, cookie: str) -> int | None:
    """How many devices of whoever holds this cookie are told; None when nobody does."""
    async with world.client() as client:
        answer = await client.get("/v1/me", headers={"Cookie": cookie})
    return answer.json()["push"]["devices"] if answer.status_code == 200 else None


async def told_browser(world: World, who: str) -> str:
    """The cookie of a browser that has done nothing but sign in and ask to be told."""
    cookie = await cookie_of(world, who)
    async with world.client() as client:
        await client.put("/v1/me/push", json=SUBSCRIPTION, headers={"Cookie": cookie})
    return cookie


def test_whoever_signs_in_on_a_browser_ends_what_the_one_before_was_told_there(play: Play) -> None:
    async def story(world: World) -> None:
        bens = await told_browser(world, "ben")
        cems = await opens(world, world.tokens["cem"], bens)
        assert (await told(world, bens), await told(world, cems)) == (None, 0)
        async with world.client("ben") as client:
            assert (await client.get("/v1/me")).json()["push"]["devices"] == 0

    play(story)


def test_a_session_that_ran_out_leaves_no_pushes_to_the_next_person_on_that_browser(play: Play) -> None:
    async def story(world: World) -> None:
        bens = await told_browser(world, "ben")
        world.clock.step(limits.SESSION_KEPT + timedelta(seconds=1))
        await opens(world, world.tokens["cem"], bens)
        async with world.client("ben") as client:
            assert (await client.get("/v1/me")).json()["push"]["devices"] == 0

    play(story)


def test_opening_my_own_link_again_keeps_my_pushes_and_signing_out_ends_them(play: Play) -> None:
    async def story(world: World) -> None:
        first = await told_browser(world, "ben")
        key = world.key()
        second = await opens(world, world.tokens["ben"], first, key)
        assert (await told(world, first), await told(world, second)) == (None, 1)
        # The answer was lost: the browser still has the cookie from before, and asks again under the same key.
        third = await opens(world, world.tokens["ben"], first, key)
        assert (await told(world, second), await told(world, third)) == (None, 1)
        async with world.client() as client:
            assert (await client.delete("/v1/session", headers={"Cookie": third})).status_code == 204
        async with world.client("ben") as client:
            assert (await client.get("/v1/me")).json()["push"]["devices"] == 0

    play(story)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "https://10.0.0.1/abc"}, "endpoint"),
        ({"endpoint": "https://evil.test/abc"}, "endpoint"),
        ({"endpoint": "http://fcm.googleapis.com/abc"}, "endpoint"),
        ({"endpoint": "https://fcm.googleapis.com/" + "a" * 1_000}, "endpoint"),
        ({"endpoint": 7}, "endpoint"),
        ({"keys": {"p256dh": b64(bytes(65)), "auth": b64(READER.auth)}}, "keys.p256dh"),
        ({"keys": {"p256dh": "no key!", "auth": b64(READER.auth)}}, "keys.p256dh"),
        ({"keys": {"p256dh": b64(READER.p256dh), "auth": b64(bytes(15))}}, "keys.auth"),
        ({"keys": {"p256dh": b64(READER.p256dh)}}, "keys.auth"),
        ({"lang": "e"}, "lang"),
        ({"more": 1}, "more"),
    ],
)
def test_what_can_not_be_pushed_to_is_refused_by_name(play: Play, change: dict[str, Any], field: str) -> None:
    async def story(world: World) -> None:
        async with world.client("ben") as client:
            answer = await client.put("/v1/me/push", json=SUBSCRIPTION | change)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["field"] == field
            assert (await client.get("/v1/me")).json()["push"]["devices"] == 0

    play(story)


def test_nobody_in_particular_can_not_subscribe(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client() as client:
            assert (await client.put("/v1/me/push", json=SUBSCRIPTION)).status_code == 401
            assert (await client.delete("/v1/me/push")).status_code == 401

    play(story)


def key_of(folder: Path, **given: Any) -> str:
    """The public key of a Flare in that folder."""
    flare = build(settings_for(folder, **given))
    try:
        return flare.push.public_key
    finally:
        flare.stop()


def test_the_key_is_made_once_beside_the_database_for_its_owner_alone(tmp_path: Path) -> None:
    first = key_of(tmp_path)
    assert stat.S_IMODE((tmp_path / "vapid").stat().st_mode) == 0o600
    assert key_of(tmp_path) == first
    given = b64(private_bytes(new_key()))
    assert key_of(tmp_path, vapid_private_key=given) != first
    assert key_of(tmp_path / "other") != first


def test_a_key_that_is_none_is_said_at_the_start(tmp_path: Path) -> None:
    for bad in ("short", b64(bytes(32)), "no base64 at all!"):
        with pytest.raises(BadSettings, match="FLARE_VAPID_PRIVATE_KEY"):
            build(settings_for(tmp_path, vapid_private_key=bad))


def test_a_damaged_key_beside_the_database_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "vapid").write_text("half a k")
    with pytest.raises(BadSettings, match=str(tmp_path / "vapid")):
        build(settings_for(tmp_path))
