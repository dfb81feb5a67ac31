"""A phone that has stopped reading is cut off; nobody else waits for it."""

import asyncio
import socket
import sys
import time
from pathlib import Path

from dispatch.domain.visibility import Viewer
from tests.live.test_websocket import HANDSHAKE
from tests.live.world import PATIENCE_S, World, header_of, play
from web.live.frames import encode

STALLED = 20
EVENTS = 3_000
AT_MOST = 2.0
"""How many times as long the slowest hundredth may take as with nobody stalled, by turns in the same minute."""
ROUNDS, BURSTS = 2, 150


async def stall(here: World, viewer: Viewer, topic: str) -> socket.socket:
    """A client that asks for a topic and never reads again."""
    host, _, port = here.url.removeprefix("ws://").partition("/")[0].partition(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
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
                control, heard = list[float](), list[float]()
                for turn in range(1, ROUNDS + 1):
                    control += await took()
                    stalled = [await stall(here, ada, f"req:{ask.public_id}") for _ in range(STALLED)]
                    heard += await took()
                    assert here.hub.cut == turn * STALLED
                    for raw in stalled:
                        raw.close()
            alone, beside = p99(control), p99(heard)
        sys.stderr.write(f"\np99 alone {alone * 1e3:.1f} ms, beside {STALLED} stalled {beside * 1e3:.1f} ms: ")
        sys.stderr.write(f"{beside / alone:.2f} x\n")
        assert beside <= AT_MOST * alone

    play(tmp_path, scene)


def p99(found: list[float]) -> float:
    """What all but a hundredth are below."""
    return sorted(found)[len(found) * 99 // 100]
