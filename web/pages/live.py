"""The live part of a page, sent again whole when it changed: events first, long poll where those don't come through.

`id: epoch:off` names the picture. Whoever is behind is sent the newest one, so loss, repeats and order can't hurt. One
pulse a process wakes everybody; at most one picture a second each. Who may look is asked again for every picture.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from dispatch.actions.look_inbox import inbox_position
from dispatch.domain.errors import Refused
from dispatch.runtime import Flare
from web.auth import viewer_in
from web.call import Call, named
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
WAIT_MOST_S: Final = 25.0
LIFE_S: Final = 1_800.0
HEADS_MAX: Final = 5_000

Picture = tuple[str, str]
"""Where it stands, and the markup."""


class Pulse:
    """Wakes whoever waits, soon after a commit or after a second: other processes commit, too."""

    def __init__(self, flare: Flare) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._heads: dict[str, tuple[asyncio.Event, float, asyncio.Future[str]]] = {}
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
            if len(self._heads) > HEADS_MAX:
                self._heads.clear()
            held = self._heads[name] = (self._changed, now, asyncio.ensure_future(read()))
        return await asyncio.shield(held[2])

    async def next(self, seconds: float) -> None:
        """Returns at the next commit, or after so many seconds."""
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except TimeoutError:
            return


def pulse_of(app: FastAPI, flare: Flare) -> Pulse:
    """The process's pulse; the first who asks starts it."""
    held: Pulse | None = getattr(app.state, "pulse", None)
    if held is None:
        held = app.state.pulse = Pulse(flare)
    return held


Head = Callable[[], Awaitable[str]]
Draw = Callable[[], Awaitable[Picture]]


async def _again(call: Call) -> None:
    """Looks once more who this is: a session may have ended meanwhile."""
    call.viewer = await call.read(lambda tx, now: viewer_in(tx, now, call.credential))


@router.get("/r/{public_id}/live")
async def follow_live(request: Request, public_id: str) -> Response:
    """The live part of an ask's page."""
    call = await look(request)

    async def draw() -> Picture:
        await _again(call)
        seen = await call.read(lambda tx, now: see(tx, now, call.viewer, named(public_id)))
        reader = reader_of(request, country=seen.country, at=seen.middle)
        return seen.position, fragment(reader, "follow_live", region(reader, seen))

    async def head() -> str:
        return await call.read(lambda tx, now: position(tx, public_id))

    return await _answer(request, call, f"r {public_id}", head, draw)


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
    await draw()  # refused here, before anything is sent
    pulse = pulse_of(request.app, call.flare)
    after = request.headers.get("last-event-id") or request.query_params.get("after") or ""

    async def where() -> str:
        return await pulse.head(name, head)

    if "text/event-stream" in request.headers.get("accept", ""):
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = pictures(request, pulse, where, draw, after)
        return StreamingResponse(stream, headers=headers, media_type="text/event-stream")
    try:
        wait = min(WAIT_MOST_S, max(0.0, float(request.query_params.get("wait", "0"))))
    except ValueError:
        wait = 0.0
    return await _poll(pulse, where, draw, after, wait)


async def _poll(pulse: Pulse, where: Head, draw: Draw, after: str, wait: float) -> Response:
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while await where() == after:
        left = until - loop.time()
        if left <= 0:
            return Response(status_code=204)
        await pulse.next(min(left, FLOOR_S))
    at, markup = await draw()
    return Response(markup, 200, {"Cache-Control": "no-store", "X-Position": at}, "text/html; charset=utf-8")


async def pictures(request: Request, pulse: Pulse, where: Head, draw: Draw, at: str) -> AsyncIterator[bytes]:
    """The stream from that position on. It ends by itself when nothing can be read or seen: browsers come back."""
    loop = asyncio.get_running_loop()
    drawn_at = said_at = loop.time()
    ends = drawn_at + LIFE_S
    yield b"event: beat\ndata:\n\n"
    while loop.time() < ends and not await request.is_disconnected():
        if getattr(request.app.state.hub, "draining", False):
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
