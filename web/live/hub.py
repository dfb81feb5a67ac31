"""Who listens in this process, and the one task that tells them: the journal's tail, read in order.

Lives on one event loop; only the store's reads leave it.
Invariants: one deliverer, so one order; a subscription is told offset n only after n-1; an event that may
have changed somebody's role reaches them only after the role was read again (tests/live/test_roles.py).
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Final
from weakref import WeakSet

from dispatch.domain import limits
from dispatch.domain.events import CONTROL, HINT, Event, request_topic
from dispatch.ports import Bus, Clock, Store
from dispatch.traces import Tracer
from web.live import access, reading
from web.live.catching import CatchingUp
from web.live.conversation import Code
from web.live.maps import MapBoard
from web.live.positions import PositionBoard
from web.live.presence import PRESENT, Presence
from web.live.subscription import Sink, Stage, Subscription
from web.live.telling import Telling
from web.live.together import Together
from web.live.topics import Topics

log = logging.getLogger("flare.live")

BEAT_S: Final = 0.5
POSITIONS: Final = "pos"
"""The bus channel of people on the way."""

_running: WeakSet["Hub"] = WeakSet()


def running() -> list["Hub"]:
    """The hubs of this process that have started and not stopped: whom a server tells that it is about to stop."""
    return list(_running)


class Hub:
    """Everyone who listens in this process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        bus: Bus | None = None,
        luck: random.Random | None = None,
        secret: bytes | None = None,
        floor_s: Callable[[], float] = lambda: limits.POLL_FLOOR_S,
        beat_s: float = BEAT_S,
        present: Callable[[int, int], None] | None = None,
        traces: Tracer | None = None,
    ) -> None:
        """`secret` names asks on strangers' maps, the same in every worker; `floor_s` is asked before each wait.

        `present` hears of inboxes that open and close (web/live/presence.py).
        """
        self._beat_s, self._traces = beat_s, traces or Tracer()
        self._store, self._clock, self._bus, self._floor_s = store, clock, bus, floor_s
        self.luck = luck or random.Random()
        self.maps = MapBoard(secret)
        self.positions = PositionBoard()
        self._presence = Presence(present or (lambda person, more: None))
        self.topics = Topics(self._presence.change)
        self.sinks: dict[Sink, None] = {}
        self.on_beat: list[Callable[[float], None]] = []
        self.on_close: list[Callable[[Sink], None]] = []
        self.draining = False
        self.epoch = ""
        self.cut = 0
        self.reads = Together(store, self.spawn)
        self._catching = CatchingUp(
            self.reads, self.topics, self.positions, epoch=lambda: self.epoch, spawn=self.spawn, end=self.end,
            deny=self._deny, renewed=self._renewed,
        )  # fmt: skip
        self._telling = Telling(self.topics, again=self._catching.again, end=self.end)
        self._seq = 0
        self._told = 0
        self._spoke = 0.0
        self._beats = 0
        self._maps_told = clock.now().timestamp()
        self._maps_timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unhook: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since 1970 by the injected clock."""
        return self._clock.now().timestamp()

    @property
    def position(self) -> int:
        """The last row of the journal that has been told."""
        return self._told

    # -- life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Follows the journal from its head; returns once it does."""
        self._loop = asyncio.get_running_loop()
        await self._follow_from_head()
        self._store.on_commit(self.wake)
        if self._bus is not None:
            self._unhook += [
                self._bus.subscribe(HINT, lambda _: self.wake()),
                self._bus.subscribe(POSITIONS, self._on_loop(self.positions.heard)),
                self._bus.subscribe(PRESENT, self._on_loop(self._presence.heard)),
            ]
        self.spawn(self._follow())
        self.spawn(self._tick())
        _running.add(self)

    async def stop(self) -> None:
        """Says goodbye to everybody, then ends its own tasks. Idempotent."""
        self.drain()
        for unhook in self._unhook:
            unhook()
        self._unhook.clear()
        if self._maps_timer is not None:
            self._maps_timer.cancel()
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loop = None
        _running.discard(self)

    def drain(self) -> None:
        """`bye` 4000 to everybody, long polls answered; nobody new."""
        self.draining = True
        self.end_all(Code.DRAIN)

    def end_all(self, code: Code) -> None:
        """Ends every connection with that code, the returns spread over time."""
        retry_ms = self.retry_ms()
        for sink in list(self.sinks):
            self.end(sink, code, retry_ms)

    def retry_ms(self) -> int:
        """Over how long those who are sent away should spread their return."""
        return max(1_000, min(60_000, 1_000 * len(self.sinks) // limits.HANDSHAKES_PER_S))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it until it ends or the hub stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the live stream failed", exc_info=error)

    def wake(self) -> None:
        """The journal may have grown. From any thread; only a hint."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)

    def _on_loop(self, heard: Callable[[Mapping[str, object], float], None]) -> Callable[[Mapping[str, object]], None]:
        """What a bus may call from any thread: `heard`, with the time, on the event loop."""

        def told(message: Mapping[str, object]) -> None:
            loop = self._loop
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(lambda: heard(message, self.now()))

        return told

    # -- who listens ------------------------------------------------------------------------------

    def open(self, sink: Sink) -> None:
        """A connection is there."""
        self.sinks[sink] = None

    def end(self, sink: Sink, code: Code, retry_ms: int | None = None) -> None:
        """Ends a connection: first out of the hub, then told why."""
        if sink in self.sinks:
            retry_ms = self.retry_ms() if retry_ms is None else retry_ms
            self.close(sink)
            sink.end(code, retry_ms if code < Code.BAD_FRAME else 0)

    def close(self, sink: Sink) -> None:
        """A connection is gone; so are its subscriptions."""
        self.sinks.pop(sink, None)
        for gone in self.on_close:
            gone(sink)
        self._catching.forget(sink)
        for sub in list(sink.subs.values()):
            self.unsubscribe(sub)

    def subscribe(self, sub: Subscription) -> None:
        """Starts telling, from where a read says; the same id again replaces."""
        if (old := sub.sink.subs.get(sub.id)) is not None:
            self.unsubscribe(old)
        sub.sink.subs[sub.id] = sub
        parsed = reading.parse(sub.topic)
        entries = self.maps.add(sub, parsed[1]) if parsed and parsed[0] == "map" else None
        if entries is not None:
            sub.stage, sub.told = Stage.LIVE, True
            sub.sink.map_state(sub, entries, self.epoch)
        elif parsed is None or parsed[0] == "map":
            self._deny(sub)
        else:
            self._catching.begin(sub, *parsed)

    def unsubscribe(self, sub: Subscription) -> None:
        """Stops telling; nothing comes after."""
        sub.end()
        self.maps.drop(sub)
        self.topics.drop(sub)
        if sub.sink.subs.get(sub.id) is sub:
            del sub.sink.subs[sub.id]

    def heads(self, sink: Sink) -> tuple[dict[str, int], dict[str, list[int]]]:
        """For a ping: the head of each topic with offsets; count and mix of each map."""
        heads = {str(sub_id): head for sub_id, head in self.topics.heads(sink.subs)}
        watched = [sub for sub in sink.subs.values() if sub.topic.startswith("map:")]
        maps = {str(sub.id): list(check) for sub in watched if (check := self.maps.check(sub)) is not None}
        return heads, maps

    def _deny(self, sub: Subscription) -> None:
        self.unsubscribe(sub)
        sub.sink.denied(sub, self.epoch)

    def _renewed(self, sink: Sink) -> None:
        """The viewer is another one: a map is named and cut by who looks at it."""
        for sub in list(sink.subs.values()):
            if sub.topic.startswith("map:"):
                self.subscribe(Subscription(sub.id, sub.topic, sink))

    # -- the tail ---------------------------------------------------------------------------------

    async def _follow_from_head(self) -> None:
        self.epoch, self._seq, going_on = await self._store.read(reading.start)
        self.maps.load(going_on)

    async def _follow(self) -> None:
        while True:
            self._wake.clear()
            try:
                full = await self._next_page()
            except Exception:
                log.exception("the journal could not be read; trying again")
                full = False
            if not full:
                # What is committed meanwhile goes out together; everybody else on the loop has half of it.
                await asyncio.sleep(self._spoke)
                await self._rest()

    async def _next_page(self) -> bool:
        """Reads and tells the next events; True when there may be more."""
        loop, self._spoke = asyncio.get_running_loop(), 0.0
        page = await self._store.read(reading.page(self._seq, self.epoch, self.topics.__contains__))
        if page.epoch != self.epoch:
            # The log went backwards: its offsets mean other events now. Everybody starts from a snapshot.
            self.end_all(Code.RESYNC)
            await self._follow_from_head()
        elif page.events:
            self._seq = page.events[-1].seq
            try:
                with self._traces.span("live deliver", links=self._traces.causes()) as span:
                    before, began = self._telling.delivered, loop.time()
                    await self._deliver(page)
                    self._spoke = min(limits.BREATH_S, loop.time() - began)
                    if span is not None:
                        told = self._telling.delivered - before
                        span.holds |= {"flare.events": len(page.events), "flare.delivered": told}
            except Exception:
                log.exception("a page of the journal could not be told; its listeners read for themselves")
                for sub in [sub for event in page.events for sub in self.topics.of(event.topic)]:
                    self._catching.again(sub)
        self._told = self._seq
        return len(page.events) == limits.PAGE

    async def _rest(self) -> None:
        # Not wait_for: on Python 3.11 it may swallow a cancellation that comes with the hint, and never stop.
        floor = asyncio.get_running_loop().call_later(self._floor_s(), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            floor.cancel()

    async def _deliver(self, page: reading.Page) -> None:
        for request in page.requests.values():
            self.maps.change(request)
            self._maps_moved()
        # Rights first, for the whole page: its bodies were filled in after everything in it had happened.
        for event in page.events:
            self._steer(event)
        await self._telling.tell(page)

    def _steer(self, event: Event) -> None:
        """Whose role may this event have changed? They are told nothing more until it was read again."""
        if event.topic == CONTROL:
            for sink in list(self.sinks):
                if access.concerns(event, sink.viewer):
                    self._catching.stale(sink)
            return
        request_id = event.request_id or 0
        on_the_way = self.topics.of(reading.positions_key(request_id))
        for sub in access.changed(event, [*self.topics.of(request_topic(request_id)), *on_the_way]):
            self._catching.again(sub)
        if on_the_way and event.topic == request_topic(request_id):
            for who in access.arrived(event):
                self.positions.forget(on_the_way[0].topic.partition(":")[2], who)

    # -- time -------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            try:
                self.beat()
            except Exception:
                log.exception("a beat of the live stream failed")

    def beat(self) -> None:
        """What is due: pings and deadlines each half second, maps and positions each second."""
        now = self.now()
        for told in self.on_beat:
            told(now)
        self._beats += 1
        if self._beats % 2 == 0:
            if now - self._maps_told >= 2 * BEAT_S:
                self._tell_maps()
            self._tell_positions(now)
            if self._bus is not None and (word := self._presence.word(now)) is not None:
                self.spawn(asyncio.to_thread(self._bus.publish, PRESENT, word))

    def _maps_moved(self) -> None:
        """Told at once after a quiet second, else when that second is over."""
        if self._loop is not None and self._maps_timer is None:
            wait = max(0.0, self._maps_told + 2 * BEAT_S - self.now())
            self._maps_timer = self._loop.call_later(wait * 2 * self._beat_s, self._tell_maps)

    def _tell_maps(self) -> None:
        if self._maps_timer is not None:
            self._maps_timer.cancel()
        self._maps_timer = None
        if self.maps.tick():
            self._maps_told = self.now()

    def _tell_positions(self, now: float) -> None:
        for request, place in self.positions.fresh(now):
            for sub in self.topics.of(reading.positions_key(self._catching.id_of(request))):
                if sub.stage is Stage.LIVE:
                    self.positions.tell(sub, place)

    def figures(self) -> Iterator[tuple[str, float]]:
        """Gauges and counters for /metrics, as (name, value)."""
        yield "flare_live_connections", len(self.sinks)
        yield "flare_live_subscriptions", sum(len(sink.subs) for sink in self.sinks)
        yield "flare_live_topics", len(self.topics)
        yield "flare_live_events_delivered_total", self._telling.delivered
        yield "flare_live_slow_readers_cut_total", self.cut
