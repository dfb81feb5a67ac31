"""The outermost layer, plain ASGI: a request id, the headers every answer carries, the last resort for a bug.

Sockets go past the framework to their own endpoint. A bug is logged once, with the request's id and
without what was sent; the answer says only that there was one (tests/web/test_errors.py).
"""

import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Final

from fastapi import FastAPI

from dispatch.domain import limits
from dispatch.traces import Kind, Tracer, parent_of
from web import errors
from web.headers import completed
from web.visitor import Network, headers_of, visitor_of

log = logging.getLogger("flare.web")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LIVE: Final = "/v1/live"
HEADERS: Final = f"That is too much in the headers: at most {limits.HEADER_BYTES:,} bytes."
TRACE: Final = 12
"""Frames of a bug's traceback that are logged: the last ones."""


def lasts(path: str) -> bool:
    """Does what is read there go on, or wait? Such an address has no headers to tell apart from it."""
    return path.endswith(("/events", "/live"))


class _Enough(Exception):
    """Whoever asked with HEAD has the headers: nothing more is made for them."""


class Edge:
    """An ASGI application around another one. `live` is set while the hub runs."""

    def __init__(self, inner: App, trusted: Sequence[Network], traces: Tracer | None = None) -> None:
        self.inner, self.trusted, self.traces = inner, trusted, traces or Tracer()
        self.api: FastAPI | None = None
        """The framework inside, for whoever wants its routes or state."""
        self.live: App | None = None
        self.answered: dict[int, int] = {}
        """How many answers of each status class: 2, 3, 4, 5."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "http" and scope["method"] == "HEAD" and not lasts(scope["path"]):
            await self._head(scope, receive, send)
        elif scope["type"] == "http":
            await self._traced(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self.inner(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == LIVE and self.live is not None:
            await self.live(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What GET would answer, without its body: no archive is read for it."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b""})
                if message.get("more_body"):
                    raise _Enough

        with suppress(_Enough):
            await self._traced({**scope, "method": "GET"}, receive, told)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The call in a span: method, the route's pattern, status and id; never the path."""
        request_id = scope["flare.request_id"] = secrets.token_hex(8)
        if not self.traces.on:
            await self._http(scope, receive, send, request_id)
            return
        # A stranger's trace is not gone on with: its id would be in whatever else they send.
        known = visitor_of(scope, self.trusted).known
        parent = parent_of(headers_of(scope).get(b"traceparent", b"").decode("latin-1")) if known else None
        with self.traces.span(scope["method"], parent=parent, kind=Kind.SERVER) as span:
            assert span is not None  # noqa: S101 - it is on

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.holds["http.response.status_code"] = message["status"]
                    span.failed = message["status"] >= 500
                await send(message)

            await self._http(scope, receive, told, request_id)
            route = str(getattr(scope.get("route"), "path", "?"))
            span.name = f"{scope['method']} {route}"
            span.holds |= {"http.request.method": scope["method"], "http.route": route, "flare.request_id": request_id}

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        secure = visitor_of(scope, self.trusted).scheme == "https"
        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                kind = message["status"] // 100
                self.answered[kind] = self.answered.get(kind, 0) + 1
                message["headers"] = completed(list(message.get("headers", ())), secure, request_id)
            await send(message)

        if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.HEADER_BYTES:
            await errors.problem("headers-too-large", HEADERS)(scope, receive, told)
            return
        try:
            await self.inner(scope, receive, told)
        except _Enough:
            raise
        except Exception as bug:  # noqa: BLE001 - the last resort: whatever it is, it is logged and answered
            # The route's pattern and where it broke; not the path and not what the error says, which may
            # hold a place, a phone or a token.
            where = "".join(traceback.format_tb(bug.__traceback__)[-TRACE:])
            route = getattr(scope.get("route"), "path", "?")
            told_of = (scope["method"], route, type(bug).__name__, request_id, where)
            log.error("%s %s failed with %s [%s]\n%s", *told_of, extra={"request_id": request_id})
            if not begun:
                await errors.problem("bug", errors.BUG, {"request_id": request_id})(scope, receive, told)
