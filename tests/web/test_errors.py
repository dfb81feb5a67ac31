"""Every no has one form, a stable code and a status; a bug says only that there was one."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import StreamingResponse

from dispatch.domain.errors import Replayed, every_refusal
from tests.web.conftest import NOTE, Play, World
from web.errors import STATUS


def test_every_refusal_there_is_has_a_status() -> None:
    codes = {refusal.code for refusal in every_refusal() if refusal is not Replayed}
    assert codes <= STATUS.keys()
    assert STATUS.keys() - codes == {"bug", "method-not-allowed", "headers-too-large"}


def test_unknown_pages_and_methods_are_told_in_the_same_form(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client() as nobody:
            for method, path, status, code in (
                ("GET", "/v1/nothing", 404, "not-found"),
                ("GET", "/v1/requests", 405, "method-not-allowed"),
                ("DELETE", "/v1/requests/abc", 405, "method-not-allowed"),
                ("TRACE", "/healthz", 405, "method-not-allowed"),
                ("GET", "/v1/requests/abc/", 404, "not-found"),
            ):
                answer = await nobody.request(method, path)
                assert (answer.status_code, answer.json()["code"]) == (status, code), (method, path)
                assert answer.headers["content-type"] == "application/problem+json"

    play(story)


def test_what_may_be_done_at_an_address_is_named_whole(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            for method, path, allowed in (
                ("DELETE", "/v1/requests/abc", "GET, HEAD, PATCH"),
                ("PATCH", "/v1/me", "DELETE, GET, HEAD, PUT"),
                ("GET", "/v1/requests/abc/vouches", "DELETE, POST"),
                ("HEAD", "/v1/requests/abc/events", "GET"),
                ("OPTIONS", "/v1/requests", "POST"),
            ):
                answer = await ana.request(method, path)
                assert (answer.status_code, answer.headers["allow"]) == (405, allowed), (method, path)

    play(story)


def test_a_look_at_the_headers_alone_tells_what_reading_would(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        async with world.client("ana") as ana:
            for path in ("/healthz", "/readyz", "/openapi.json", f"/v1/requests/{asked['id']}", "/v1/nothing", "/help"):
                read, looked = await ana.get(path), await ana.head(path)
                assert (looked.status_code, looked.content) == (read.status_code, b""), path
                changing = {"x-request-id", "content-length", "content-security-policy"}
                assert {k: v for k, v in looked.headers.items() if k not in changing} == {
                    k: v for k, v in read.headers.items() if k not in changing
                }, path
                assert "content-length" in looked.headers

    play(story)


def test_a_look_at_the_headers_of_an_archive_reads_none_of_it(play: Play) -> None:
    async def story(world: World) -> None:
        assert world.app.api is not None
        read: list[int] = []

        async def archive(request: Request) -> StreamingResponse:
            async def pieces() -> AsyncIterator[bytes]:
                for number in range(1_000):
                    read.append(number)
                    yield b"x" * 1_000

            return StreamingResponse(pieces(), headers={"Content-Length": "1000000"})

        world.app.api.add_api_route("/v1/archive", archive, methods=["GET"], response_model=None)
        async with world.client() as nobody:
            looked = await nobody.head("/v1/archive")
        assert (looked.status_code, looked.headers["content-length"], read) == (200, "1000000", [0])

    play(story)


def test_a_bug_is_logged_once_with_its_number_and_says_nothing(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        assert world.app.api is not None

        async def broken(request: Request) -> None:
            raise RuntimeError(NOTE)

        world.app.api.add_api_route("/v1/broken/{what}", broken, methods=["GET"], response_model=None)
        async with world.client() as nobody:
            answer = await nobody.get("/v1/broken/secret?token=secret")
        told = answer.json()
        assert (answer.status_code, told["code"]) == (500, "bug")
        assert NOTE not in answer.text
        assert told["request_id"] == answer.headers["x-request-id"]
        (logged,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert told["request_id"] in logged.getMessage()
        assert "secret" not in caplog.text
        assert NOTE not in caplog.text
        assert "in broken" in caplog.text

    play(story)


def test_an_ask_that_is_over_says_so_beside_the_status_of_the_answer(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        async with world.client("ana") as ana, world.client("ben") as ben:
            path = f"/v1/requests/{asked['id']}"
            await world.post(ana, f"{path}/close", {"disposition": "cancelled"})
            again = await world.post(ana, f"{path}/close", {"disposition": "cancelled"})
            told = again.json()
            assert (again.status_code, told["code"], told["status"]) == (409, "request-over", 409)
            assert told["request_status"] == "cancelled"
            late = await world.post(ben, f"{path}/claims", {"seats": 1})
            assert late.json()["code"] == "request-over"

    play(story)


def test_every_answer_carries_the_headers_that_keep_it_to_itself(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            for path in ("/v1/me", "/v1/nothing", "/healthz", "/v1/board", "/openapi.json"):
                headers = (await ana.get(path)).headers
                assert headers["x-content-type-options"] == "nosniff", path
                assert headers["referrer-policy"] == "no-referrer"
                assert headers["content-security-policy"].startswith("default-src 'none'")
                assert headers["cross-origin-opener-policy"] == "same-origin"
                assert headers["permissions-policy"] == "geolocation=(self)"
                assert len(headers["x-request-id"]) == 16
                assert all(value == value.strip() for value in headers.values())
                if path != "/openapi.json":
                    assert headers["cache-control"] == "no-store"
            assert "strict-transport-security" not in (await ana.get("/healthz")).headers

    play(story)


def test_a_token_that_is_none_is_told_to_sign_in(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        good = world.tokens["ana"]
        view = asked["links"]["view"].rpartition("#")[2]
        for bad in (
            "",
            "Bearer",
            "Bearer x",
            f"Bearer {good[:-1]}",
            f"Bearer {good}x",
            f"Basic {good}",
            "Bearer fli_" + "a" * 22,
        ):
            async with world.client(Authorization=bad) as somebody:
                answer = await somebody.get("/v1/me")
                assert (answer.status_code, answer.json()["code"]) == (401, "sign-in"), bad
                assert answer.headers["www-authenticate"] == "Bearer"
        async with world.bearer(view) as viewer:
            assert (await viewer.get("/v1/me")).status_code == 401
            assert (await world.post(viewer, f"/v1/requests/{asked['id']}/claims", {"seats": 1})).status_code == 401

    play(story)


def test_a_phone_that_hangs_up_in_the_middle_of_its_ask_is_no_bug_of_ours(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        for path, kind in (("/v1/requests", b"application/json"), ("/", b"application/x-www-form-urlencoded")):
            pieces = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
            headers = [(b"content-type", kind), (b"idempotency-key", b"a-key-that-is-long-enough")]
            scope = {
                "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
                "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http", "server": ("flare.test", 80),
            }  # fmt: skip
            sent: list[Any] = []

            async def receive() -> Any:
                return next(pieces)  # noqa: B023

            async def send(message: Any) -> None:
                sent.append(message)  # noqa: B023

            await world.app(scope, receive, send)
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert 5 not in world.app.answered

    play(story)
