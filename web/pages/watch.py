"""`/watch`: see in three seconds who waits, who comes, who is forgotten. A room's wall or a laptop.

The page is whole without script: panel, list and a map drawn here. With script the same panel is sent again when
something changes, and the map is drawn on a canvas from numbers (web/static/wall/).
"""

import json
import re
from datetime import datetime
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from dispatch.ports import Tx
from geo import cells
from geo.point import Point
from web.call import Call
from web.pages import ground, nouns, static, story, timeline, wall
from web.pages.base_map import ATTRIBUTION, Frame
from web.pages.door import look
from web.pages.faults import PageRoute
from web.pages.labels import placed
from web.pages.render import Reader, fragment, packed, page, reader_of
from web.pages.speech import Speaker
from web.pages.svg_map import _town, hexagon

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ROWS: Final = 8
EVENTS: Final = 6
FORGOTTEN_S: Final = 600


@router.get("/watch")
async def watch_page(request: Request) -> Response:
    """The wall."""
    call = await look(request)
    held, reader = await _read(call, request)
    values = _values(reader, held)
    scene = _scene(call, held, reader)
    frame = ground.frame_at(wall.middle(held, call.flare.roster.cell_counts(cells.MAP)))
    return page(
        request,
        reader,
        "watch",
        values
        | {
            "panel": Markup(fragment(reader, "watch_panel", values)),  # noqa: S704  # our own template
            "base": ground.base(frame),
            "still": _still(frame, held),
            "frame": frame,
            "scene": _json(scene),
            "ground": _json(ground.told(frame)),
            "attribution": ATTRIBUTION,
            "modules": modules("wall/wall.js"),
            "is_wall": bool(request.query_params.get("wall")),
        },
        styles=("watch",),
    )


@router.get("/watch/scene")
async def watch_scene(request: Request) -> Response:
    """The same once more, for the script: the panel as markup, the scene as numbers."""
    call = await look(request)
    held, reader = await _read(call, request)
    told = {"panel": fragment(reader, "watch_panel", _values(reader, held)), "scene": _scene(call, held, reader)}
    response = packed(request, _json(told).encode(), {"Cache-Control": "no-store"})
    response.headers["Content-Type"] = "application/json"
    return response


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


def _json(told: object) -> str:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


async def _read(call: Call, request: Request) -> tuple[wall.Wall, Reader]:
    members = call.flare.roster.cell_counts(cells.MAP)
    wanted = request.query_params.get("ask")

    def job(tx: Tx, now: datetime) -> wall.Wall:
        return wall.read(tx, now, call.viewer, call.flare.secret, wanted, members)

    held = await call.read(job)
    at: Point | None = cells.centre(held.hero.entry["cell"]) if held.hero else None
    return held, reader_of(request, at=at)


def _scene(call: Call, held: wall.Wall, reader: Reader) -> dict[str, Any]:
    members = call.flare.roster.cell_counts(cells.MAP)
    drawn = wall.scene(held, members)
    for shape, ask in zip(drawn["asks"], held.asks, strict=True):
        speak, kind = reader.speak, ask.entry["kind"]
        shape["chip"] = [
            _waiting(speak, ask).striptags(),
            nouns.nearby(speak, ask.entry["label"]).striptags(),
        ]
        for row, coming in zip(shape["coming"], ask.coming, strict=True):
            row["chip"] = [nouns.units(speak, kind, coming.seats).striptags(), _step(speak, coming.step).striptags()]
    return drawn


def _waiting(speak: Speaker, ask: wall.Ask) -> Markup:
    counted = nouns.head(speak, ask.entry["kind"], ask.entry["seats"]["total"])
    return (
        speak.t("{what} waiting", what=counted)
        if ask.entry["seats"]["open"]
        else speak.t("{what} covered", what=counted)
    )


def _step(speak: Speaker, step: str) -> Markup:
    return {
        "committed": speak.t("promised"),
        "en_route": speak.t("on the way"),
        "on_scene": speak.t("there now"),
        "met": speak.t("with them"),
    }[step]


def _values(reader: Reader, held: wall.Wall) -> dict[str, Any]:
    """Everything the panel shows."""
    speak, hero = reader.speak, held.hero
    rows = [_row(reader, ask) for ask in held.asks]
    waiting = [ask for ask in held.asks if ask.entry["seats"]["total"]]
    total = sum(ask.entry["seats"]["total"] for ask in waiting)
    found = sum(ask.entry["seats"]["claimed"] for ask in waiting)
    first = hero.first_yes - hero.created_at if hero and hero.first_yes else None
    waited = reader.now - hero.created_at if hero else None
    others = [row for row in rows if hero is not None and row["id"] != hero.id]
    return {
        "hero": next((row for row in rows if hero is not None and row["id"] == hero.id), None),
        "rows": others[:ROWS],
        "more": max(0, len(others) - ROWS),
        "lines": timeline.lines(speak, hero.entry["kind"], held.events, owner=False)[:EVENTS] if hero else [],
        "waiting": speak.number(total),
        "found": speak.number(found),
        "total": speak.number(total),
        "coming": speak.number(sum(len(ask.coming) for ask in held.asks)),
        "first_yes": _minutes(first.total_seconds()) if first else None,
        "since": hero.created_at if hero else None,
        "forgotten": waited is not None and first is None and waited.total_seconds() > FORGOTTEN_S,
        "no_yes": _minutes(waited.total_seconds()) if waited else "0:00",
        "updated": speak.clock(reader.now),
    }


def _minutes(seconds: float) -> str:
    whole = int(seconds)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02}"
    )


def _row(reader: Reader, ask: wall.Ask) -> dict[str, Any]:
    speak, entry = reader.speak, ask.entry
    view = {
        "kind": entry["kind"],
        "seats": entry["seats"],
        "claims": [{"seats": each.seats, "status": each.step} for each in ask.coming],
    }
    full = entry["seats"]["open"] == 0
    return {
        "id": ask.id,
        "title": nouns.head_at(speak, entry["kind"], entry["seats"]["total"], entry["label"]),
        "state": speak.t("Covered") if full else speak.t("Waiting"),
        "full": full,
        "since": ask.created_at,
        "bar": story.bar(view),
        "bar_words": story.bar_words(speak, view),
        "drill": entry["drill"],
        "danger": entry["urgency"] == "danger",
    }


def _still(frame: Frame, held: wall.Wall) -> Markup:
    """What a reader without script sees on the map: names and the hexagons of the asks."""
    parts = [_town(label) for label in placed(frame, size=22, most=40)]
    for ask in held.asks[:60]:
        tone = "m-hex m-covered" if ask.entry["seats"]["open"] == 0 else "m-hex"
        parts.append(f'<polygon class="{tone}" points="{hexagon(frame, ask.entry["cell"])}"/>')
    return Markup("".join(parts))  # noqa: S704  # escaped where they are made
