"""Long poll and server-sent events: the same subscription, another sink.

Knows no HTTP: answers are dicts and bytes, refusals are raised before the first byte. The route says who
is looking and writes headers. Invariant: the same events in the same order as over the websocket
(tests/live/test_three_ways.py).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from typing import Any, Final

from dispatch.domain import limits
from dispatch.domain.errors import Busy, NotFound
from dispatch.domain.visibility import Viewer
from web.live import frames
from web.live.conversation import Code
from web.live.frames import Burst, MapNews, Packed
from web.live.hub import Hub
from web.live.subscription import Cells, Picture, Subscription

THE_ONE: Final = 1
"""The id of a stream's only subscription."""
TAKE_S: Final = 10.0
LONGEST_OFFSET: Final = 15


class _Stream:
    """What both have in common: one topic, no map, no positions, a viewer who was asked for a moment ago."""

    cells: Cells | None = None
    """There is no map here to be counted."""
    straight: Callable[[bytes], None] | None = None
    """Its form is another one."""

    def __init__(self, hub: Hub, viewer: Viewer) -> None:
        self.hub = hub
        self.viewer = viewer
        self.subs: dict[int, Subscription] = {}

    def event(self, sub: Subscription, packed: Packed) -> None:
        """The next event: each stream's own."""
        raise NotImplementedError

    def burst(self, sub: Subscription, burst: Burst) -> None:
        """One by one, until it is cut."""
        for packed in burst.packed:
            if not sub.gone:
                self.event(sub, packed)

    def map_state(self, sub: Subscription, entries: list[bytes], epoch: str) -> None:
        """Never asked for."""

    def position_state(self, sub: Subscription, places: list[bytes], epoch: str) -> None:
        """Never asked for."""

    def map(self, sub: Subscription, news: MapNews) -> None:
        """Never asked for."""

    def position(self, sub: Subscription, rest: bytes) -> None:
        """Never asked for."""

    async def renew(self) -> Viewer | None:
        """Nobody: a stream ends when access may have, and the next call signs in anew."""
        return None


class _Poll(_Stream):
    """Collects one page."""

    def __init__(self, hub: Hub, viewer: Viewer) -> None:
        super().__init__(hub, viewer)
        self.picture: Picture | None = None
        self.events: list[dict[str, Any]] = []
        self.refused: NotFound | Busy | None = None
        self.looked = asyncio.Event()
        self.answered = asyncio.Event()

    async def caught_up(self, sub: Subscription, picture: Picture, quiet: bool) -> None:
        """The page it asked for, or a snapshot. Anything but an empty page is the answer."""
        if not quiet:
            self.picture, self.events = picture, []
        self.events += [packed.plain(picture.role or "") for packed in picture.tail]
        if self.events or not picture.resume:
            self._answer()
        self.looked.set()

    def event(self, sub: Subscription, packed: Packed) -> None:
        """What it was waiting for; what else the same pass brings comes along."""
        self.events.append(packed.plain(sub.role or ""))
        self.answered.set()

    def denied(self, sub: Subscription, epoch: str) -> None:
        """Not theirs, or no longer: nothing collected is given out."""
        self.refused = NotFound("ask")
        self._answer()

    def end(self, code: Code, retry_ms: int) -> None:
        """Answers at once with what there is; the next call finds a server that stands."""
        if code in (Code.SIGN_IN, Code.NOT_ALLOWED):
            self.refused = NotFound("ask")
        elif self.picture is None:
            self.refused = Busy()
        self._answer()

    def _answer(self) -> None:
        self.looked.set()
        self.answered.set()
        self.hub.close(self)

    def waiting(self) -> int:
        """Nothing: a page is bounded by its read."""
        return 0


async def long_poll(
    hub: Hub, viewer: Viewer, request_public_id: str, epoch: str | None, after: int | None, wait: float
) -> dict[str, Any]:
    """`{epoch, head, mode, events}`, and `state` for a snapshot; at most 500 events.

    Unit: `wait` seconds, at most 25; 0 answers at once. No `epoch` = the current one; offset 0 is valid in
    every epoch. Raises: NotFound (also when access ends while waiting), Busy when the store can't be read.
    """
    if hub.draining:
        raise Busy
    poll = _Poll(hub, viewer)
    hub.open(poll)
    try:
        hub.subscribe(Subscription(THE_ONE, f"req:{request_public_id}", poll, epoch, after or 0, paged=True))
        await poll.looked.wait()
        await _within(poll.answered, min(wait, limits.LONG_POLL_S))
    finally:
        hub.close(poll)
    if poll.refused is not None:
        raise poll.refused
    picture = poll.picture
    if picture is None:
        raise Busy
    answer: dict[str, Any] = {
        "epoch": picture.epoch,
        "head": max(picture.head, poll.events[-1]["off"] if poll.events else 0),
        "mode": "resume" if picture.resume else "snapshot",
        "events": poll.events,
    }
    return answer if picture.resume else answer | {"state": picture.state}


async def _within(happened: asyncio.Event, seconds: float) -> None:
    if seconds > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await happened.wait()


