"""The live part of a page, sent again whole when it changed: events first, long poll where those don't come through.

`id: epoch:off` names the picture. Whoever is behind is sent the newest one, so loss, repeats and order can't hurt. One
pulse a process wakes everybody; at most one picture a second each. Who may look is asked again for every picture; what
they see is drawn once for all who hold the link that is forwarded. One caller has a bounded number of pages waiting
(tests/pages/test_live_pictures.py).
"""

import asyncio
import weakref
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from dispatch.actions.look_inbox import inbox_position
from dispatch.domain import limits
from dispatch.domain.errors import Refused, SlowDown
from dispatch.domain.visibility import Viewer
from dispatch.ports import Power, Tx
from dispatch.runtime import Flare
from web.auth import viewer_in
from web.call import Call, named
from web.live.gate import kin_of
from web.pages.door import look
from web.pages.follow import region
from web.pages.following import position, see
from web.pages.render import fragment, reader_of
from web.pages.trip import picture, reader_for, shown
from web.pages.volunteer import inbox, live_values

router = APIRouter(include_in_schema=False)

FLOOR_S: Final = 1.0
BEAT_S: Final = 15.0
AGAIN_S: Final = 55.0
"""Words like "12 min ago" age: the same picture is made anew this often."""

Picture = tuple[str, str]
"""Where it stands, and the markup."""
Head = Callable[[], Awaitable[str]]
Draw = Callable[[], Coroutine[Any, Any, Picture]]


