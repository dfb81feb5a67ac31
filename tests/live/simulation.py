"""A night on a stepped clock: the real hub, the real reader of the journal and the real client rules on a bad network.

Everything happens on one event loop whose time jumps to the next thing to do, and all luck comes from one seed, so
a seed that fails fails again. The store is the only double: it keeps ports.Store's promise (a snapshot, never older
than what was committed before the read was asked for), and breaks when told to.
"""

import asyncio
import json
import logging
import random
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

from dispatch.client import Follower, Update, back_off
from dispatch.domain import limits
from dispatch.domain.claim import Claim
from dispatch.domain.events import Event, EventKind, Tail, request_topic
from dispatch.domain.lifecycle import ClaimState, RequestState
from dispatch.domain.request import Request, Secrets, Urgency
from dispatch.domain.visibility import Viewer, claim_part
from tests.live.jumping import JumpingLoop, passing
from web.live.connection import Connection, Heartbeats
from web.live.frames import payloads
from web.live.hub import Hub

START = datetime(2026, 7, 4, tzinfo=UTC)
REQUESTS, CLIENTS, COMMITS = 2, 5, 40
BURSTS = [1] * 20 + [2, 2, 2, 20, 300]
QUIET_S = 75.0
"""After the last fault: a lost last event is found within a heartbeat, a lost client is back within a back-off."""


