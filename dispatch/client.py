"""The reference client of the live stream: how to follow topics and never miss or repeat an event.

`Follower` is the whole of the rules and does no I/O: frames and time in, frames and updates out. Tests,
the simulation and `FlareClient` use the same one. `FlareClient` adds a websocket and the way back to it.
Invariant: per topic, events are applied once and in order from the last snapshot (tests/live/test_simulated.py).
The rules in words: docs/live-stream.md.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from dispatch.domain.events import fold

VERSION: Final = 1
SUBBED_WITHIN_S: Final = 10.0
SILENT_AFTER_S: Final = 25.0
HEALTHY_AFTER_S: Final = 30.0
BACK_OFF_S: Final = (0.5, 30.0)
SPREAD_MOST_S: Final = 60.0
STAYS_AWAY: Final = 4_500
FINAL_CODES: Final = frozenset({1002, 1007, 1009})
UPDATES_KEPT: Final = 10_000

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """Something a topic's reader should know."""

    topic: str
    kind: str
    """`snapshot`, `event`, `denied`, `map` or `pos`."""
    off: int
    state: Mapping[str, object]
    """The view after it."""
    frame: Mapping[str, Any]


@dataclass(slots=True)
class _Topic:
    id: int
    name: str
    epoch: str | None = None
    off: int = 0
    state: dict[str, object] = field(default_factory=dict)
    asked_at: float | None = None
    """Since when it waits for its `subbed`; what comes for it meanwhile is ignored."""

    def sub(self, now: float) -> Frame:
        self.asked_at = now
        frame: Frame = {"f": "sub", "id": self.id, "topic": self.name}
        if self.epoch is not None and not self.name.startswith(("map:", "pos:")):
            frame |= {"epoch": self.epoch, "off": self.off}
        return frame


class Follower:
    """Several topics over one connection at a time, over any number of connections."""

    def __init__(self) -> None:
        self._topics: dict[int, _Topic] = {}
        self._last_id = 0
        self._heard_at: float | None = None
        self._connected = False
        self.bye: tuple[int, float] | None = None
        """The server's last word: its code, and over how many seconds to spread the return."""
        self.spread = 0.0
        """Over how many seconds to spread the return if the server goes without a word, as its last ping said."""

    def follow(self, topic: str, now: float = 0.0) -> tuple[int, list[Frame]]:
        """The new subscription's id, and what to send if a connection is open."""
        self._last_id += 1
        new = self._topics[self._last_id] = _Topic(self._last_id, topic)
        return new.id, [new.sub(now)] if self._connected else []

    def forget(self, sub_id: int) -> list[Frame]:
        """Stops following; what to send."""
        gone = self._topics.pop(sub_id, None)
        return [{"f": "unsub", "id": sub_id}] if gone and self._connected else []

    def opened(self, now: float) -> list[Frame]:
        """A connection is open: what to send first."""
        self._connected, self._heard_at, self.bye = True, now, None
        return [{"f": "hello", "v": VERSION}, *(topic.sub(now) for topic in self._topics.values())]

    def closed(self) -> None:
        """The connection is gone; the positions stay."""
        self._connected, self._heard_at = False, None

    def position(self, sub_id: int) -> tuple[str | None, int]:
        """(epoch, offset) of the last thing applied."""
        topic = self._topics[sub_id]
        return topic.epoch, topic.off

    def state(self, sub_id: int) -> Mapping[str, object]:
        """The view as far as it is known."""
        return self._topics[sub_id].state

    def stale(self, now: float) -> bool:
        """Nothing was heard for longer than a heartbeat, or a subscription was never answered: connect anew."""
        if self._heard_at is not None and now - self._heard_at >= SILENT_AFTER_S:
            return True
        asked = [topic.asked_at for topic in self._topics.values() if topic.asked_at is not None]
        return self._connected and any(now - since >= SUBBED_WITHIN_S for since in asked)

    def received(self, frame: Frame, now: float) -> tuple[list[Frame], list[Update]]:
        """What to send, and what has changed."""
        self._heard_at = now
        match frame.get("f"):
            case "ping":
                return self._ping(frame, now)
            case "bye":
                self.bye = int(frame["code"]), float(frame.get("retry_ms", 0)) / 1_000
                return [], []
        topic = self._topics.get(frame.get("id", 0))
        if topic is None:
            return [], []
        match frame.get("f"):
            case "subbed":
                return [], self._subbed(topic, frame)
            case "ev":
                return self._event(topic, frame, now)
            case "map" if topic.asked_at is None:
                return [], [self._map(topic, frame)]
            case "pos" if topic.asked_at is None:
                return [], [self._place(topic, frame)]
        return [], []

    def _subbed(self, topic: _Topic, frame: Frame) -> list[Update]:
        topic.asked_at = None
        if frame["mode"] == "denied":
            del self._topics[topic.id]
            return [Update(topic.name, "denied", 0, {}, frame)]
        if frame["mode"] == "resume":
            return []
        topic.epoch, topic.off = frame["epoch"], frame["off"]
        topic.state = _keyed(frame["state"]) if topic.name.startswith(("map:", "pos:")) else dict(frame["state"])
        return [Update(topic.name, "snapshot", topic.off, topic.state, frame)]

    def _event(self, topic: _Topic, frame: Frame, now: float) -> tuple[list[Frame], list[Update]]:
        if topic.asked_at is not None or frame["off"] <= topic.off:
            return [], []
        if frame["off"] != topic.off + 1:
            return [topic.sub(now)], []
        topic.off = frame["off"]
        if topic.name.startswith("req:"):
            topic.state = fold(topic.state, topic.off, frame["body"])
        return [], [Update(topic.name, "event", topic.off, topic.state, frame)]

    def _ping(self, frame: Frame, now: float) -> tuple[list[Frame], list[Update]]:
        answer: list[Frame] = [{"f": "pong", "n": frame["n"]}]
        self.spread = min(SPREAD_MOST_S, float(frame.get("retry_ms", 0)) / 1_000)
        for sub_id, head in frame.get("heads", {}).items():
            topic = self._topics.get(int(sub_id))
            if topic is not None and topic.asked_at is None and head > topic.off:
                answer.append(topic.sub(now))
        return answer, []

    def _map(self, topic: _Topic, frame: Frame) -> Update:
        for entry in frame["put"]:
            held = topic.state.get(entry["id"])
            if not isinstance(held, Mapping) or held["v"] <= entry["v"]:
                topic.state[entry["id"]] = entry
        for gone in frame["del"]:
            held = topic.state.get(gone["id"])
            if isinstance(held, Mapping) and held["v"] <= gone["v"]:
                del topic.state[gone["id"]]
        return Update(topic.name, "map", 0, topic.state, frame)

    def _place(self, topic: _Topic, frame: Frame) -> Update:
        topic.state[frame["who"]] = frame
        return Update(topic.name, "pos", 0, topic.state, frame)


