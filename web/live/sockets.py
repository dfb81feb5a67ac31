"""The only file that holds a socket: uvicorn's websocket protocol, ours to write to, and the endpoint on it.

Frames go straight into the transport and come by callback, so that an idle phone costs 14 KB and no task.
Raw writes happen only between our accept and the close frame, whole frames only, never with deflate: the
protocol machine underneath does not see them. Another server (or a test client) works through `send`.
Figures and the traps of each step: docs/live-stream.md.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import uvicorn
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame

from dispatch.domain import limits
from dispatch.domain.errors import ForeignOrigin, NotAllowed, Refused, SignIn
from dispatch.domain.visibility import Viewer
from web.live import frames
from web.live.collector import COLLECTOR
from web.live.connection import Connection, Heartbeats
from web.live.conversation import Code
from web.live.forwarded import Forwarded, Message, Send
from web.live.gate import CellsOf, Gate, KinOf
from web.live.hub import Hub, running

log = logging.getLogger("flare.live")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Authenticate = Callable[[Scope], Awaitable[Viewer]]

ABORT_S: Final = 2.0  # a peer that does not answer our close is dropped after this
USER_TIMEOUT_MS: Final = 10_000
BACKLOG: Final = 2_048
KEPT_HEADERS: Final = frozenset({b"authorization", b"cookie", b"origin", b"host"})
SOCKET: Final = "flare.socket"


def _content(message: Mapping[str, object]) -> str | bytes:
    text, data = message.get("text"), message.get("bytes")
    return text if isinstance(text, str) else data if isinstance(data, bytes) else b""


class _Nowhere:
    """In place of the queue nobody reads any more."""

    def put_nowait(self, message: object) -> None:
        """Drops it."""


class FlareProtocol(WebSocketsSansIOProtocol):
    """uvicorn's websocket, which an endpoint may take over: it is a Wire (connection.py)."""

    listener: Connection | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # The stock log line of an accept holds the query string; ours holds nothing of a visitor.
        self.logger = logging.getLogger("flare.socket")
        self.logger.setLevel(logging.WARNING)

    def take_over(self, listener: Connection) -> None:
        """From now on messages go to the listener as they come, without a task or a queue."""
        self.transport.set_write_buffer_limits(high=limits.CATCH_UP_PIECE_BYTES)
        self.listener = listener
        if not self.transport.is_closing():
            listener.straight = self.transport.write
        queue, self.queue = self.queue, _Nowhere()  # type: ignore[assignment]  # nobody reads it any more
        while not queue.empty():
            self._hand_on(queue.get_nowait())
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def _hand_on(self, message: Mapping[str, object]) -> None:
        if self.listener is None:
            return
        if message["type"] == "websocket.receive":
            self.listener.received(_content(message))
        elif message["type"] == "websocket.disconnect":
            self.listener.lost()

    # -- Wire -------------------------------------------------------------------------------------

    def write(self, written: bytes) -> None:
        """Straight into the transport, whose buffer is the only queue."""
        if not (self.close_sent or self.transport.is_closing()):
            self.transport.write(written)

    def waiting(self) -> int:
        """Bytes the kernel has not taken yet."""
        return self.transport.get_write_buffer_size()

    async def drained(self) -> None:
        """Returns when the transport asks for more, or is lost."""
        await self.writable.wait()

    def finish(self, last: bytes, code: int) -> None:
        """A last frame, the close frame, and two seconds for the peer to answer."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.transport.write(last)
        with suppress(InvalidState):
            self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._abort_later()

    def _abort_later(self) -> None:
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(ABORT_S, self.transport.abort)

    # -- uvicorn's protocol -----------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Much is waiting: from now on each frame is weighed first (`Connection`)."""
        super().pause_writing()
        if self.listener is not None:
            self.listener.straight = None

    def resume_writing(self) -> None:
        """Little is waiting."""
        super().resume_writing()
        if self.listener is not None and not self.close_sent:
            self.listener.straight = self.transport.write

    async def run_asgi(self) -> None:
        """As the stock one, but what was taken over stays open and keeps nothing of its handshake."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[SOCKET] = self
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("the live endpoint failed")
            self.send_500_response()
        else:
            if not self.handshake_complete:
                self.send_500_response()
        if self.listener is not None:
            for name in ("scope", "request", "response"):
                delattr(self, name)  # 4 KB of an idle socket
        elif self.close_timer is None:
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """A whole message has come."""
        listener = self.listener
        if listener is None or self.close_sent:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.curr_msg_data_type != "text":
            listener.received(bytes(data))
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.conn.send_close(1007)
            self.handle_parser_exception()
            return
        listener.received(text)

    def handle_close(self, event: Frame) -> None:
        """The peer closes, or answers our close. Either way it gets two seconds to take what is waiting."""
        self._leave()
        super().handle_close(event)
        self._abort_later()

    def handle_parser_exception(self) -> None:
        """Bytes that are no websocket: 1002, 1007 or 1009 was sent already."""
        self._leave()
        super().handle_parser_exception()
        self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        super().connection_lost(exc)
        self._leave()
        self.listener = None

    def _leave(self) -> None:
        """Out of the hub before the transport closes: a frame after the close frame breaks the protocol."""
        if self.listener is not None:
            self.listener.lost()

    def shutdown(self) -> None:
        """The server is about to stop."""
        if self.listener is None:
            super().shutdown()
        elif not self.close_sent:
            self.listener.drain()


def live_endpoint(
    hub: Hub,
    authenticate: Authenticate,
    kin_of: KinOf = lambda scope, viewer: None,
    cells_of: CellsOf = lambda scope, viewer: None,
) -> App:
    """The raw ASGI application of `/v1/live`; mount it before any framework sees the scope.

    `authenticate` answers who is looking (nobody is a viewer too) or raises: ForeignOrigin → HTTP 403
    before accept; SignIn → 4501; NotAllowed → 4503; any other refusal that says when to come back → 503.
    It is asked again when access may have ended, with a scope that keeps only the headers it needs.
    `kin_of` says whom a connection counts with, `cells_of` how many cells of the map it may see.
    """
    beats = Heartbeats(hub)
    gate = Gate(hub)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if hub.draining or not gate.allows(hub.now()):
            await _refuse(scope, send, HTTPStatus.SERVICE_UNAVAILABLE, hub.luck.randint(1, 3))
            return
        try:
            viewer = await authenticate(scope)
        except ForeignOrigin:
            await send({"type": "websocket.close", "code": 1008})
            return
        except (SignIn, NotAllowed) as refused:
            await _accept_and_close(send, Code.SIGN_IN if isinstance(refused, SignIn) else Code.NOT_ALLOWED)
            return
        except Refused as refused:
            await _refuse(scope, send, HTTPStatus.SERVICE_UNAVAILABLE, int(getattr(refused, "retry_after", 2)))
            return
        kin = kin_of(scope, viewer)
        if gate.full(kin):
            await _accept_and_close(send, Code.TOO_MANY)
            return
        await send({"type": "websocket.accept"})
        held = scope.get("extensions", {}).get(SOCKET)
        renew = _renewal(scope, authenticate)
        if isinstance(held, FlareProtocol):
            connection = Connection(hub, held, viewer, renew, cells_of(scope, viewer))
            gate.enter(connection, kin)
            beats.add(connection)
            held.take_over(connection)
            return
        wire = Forwarded()
        connection = Connection(hub, wire, viewer, renew, cells_of(scope, viewer))
        gate.enter(connection, kin)
        beats.add(connection)
        await _pump(wire, connection, receive, send)

    return app


async def _pump(wire: Forwarded, connection: Connection, receive: Receive, send: Send) -> None:
    sending = asyncio.ensure_future(wire.send_all(send))
    try:
        while (message := await receive())["type"] == "websocket.receive":
            connection.received(_content(message))
    finally:
        connection.lost()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


def _renewal(scope: Scope, authenticate: Authenticate) -> Callable[[], Awaitable[Viewer | None]]:
    kept = [(name, value) for name, value in scope.get("headers", ()) if name in KEPT_HEADERS]
    slim: Scope = {"type": "websocket", "path": scope.get("path", ""), "query_string": b"", "headers": kept}
    slim["scheme"], slim["client"] = scope.get("scheme", "ws"), scope.get("client")

    async def renew() -> Viewer | None:
        try:
            return await authenticate(slim)
        except Refused:
            return None

    return renew


async def _refuse(scope: Scope, send: Send, status: HTTPStatus, retry_after: int) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1013})
        return
    headers = [(b"retry-after", str(retry_after).encode()), (b"content-length", b"0")]
    await send({"type": "websocket.http.response.start", "status": int(status), "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})


async def _accept_and_close(send: Send, code: Code) -> None:
    # A close before accept reaches a browser as a bare 403 without our code.
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": next(frames.payloads(frames.bye(code, 0))).decode()})
    await send({"type": "websocket.close", "code": int(code)})


def listen(host: str, port: int) -> socket.socket:
    """A bound socket whose connections keep little in the kernel and notice a peer that is gone.

    With the default send buffer the kernel swallows 4 MB for each stalled phone before anyone notices.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.SEND_BUFFER_BYTES)
    if (user_timeout := getattr(socket, "TCP_USER_TIMEOUT", None)) is not None:
        bound.setsockopt(socket.IPPROTO_TCP, user_timeout, USER_TIMEOUT_MS)
    bound.bind((host, port))
    # From here on whoever comes waits in the queue until the server is up, instead of being refused.
    bound.listen(BACKLOG)
    bound.set_inheritable(True)
    return bound


def serve_config(app: Callable[..., Any], **more: Any) -> uvicorn.Config:
    """The settings of uvicorn that the live stream needs; `more` are uvicorn's own settings."""
    try:
        import uvloop  # noqa: F401
    except ImportError:
        loop = "asyncio"
    else:
        loop = "uvloop"
    settings: dict[str, Any] = {
        "loop": loop,
        "ws": FlareProtocol,
        "ws_max_size": limits.FRAME_BYTES,
        "ws_ping_interval": 0,  # ours carry the heads
        "ws_per_message_deflate": False,
        "backlog": BACKLOG,
        "timeout_graceful_shutdown": 10,
        "access_log": False,
        "server_header": False,
    }
    return uvicorn.Config(app, **(settings | more))


class FlareServer(uvicorn.Server):
    """A server that says goodbye first: long polls and event streams would hold a stop for ten seconds."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn; then what is there is there to stay."""
        await super().startup(sockets)
        COLLECTOR.begin()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tells every hub of the process, then stops as uvicorn does."""
        for hub in running():
            hub.drain()
        await super().shutdown(sockets)
        COLLECTOR.end()