class _Blocks(_Stream):
    """Blocks of an event stream, waiting for their reader."""

    def __init__(self, hub: Hub, viewer: Viewer) -> None:
        super().__init__(hub, viewer)
        self.refused: NotFound | Busy | None = None
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting = 0
        self._room = asyncio.Event()
        self._begun = False

    async def next(self, seconds: float) -> bytes | None:
        """What is waiting; None at the end. Raises: TimeoutError when nothing came."""
        async with asyncio.timeout(seconds):
            block = await self._queue.get()
        if block is not None:
            self._waiting -= len(block)
            self._room.set()
        return block

    def _put(self, block: bytes) -> None:
        if self._waiting > limits.WRITE_BUFFER_BYTES:
            self.hub.cut += 1
            self.hub.end(self, Code.SLOW)
            return
        self._waiting += len(block)
        self._queue.put_nowait(block)

    def _subbed(self, mode: str, epoch: str, off: int, state: object = None) -> None:
        data: dict[str, object] = {"f": "subbed", "mode": mode, "epoch": epoch, "off": off}
        if state is not None:
            data["state"] = state
        self._begun = True
        self._put(frames.sse("subbed", frames.encode(data), f"{epoch}:{off}"))

    async def caught_up(self, sub: Subscription, picture: Picture, quiet: bool) -> None:
        """Tells where it stands, unless quiet, and the tail, as fast as the reader takes it."""
        if not quiet and picture.resume:
            self._subbed("resume", picture.epoch, sub.off or 0)
        elif not quiet:
            self._subbed("snapshot", picture.epoch, picture.head, picture.state)
        for packed in picture.tail:
            while self._waiting > limits.CATCH_UP_PIECE_BYTES and not sub.gone:
                self._room.clear()
                try:
                    async with asyncio.timeout(TAKE_S):
                        await self._room.wait()
                except TimeoutError:
                    self.hub.end(self, Code.SLOW)
            if sub.gone:
                return
            self._put(packed.sse(picture.role or "", picture.epoch))

    def event(self, sub: Subscription, packed: Packed) -> None:
        """The next event."""
        self._put(packed.sse(sub.role or "", sub.epoch or ""))

    def denied(self, sub: Subscription, epoch: str) -> None:
        """Not theirs: a 404 if nothing was sent yet, else the last block."""
        if self._begun:
            self._subbed("denied", epoch, 0)
        else:
            self.refused = NotFound("ask")
        self._finish()

    def end(self, code: Code, retry_ms: int) -> None:
        """Says why and ends; `retry` is how long a browser waits before it comes back."""
        if not self._begun:
            self.refused = Busy()
        data = frames.encode({"f": "bye", "code": int(code), "retry_ms": retry_ms})
        self._queue.put_nowait(b"retry: %d\n" % retry_ms + frames.sse("bye", data))
        self._finish()

    def _finish(self) -> None:
        self._queue.put_nowait(None)
        self._room.set()
        self.hub.close(self)

    def waiting(self) -> int:
        """Bytes nobody has taken yet."""
        return self._waiting


async def event_stream(
    hub: Hub,
    viewer: Viewer,
    request_public_id: str,
    last_event_id: str | None,
    ping_s: float = limits.STREAM_PING_S,
) -> AsyncIterator[bytes]:
    """The blocks of `text/event-stream`, to be awaited once and then read: `subbed`, then `ev`, pings with the head.

    `last_event_id` is `<epoch>:<off>`; anything else is a snapshot. Raises, before the first block: NotFound,
    Busy. Ends with `bye` when the server drains or after an hour, with `subbed` denied when access is lost.
    """
    if hub.draining:
        raise Busy
    blocks = _blocks(hub, viewer, request_public_id, last_event_id, ping_s)
    return _with_first(await anext(blocks), blocks)


async def _with_first(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for block in rest:
            yield block


async def _blocks(
    hub: Hub, viewer: Viewer, public_id: str, last_event_id: str | None, ping_s: float
) -> AsyncGenerator[bytes, None]:
    sink = _Blocks(hub, viewer)
    sub = Subscription(THE_ONE, f"req:{public_id}", sink, *_position(last_event_id))
    until = hub.now() + limits.MAX_AGE_S * hub.luck.uniform(0.9, 1.1)
    hub.open(sink)
    try:
        hub.subscribe(sub)
        begun = False
        while True:
            try:
                block = await sink.next(ping_s)
            except TimeoutError:
                if hub.now() >= until:
                    hub.end(sink, Code.RENEW)
                if not begun:
                    continue
                head = max(sub.off or 0, hub.topics.head(sub.key))
                block = frames.sse("ping", frames.encode({"f": "ping", "head": head}))
            if not begun and sink.refused is not None:
                raise sink.refused
            if block is None:
                return
            begun = True
            yield block
    finally:
        hub.close(sink)


def _position(last_event_id: str | None) -> tuple[str | None, int | None]:
    epoch, colon, off = (last_event_id or "").rpartition(":")
    if not colon or not off.isascii() or not off.isdigit() or len(off) > LONGEST_OFFSET:
        return None, None
    return epoch, int(off)