def _keyed(state: Mapping[str, Any]) -> dict[str, object]:
    entries: Sequence[Mapping[str, Any]] = state.get("entries") or state.get("positions") or ()
    return {entry.get("who") or entry["id"]: entry for entry in entries}


def back_off(failures: int, luck: Callable[[float, float], float], spread: float = 0.0) -> float:
    """Seconds before the next try: at random, so that a thousand phones don't come back together.

    `spread` is what the server last said (`Follower.spread`): with five thousand on it half a second is no spread.
    """
    base, most = BACK_OFF_S
    return luck(0.0, max(spread, min(most, base * 2 ** min(failures, 10))))


class SignInAgain(Exception):
    """The server ended the connection for good: coming back as one is changes nothing."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server closed the stream with {code}; sign in again or correct what was sent")
        self.code = code


class FlareClient:
    """Follows topics of one server and stays connected until it is closed.

    `async with FlareClient(url) as client: client.follow("req:…"); async for update in client: …`
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        luck: Callable[[float, float], float] | None = None,
    ) -> None:
        """`url` is the websocket's, `ws://…/v1/live`; `headers` carry the authorization."""
        self._url, self._headers = url, dict(headers or {})
        self._luck = luck or random.Random().uniform
        self._follower = Follower()
        self._updates: asyncio.Queue[Update | SignInAgain | None] = asyncio.Queue(UPDATES_KEPT)
        self._send: Callable[[list[Frame]], Any] | None = None
        self._running: asyncio.Task[None] | None = None
        self._abort: Callable[[], None] | None = None
        self._failures = 0

    async def __aenter__(self) -> "FlareClient":
        """Starts connecting."""
        self._running = asyncio.create_task(self._stay())
        return self

    async def __aexit__(self, *error: object) -> None:
        """Closes the connection."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def __aiter__(self) -> AsyncIterator[Update]:
        """Everything that changes, for as long as the server lets us."""
        return self._changes()

    async def _changes(self) -> AsyncIterator[Update]:
        while (update := await self._updates.get()) is not None:
            if isinstance(update, SignInAgain):
                raise update
            yield update

    async def follow(self, topic: str) -> int:
        """Follows one more topic; the answer is its id."""
        sub_id, frames = self._follower.follow(topic, asyncio.get_running_loop().time())
        await self._say(frames)
        return sub_id

    def state(self, sub_id: int) -> Mapping[str, object]:
        """The view as far as it is known."""
        return self._follower.state(sub_id)

    def drop(self) -> None:
        """Loses the connection as a bad network would; it comes back by itself."""
        if self._abort is not None:
            self._abort()

    async def _say(self, frames: list[Frame]) -> None:
        if self._send is not None and frames:
            await self._send(frames)

    async def _stay(self) -> None:
        from websockets.exceptions import WebSocketException

        loop = asyncio.get_running_loop()
        while True:
            began, code = loop.time(), 1006
            try:
                code = await self._talk()
            except (OSError, TimeoutError, WebSocketException):
                code = 1006
            finally:
                self._send = self._abort = None
                self._follower.closed()
            if code >= STAYS_AWAY or code in FINAL_CODES:
                await self._updates.put(SignInAgain(code))
                return
            self._failures = 0 if loop.time() - began >= HEALTHY_AFTER_S else self._failures + 1
            wait = back_off(self._failures, self._luck, self._follower.spread)
            if (bye := self._follower.bye) is not None:
                wait = self._luck(0.0, bye[1])
            await asyncio.sleep(wait)

    async def _talk(self) -> int:
        """One connection, from hello to its close code."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed

        loop = asyncio.get_running_loop()
        async with connect(self._url, additional_headers=self._headers, compression=None, ping_interval=None) as socket:

            async def send(frames: list[Frame]) -> None:
                with suppress(ConnectionClosed):
                    for frame in frames:
                        await socket.send(json.dumps(frame))

            self._send, self._abort = send, socket.transport.abort
            await send(self._follower.opened(loop.time()))
            while True:
                try:
                    async with asyncio.timeout(1.0):
                        text = await socket.recv()
                except TimeoutError:
                    if self._follower.stale(loop.time()):
                        return 1006
                    continue
                except ConnectionClosed:
                    return socket.close_code or 1006
                answers, updates = self._follower.received(json.loads(text), loop.time())
                await send(answers)
                for update in updates:
                    await self._updates.put(update)
