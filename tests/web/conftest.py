"""A running Flare on real SQLite with a stepped clock, and clients that talk to it over ASGI.

`world` is a small network: Ana (asks), Ben (her friend), Cem (Ben's friend), Dora (tied to nobody), each with a token.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from dispatch.actions.words import hashed
from dispatch.clock import SteppedClock
from dispatch.domain.people import Duty, Person
from dispatch.ids import SeededIds
from dispatch.ports import Grant, Power, Tx
from dispatch.runtime import Flare, build
from dispatch.settings import Settings
from geo.point import Point
from web.app import create_app
from web.edge import Edge

T = TypeVar("T")
START = datetime(2026, 8, 31, 3, 0, tzinfo=UTC)
BAKER = {"lat": 35.212345, "lon": -116.123456, "accuracy_m": 12.0}
"""Where the bus stands: digits that occur nowhere else, so that a leak is seen."""
NOTE = "behind the blue water tank, ask for Zephyrine"
PHONE = "+1 760 555 0142"
HOST = "http://flare.test"
FAR = "198.51.100.7"
"""The address of somebody who is not at home, and counted."""


@dataclass
class World:
    """One running Flare and everything a test needs to talk to it."""

    flare: Flare
    clock: SteppedClock
    app: Edge
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    keys: int = 0

    def client(self, who: str | None = None, **more: Any) -> httpx.AsyncClient:
        """A client of that person, or of nobody."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        address = more.pop("address", "127.0.0.1")
        transport = httpx.ASGITransport(self.app, client=(address, 40_000))
        return httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers | more)

    def bearer(self, token: str) -> httpx.AsyncClient:
        """A client that holds a link's token."""
        self.tokens[token] = token
        return self.client(token)

    def key(self) -> str:
        """A fresh idempotency key."""
        self.keys += 1
        return f"key-{self.keys:08}-abcdefghijklmnop"

    async def post(self, client: httpx.AsyncClient, path: str, body: Any = None, key: str | None = None) -> Any:
        """A POST with a key of its own."""
        headers = {"Idempotency-Key": key or self.key()}
        return await client.post(path, json={} if body is None else body, headers=headers)

    async def ask(self, who: str | None = "ana", **more: Any) -> dict[str, Any]:
        """A ride for nine, posted; the answer."""
        body = {"kind": "ride", "quantity": 9, "place": BAKER, "note": NOTE} | {"contact": {"phone": PHONE}} | more
        async with self.client(who) as client:
            answer = await self.post(client, "/v1/requests", body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def claim(self, who: str, public_id: str, seats: int = 3) -> dict[str, Any]:
        """Seats taken; the claim."""
        async with self.client(who) as client:
            answer = await self.post(client, f"/v1/requests/{public_id}/claims", {"seats": seats})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def turn(self, by: timedelta = timedelta(0)) -> None:
        """Lets time pass, and does all that is due then."""
        self.clock.step(by)
        for _ in range(20):
            if not await asyncio.to_thread(self.flare.ticker.turn):
                return

    def rows(self) -> dict[str, int]:
        """How many asks, claims and alerts there are: a refusal must not change it."""
        asks = self.flare.store.read_now(lambda tx, now: tx.requests.open_in(None, 500))
        head = self.flare.store.read_now(lambda tx, now: tx.journal.head())
        return {"asks": len(asks), "events": head[1]}


def settings_for(folder: Path, **given: Any) -> Settings:
    """Settings of a test."""
    return Settings(data=folder, secret="s" * 40, **given)


def people_of(world: World) -> None:
    """Ana – Ben – Cem, and Dora apart, around Barstow."""
    places = {"ana": (35.2, -116.1), "ben": (34.9, -117.0), "cem": (34.95, -116.9), "dora": (34.8, -117.1)}

    def job(tx: Tx, now: datetime) -> None:
        ids: dict[str, int] = {}
        for name, (lat, lon) in places.items():
            person = tx.people.add(
                Person(
                    id=0, public_id=tx.ids.public_id(), name=f"{name.title()} Lastname", seats=4, place=Point(lat, lon),
                    duty=Duty.AVAILABLE, created_at=now, phone=f"+1 555 01{len(ids)}0", alerts_per_week_max=50,
                )
            )  # fmt: skip
            ids[name] = person.id
            world.people[name] = person.public_id
            token = tx.ids.token("flm_")
            world.tokens[name] = token
            tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id))
        tx.network.tie(ids["ana"], ids["ben"])
        tx.network.tie(ids["ben"], ids["cem"])

    world.flare.store.submit(job).result()
    world.flare.feed.load()


@asynccontextmanager
async def running(folder: Path, **given: Any) -> AsyncIterator[World]:
    """A world whose live stream runs; ended with the block."""
    clock = SteppedClock(START)
    flare = build(settings_for(folder, **given), clock=clock, ids=SeededIds(7))
    app = create_app(flare)
    world = World(flare, clock, app)
    people_of(world)
    try:
        assert app.api is not None
        async with app.api.router.lifespan_context(app.api):
            yield world
    finally:
        flare.stop()


Play = Callable[..., Any]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a coroutine function of a world to its end, on its own loop."""

    runs = count()

    def run(story: Callable[[World], Coroutine[Any, Any, T]], **given: Any) -> T:
        async def whole() -> T:
            async with running(tmp_path / str(next(runs)), **given) as world:
                return await story(world)

        return asyncio.run(whole())

    return run


def whole_text(answer: httpx.Response) -> str:
    """Everything an answer says: headers and body."""
    return json.dumps(dict(answer.headers)) + answer.text
