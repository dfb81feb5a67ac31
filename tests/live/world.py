"""What the tests of the stream stand on: the real store, the real hub, uvicorn on a loopback port, clients.

Viewers sign in by a header here, so that the stream is tested without the web's sessions.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.post_request import PostRequest, post_request
from dispatch.actions.step_claim import StepClaim, step_claim
from dispatch.bus.in_process import InProcessBus
from dispatch.clock import SteppedClock
from dispatch.domain.errors import ForeignOrigin, SignIn
from dispatch.domain.events import EventKind, request_topic
from dispatch.domain.lifecycle import Step
from dispatch.domain.people import Person
from dispatch.domain.request import Request
from dispatch.domain.visibility import Viewer
from dispatch.domain.whereabouts import from_point
from dispatch.ids import SeededIds
from dispatch.ports import Store, Tx
from dispatch.store.sqlite import open_sqlite
from geo.point import Point
from web.live.connection import Connection
from web.live.frames import payloads
from web.live.hub import Hub
from web.live.sockets import FlareServer, listen, live_endpoint, serve_config
from web.live.subscription import Stage, Subscription

START = datetime(2026, 7, 4, 3, 0, tzinfo=UTC)
BAKER = Point(35.27, -116.07)
PATIENCE_S = 10.0
NEVER_S = 1e6
SECRET = "a secret for tests, thirty-two characters"


def seats_of(request: Request) -> dict[str, Any]:
    """What every event body carries."""
    return {"status": str(request.status), "seats": request.seats.as_json()}


@dataclass
class World:
    """A store and a hub, and short words for what happens in a test."""

    store: Store
    clock: SteppedClock
    hub: Hub
    bus: InProcessBus
    url: str = ""
    sessions_ended: set[str] = field(default_factory=set)

    async def person(self, name: str = "Ada", *, guest: bool = False) -> Viewer:
        """Somebody new."""

        def job(tx: Tx, now: datetime) -> Viewer:
            person = tx.people.add(Person(id=0, public_id=tx.ids.public_id(), name=name, guest=guest, created_at=now))
            return Viewer(person_id=person.id, guest=guest, session=f"s{person.id}")

        return await self.store.write(job)

    async def ask(self, by: Viewer, quantity: int = 9, at: Point = BAKER, **more: Any) -> Request:
        """A new call for help."""
        command = PostRequest(
            person_id=by.person_id, kind="ride", quantity=quantity, where=from_point(at), similar_ok=True, **more
        )
        return (await self.store.write(lambda tx, now: post_request(tx, now, command))).request

    async def note(self, request: Request, times: int = 1) -> None:
        """Harmless events, one after the other."""

        def job(tx: Tx, now: datetime) -> None:
            for _ in range(times):
                tx.journal.append(
                    request_topic(request.id), EventKind.ALERT_SEEN, seats_of(request), request_id=request.id
                )

        await self.store.write(job)

    async def claim(self, request: Request, by: Viewer, seats: int = 1) -> dict[str, Any]:
        """Somebody trusted takes seats; a guest by the link for helpers."""
        helper = replace(by, powers={request.id: "helper"}) if by.guest else by
        command = ClaimSeats(request=request.public_id, viewer=helper, seats=seats, ring="1")
        return await self.store.write(lambda tx, now: claim_seats(tx, now, command))

    async def step(self, claim: Mapping[str, Any], by: Viewer, step: Step) -> None:
        """A claim moves on."""
        command = StepClaim(claim=claim["id"], viewer=by, step=step)
        await self.store.write(lambda tx, now: step_claim(tx, now, command))

    def later(self, seconds: float) -> None:
        """Time passes, and what is due happens: two beats, so that the each-second work is among it."""
        self.clock.step(timedelta(seconds=seconds))
        self.hub.beat()
        self.hub.beat()

    async def follow(self, sink: "Listener", topic: str, sub_id: int = 1, **position: Any) -> Subscription:
        """Subscribes a listener inside the process; returns once it knows where it stands."""
        self.hub.open(sink)
        sub = Subscription(sub_id, topic, sink, **position)
        self.hub.subscribe(sub)
        await until(lambda: sub.stage is not Stage.CATCHING_UP)
        return sub

    async def settled(self) -> None:
        """Returns once everything committed so far has been told."""
        _, head = await self.store.read(lambda tx, now: tx.journal.head())
        await until(lambda: self.hub.position >= head)
        await until(lambda: all(s.stage is Stage.LIVE for sink in self.hub.sinks for s in sink.subs.values()))

    async def authenticate(self, scope: Any) -> Viewer:
        """Who the header says it is."""
        headers = dict(scope["headers"])
        if headers.get(b"origin", b"").endswith(b"elsewhere.example"):
            raise ForeignOrigin
        told = json.loads(headers.get(b"authorization", b"{}"))
        if told.get("session") in self.sessions_ended:
            raise SignIn
        powers = {int(request): power for request, power in told.pop("powers", {}).items()}
        return Viewer(**told, powers=powers)

    @asynccontextmanager
    async def client(self, viewer: Viewer | None = None, **more: Any) -> AsyncIterator["Client"]:
        """A websocket that has said hello."""
        async with connect(
            self.url, additional_headers=header_of(viewer), compression=None, ping_interval=None, **more
        ) as socket:
            client = Client(socket)
            await client.say(f="hello", v=1)
            assert (await client.next())["f"] == "welcome"
            yield client


def header_of(viewer: Viewer | None) -> dict[str, str]:
    """How a test signs in."""
    if viewer is None:
        return {}
    told = {"person_id": viewer.person_id, "guest": viewer.guest, "session": viewer.session}
    return {"Authorization": json.dumps(told | {"powers": {str(k): v for k, v in viewer.powers.items()}})}


class Listener(Connection):
    """A real connection whose wire keeps what is written, decoded."""

    def __init__(self, here: World, viewer: Viewer) -> None:
        self.wire = KeptWire()
        super().__init__(here.hub, self.wire, viewer, self._again(here, viewer))

    @staticmethod
    def _again(here: World, viewer: Viewer) -> Callable[[], Awaitable[Viewer | None]]:
        async def again() -> Viewer | None:
            return None if viewer.session in here.sessions_ended else viewer

        return again

    def heard(self) -> list[dict[str, Any]]:
        """Every frame since the last look."""
        frames, self.wire.frames = self.wire.frames, []
        return frames


@dataclass
class KeptWire:
    """A network that takes everything, unless told that so much is waiting."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    held: int = 0
    code: int | None = None

    def write(self, written: bytes) -> None:
        """Keeps the frames."""
        self.frames += map(json.loads, payloads(written))

    def waiting(self) -> int:
        """What the test says."""
        return self.held

    async def drained(self) -> None:
        """At once."""

    def finish(self, last: bytes, code: int) -> None:
        """Keeps the code."""
        self.write(last)
        self.code = code


