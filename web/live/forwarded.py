"""The wire of a server that is not ours to write to: frames go through its `send`, from a queue and a task.

Another ASGI server, or a test client, has no `flare.socket` in its scope. Invariant: nothing is sent after the close
(tests/live/test_websocket.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from dispatch.domain import limits
from web.live import frames

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Forwarded:
    """A Wire for a server without `flare.socket`: a queue and the application's own task."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message] = asyncio.Queue()
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()
        self._over = False

    def write(self, written: bytes) -> None:
        """Queues the text of each frame; the bound is the hub's cut at 128 KiB."""
        if self._over:
            return
        for payload in frames.payloads(written):
            self._waiting += len(payload)
            self._queue.put_nowait({"type": "websocket.send", "text": payload.decode()})
        if self._waiting > limits.CATCH_UP_PIECE_BYTES:
            self._room.clear()

    def waiting(self) -> int:
        """Bytes the server has not taken yet."""
        return self._waiting

    async def drained(self) -> None:
        """Returns when the server has taken most of it."""
        await self._room.wait()

    def finish(self, last: bytes, code: int) -> None:
        """A last frame and the close."""
        self.write(last)
        self._queue.put_nowait({"type": "websocket.close", "code": code})
        self._over = True

    async def send_all(self, send: Send) -> None:
        """Hands the server what is queued, until the close has gone out."""
        while True:
            message = await self._queue.get()
            await send(message)
            self._waiting -= len(message.get("text", ""))
            if self._queue.empty():
                self._waiting = 0
                self._room.set()
            if message["type"] == "websocket.close":
                return
