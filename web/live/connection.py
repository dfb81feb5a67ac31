"""One websocket: what it says goes through its conversation, what it follows comes from the hub.

Knows no socket: a wire takes whole frames. Nothing is queued here; what waits, waits in the transport's
buffer, and a reader who lets more than 128 KiB pile up is cut (tests/live/test_slow_readers.py).
"""

import asyncio
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from dispatch.domain import limits
from dispatch.domain.visibility import Viewer
from web.live import frames
from web.live.conversation import Bye, Code, Conversation, Effect, Ping, Subscribe, Unsubscribe, Welcome
from web.live.frames import Burst, MapNews, Packed
from web.live.hub import Hub
from web.live.subscription import Cells, Picture, Subscription

log = logging.getLogger("flare.live")

TAKE_S: Final = 10.0  # a piece of a long tail must be taken within this
RENEW_MS: Final = 5_000
_WELCOME: Final = frames.welcome()


class Wire(Protocol):
    """What carries whole websocket frames."""

    def write(self, written: bytes) -> None:
        """Sends one frame or several, or keeps them until the network takes them; nothing once closed. Never blocks."""
        ...

    def waiting(self) -> int:
        """Bytes not yet taken by the network."""
        ...

    async def drained(self) -> None:
        """Returns when little is waiting, or it is closed."""
        ...

    def finish(self, last: bytes, code: int) -> None:
        """Sends a last frame and the close; a peer that does not answer is dropped after 2 s."""
        ...


