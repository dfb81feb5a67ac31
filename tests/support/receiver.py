"""A push service of our own on loopback: takes what is handed in, answers as a test tells it to, and forgets nothing.

It runs on a thread of its own, so that a sender in another process or on another loop can be watched as well.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatch.actions.push import Register, register
from dispatch.domain.visibility import Viewer
from dispatch.ports import Tx
from tests.support.reader import Reader


@dataclass(frozen=True)
class Handed:
    """One message as it was handed in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What was handed in, and what is answered next to each path (once each; 201 after that)."""

    port: int = 0
    got: list[Handed] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    heard: threading.Condition = field(default_factory=threading.Condition)
    held: set[str] = field(default_factory=set)
    """Paths that are answered once `release` was called and not before."""
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def say(self, path: str, *statuses: str) -> None:
        """Answers these to that path first: "503 Busy" or "503 Busy\r\nRetry-After: 5"."""
        self.answers[path] += statuses

    def release(self) -> None:
        """What was held is answered now."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._released.set)

    def wait_for(self, count: int, within_s: float = 60) -> list[Handed]:
        """The messages once there are so many."""
        with self.heard:
            there = self.heard.wait_for(lambda: len(self.got) >= count, within_s)
            assert there, f"{len(self.got)} messages instead of {count}"
            return list(self.got)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                lines = [line.partition(":") for line in head[1:] if line]
                headers = {name.strip().lower(): value.strip() for name, _, value in lines}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                path = head[0].split(" ")[1]
                with self.heard:
                    self.got.append(Handed(path, headers, body))
                    said = self.answers[path].pop(0) if self.answers[path] else "201 Created"
                    self.heard.notify_all()
                if path in self.held:
                    await self._released.wait()
                writer.write(f"HTTP/1.1 {said}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver, ready = Receiver(), threading.Event()
    ends: list[Callable[[], object]] = []

    async def run() -> None:
        server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0)
        receiver.port = server.sockets[0].getsockname()[1]
        receiver._loop = loop = asyncio.get_running_loop()
        over = asyncio.Event()
        ends.append(lambda: loop.call_soon_threadsafe(over.set))
        ready.set()
        await over.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        ends[0]()
        thread.join(10)


@dataclass
class Phone:
    """Somebody's phone: subscribed at a path of the receiver."""

    receiver: Receiver
    path: str
    reader: Reader = field(default_factory=Reader)

    @property
    def endpoint(self) -> str:
        """What its browser got from the push service."""
        return self.receiver.address + self.path

    def wants(self, person_id: int, *, session: str | None = None, lang: str | None = "en") -> Any:
        """A job: this phone is that person's."""
        viewer = Viewer(person_id=person_id, session=session or f"session of {self.path}")
        command = Register(
            viewer=viewer, endpoint=self.endpoint, p256dh=self.reader.p256dh, auth=self.reader.auth, lang=lang
        )

        def job(tx: Tx, now: datetime) -> dict[str, Any]:
            return register(tx, now, command)

        return job

    @property
    def handed(self) -> list[Handed]:
        """What was handed in for it, in order."""
        return [each for each in self.receiver.got if each.path == self.path]

    def shows(self) -> list[dict[str, Any]]:
        """What it could read of that, in order."""
        return [self.reader.read_json(each.body) for each in self.handed]


def titles(shown: Sequence[dict[str, Any]]) -> list[str]:
    """The titles alone."""
    return [str(each["title"]) for each in shown]