class Pulse:
    """Wakes whoever waits, soon after a commit or after a second: other processes commit, too."""

    def __init__(self, flare: Flare) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._heads: dict[str, tuple[asyncio.Event, float, asyncio.Future[str]]] = {}
        self._drawn: OrderedDict[Hashable, asyncio.Future[Picture]] = OrderedDict()
        self._waiting: Counter[str] = Counter()
        mine = weakref.ref(self)

        def told() -> None:
            pulse = mine()
            if pulse is not None and not pulse._loop.is_closed():
                pulse._loop.call_soon_threadsafe(pulse._beat)

        flare.store.on_commit(told)

    def _beat(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def head(self, name: str, read: Callable[[], Awaitable[str]]) -> str:
        """Where a topic stands: read once for everybody who asks between two beats of the floor."""
        now = self._loop.time()
        held = self._heads.get(name)
        if held is None or held[0] is not self._changed or now - held[1] > FLOOR_S:
            if len(self._heads) > limits.PAGE_HEADS:
                self._heads.clear()
            held = self._heads[name] = (self._changed, now, asyncio.ensure_future(read()))
        return await asyncio.shield(held[2])

    async def picture(self, name: Hashable, draw: Draw) -> Picture:
        """What several see alike: drawn for the first who comes, whoever of them goes away meanwhile."""
        held = self._drawn.get(name)
        if held is None or (held.done() and (held.cancelled() or held.exception() is not None)):
            held = self._drawn[name] = asyncio.ensure_future(draw())
            if len(self._drawn) > limits.PAGE_PICTURES:
                self._drawn.popitem(last=False)
        return await asyncio.shield(held)

    def check_room(self, caller: str | None) -> None:
        """Nothing while one more page of that caller may wait; nobody counts None.

        Raises: SlowDown.
        """
        if caller is not None and self._waiting[caller] >= limits.PAGES_WAITING:
            raise SlowDown(limits.PAGES_AGAIN_S)

    @contextmanager
    def waits(self, caller: str | None) -> Iterator[None]:
        """One page of theirs waits, until the block ends."""
        if caller is None:
            yield
            return
        self._waiting[caller] += 1
        try:
            yield
        finally:
            self._waiting[caller] -= 1
            if not self._waiting[caller]:
                del self._waiting[caller]

    async def next(self, seconds: float) -> None:
        """Returns at the next commit, or after so many seconds."""
        changed = self._changed
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()


def pulse_of(app: FastAPI, flare: Flare) -> Pulse:
    """The process's pulse; the first who asks starts it."""
    held: Pulse | None = getattr(app.state, "pulse", None)
    if held is None:
        held = app.state.pulse = Pulse(flare)
    return held


async def _again(call: Call) -> None:
    """Looks once more who this is: a session may have ended meanwhile."""
    call.viewer = await call.read(lambda tx, now: viewer_in(tx, now, call.credential))


@router.get("/r/{public_id}/live")
async def follow_live(request: Request, public_id: str) -> Response:
    """The live part of an ask's page."""
    call = await look(request)

    async def anew() -> Picture:
        seen = await call.read(lambda tx, now: see(tx, now, call.viewer, named(public_id)))
        reader = reader_of(request, country=seen.country, at=seen.middle)
        return seen.position, fragment(reader, "follow_live", region(reader, seen))

    async def draw() -> Picture:
        def look_again(tx: Tx, now: datetime) -> tuple[Viewer, str | None]:
            viewer = viewer_in(tx, now, call.credential)
            return viewer, position(tx, public_id) if _like_all(tx, viewer, public_id) else None

        call.viewer, at = await call.read(look_again)
        if at is None:
            return await anew()
        reader = reader_of(request)
        minute = reader.now.replace(second=0, microsecond=0)
        name = (public_id, at, reader.speak.lang, reader.number, reader.miles, minute)
        return await pulse_of(request.app, call.flare).picture(name, anew)

    async def head() -> str:
        return await call.read(lambda tx, now: position(tx, public_id))

    return await _answer(request, call, f"r {public_id}", head, draw)


def _like_all(tx: Tx, viewer: Viewer, public_id: str) -> bool:
    """Does this reader see what all holders of the link that is forwarded see, and nothing of their own?"""
    request = tx.requests.by_public(public_id)
    plain = viewer.person_id is None and not viewer.coordinator
    return request is not None and plain and viewer.powers.get(request.id) == Power.VIEW


@router.get("/trip/{public_id}/live")
async def trip_live(request: Request, public_id: str) -> Response:
    """The live part of a trip's page."""
    call = await look(request)

    async def draw() -> Picture:
        await _again(call)
        seen = await call.read(lambda tx, now: shown(tx, now, call.viewer, named(public_id)))
        return seen.position, picture(reader_for(request, seen), seen)

    async def head() -> str:
        return await call.read(lambda tx, now: position(tx, public_id))

    return await _answer(request, call, f"r {public_id}", head, draw)


@router.get("/help/live")
async def help_live(request: Request) -> Response:
    """The live part of a volunteer's page."""
    call = await look(request)

    async def draw() -> Picture:
        await _again(call)
        state = await call.read(lambda tx, now: inbox(tx, now, call.viewer))
        reader = reader_of(request, at=state["place"])
        return state["at"], fragment(reader, "help_live", live_values(reader, state))

    async def head() -> str:
        return await call.read(lambda tx, now: inbox_position(tx, call.viewer.person_id or 0))

    return await _answer(request, call, f"p {call.viewer.person_id}", head, draw)


async def _answer(request: Request, call: Call, name: str, head: Head, draw: Draw) -> Response:
    """A stream for whoever asks for events, else one picture as soon as there is a newer one."""
    pulse = pulse_of(request.app, call.flare)
    caller = kin_of(call.viewer, call.visitor.prefix).name if call.limiter.counts(call.visitor) else None
    pulse.check_room(caller)
    await draw()  # refused here, before anything is sent
    after = request.headers.get("last-event-id") or request.query_params.get("after") or ""

    async def where() -> str:
        return await pulse.head(name, head)

    if "text/event-stream" in request.headers.get("accept", ""):
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = pictures(request, pulse, where, draw, after)
        return Waiting(pulse, caller, stream, headers=headers, media_type="text/event-stream")
    try:
        wait = min(float(limits.LONG_POLL_S), max(0.0, float(request.query_params.get("wait", "0"))))
    except ValueError:
        wait = 0.0
    with pulse.waits(caller):
        return await _poll(request, pulse, where, draw, after, wait)


class Waiting(StreamingResponse):
    """A stream that is counted with its caller for as long as it is being sent."""

    def __init__(self, pulse: Pulse, caller: str | None, content: AsyncIterator[bytes], **told: Any) -> None:
        super().__init__(content, **told)
        self._pulse, self._caller = pulse, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        with self._pulse.waits(self._caller):
            await super().__call__(scope, receive, send)


def _draining(request: Request) -> bool:
    """Is this server about to end? Whoever waits then would hold the end up, and comes back to the next one."""
    return getattr(request.app.state.hub, "draining", False)


async def _poll(request: Request, pulse: Pulse, where: Head, draw: Draw, after: str, wait: float) -> Response:
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while await where() == after:
        left = until - loop.time()
        if left <= 0 or _draining(request):
            return Response(status_code=204)
        await pulse.next(min(left, FLOOR_S))
    at, markup = await draw()
    return Response(markup, 200, {"Cache-Control": "no-store", "X-Position": at}, "text/html; charset=utf-8")


async def pictures(request: Request, pulse: Pulse, where: Head, draw: Draw, at: str) -> AsyncIterator[bytes]:
    """The stream from that position on. It ends by itself when nothing can be read or seen: browsers come back."""
    loop = asyncio.get_running_loop()
    drawn_at = said_at = loop.time()
    ends = drawn_at + limits.PAGE_STREAM_S
    yield b"event: beat\ndata:\n\n"
    while loop.time() < ends and not await request.is_disconnected():
        if _draining(request):
            return
        try:
            news = await draw() if await where() != at or loop.time() - drawn_at > AGAIN_S else None
        except Refused:
            return
        if news is not None:
            at, markup = news
            drawn_at = said_at = loop.time()
            yield event(at, markup)
            # At most one a second: whatever else happens meanwhile is in the next picture.
            await asyncio.sleep(FLOOR_S)
        elif loop.time() - said_at > BEAT_S:
            said_at = loop.time()
            yield b"event: beat\ndata:\n\n"
        else:
            await pulse.next(FLOOR_S)


def event(position: str, markup: str) -> bytes:
    """One message of the stream."""
    lines = "".join(f"data: {line}\n" for line in markup.split("\n"))
    return f"id: {position}\n{lines}\n".encode()