@dataclass
class Client:
    """A plain websocket client that can wait for a frame."""

    socket: ClientConnection

    async def say(self, **frame: Any) -> None:
        """Sends a frame."""
        await self.socket.send(json.dumps(frame))

    async def next(self) -> dict[str, Any]:
        """The next frame, whatever it is."""
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))
        return frame

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Every frame up to the first that is wanted."""
        heard = [await self.next()]
        while not wanted(heard[-1]):
            heard.append(await self.next())
        return heard

    async def sub(self, topic: str, sub_id: int = 1, **position: Any) -> dict[str, Any]:
        """Subscribes; its `subbed`."""
        await self.say(f="sub", id=sub_id, topic=topic, **position)
        return (await self.until(lambda frame: frame["f"] == "subbed" and frame["id"] == sub_id))[-1]

    async def code(self) -> int | None:
        """The code the server closes with."""
        with suppress(ConnectionClosed):
            while True:
                await asyncio.wait_for(self.socket.recv(), PATIENCE_S)
        return self.socket.close_code


async def until(true: Callable[[], bool]) -> None:
    """Lets everybody else on the loop run until something is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0)


def play(folder: Path, scene: Callable[[World], Awaitable[None]], *, serve: bool = True) -> None:
    """Runs a scene in a world of its own."""

    async def run() -> None:
        async with world(folder, serve=serve) as here:
            await scene(here)

    asyncio.run(run())


@asynccontextmanager
async def world(folder: Path, *, serve: bool = True, **more: Any) -> AsyncIterator[World]:
    """A running hub on a real store; with `serve`, behind uvicorn."""
    clock = SteppedClock(START)
    store = open_sqlite(folder / "flare.db", clock=clock, ids=SeededIds(1), secret=SECRET)
    bus = InProcessBus()
    hub = Hub(store, clock, bus=bus, luck=random.Random(1), secret=b"maps", beat_s=NEVER_S, **more)
    here = World(store, clock, hub, bus)
    await hub.start()
    try:
        if serve:
            async with serving(here):
                yield here
        else:
            yield here
    finally:
        await hub.stop()
        store.close()


@asynccontextmanager
async def serving(here: World) -> AsyncIterator[FlareServer]:
    """The endpoint behind uvicorn on a free port."""
    bound = listen("127.0.0.1", 0)
    config = serve_config(live_endpoint(here.hub, here.authenticate), lifespan="off", log_level="warning")
    server = FlareServer(config)
    here.url = f"ws://127.0.0.1:{bound.getsockname()[1]}/v1/live"
    running = asyncio.create_task(server._serve(sockets=[bound]))
    try:
        await until(lambda: server.started or running.done())
        yield server
    finally:
        server.should_exit = True
        await running
        bound.close()