class Log:
    """One line of history, whole and by topic."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = []
        self.topics: dict[str, list[Event]] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        self.events.append(event)
        self.topics.setdefault(event.topic, []).append(event)


@dataclass(frozen=True)
class State:
    """Everything the store held at one moment."""

    epoch: str
    log: "Log"
    """Shared with later moments, which hold more of it; a restore copies it."""
    seq: int
    requests: dict[int, Request]
    claims: dict[tuple[int, int], Claim]


class SimulatedTx:
    """As much of ports.Tx as the stream reads."""

    def __init__(self, state: State) -> None:
        claims = state.claims
        self.requests = SimpleNamespace(
            by_id=state.requests.get,
            by_public=lambda name: next((r for r in state.requests.values() if r.public_id == name), None),
            by_ids=lambda ids: {one: state.requests[one] for one in ids if one in state.requests},
            secrets=lambda one: Secrets(),
            notes=lambda one, limit: [],
            open_in=lambda box, limit: list(state.requests.values()),
        )
        self.claims = SimpleNamespace(
            unfinished=lambda request, person: claims.get((request, person)),
            of_request=lambda request: [c for (one, _), c in claims.items() if one == request],
            by_public=lambda name: next((c for c in claims.values() if c.public_id == name), None),
        )
        self.alerts = SimpleNamespace(of=lambda request, person: None)
        self.people = SimpleNamespace(by_ids=lambda ids: {})
        self.network = SimpleNamespace(blocked_either_way=lambda person: set())
        self.safety = SimpleNamespace(flags_of=lambda one: (), frozen=lambda one: None, is_held=lambda one: False)
        self.relays = SimpleNamespace(claims=lambda one: {}, of_request=lambda one: [])
        self.journal = SimpleNamespace(head=lambda: (state.epoch, state.seq), after=self._after, topic=self._topic)
        self._state = state

    def _after(self, seq: int, limit: int) -> tuple[str, Iterable[Event]]:
        return self._state.epoch, self._state.log.events[seq : min(seq + limit, self._state.seq)]

    def _topic(self, topic: str, after: int, limit: int) -> Tail:
        request = self._state.requests.get(int(topic[1:]))
        head = request.off if request else 0
        missed = self._state.log.topics.get(topic, [])[after : min(after + limit, head)]
        return Tail(epoch=self._state.epoch, head=head, events=tuple(missed))


class SimulatedStore:
    """ports.Store, as slow and as broken as luck wills; remembers what was true at every position."""

    def __init__(self, luck: random.Random, *, new_epoch: bool = True) -> None:
        self.luck = luck
        self.new_epoch = new_epoch
        self.trouble = True
        self.broken = False
        self.truth: dict[tuple[str, str, int], int | None] = {}
        self.state = State("e0", Log(), 0, {}, {})
        self.history = [self.state]
        self._told: list[Callable[[], None]] = []
        for number in range(1, REQUESTS + 1):
            request = Request(
                id=number, public_id=f"ask{number}", requester=1, kind="words", quantity=None, seats_taken=0,
                status=RequestState.OPEN, urgency=Urgency.WAITING, for_other=False, needs=(), cell=None, off=0,
                created_at=START, deadline_at=START,
            )  # fmt: skip
            self.state = replace(self.state, requests=self.state.requests | {number: request})
            self.commit(number, 1)

    def on_commit(self, told: Callable[[], None]) -> None:
        self._told.append(told)

    async def read(self, job: Callable[[Any, datetime], Any]) -> Any:
        await passing(self.luck.choice([0, 0.001, 0.05, 1.5]))
        if self.broken and self.luck.random() < 0.3:
            raise OSError("the connection was lost")
        answer = job(SimulatedTx(self.state), START)
        await passing(self.luck.choice([0, 0.001, 0.05, 1.5]))
        return answer

    def commit(self, number: int, count: int, person: int | None = None) -> None:
        """So many events, all at once; with a person, each of them claims or withdraws."""
        for _ in range(count):
            state, stamp = self.state, self.luck.randrange(10**9)
            request = state.requests[number]
            request = replace(request, off=request.off + 1, quantity=stamp)
            body: dict[str, object] = {"quantity": stamp}
            claims = dict(state.claims)
            if person is not None:
                held = claims.pop((number, person), None)
                claim = held or Claim(
                    id=1, public_id=f"claim{number}-{person}", request_id=number, person_id=person, seats=1,
                    status=ClaimState.COMMITTED, created_at=START, shown_at=START,
                )  # fmt: skip
                body["claim"] = claim_part(replace(claim, status=ClaimState.WITHDRAWN) if held else claim)
                if held is None:
                    claims[number, person] = claim
            event = Event(
                seq=state.seq + 1, topic=request_topic(number), off=request.off, request_id=number,
                kind=EventKind.CLAIM_STEPPED, actor=None, body=body, at=START,
            )  # fmt: skip
            state.log.add(event)
            self.state = State(state.epoch, state.log, event.seq, state.requests | {number: request}, claims)
            self.truth[state.epoch, request.public_id, request.off] = stamp
        self.history.append(self.state)
        for told in self._told:
            if self.luck.random() < 0.7:  # hints may be lost
                asyncio.get_running_loop().call_later(self.luck.random() / 50, told)

    def restore(self) -> None:
        """An older backup comes back; what was committed since is used again for other events."""
        older = self.luck.choice(self.history[REQUESTS:])
        epoch = f"e{len(self.history)}" if self.new_epoch else older.epoch
        kept = older.log.events[: older.seq]
        self.state = replace(older, epoch=epoch, log=Log(kept))
        for event in kept:
            request = older.requests[event.request_id or 0]
            stamp = event.body["quantity"]
            self.truth[epoch, request.public_id, event.off or 0] = stamp if isinstance(stamp, int) else None
        self.history.append(self.state)


class SimulatedWire:
    """One connection: in order, late, and gone with everything under way when it is cut."""

    def __init__(
        self, luck: random.Random, hears: Callable[[dict[str, Any]], None], *, loses: Callable[[], float]
    ) -> None:
        self._luck, self._hears, self._loses = luck, hears, loses
        self._loop = asyncio.get_running_loop()
        self._arrives = 0.0
        self._line: deque[Callable[[], None]] = deque()
        self._waiting = 0
        self.listener: Connection | None = None
        self.cut = False

    def later(self, call: Callable[[], None]) -> None:
        """In order, after a while, unless it is cut before."""
        delay = self._luck.choice([0.0, 0.0, 0.02, 0.3])
        self._arrives = max(self._arrives, self._loop.time() + delay)
        self._line.append(call)
        # Timers of one moment fire in any order, so each takes the first in line.
        self._loop.call_at(self._arrives, self._next)

    def _next(self) -> None:
        call = self._line.popleft()
        if not self.cut:
            call()

    def write(self, written: bytes) -> None:
        for payload in payloads(written):
            self._waiting += len(payload)
            self.later(partial(self._arrive, payload, self._luck.random() < self._loses()))
        self.weigh()

    def _arrive(self, payload: bytes, lost: bool) -> None:
        self._waiting -= len(payload)
        self.weigh()
        if not lost:
            self._hears(json.loads(payload))

    def weigh(self) -> None:
        """As a transport tells its protocol: much is waiting, or little."""
        if (listener := self.listener) is not None and not listener.conversation.over:
            listener.straight = self.write if self._waiting <= limits.CATCH_UP_PIECE_BYTES else None

    def waiting(self) -> int:
        return self._waiting

    async def drained(self) -> None:
        while self._waiting and not self.cut:
            await passing(0.05)

    def finish(self, last: bytes, code: int) -> None:
        self.write(last)
        self.later(self.stop)

    def stop(self) -> None:
        self.cut = True


@dataclass
class Phone:
    """A client that comes back for as long as it lives, and checks every word it hears."""

    store: SimulatedStore
    hub: Hub
    beats: Heartbeats
    viewer: Viewer
    luck: random.Random
    loses: Callable[[], float]
    follower: Follower = field(default_factory=Follower)
    wire: SimulatedWire | None = None
    faults: list[str] = field(default_factory=list)
    applied: dict[str, tuple[str | None, int]] = field(default_factory=dict)

    async def live(self) -> None:
        loop = asyncio.get_running_loop()
        for number in range(1, REQUESTS + 1):
            self.follower.follow(f"req:ask{number}")
        while True:
            await self._connected(loop)
            self.follower.closed()
            await passing(back_off(2, self.luck.uniform, self.follower.spread))

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> None:
        wire = self.wire = SimulatedWire(self.luck, self._hears, loses=self.loses)

        async def renew() -> Viewer:
            return self.viewer

        wire.listener = self.connection = Connection(self.hub, wire, self.viewer, renew)
        wire.weigh()
        self.hub.open(self.connection)
        self.beats.add(self.connection)
        self._say(self.follower.opened(loop.time()))
        while not wire.cut and not self.follower.stale(loop.time()):
            await passing(0.5)
        wire.cut = True
        self.connection.lost()

    def _say(self, frames: list[dict[str, Any]]) -> None:
        wire, connection = self.wire, self.connection
        for frame in frames:
            if wire is not None:
                wire.later(partial(connection.received, json.dumps(frame)))

    def _hears(self, frame: dict[str, Any]) -> None:
        answers, updates = self.follower.received(frame, asyncio.get_running_loop().time())
        self._say(answers)
        for update in updates:
            self._check(update)

    def _check(self, update: Update) -> None:
        name = update.topic.partition(":")[2]
        epoch = self.follower.position(int(name[3:]))[0] or ""
        before, last = self.applied.get(name, (None, 0))
        if update.kind == "event" and (before, last + 1) != (epoch, update.off):
            self.faults.append(f"{name}: {epoch}:{update.off} applied after {before}:{last}")
        if self.store.truth.get((epoch, name, update.off)) != update.state.get("quantity"):
            self.faults.append(f"{name}: {epoch}:{update.off} is not what happened")
        self.applied[name] = epoch, update.off

    def behind(self) -> list[str]:
        found = []
        for number, request in self.store.state.requests.items():
            if self.follower.position(number) != (self.store.state.epoch, request.off):
                stands = self.follower.position(number)
                found.append(f"{request.public_id}: at {stands}, not at {self.store.state.epoch}:{request.off}")
        return found


@dataclass(frozen=True)
class Night:
    """What may go wrong in one run."""

    loses: float = 0.0
    restores: bool = True
    breaks: bool = True
    new_epoch: bool = True
    floor_s: float = 1.0
    follower: type[Follower] = Follower
    mutate: Callable[[Hub], None] = lambda hub: None


def play(seed: int, night: Night) -> list[str]:
    """Everything that went wrong with that seed; nothing, if the stream keeps its promise."""
    loop = JumpingLoop()
    asyncio.set_event_loop(loop)
    logging.disable(logging.CRITICAL)  # a store that breaks on purpose is logged each time
    try:
        return loop.run_until_complete(_play(seed, night))
    finally:
        logging.disable(logging.NOTSET)
        with suppress(RuntimeError):
            loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)


async def _play(seed: int, night: Night) -> list[str]:
    luck = random.Random(seed)
    loop = asyncio.get_running_loop()
    store = SimulatedStore(luck, new_epoch=night.new_epoch)
    clock = SimpleNamespace(now=lambda: START + timedelta(seconds=loop.time()))
    hub = Hub(store, clock, luck=luck, floor_s=lambda: night.floor_s)  # type: ignore[arg-type]  # a double
    night.mutate(hub)
    await hub.start()
    beats = Heartbeats(hub)
    viewers = [Viewer(powers=dict.fromkeys(range(1, REQUESTS + 1), "view")), Viewer(person_id=1)]
    viewers += [Viewer(person_id=person) for person in range(2, CLIENTS)]
    phones = [
        Phone(store, hub, beats, viewer, luck, lambda: night.loses if store.trouble else 0.0, night.follower())
        for viewer in viewers
    ]
    living = [asyncio.ensure_future(phone.live()) for phone in phones]
    await _trouble(store, phones, luck, night)
    store.broken = store.trouble = False
    await passing(QUIET_S)
    faults = [fault for phone in phones for fault in (*phone.faults, *phone.behind())]
    for task in living:
        task.cancel()
    await asyncio.gather(*living, return_exceptions=True)
    await hub.stop()
    return faults


async def _trouble(store: SimulatedStore, phones: list[Phone], luck: random.Random, night: Night) -> None:
    for _ in range(COMMITS):
        await passing(luck.choice([0, 0.001, 0.01, 0.1, 1.0, 4.0]))
        person = luck.choice([None, None, luck.randrange(2, CLIENTS)])
        store.commit(luck.randint(1, REQUESTS), luck.choice(BURSTS) if person is None else 1, person)
        if luck.random() < 0.15 and (wire := luck.choice(phones).wire) is not None:
            wire.stop()
        if night.breaks:
            store.broken = luck.random() < 0.2
        if night.restores and luck.random() < 0.03:
            store.restore()
    await passing(3)
