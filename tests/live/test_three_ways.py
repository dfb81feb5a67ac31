"""Websocket, event stream and long poll say the same things in the same order."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain import limits
from dispatch.domain.errors import Busy, NotFound
from dispatch.domain.lifecycle import Step
from dispatch.domain.visibility import Viewer
from tests.live.world import PATIENCE_S, Listener, World, play, until
from web.live.streams import event_stream, long_poll


async def blocks(stream: AsyncIterator[bytes], count: int) -> list[tuple[str | None, str, dict[str, Any]]]:
    """So many blocks of an event stream, as (id, event, data)."""
    read: list[tuple[str | None, str, dict[str, Any]]] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(read) < count:
            lines = dict(line.split(": ", 1) for line in (await anext(stream)).decode().strip().split("\n"))
            read.append((lines.get("id"), lines["event"], json.loads(lines["data"])))
    return read


async def close(stream: AsyncIterator[bytes]) -> None:
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator


def test_three_readers_of_one_ask_read_the_same(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob = await here.person(), await here.person("Bob")
        ask = await here.ask(ada)
        listener = Listener(here, ada)
        await here.follow(listener, f"req:{ask.public_id}")
        stream = await event_stream(here.hub, ada, ask.public_id, None)
        first = (await blocks(stream, 1))[0]
        assert first[1:] == ("subbed", {k: v for k, v in listener.heard()[0].items() if k != "id"})
        epoch = first[2]["epoch"]
        polled: list[dict[str, Any]] = []

        async def poll() -> None:
            after = 1
            while after < 30:
                answer = await long_poll(here.hub, ada, ask.public_id, epoch, after, 25)
                polled.extend(answer["events"])
                after = polled[-1]["off"]

        polling = asyncio.create_task(poll())
        claim = await here.claim(ask, bob)
        for _ in range(9):
            await here.note(ask, 3)
        await here.step(claim, bob, Step.EN_ROUTE)
        streamed = await blocks(stream, 29)
        await polling
        await here.settled()
        heard = [{k: v for k, v in frame.items() if k not in ("f", "id")} for frame in listener.heard()]
        assert [data for _, _, data in streamed] == heard
        assert polled == heard
        assert [event_id for event_id, _, _ in streamed] == [f"{epoch}:{event['off']}" for event in heard]
        await close(stream)
        assert list(here.hub.sinks) == [listener]

    play(tmp_path, scene, serve=False)


def test_an_event_stream_goes_on_where_its_last_id_says(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        await here.note(ask, 9)
        epoch = here.hub.epoch
        stream = await event_stream(here.hub, ada, ask.public_id, f"{epoch}:7")
        (subbed, *events) = await blocks(stream, 4)
        assert (subbed[0], subbed[2]["mode"]) == (f"{epoch}:7", "resume")
        assert [data["off"] for _, _, data in events] == [8, 9, 10]
        await close(stream)
        for other in ("foreign:7", f"{epoch}:11", f"{epoch}:x", "7", "", f"{epoch}:{10**18}"):
            stream = await event_stream(here.hub, ada, ask.public_id, other)
            assert (await blocks(stream, 1))[0][2]["mode"] == "snapshot"
            await close(stream)

    play(tmp_path, scene, serve=False)


def test_a_quiet_event_stream_says_how_far_it_is(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        stream = await event_stream(here.hub, ada, ask.public_id, None, ping_s=0.01)
        assert [block[1:] for block in await blocks(stream, 2)][1] == ("ping", {"f": "ping", "head": 1})
        await close(stream)

    play(tmp_path, scene, serve=False)


def test_what_is_not_yours_is_no_ask_at_all(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ask = await here.ask(await here.person())
        for public_id in ("nobody", ask.public_id, "\x00", "a:b"):
            with pytest.raises(NotFound):
                await long_poll(here.hub, Viewer(), public_id, None, 0, 25)
            with pytest.raises(NotFound):
                await event_stream(here.hub, Viewer(), public_id, None)
        assert not here.hub.sinks

    play(tmp_path, scene, serve=False)


def test_a_poll_pages_through_a_long_history_and_offset_nought_is_good_in_every_epoch(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        await here.note(ask, 2 * limits.PAGE)
        after, pages = 0, []
        for epoch in ("an epoch of long ago", None, None, None):
            answer = await long_poll(here.hub, ada, ask.public_id, epoch, after, 0)
            assert (answer["mode"], answer["head"]) == ("resume", 2 * limits.PAGE + 1)
            pages.append([event["off"] for event in answer["events"]])
            after = pages[-1][-1] if pages[-1] else after
        assert [len(page) for page in pages] == [500, 500, 1, 0]
        assert [off for page in pages for off in page] == list(range(1, 2 * limits.PAGE + 2))
        for epoch, off in (("an epoch of long ago", 5), (None, 1_002)):
            answer = await long_poll(here.hub, ada, ask.public_id, epoch, off, 25)
            assert (answer["mode"], answer["state"]["off"], answer["events"]) == ("snapshot", 1_001, [])

    play(tmp_path, scene, serve=False)


def test_a_stopping_server_answers_a_waiting_poll_at_once_and_empty(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        polling = asyncio.create_task(long_poll(here.hub, ada, ask.public_id, None, 1, 25))
        stream = await event_stream(here.hub, ada, ask.public_id, None)
        await blocks(stream, 1)
        await until(lambda: len(here.hub.sinks) == 2)
        await here.settled()
        here.hub.drain()
        assert (await polling)["events"] == []
        assert (await anext(stream)).startswith(b"retry: 1000\nevent: bye\n")
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        with pytest.raises(Busy):
            await long_poll(here.hub, ada, ask.public_id, None, 1, 25)

    play(tmp_path, scene, serve=False)


def test_a_poll_or_stream_ends_with_the_right_to_look(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, guest = await here.person(), await here.person("Gus", guest=True)
        ask = await here.ask(ada)
        claim = await here.claim(ask, guest)
        await here.settled()
        stream = await event_stream(here.hub, guest, ask.public_id, None)
        await blocks(stream, 1)
        polling = asyncio.create_task(long_poll(here.hub, guest, ask.public_id, None, 2, 25))
        await until(lambda: len(here.hub.sinks) == 2)
        await here.settled()
        await here.step(claim, guest, Step.WITHDRAW)
        with pytest.raises(NotFound):
            await polling
        assert [block[2]["mode"] for block in await blocks(stream, 1)] == ["denied"]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    play(tmp_path, scene, serve=False)


def test_an_event_stream_nobody_reads_is_ended_and_one_that_is_left_is_forgotten(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        stream = await event_stream(here.hub, ada, ask.public_id, None)
        await here.note(ask, 1_500)
        await until(lambda: not here.hub.sinks)
        last = [block async for block in stream][-1]
        assert b'"code":4001' in last
        assert here.hub.cut == 1

    play(tmp_path, scene, serve=False)
