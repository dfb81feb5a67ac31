"""A phone that has stopped reading is cut off; nobody else waits for it."""

import asyncio
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path

from dispatch.domain import limits
from dispatch.domain.visibility import Viewer
from tests.live.test_websocket import HANDSHAKE
from tests.live.world import PATIENCE_S, Listener, World, header_of, play, until
from web.live.frames import encode
from web.live.subscription import Subscription

STALLED = 20
EVENTS = 3_000
LARGE = [b'"' + b"x" * limits.WRITE_BUFFER_BYTES + b'"']
AT_MOST = 2.0
"""How many times as long the slowest hundredth may take as beside as many that read: of two turns the better."""
ROUNDS, BURSTS = 2, 150


async def stall(here: World, viewer: Viewer, topic: str, kept: int = 4_096) -> socket.socket:
    """A client that asks for a topic and never reads again. `kept`: what its kernel takes for it."""
    host, _, port = here.url.removeprefix("ws://").partition("/")[0].partition(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kept)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, (host, int(port)))
    told = "".join(f"{name}: {value}\r\n" for name, value in header_of(viewer).items())
    await loop.sock_sendall(raw, HANDSHAKE[:-2] + told.encode() + b"\r\n")
    await loop.sock_recv(raw, 4_096)
    for frame in ({"f": "hello", "v": 1}, {"f": "sub", "id": 1, "topic": topic}):
        data = encode(frame)
        await loop.sock_sendall(raw, bytes((0x81, 0x80 | len(data), 0, 0, 0, 0)) + data)
    return raw


def test_stalled_phones_are_cut_while_a_healthy_one_hears_everything(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        stalled = [await stall(here, ada, f"req:{ask.public_id}") for _ in range(STALLED)]
        async with here.client(ada) as client:
            await client.sub(f"req:{ask.public_id}")

            async def write() -> None:
                for _ in range(EVENTS // 50):
                    await here.note(ask, 50)

            writing = asyncio.create_task(write())
            async with asyncio.timeout(6 * PATIENCE_S):
                heard = [(await client.next())["off"] for _ in range(EVENTS)]
            await writing
            assert heard == list(range(2, EVENTS + 2))
            assert here.hub.cut == STALLED
            assert len(here.hub.sinks) == 1
        for raw in stalled:
            raw.close()

    play(tmp_path, scene)


def test_a_map_larger_than_what_may_wait_is_given_the_time_to_arrive_once(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        slow, greedy = Listener(here, ada), Listener(here, ada)
        for each in (slow, greedy):
            await here.follow(each, f"req:{ask.public_id}")
            each.map_state(Subscription(2, "map:*", each), LARGE, "epoch")
            each.wire.held = limits.WRITE_BUFFER_BYTES + 1
        await here.note(ask)
        await here.settled()
        assert here.hub.cut == 0
        greedy.map_state(Subscription(2, "map:*", greedy), LARGE, "epoch")
        assert (here.hub.cut, greedy.wire.code) == (1, 4001)
        here.clock.step(timedelta(seconds=11))
        await here.note(ask)
        await here.settled()
        assert (here.hub.cut, slow.wire.code) == (2, 4001)

    play(tmp_path, scene, serve=False)


def test_a_healthy_phone_hears_as_soon_beside_twenty_that_have_stopped_reading(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        async with here.client(ada) as client:
            await client.sub(f"req:{ask.public_id}")

            async def took() -> list[float]:
                """How long each of many events was on its way, from before its commit."""
                found = []
                for _ in range(BURSTS):
                    began = time.perf_counter()
                    writing = asyncio.create_task(here.note(ask, 20))
                    for _ in range(20):
                        await client.next()
                        found.append(time.perf_counter() - began)
                    await writing
                return found

            async with asyncio.timeout(12 * PATIENCE_S):
                await took()  # whatever is slow the first time
                turns: list[tuple[float, float]] = []
                for turn in range(1, ROUNDS + 1):
                    reading = [await stall(here, ada, f"req:{ask.public_id}", 262_144) for _ in range(STALLED)]
                    tasks = [asyncio.create_task(drink(raw)) for raw in reading]
                    alone = p99(await took())
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    for raw in reading:
                        raw.close()
                    await until(lambda: len(here.hub.sinks) == 1)
                    stalled = [await stall(here, ada, f"req:{ask.public_id}") for _ in range(STALLED)]
                    turns.append((alone, p99(await took())))
                    assert here.hub.cut == turn * STALLED
                    for raw in stalled:
                        raw.close()
            alone, beside = min(turns, key=lambda turn: turn[1] / turn[0])
        sys.stderr.write(f"\np99 beside {STALLED} that read {alone * 1e3:.1f} ms, stalled {beside * 1e3:.1f} ms: ")
        sys.stderr.write(f"{beside / alone:.2f} x\n")
        assert beside <= AT_MOST * alone

    play(tmp_path, scene)


async def drink(raw: socket.socket) -> None:
    """Reads whatever comes."""
    while await asyncio.get_running_loop().sock_recv(raw, 65_536):
        pass


def p99(found: list[float]) -> float:
    """What all but a hundredth are below."""
    return sorted(found)[len(found) * 99 // 100]
