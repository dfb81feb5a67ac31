"""A thousand websockets in one process: connects, counts whole frames, answers Flare's pings. Loopback only.

Parses frames itself: a client library would cost more than the server it measures.
"""

import asyncio
import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

CONNECTS_PER_S = 180
"""Flare takes 200 handshakes a second; everybody is asked for the same."""
LONGEST_S = 240.0


@dataclass
class Crowd:
    """So many open sockets and what they have received."""

    host: str
    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    """Text frames each socket sends once it is open."""
    marker: bytes = b"pad"
    """What an event's payload holds."""
    weigh: Callable[[bytes], int] = lambda payload: 1
    """How many events that payload is."""
    events: int = 0
    lost: int = 0
    sizes: int = 0
    weight: int = 0
    """Bytes of all payloads."""
    on_event: Callable[[], None] = lambda: None
    _open: list["Phone"] = field(default_factory=list)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _wanted: int = 0
    ready: int = 0

    async def connect(self, number: int) -> None:
        """Opens them, spread over time. Raises: TimeoutError."""
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        async with asyncio.timeout(LONGEST_S):
            for _ in range(number):
                # Never faster to make up for a pause: a server may refuse a burst.
                next_at = max(next_at, loop.time()) + 1 / CONNECTS_PER_S
                await asyncio.sleep(next_at - loop.time())
                _, phone = await loop.create_connection(lambda: Phone(self), self.host, self.port)
                self._open.append(phone)
            await asyncio.gather(*(phone.opened for phone in self._open))

    async def received(self, events: int) -> None:
        """Returns once so many events have come in all. Raises: TimeoutError."""
        self._wanted = events
        async with asyncio.timeout(LONGEST_S):
            while self.events < self._wanted:
                self._woken.clear()
                await self._woken.wait()

    def heard(self, payload: bytes) -> None:
        """One event."""
        self.events += self.weigh(payload)
        self.sizes = len(payload)
        self.weight += len(payload)
        if self.events >= self._wanted:
            self._woken.set()

    def hung_up(self) -> None:
        """One is gone."""
        self.lost += 1

    def close(self) -> None:
        """Hangs up."""
        for phone in self._open:
            phone.transport.abort()


class Held(Protocol):
    """Whose sockets they are: what they say first, and who hears what comes."""

    host: str
    port: int
    path: str
    headers: dict[str, str]
    marker: bytes
    ready: int

    @property
    def first(self) -> list[str]:
        """Said once it is open."""
        ...

    def heard(self, payload: bytes) -> None:
        """A frame with the marker."""
        ...

    def hung_up(self) -> None:
        """It is gone."""
        ...


class Phone(asyncio.Protocol):
    """One socket."""

    __slots__ = ("_buffer", "_crowd", "_shaken", "opened", "transport")

    def __init__(self, crowd: Held) -> None:
        self._crowd, self._buffer, self._shaken = crowd, b"", False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        crowd = self._crowd
        lines = [f"GET {crowd.path} HTTP/1.1", f"Host: {crowd.host}:{crowd.port}", "Upgrade: websocket"]
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in crowd.headers.items()]
        self.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.hung_up()
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the server hung up before it had answered"))

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self._shaken:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            if b" 101 " not in head[:20]:
                self.opened.set_exception(ConnectionError(head[:60].decode(errors="replace")))
                return
            self._shaken = True
            for text in self._crowd.first:
                self.say(text.encode())
            if not self.opened.done():
                self.opened.set_result(None)
        at, size = 0, len(data)
        while size - at >= 2:
            length, body = data[at + 1] & 127, at + 2
            if length == 126:
                length, body = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, body = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if body + length > size:
                break
            self._frame(data[body : body + length])
            at = body + length
        self._buffer = data[at:]

    def _frame(self, payload: bytes) -> None:
        if self._crowd.marker in payload:
            self._crowd.heard(payload)
        elif payload.startswith(b'{"f":"ping","n":'):
            self.say(b'{"f":"pong","n":' + payload[16:].partition(b",")[0] + b"}")
        elif b'"subbed"' in payload or payload.startswith(b"40"):
            self._crowd.ready += 1
        elif payload == b"2":  # socket.io's ping
            self.say(b"3")

    def say(self, text: bytes) -> None:
        """A text frame, masked with zeros: the mask hides nothing on loopback."""
        length = bytes([128 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
        self.transport.write(b"\x81" + length + bytes(4) + text)
