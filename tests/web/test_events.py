"""Following an ask over HTTP: by long poll and by event stream, without losing or repeating anything."""

import asyncio
from typing import Any

import pytest

from tests.web.conftest import Play, World


def test_a_long_poll_waits_for_what_happens_next(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        path = f"/v1/requests/{asked['id']}/events"
        async with world.client("ana") as ana:
            first = (await ana.get(path)).json()
            assert [event["kind"] for event in first["events"]] == ["posted"]
            assert (first["mode"], first["head"]) == ("resume", 1)
            waiting = asyncio.ensure_future(ana.get(f"{path}?epoch={first['epoch']}&after=1&wait=25"))
            await asyncio.sleep(0)
            await world.claim("ben", asked["id"])
            told = (await waiting).json()
            assert [event["off"] for event in told["events"]] == [2]
            assert told["events"][0]["kind"] == "claimed"
            future = (await ana.get(f"{path}?epoch={first['epoch']}&after=99")).json()
            assert future["mode"] == "snapshot"
            assert future["state"]["id"] == asked["id"]

    play(story)


def test_an_event_stream_begins_with_where_it_stands_and_resumes_by_id(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        path = f"/v1/requests/{asked['id']}/events"
        first = await stream(world, path, "ana", {})
        assert first[0][b"content-type"] == b"text/event-stream; charset=utf-8"
        assert first[1].startswith(b"id: ")
        assert b"event: subbed" in first[1]
        epoch = first[1].split(b"\n")[0].removeprefix(b"id: ").partition(b":")[0]
        await world.claim("ben", asked["id"])
        resumed = await stream(world, path, "ana", {b"last-event-id": epoch + b":1"}, until=b"claimed")
        assert b'"mode":"resume"' in resumed[1]
        assert b"id: " + epoch + b":2\nevent: ev" in resumed[1]
        refused = await stream(world, path, None, {})
        assert refused[0][b"content-type"] == b"application/problem+json"

    play(story)


async def stream(
    world: World, path: str, who: str | None, more: dict[bytes, bytes], until: bytes = b"\n\n"
) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and the first blocks of an event stream, read until those bytes; then the reader hangs up."""
    enough = asyncio.Event()
    headers: dict[bytes, bytes] = {}
    held = b""
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal held
        if message["type"] == "http.response.start":
            headers.update(message["headers"])
        else:
            held += message.get("body", b"")
            if until in held or not message.get("more_body"):
                enough.set()

    sent = [(b"accept", b"text/event-stream"), (b"host", b"flare.test"), *more.items()]
    if who:
        sent.append((b"authorization", b"Bearer " + world.tokens[who].encode()))
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": sent, "client": ("127.0.0.1", 1), "server": ("flare.test", 80),
    }  # fmt: skip
    await asyncio.wait_for(world.app(scope, receive, send), 10)
    return headers, held


@pytest.mark.parametrize("who", ["ben", "cem", "dora"])
def test_whoever_may_see_an_ask_may_follow_it_each_with_their_own_fields(play: Play, who: str) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        await world.turn()
        async with world.client(who) as client:
            told = (await client.get(f"/v1/requests/{asked['id']}/events")).json()
        offs = [event["off"] for event in told["events"]]
        assert offs == list(range(1, told["head"] + 1))
        assert not [event for event in told["events"] if "forecast" in event["body"]]

    play(story)
