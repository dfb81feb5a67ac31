"""`/watch`: see in three seconds who waits, who comes, who is forgotten. A room's wall or a laptop.

The page is whole without script: panel, list and a map drawn here. With script the same panel is sent again when
something changes, and the map is drawn on a canvas from numbers (web/static/wall/).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Final
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from dispatch.actions.look import map_role, seen_request
from dispatch.domain.errors import NotFound
from dispatch.ports import Store, Tx
from geo import cells
from geo.point import Point
from web.call import Call
from web.pages import ground, replay, scene, static, tiles, wall, wall_words
from web.pages.base_map import Frame
from web.pages.door import look
from web.pages.faults import PageRoute
from web.pages.labels import placed
from web.pages.render import Reader, fragment, packed, page, reader_of
from web.pages.svg_map import hexagon, town

router = APIRouter(include_in_schema=False, route_class=PageRoute)

KEYS: Final = (
    ("↑ ↓", "through the asks"),
    ("Enter", "show that ask"),
    ("Esc", "back"),
    ("/", "show only some asks"),
    ("w", "larger, for a wall"),
    ("m", "motion on or off"),
    ("?", "these keys"),
)


@router.get("/watch")
async def watch_page(request: Request) -> Response:
    """The wall."""
    call = await look(request)
    held, members, reader = await _read(call, request)
    values = wall_words.values_of(reader, held, request.query_params.get("q", ""))
    frame = ground.frame_at(scene.middle(held, members))
    drawn = await ground.shelf().drawn(frame)
    shown = tiles.shown(call.flare.settings)
    return page(
        request,
        reader,
        "watch",
        values
        | {
            "panel": Markup(fragment(reader, "watch_panel", values)),  # noqa: S704  # our own template
            "base": drawn.svg,
            "still": _still(frame, held),
            "frame": frame,
            "scene": _memory(call).told(scene.parts_of(held, members, reader.speak), None),
            "ground": scene.written(drawn.told),
            "modules": modules("wall/wall.js"),
            "keys": [(key, reader.speak.t(does)) for key, does in KEYS],
            "is_wall": bool(request.query_params.get("wall")),
        }
        | shown,
        styles=("signs", "scene", "watch"),
        # The map's library starts its worker from an address, which is a policy of its own (wall/ground_map.js).
        policies="fragment default" if shown["map"] else "fragment",
    )


@router.get("/watch/scene")
async def watch_scene(request: Request) -> Response:
    """What has changed since the scene of that mark, for the script: the panel as markup, the map as numbers."""
    call = await look(request)
    held, members, reader = await _read(call, request)
    values = wall_words.values_of(reader, held, request.query_params.get("q", ""))
    parts = scene.parts_of(held, members, reader.speak) | {
        "panel": scene.written(fragment(reader, "watch_panel", values))
    }
    return _told(request, _memory(call).told(parts, request.query_params.get("since")))


@router.get("/watch/replay")
async def watch_replay(request: Request, ask: str) -> Response:
    """A call that ended lately, step by step, by its name on this viewer's board."""
    call = await look(request)
    speak, looker = reader_of(request).speak, _looker(call)

    def job(tx: Tx, now: datetime) -> list[str]:
        members = call.flare.roster.cell_counts(cells.MAP)
        for ended, known in wall.recent(tx, now, looker):
            if known.id == ask:
                return replay.steps_of(tx, ended, map_role(call.viewer), members, speak, known.id)
        raise NotFound("ask")

    return _steps(request, await call.read(job))


@router.get("/r/{public_id}/replay")
async def report_replay(request: Request, public_id: str) -> Response:
    """The call of a report, step by step, for whoever may read the report."""
    call = await look(request)
    speak = reader_of(request).speak

    def job(tx: Tx, now: datetime) -> list[str]:
        members = call.flare.roster.cell_counts(cells.MAP)
        asked, role = seen_request(tx, call.viewer, public_id)
        return replay.steps_of(tx, asked, role, members, speak, public_id)

    return _steps(request, await call.read(job))


def _steps(request: Request, steps: Sequence[str]) -> Response:
    return _told(request, f'{{"steps":[{",".join(steps)}]}}')


def _told(request: Request, body: str) -> Response:
    response = packed(request, body.encode(), {"Cache-Control": "no-store"})
    response.headers["Content-Type"] = "application/json"
    return response


_books: "WeakKeyDictionary[Store, tuple[wall.Book, scene.Memory]]" = WeakKeyDictionary()


def _known(call: Call) -> tuple[wall.Book, scene.Memory]:
    return _books.setdefault(call.flare.store, (wall.Book(), scene.Memory()))


def _memory(call: Call) -> scene.Memory:
    return _known(call)[1]


@cache
def modules(script: str) -> list[str]:
    """Every module a script of `web/static/wall` imports, so that the page may ask for all of them at once."""
    found: list[str] = []
    todo = [script]
    while todo:
        text = static.files()[todo.pop()].body.decode()
        names = {f"wall/{name}" for name in re.findall(r'from "\./([a-z_]+\.js)', text)}
        fresh = sorted(names - set(found))
        found += fresh
        todo += fresh
    return found


def _looker(call: Call) -> wall.Looker:
    may = partial(call.limiter.cells_within, call.visitor, call.scraper)
    return wall.Looker(viewer=call.viewer, secret=call.flare.secret, may=may)


async def _read(call: Call, request: Request) -> tuple[wall.Wall, Mapping[str, int], Reader]:
    wanted, book, looker = request.query_params.get("ask"), _known(call)[0], _looker(call)

    def job(tx: Tx, now: datetime) -> tuple[wall.Wall, Mapping[str, int]]:
        # Here and not on the event loop: the first time it goes through everybody.
        members = call.flare.roster.cell_counts(cells.MAP)
        return wall.read(tx, now, looker, wanted, members, book), members

    held, members = await call.read(job)
    at: Point | None = cells.centre(held.hero.entry["cell"]) if held.hero else None
    return held, members, reader_of(request, at=at)


def _still(frame: Frame, held: wall.Wall) -> Markup:
    """What a reader without script sees on the map: names and the hexagons of the asks."""
    parts = [town(label) for label in placed(frame, size=22, most=40)]
    for ask in held.asks[:60]:
        tone = "m-hex m-covered" if ask.entry["seats"]["open"] == 0 else "m-hex"
        parts.append(f'<polygon class="{tone}" points="{hexagon(frame, ask.entry["cell"])}"/>')
    return Markup("".join(parts))  # noqa: S704  # escaped where they are made
