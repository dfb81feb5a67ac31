"""Over a real server and real websockets: a scraper gets its budget of cells, an ended session is gone at once."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from dispatch.actions.post_request import PostRequest, post_request
from dispatch.domain import limits
from dispatch.domain.whereabouts import from_point
from dispatch.ports import Tx
from geo import cells
from geo.point import Point
from tests.support.site import Site, frame, opened, people, site
from web.limiter import NEW_CELLS

ASKS = [Point(31.0 + number // 9 * 2.0, -118.0 + number % 9 * 2.0) for number in range(45)]
AWAY = {"X-Forwarded-For": "203.0.113.9", "User-Agent": "one and the same"}
"""With it a caller on this machine is no longer the operator at home, whom nobody counts."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    """A server that counts, with an ask in each of 45 cells."""
    with opened(f"sqlite:///{tmp_path / 'flare.db'}") as store:
        tokens = people(store, 3)

        def job(tx: Tx, now: datetime) -> None:
            for where in ASKS:
                command = PostRequest(
                    person_id=1, kind="supplies", quantity=2, where=from_point(where), similar_ok=True
                )  # fmt: skip
                post_request(tx, now, command)

        store.submit(job).result()
    with site(tmp_path, tokens=tokens, FLARE_LIMITS="on") as running:
        yield running


async def socket_of(stack: AsyncExitStack, site: Site, **headers: str) -> ClientConnection:
    socket = await stack.enter_async_context(
        connect(site.live, additional_headers=AWAY | headers, user_agent_header=None)
    )
    await socket.send(frame(f="hello", v=1))
    assert json.loads(await socket.recv())["f"] == "welcome"
    return socket


async def mapped(socket: ClientConnection, number: int, topic: str) -> list[dict[str, Any]] | None:
    """The entries of a map, None when it is denied."""
    await socket.send(frame(f="sub", id=number, topic=topic))
    while (told := json.loads(await socket.recv()))["f"] != "subbed" or told["id"] != number:
        pass
    if told["mode"] == "denied":
        return None
    found: list[dict[str, Any]] = told["state"]["entries"]
    return found


def test_a_scraper_of_the_live_map_gets_thirty_cells_however_it_asks(here: Site) -> None:
    every = [cells.cell_of(where, cells.MAP) for where in ASKS]

    async def story() -> None:
        async with AsyncExitStack() as stack:
            began = time.monotonic()

            def budget() -> float:
                """Thirty, and what the bucket has earned since."""
                return NEW_CELLS.count + (time.monotonic() - began) * NEW_CELLS.per_second + 1

            one, two = [await socket_of(stack, here) for _ in range(2)]
            first = {entry["cell"] for entry in await mapped(one, 1, "map:*") or []}
            assert NEW_CELLS.count <= len(first) <= budget()
            got = [await mapped(one if at < 22 else two, at + 2, f"map:{cell}") for at, cell in enumerate(every)]
            assert sum(each is not None for each in got) <= budget()
            async with httpx.AsyncClient(base_url=here.base, headers=AWAY) as scraper:
                board = (await scraper.get("/v1/board")).json()["features"]
                wall = (await scraper.get("/watch/scene")).json()
            assert len(board) <= budget()
            assert sum(name.startswith("a:") for name in wall["put"]) <= budget()

    asyncio.run(story())


async def session_of(site: Site, who: str) -> str:
    """The cookie of a browser that is signed in as that person."""
    async with httpx.AsyncClient(base_url=site.base, headers=AWAY) as client:
        answer = await client.post(
            "/v1/session", json={"token": site.tokens[who]}, headers={"Idempotency-Key": f"sign-in-{who}-00000000001"}
        )
    assert answer.status_code == 200, answer.text
    return answer.headers["set-cookie"].partition(";")[0]


async def ended_within(site: Site, sockets: int) -> float:
    """Seconds from the end of a session until the last of its sockets was closed with 4501."""
    async with AsyncExitStack() as stack:
        cookie = await session_of(site, "ben")
        signed = {"Cookie": cookie, "Origin": site.base}
        ended = [await socket_of(stack, site, **signed) for _ in range(sockets)]
        other = await socket_of(stack, site, **site.bearer("ben"))
        for socket in (*ended, other):
            await socket.send(frame(f="sub", id=1, topic="inbox"))
            assert json.loads(await socket.recv())["f"] == "subbed"
        async with httpx.AsyncClient(base_url=site.base, headers=AWAY | site.bearer("ben")) as ben:
            sessions = (await ben.get("/v1/me/sessions")).json()["sessions"]
            (browser,) = [each["id"] for each in sessions if each["kind"] == "browser"]
            began = time.monotonic()
            assert (await ben.delete(f"/v1/me/sessions/{browser}")).status_code < 300
        for socket in ended:
            async with asyncio.timeout(10):
                await socket.wait_closed()
        took = time.monotonic() - began
        assert [socket.close_code for socket in ended] == [4501] * sockets
        await other.send(frame(f="sub", id=2, topic="inbox"))
        assert json.loads(await other.recv())["f"] == "subbed"
        return took


def test_the_sockets_of_an_ended_session_are_closed_with_4501_within_a_second(here: Site) -> None:
    assert asyncio.run(ended_within(here, 1)) < 1.0


def test_and_on_whichever_of_two_workers_they_are(tmp_path: Path, migrated_url: str) -> None:
    with site(tmp_path, migrated_url, workers=2) as both:
        assert asyncio.run(ended_within(both, limits.SOCKETS_A_SESSION)) < 1.0
