"""A page of another site can do nothing in anybody's name: not by form, by fetch, or by socket."""

from typing import Any

import pytest

from tests.web.conftest import BAKER, Play, World
from web.live.sockets import App

EVIL = ["http://evil.test", "null", "https://flare.test", "http://flare.test.evil.test", "http://flare.test:8000"]
RIDE = {"kind": "ride", "quantity": 3, "place": BAKER}


async def guest(world: World) -> tuple[str, str]:
    """(cookie, id) of a guest's ask."""
    async with world.client() as client:
        asked = await world.post(client, "/v1/requests", RIDE)
    return asked.headers["set-cookie"].partition(";")[0], asked.json()["id"]


@pytest.mark.parametrize("origin", EVIL)
def test_a_foreign_page_changes_nothing_with_somebodys_cookie(play: Play, origin: str) -> None:
    async def story(world: World) -> None:
        cookie, public_id = await guest(world)
        async with world.client(Cookie=cookie, Origin=origin) as page:
            closed = await world.post(page, f"/v1/requests/{public_id}/close", {"disposition": "cancelled"})
            assert (closed.status_code, closed.json()["code"]) == (403, "foreign-origin")
            asked = await world.post(page, "/v1/requests", RIDE)
            assert asked.status_code == 403
            moved = await page.put("/v1/me/position", json={"lat": 35.2, "lon": -116.1})
            assert moved.status_code == 403
            assert (await page.get(f"/v1/requests/{public_id}")).json()["status"] == "open"

    play(story)


def test_what_the_browser_says_of_the_site_is_believed(play: Play) -> None:
    async def story(world: World) -> None:
        cookie, public_id = await guest(world)
        path = f"/v1/requests/{public_id}"
        for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
            async with world.client(Cookie=cookie, **{"Sec-Fetch-Site": site}) as page:
                answer = await page.patch(path, json={"note": site}, headers={"Idempotency-Key": world.key()})
                assert answer.status_code == status, site

    play(story)


def test_our_own_pages_and_programs_with_a_token_may_act(play: Play) -> None:
    async def story(world: World) -> None:
        cookie, public_id = await guest(world)
        for origin in ("http://flare.test", "https://ask.example", "HTTP://FLARE.TEST"):
            async with world.client(Cookie=cookie, Origin=origin) as page:
                path = f"/v1/requests/{public_id}"
                answer = await page.patch(path, json={"note": "x"}, headers={"Idempotency-Key": world.key()})
                assert answer.status_code == 200, origin
        async with world.client("ana", Origin="http://evil.test") as program:
            assert (await program.put("/v1/me", json={"car": "blue"})).status_code == 200

    play(story, public_url="https://ask.example/")


async def handshake(app: App, headers: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    """What the server says to a handshake, up to the first thing it waits for."""
    said: list[dict[str, Any]] = []
    coming = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}]
    scope: dict[str, Any] = {
        "type": "websocket", "path": "/v1/live", "query_string": b"", "scheme": "ws", "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"flare.test"), *headers], "subprotocols": [], "extensions": {},
    }  # fmt: skip

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said


def test_a_foreign_page_opens_no_socket(play: Play) -> None:
    async def story(world: World) -> None:
        cookie, _ = await guest(world)
        signed = (b"cookie", cookie.encode())
        bearer = (b"authorization", b"Bearer " + world.tokens["ana"].encode())
        for origin in EVIL:
            for who in ([], [signed]):
                said = await handshake(world.app, [(b"origin", origin.encode()), *who])
                assert [each["type"] for each in said] == ["websocket.close"], (origin, who)
        assert [each["type"] for each in await handshake(world.app, [signed])] == ["websocket.close"]
        for allowed in ([(b"origin", b"http://flare.test"), signed], [bearer], []):
            said = await handshake(world.app, allowed)
            assert said[0]["type"] == "websocket.accept", allowed
        ended = await handshake(world.app, [(b"authorization", b"Bearer flm_0123456789012345678901")])
        assert ended[-1]["code"] == 4501

    play(story)


def test_there_is_no_other_socket(play: Play) -> None:
    async def story(world: World) -> None:
        said: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            said.append(message)

        await world.app({"type": "websocket", "path": "/v1/other", "headers": []}, receive, send)
        assert [each["type"] for each in said] == ["websocket.close"]

    play(story)