class Connection:
    """A sink whose frames go over one websocket."""

    __slots__ = ("_hub", "_patient_until", "_renew", "_wire", "cells", "conversation", "straight", "subs", "viewer")

    def __init__(
        self,
        hub: Hub,
        wire: Wire,
        viewer: Viewer,
        renew: Callable[[], Awaitable[Viewer | None]],
        cells: Cells | None = None,
    ) -> None:
        self._hub, self._wire, self._renew, self.cells = hub, wire, renew, cells
        self.viewer = viewer
        self._patient_until = 0.0
        self.straight: Callable[[bytes], None] | None = None
        self.subs: dict[int, Subscription] = {}
        self.conversation = Conversation(hub.now(), hub.luck.uniform)

    # -- from the client --------------------------------------------------------------------------

    def received(self, message: str | bytes) -> None:
        """One message has come."""
        self._do(self.conversation.received(message, self._hub.now()))

    def lost(self) -> None:
        """The websocket is gone, or going: nothing may be written any more. Idempotent."""
        self.conversation.over, self.straight = True, None
        self._hub.close(self)

    def drain(self) -> None:
        """The server is about to stop."""
        self._hub.end(self, Code.DRAIN)

    def due(self, now: float) -> None:
        """Time has passed."""
        self._do(self.conversation.due(now))

    def _do(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Welcome():
                    self._write(_WELCOME)
                case Subscribe():
                    self._hub.subscribe(Subscription(effect.id, effect.topic, self, effect.epoch, effect.off))
                case Unsubscribe():
                    if (sub := self.subs.get(effect.id)) is not None:
                        self._hub.unsubscribe(sub)
                case Ping():
                    heads, maps = self._hub.heads(self)
                    more: dict[str, object] = {"maps": maps} if maps else {}
                    # Over what to spread the return if this worker dies without a word: only it knows how many follow.
                    more["retry_ms"] = self._hub.retry_ms()
                    self._write(frames.frame("ping", n=effect.n, heads=heads, **more))
                case Bye():
                    self._hub.end(self, effect.code, RENEW_MS if effect.code is Code.RENEW else None)

    # -- to the client ----------------------------------------------------------------------------

    def _write(self, frame: bytes) -> None:
        wire, large = self._wire, len(frame) > limits.WRITE_BUFFER_BYTES
        if wire.waiting() > limits.WRITE_BUFFER_BYTES and (large or self._hub.now() >= self._patient_until):
            self._hub.cut += 1
            self._hub.end(self, Code.SLOW)
            return
        if large:
            # A map of a thousand asks is more than may wait: cut for it, a slow line would fetch it again for ever.
            self._patient_until = self._hub.now() + TAKE_S
        wire.write(frame)

    async def caught_up(self, sub: Subscription, picture: Picture, quiet: bool) -> None:
        """Tells where it stands, unless quiet, and the tail; a reader who takes too long is cut."""
        role = picture.role or ""
        if not quiet:
            mode, off = ("resume", sub.off or 0) if picture.resume else ("snapshot", picture.head)
            self._write(frames.subbed(sub.id, mode, picture.epoch, off, picture.state))
        for packed in picture.tail:
            if self._wire.waiting() > limits.CATCH_UP_PIECE_BYTES:
                try:
                    async with asyncio.timeout(TAKE_S):
                        await self._wire.drained()
                except TimeoutError:
                    self._hub.end(self, Code.SLOW)
            if sub.gone:
                return
            self._write(packed.frame(role, sub.id))

    def event(self, sub: Subscription, packed: Packed) -> None:
        """The next event."""
        self._write(packed.frame(sub.role or "", sub.id))

    def burst(self, sub: Subscription, burst: Burst) -> None:
        """The next events, in one write."""
        self._write(burst.frames(sub.role or "", sub.id))

    def denied(self, sub: Subscription, epoch: str) -> None:
        """Not theirs, or no longer; the id is free again."""
        self.conversation.forget(sub.id)
        self._write(frames.subbed(sub.id, "denied", epoch, 0))

    def map_state(self, sub: Subscription, entries: list[bytes], epoch: str) -> None:
        """Every entry of a map, to start from."""
        self._state(sub, b'{"entries":[' + b",".join(entries) + b"]}", epoch)

    def position_state(self, sub: Subscription, places: list[bytes], epoch: str) -> None:
        """Every position it may see, to start from."""
        self._state(sub, b'{"positions":[' + b",".join(places) + b"]}", epoch)

    def _state(self, sub: Subscription, state: bytes, epoch: str) -> None:
        head = frames.encode({"f": "subbed", "id": sub.id, "mode": "snapshot", "epoch": epoch, "off": 0})
        self._write(frames.text_frame(head[:-1] + b',"state":' + state + b"}"))

    def map(self, sub: Subscription, news: MapNews) -> None:
        """What changed on the map."""
        self._write(news.frame(sub.id))

    def position(self, sub: Subscription, rest: bytes) -> None:
        """Where somebody is now."""
        self._write(frames.text_frame(b'{"f":"pos","id":%d,' % sub.id + rest))

    def end(self, code: Code, retry_ms: int) -> None:
        """Says why and closes."""
        self.conversation.over, self.straight = True, None
        self._wire.finish(frames.bye(code, retry_ms), code)

    def waiting(self) -> int:
        """Bytes written and not yet taken by the network."""
        return self._wire.waiting()

    async def renew(self) -> Viewer | None:
        """Who is looking, asked again."""
        return await self._renew()


class Heartbeats:
    """Every connection's next date, in one heap: one timer for all of them."""

    def __init__(self, hub: Hub) -> None:
        self._heap: list[tuple[float, int, Connection]] = []
        self._order = itertools.count()
        hub.on_beat.append(self.beat)

    def add(self, connection: Connection) -> None:
        """From now on it is told when its time has come."""
        heapq.heappush(self._heap, (connection.conversation.next_at, next(self._order), connection))

    def beat(self, now: float) -> None:
        """Tells everyone whose date has come. A date may have moved later meanwhile, never earlier."""
        while self._heap and self._heap[0][0] <= now:
            _, _, connection = heapq.heappop(self._heap)
            if connection.conversation.over:
                continue
            try:
                connection.due(now)
            except Exception:
                log.exception("a heartbeat failed")
            if not connection.conversation.over:
                self.add(connection)
