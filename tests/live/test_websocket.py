"""One websocket against the real hub, store and server: what it is told, in which order, and when it ends."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from dispatch.domain import limits
from dispatch.domain.visibility import NOBODY
from tests.live.world import PATIENCE_S, Client, World, header_of, play, until, world


def test_a_watcher_is_told_where_things_stand_and_then_every_event(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        async with here.client(ada) as client:
            subbed = await client.sub(f"req:{ask.public_id}")
            assert (subbed["mode"], subbed["off"], subbed["state"]["off"]) == ("snapshot", 1, 1)
            await here.note(ask, 3)
            assert [(await client.next())["off"] for _ in range(3)] == [2, 3, 4]

    play(tmp_path, scene)


def test_a_phone_back_from_a_tunnel_gets_what_it_missed_and_no_snapshot(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        async with here.client(ada) as client:
            epoch = (await client.sub(f"req:{ask.public_id}"))["epoch"]
        await here.note(ask, limits.RESUME_MAX)
        async with here.client(ada) as client:
            subbed = await client.sub(f"req:{ask.public_id}", epoch=epoch, off=1)
            assert (subbed["mode"], subbed["off"], "state" in subbed) == ("resume", 1, False)
            assert [(await client.next())["off"] for _ in range(limits.RESUME_MAX)] == list(range(2, 502))

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "position",
    [{"off": 0}, {"epoch": "another"}, {"epoch": "another", "off": 1}, {"off": 10}, {"off": 2**60}, {"off": 1}],
    ids=["one too many missed", "no offset", "foreign epoch", "the future", "the far future", "no epoch"],
)
def test_whoever_can_not_be_brought_up_to_date_event_by_event_gets_a_snapshot(
    tmp_path: Path, position: dict[str, Any]
) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        if position == {"off": 0}:
            await here.note(ask, limits.RESUME_MAX)
        async with here.client(ada) as client:
            epoch = (await client.sub(f"req:{ask.public_id}"))["epoch"]
            asked = {"epoch": epoch} | position if position != {"off": 1} else position
            subbed = await client.sub(f"req:{ask.public_id}", 2, **asked)
            assert subbed["mode"] == "snapshot"
            assert subbed["off"] == subbed["state"]["off"]

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "topic", ["req:nobody", "inbox", "pos:nobody", "map:8", "map:862aa", "req:", "\ud800", "x" * 300, "", "ctl", "r1"]
)
def test_what_is_not_yours_and_what_does_not_exist_are_denied_alike(tmp_path: Path, topic: str) -> None:
    async def scene(here: World) -> None:
        ask = await here.ask(await here.person())
        async with here.client() as client:
            nothing = await client.sub(topic)
            foreign = await client.sub(f"req:{ask.public_id}")
            assert nothing == foreign
            assert nothing["mode"] == "denied"

    play(tmp_path, scene)


def test_the_same_id_again_replaces_and_unsub_ends(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        first, second = await here.ask(ada), await here.ask(ada)
        async with here.client(ada) as client:
            await client.sub(f"req:{first.public_id}")
            await client.sub(f"req:{second.public_id}")
            await here.note(first)
            await here.note(second)
            event = await client.next()
            assert (event["id"], event["off"]) == (1, 2)
            await client.say(f="unsub", id=1)
            await client.sub(f"req:{second.public_id}", 2)
            await here.note(second)
            assert (await client.next())["id"] == 2

    play(tmp_path, scene)


def test_an_inbox_tells_of_alerts_and_claims_to_its_owner_alone(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob = await here.person(), await here.person("Bob")
        ask = await here.ask(ada)
        async with here.client(bob) as client, here.client(ada) as other:
            assert (await client.sub("inbox"))["state"] == {"alerts": [], "claims": [], "thanks": []}
            await other.sub("inbox")
            claim = await here.claim(ask, bob)
            event = await client.next()
            assert (event["kind"], event["off"]) == ("claim_changed", 1)
            assert event["body"]["claim"]["id"] == claim["id"]
            ask2 = await here.ask(ada)
            await other.sub(f"req:{ask2.public_id}", 2)
            await here.note(ask2)
            assert (await other.next())["id"] == 2

    play(tmp_path, scene)


async def ends_with(here: World, *messages: str | bytes) -> int | None:
    async with connect(here.url, compression=None) as socket:
        with suppress(ConnectionClosed):
            for message in messages:
                await socket.send(message)
        return await Client(socket).code()


HELLO = '{"f":"hello","v":1}'


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (['{"f":"hello","v":2}'], 4500),
        ([HELLO, HELLO], 4500),
        (['{"f":"sub","id":1,"topic":"inbox"}'], 4500),
        ([HELLO, b"\x00\x01"], 4500),
        ([HELLO, "x" * 16_384], 4500),
        ([HELLO, "x" * 16_385], 1009),
        ([HELLO, '{"f":"what"}'], 4500),
        ([HELLO, *[json.dumps({"f": "sub", "id": n, "topic": "map:*"}) for n in range(1, 34)]], 4500),
        ([HELLO, *['{"f":"pong","n":1}'] * 1_000], 4004),
    ],
    ids=["v2", "two hellos", "before hello", "binary", "16,384", "16,385", "unknown", "33 subs", "1,000 pongs"],
)
def test_a_client_that_breaks_the_rules_is_told_which(tmp_path: Path, messages: list[str | bytes], code: int) -> None:
    async def scene(here: World) -> None:
        assert await ends_with(here, *messages) == code

    play(tmp_path, scene)


def test_bytes_that_are_no_text_end_the_connection_with_1007(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        async with connect(here.url, compression=None) as socket:
            await socket.send(b"\xff\xfe", text=True)
            assert await Client(socket).code() == 1007

    play(tmp_path, scene)


def test_a_message_in_two_pieces_is_one_message(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        async with connect(here.url, compression=None) as socket:
            await socket.send(iter([HELLO[:5], HELLO[5:]]))
            assert (await Client(socket).next())["f"] == "welcome"

    play(tmp_path, scene)


def test_a_ping_carries_the_heads_and_a_missing_pong_ends_it(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        async with here.client(ada) as client:
            await client.sub(f"req:{ask.public_id}", 5)
            await here.note(ask)
            await client.next()
            here.later(19)
            ping = await client.next()
            assert (ping["f"], ping["heads"], ping["retry_ms"]) == ("ping", {"5": 2}, 1_000)
            here.later(10)
            assert (await client.next())["code"] == 4003
            assert await client.code() == 4003

    play(tmp_path, scene)


def test_silence_before_the_hello_ends_after_ten_seconds(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        async with connect(here.url, compression=None) as socket:
            await until(lambda: bool(here.hub.sinks))
            here.later(10)
            assert await Client(socket).code() == 4003

    play(tmp_path, scene)


def test_an_hour_old_connection_is_asked_to_renew(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        async with here.client() as client:
            here.later(limits.MAX_AGE_S * 1.1)
            bye = await client.next()
            assert (bye["f"], bye["code"], bye["retry_ms"]) == ("bye", 4006, 5_000)
            assert await client.code() == 4006

    play(tmp_path, scene)


def test_a_page_of_another_site_is_refused_before_the_door_opens(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(here.url, origin=Origin("https://elsewhere.example")):
                pass
        assert refused.value.response.status_code == 403

    play(tmp_path, scene)


def test_an_ended_session_is_told_to_sign_in_again(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        here.sessions_ended.add(str(ada.session))
        async with connect(here.url, additional_headers=header_of(ada)) as socket:
            assert json.loads(await socket.recv()) == {"f": "bye", "code": 4501, "retry_ms": 0}
            assert await Client(socket).code() == 4501

    play(tmp_path, scene)


def test_too_many_handshakes_at_once_are_asked_to_wait(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        statuses: list[int] = []
        waits: list[int] = []
        for _ in range(limits.HANDSHAKES_BURST + 1):
            try:
                async with connect(here.url, compression=None):
                    statuses.append(101)
            except InvalidStatus as refused:
                statuses.append(refused.response.status_code)
                waits.append(int(refused.response.headers["Retry-After"]))
        assert statuses == [101] * limits.HANDSHAKES_BURST + [503]
        assert waits[0] in (1, 2, 3)

    play(tmp_path, scene)


def test_a_stopping_server_says_so_and_does_not_wait_for_those_who_sleep(tmp_path: Path) -> None:
    async def scene() -> None:
        async with world(tmp_path) as here:
            ada = await here.person()
            ask = await here.ask(ada)
            reader, writer = await asyncio.open_connection("127.0.0.1", int(here.url.split(":")[2].split("/")[0]))
            writer.write(HANDSHAKE)
            await reader.readuntil(b"\r\n\r\n")
            async with here.client(ada) as client:
                await client.sub(f"req:{ask.public_id}")
                here.hub.drain()
                bye = await client.next()
                assert (bye["f"], bye["code"]) == ("bye", 4000)
                assert 1_000 <= bye["retry_ms"] <= 60_000
                assert await client.code() == 4000
        # Leaving the world stops the server; the sleeper answered nothing and was dropped.
        writer.close()

    asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))


HANDSHAKE = (
    b"GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def test_nobody_may_look_at_the_map_and_at_nothing_else(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        async with here.client(NOBODY) as client:
            assert (await client.sub("map:*"))["mode"] == "snapshot"
            assert (await client.sub("inbox", 2))["mode"] == "denied"

    play(tmp_path, scene)
