"""Python peers: `python loops.py bare|websockets|starlette|flare|wall SIZE`; a number on stdin is that many events.

`bare` is the limit: uvloop, a handshake by hand, one frame made once and written to every transport.
`flare` is the real application on a real SQLite store; each event is a row of its journal. `wall` is it, too, with SIZE
asks: an event is then a step of somebody on the way in each of them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

if TYPE_CHECKING:
    from dispatch.domain.request import Request
    from dispatch.ports import Tx
    from dispatch.runtime import Flare

Broadcast = Callable[[int], Awaitable[None]]


def events(broadcast: Broadcast) -> None:
    """Each number on stdin is done by `broadcast` on this loop; the end of stdin ends the process."""
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in sys.stdin:
            asyncio.run_coroutine_threadsafe(broadcast(int(line)), loop).result()
        loop.call_soon_threadsafe(loop.stop)

    threading.Thread(target=listen, daemon=True).start()


def said(port: int | str) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


class Bare(asyncio.Protocol):
    """A handshake and nothing else."""

    everybody: list[asyncio.Transport] = []  # noqa: RUF012 - one list for all, on purpose

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        key = data.lower().partition(b"sec-websocket-key: ")[0]
        sent = data[len(key) + 19 :].partition(b"\r\n")[0]
        digest = hashlib.sha1(sent + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        answer = (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        )
        self.transport.write(answer + base64.b64encode(digest) + b"\r\n\r\n")
        self.everybody.append(self.transport)


async def bare(payload: str) -> None:
    body = payload.encode()
    frame = b"\x81\x7e" + len(body).to_bytes(2, "big") + body
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0, backlog=2048)
    said(server.sockets[0].getsockname()[1])

    async def broadcast(times: int) -> None:
        for _ in range(times):
            for transport in Bare.everybody:
                transport.write(frame)
            await asyncio.sleep(0)

    events(broadcast)


async def with_websockets(payload: str) -> None:
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.asyncio.server import broadcast as to_all

    everybody: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        everybody.add(connection)
        await connection.wait_closed()

    server = await serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=2048)
    said(next(iter(server.sockets)).getsockname()[1])

    async def broadcast(times: int) -> None:
        for _ in range(times):
            to_all(everybody, payload)
            await asyncio.sleep(0)

    events(broadcast)


async def starlette(payload: str) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket

    everybody: list[WebSocket] = []

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        everybody.append(websocket)
        await websocket.receive()

    bound = socket.create_server(("127.0.0.1", 0), backlog=2048)
    app = Starlette(routes=[WebSocketRoute("/", endpoint)])
    config = uvicorn.Config(
        app, ws="websockets-sansio", ws_per_message_deflate=False, ws_ping_interval=0, log_level="error"
    )
    asyncio.ensure_future(uvicorn.Server(config)._serve(sockets=[bound]))  # noqa: RUF006 - lives as long as the loop
    said(bound.getsockname()[1])

    async def broadcast(times: int) -> None:
        for _ in range(times):
            for websocket in everybody:
                await websocket.send_text(payload)

    events(broadcast)


async def flare(payload: str) -> None:
    from dispatch.actions.post_request import PostRequest, post_request
    from dispatch.actions.words import hashed
    from dispatch.domain.events import EventKind, request_topic
    from dispatch.domain.people import Person
    from dispatch.domain.whereabouts import from_point
    from dispatch.ports import Grant, Power
    from geo.point import Point

    running = _built()
    token = running.ids.token("flm_")

    other = running.ids.token("flm_")

    def prepare(tx: Tx, now: datetime) -> tuple[Request, Request]:
        person = tx.people.add(Person(id=0, public_id=tx.ids.public_id(), name="Ana", created_at=now))
        tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id))
        ben = tx.people.add(Person(id=0, public_id=tx.ids.public_id(), name="Ben", created_at=now))
        tx.grants.add(Grant(token_hash=hashed(other), power=Power.MEMBER, person_id=ben.id))
        tx.network.tie(person.id, ben.id)
        where = from_point(Point(35.2, -116.1))
        ride = PostRequest(person_id=person.id, kind="ride", quantity=9, where=where, similar_ok=True)
        return post_request(tx, now, ride).request, post_request(tx, now, ride).request

    ask, second = running.store.submit(prepare).result()
    said(f"{await _serving(running)} {token} {ask.public_id} {other} {second.public_id}")
    body = {"seats": {"total": 9, "claimed": 0, "open": 9}, "forecast": json.loads(payload)}

    async def broadcast(times: int) -> None:
        def job(tx: Tx, now: datetime) -> None:
            for _ in range(times):
                tx.journal.append(request_topic(ask.id), EventKind.WAVE_SENT, body, request_id=ask.id)

        await running.store.write(job)

    events(broadcast)


async def wall(payload: str) -> None:
    from dispatch.actions.post_request import PostRequest, post_request
    from dispatch.actions.words import hashed
    from dispatch.domain.events import EventKind, request_topic
    from dispatch.domain.people import Person
    from dispatch.domain.whereabouts import from_point
    from dispatch.ports import Grant, Power
    from geo.point import Point

    running, number = _built(), len(json.loads(payload)["pad"])
    token = running.ids.token("flm_")

    def member(tx: Tx, now: datetime) -> int:
        person = tx.people.add(Person(id=0, public_id=tx.ids.public_id(), name="Ana", created_at=now))
        tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id))
        return person.id

    ana = running.store.submit(member).result()

    def post(at: int) -> Callable[[Tx, datetime], Request]:
        where = from_point(Point(33.0 + at % 25 * 0.28, -120.0 + at // 25 * 0.2))
        ride = PostRequest(person_id=ana, kind="ride", quantity=9, where=where, similar_ok=True)
        return lambda tx, now: post_request(tx, now, ride).request

    asks = [running.store.submit(post(at)).result() for at in range(number)]
    said(f"{await _serving(running)} {token}")

    async def broadcast(times: int) -> None:
        def step(tx: Tx, now: datetime) -> None:
            for ask in asks:
                body = {"seats": ask.seats.as_json()}
                tx.journal.append(request_topic(ask.id), EventKind.CLAIM_STEPPED, body, request_id=ask.id)

        for _ in range(times):
            await running.store.write(step)

    events(broadcast)


def _built() -> Flare:
    from dispatch.runtime import build
    from dispatch.settings import Settings

    return build(Settings(data=Path(tempfile.mkdtemp(prefix="flare-bench-"))))


async def _serving(running: Flare) -> int:
    """The port on which it answers from now on."""
    from web.app import create_app
    from web.live.sockets import FlareServer, listen, serve_config

    bound = listen("127.0.0.1", 0)
    server = FlareServer(serve_config(create_app(running), log_level="error"))
    asyncio.ensure_future(server._serve(sockets=[bound]))  # noqa: RUF006 - lives as long as the loop
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    return int(bound.getsockname()[1])


KINDS = {"bare": bare, "websockets": with_websockets, "starlette": starlette, "flare": flare, "wall": wall}


def main() -> None:
    """Runs one of them until stdin ends."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(KINDS[sys.argv[1]](json.dumps({"pad": "x" * int(sys.argv[2])})))
    loop.run_forever()


if __name__ == "__main__":
    main()
