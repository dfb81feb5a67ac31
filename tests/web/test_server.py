"""Over a real uvicorn on a real port, with the real ticker: what a phone and a driver's program see."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.runtime import build
from tests.web.conftest import BAKER, World, people_of, settings_for
from web.app import create_app
from web.live.sockets import FlareServer, listen, serve_config


@dataclass
class Site:
    """A running server and its address."""

    base: str
    tokens: dict[str, str]
    keys: int = 0

    def client(self, who: str | None = None) -> httpx.Client:
        """A client of that person."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return httpx.Client(base_url=self.base, headers=headers, timeout=30)

    def post(self, client: httpx.Client, path: str, body: Any) -> httpx.Response:
        """A POST with a key of its own."""
        self.keys += 1
        return client.post(path, json=body, headers={"Idempotency-Key": f"server-key-{self.keys:06}"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for this file, stopped by its own handle."""
    folder: Path = tmp_path_factory.mktemp("site")
    flare = build(settings_for(folder))
    app = create_app(flare)
    world = World(flare, SteppedClock(datetime.now(UTC)), app)
    people_of(world)
    flare.start()
    bound = listen("127.0.0.1", 0)
    server = FlareServer(serve_config(app, log_level="warning"))
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]))
    thread.start()
    try:
        site = Site(f"http://127.0.0.1:{bound.getsockname()[1]}", world.tokens)
        with site.client() as client:
            for _ in range(200):
                if client.get("/readyz").status_code == 200:
                    break
        yield site
    finally:
        server.should_exit = True
        thread.join(20)
        bound.close()
        flare.stop()


def test_a_call_reaches_a_friend_and_everybody_follows_it_live(site: Site) -> None:
    async def follow(public_id: str, token: str) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(f"{site.base.replace('http', 'ws')}/v1/live", additional_headers=headers) as socket:
            for frame in ({"f": "hello", "v": 1}, {"f": "sub", "id": 1, "topic": f"req:{public_id}"}):
                await socket.send(json.dumps(frame))
            while not seen or seen[-1].get("kind") != "closed":
                seen.append(json.loads(await asyncio.wait_for(socket.recv(), 10)))
                if seen[-1]["f"] == "subbed":
                    await asyncio.to_thread(drive)
        return seen

    with site.client("ana") as ana, site.client("ben") as ben:
        asked = site.post(ana, "/v1/requests", {"kind": "ride", "quantity": 4, "place": BAKER})
        assert asked.status_code == 201
        public_id = asked.json()["id"]

        def drive() -> None:
            events = f"/v1/requests/{public_id}/events"
            told = ana.get(events).json()
            while not any(event["kind"] == "wave_sent" for event in told["events"]):
                told = ana.get(f"{events}?epoch={told['epoch']}&after={told['head']}&wait=10").json()
            (alert,) = ben.get("/v1/me/alerts").json()["alerts"]
            assert alert["request"] == public_id
            claim = site.post(ben, f"/v1/requests/{public_id}/claims", {"seats": 4}).json()
            for step in ("en_route", "on_scene", "met"):
                assert site.post(ben, f"/v1/claims/{claim['id']}/steps", {"step": step}).status_code == 200
            assert site.post(ana, f"/v1/requests/{public_id}/close", {"disposition": "resolved"}).status_code == 200

        seen = asyncio.run(follow(public_id, site.tokens["ana"]))
    assert [each["f"] for each in seen[:2]] == ["welcome", "subbed"]
    start = seen[1]["off"]
    offs = [each["off"] for each in seen if each["f"] == "ev"]
    assert offs == list(range(start + 1, start + 1 + len(offs)))
    assert {"claimed", "covered", "claim_stepped", "closed"} <= {each.get("kind") for each in seen}


def test_a_socket_that_sends_no_token_sees_the_board_and_no_ask(site: Site) -> None:
    async def story() -> list[dict[str, Any]]:
        async with connect(f"{site.base.replace('http', 'ws')}/v1/live") as socket:
            for frame in (
                {"f": "hello", "v": 1},
                {"f": "sub", "id": 1, "topic": "req:AAAAAAAAAAAAAAAAAAAAAA"},
                {"f": "sub", "id": 2, "topic": "map:*"},
            ):
                await socket.send(json.dumps(frame))
            return [json.loads(await asyncio.wait_for(socket.recv(), 10)) for _ in range(3)]

    seen = asyncio.run(story())
    modes = {each.get("id"): each.get("mode") for each in seen}
    assert (modes[1], modes[2]) == ("denied", "snapshot")


def test_it_says_how_it_is_and_how_much_is_going_on(site: Site) -> None:
    with site.client() as nobody:
        assert nobody.get("/healthz").json() == {"status": "ok"}
        assert nobody.get("/readyz").json() == {"status": "ok", "people": 4}
        text = nobody.get("/metrics").text
        for line in ("flare_requests{state=", "# TYPE flare_http_answers_total counter", "flare_live_connections"):
            assert line in text
        answer = nobody.get("/v1/me")
        assert "server" not in answer.headers
        assert answer.status_code == 401


def test_a_header_or_body_made_to_hurt_is_refused_and_the_server_stays_up(site: Site) -> None:
    with site.client("ana") as ana:
        assert ana.get("/v1/me", headers={"X-Big": "x" * 70_000}).status_code == 431
    with site.client("ana") as ana:
        many = ana.post(
            "/v1/requests",
            content=b'{"note":"' + b"x" * 500_000 + b'"}',
            headers={"Content-Type": "application/json", "Idempotency-Key": "x" * 22},
        )
        assert many.status_code == 413
        assert ana.get("/v1/me").status_code == 200


BY_A_PROXY = {"X-Forwarded-For": "203.0.113.9"}
"""With it a caller on this machine is no longer the operator at home, whom nobody counts."""


async def opened(stack: AsyncExitStack, site: Site, who: str | None = None, *, away: bool = True) -> ClientConnection:
    headers = (BY_A_PROXY if away else {}) | ({"Authorization": f"Bearer {site.tokens[who]}"} if who else {})
    address = f"{site.base.replace('http', 'ws')}/v1/live"
    socket = await stack.enter_async_context(connect(address, additional_headers=headers))
    with suppress(ConnectionClosed):  # too many: it may be closed already
        await socket.send(json.dumps({"f": "hello", "v": 1}))
    return socket


async def answer(socket: ClientConnection) -> str | int | None:
    """The first frame's name, or the code of the close."""
    try:
        frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if frame["f"] != "bye":
            return str(frame["f"])
        await asyncio.wait_for(socket.recv(), 10)
    except ConnectionClosed:
        pass
    return socket.close_code


def test_one_person_holds_five_sockets_and_a_closed_one_makes_room(site: Site) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            own = [await opened(stack, site, "ana") for _ in range(limits.SOCKETS_A_SESSION + 1)]
            assert [await answer(each) for each in own] == ["welcome"] * limits.SOCKETS_A_SESSION + [4504]
            assert await answer(await opened(stack, site, "ben")) == "welcome"
            await own[0].close()
            assert await answer(await opened(stack, site, "ana")) == "welcome"

    asyncio.run(story())


def test_strangers_behind_one_address_share_twenty_and_the_operator_at_home_is_not_counted(site: Site) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            most = limits.SOCKETS_A_PREFIX
            strangers = [await opened(stack, site) for _ in range(most + 1)]
            assert [await answer(each) for each in strangers] == ["welcome"] * most + [4504]
            at_home = [await opened(stack, site, away=False) for _ in range(most + 1)]
            assert [await answer(each) for each in at_home] == ["welcome"] * (most + 1)

    asyncio.run(story())
