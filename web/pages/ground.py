"""The ground of the wall as the server draws it: land, lines, roads and names of one area, the same for everybody.

Knows no asks and no people, so a frame may be cached and shared. Frames stand on a grid of GRID degrees: few are ever
made, and asking for one says no more than which part of the Earth somebody looks at. A new one is half a second of a
processor: it is drawn on a thread of its own, one at a time, and strangers may ask for few.
Invariants: at most KEPT frames are held, and nobody waits for a drawing but who asked (tests/pages/test_ground.py).
"""

import asyncio
import json
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from geo import roads
from geo.point import Point
from web.limiter import GROUND, GROUND_NEAR
from web.pages.base_map import LINES, Frame, land_in, lines_in, path
from web.pages.door import look
from web.pages.faults import PageRoute
from web.pages.labels import towns_in
from web.pages.render import packed
from web.pages.svg_map import road_line

router = APIRouter(include_in_schema=False, route_class=PageRoute)

KM: Final = 1_900.0
WIDTH: Final = 2_400
HEIGHT: Final = 1_600
TOWNS: Final = 110
GRID: Final = 2
KEPT: Final = 32


@router.get("/watch/ground")
async def watch_ground(
    request: Request,
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
) -> Response:
    """The frame around a place, for the script that draws on it."""
    call = await look(request)
    frame = frame_at(Point(lat, lon))
    if shelf().held(frame) is None:
        await call.limit(*GROUND, near=GROUND_NEAR)
    drawn = await shelf().drawn(frame)
    response = packed(request, drawn.body, {"Cache-Control": "public, max-age=3600"})
    response.headers["Content-Type"] = "application/json"
    return response


def frame_at(point: Point) -> Frame:
    """The frame whose middle is nearest."""
    lat = max(-80, min(80, GRID * round(point.lat / GRID)))
    lon = (GRID * round(point.lon / GRID) + 180) % 360 - 180
    return Frame.around(Point(lat, lon), KM, WIDTH, HEIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A frame as it is drawn."""

    told: dict[str, Any]
    svg: Markup
    body: bytes
    """Both as the script reads them."""


class Shelf:
    """The frames asked for last. `drawn` lives on an event loop, the drawing elsewhere."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: OrderedDict[Frame, Ground] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()
        self._pen = ThreadPoolExecutor(1, "flare-ground")

    def held(self, frame: Frame) -> Ground | None:
        """The frame, if nothing has to be drawn."""
        with self._lock:
            if (found := self._kept.get(frame)) is not None:
                self._kept.move_to_end(frame)
            return found

    async def drawn(self, frame: Frame) -> Ground:
        """The frame, drawn if nobody has yet."""
        if (found := self.held(frame)) is not None:
            return found
        return await asyncio.get_running_loop().run_in_executor(self._pen, self._draw, frame)

    def _draw(self, frame: Frame) -> Ground:
        if (found := self.held(frame)) is not None:
            return found  # whoever stood in front of us asked for the same
        told, svg = _told(frame), _base(frame)
        body = json.dumps(told | {"svg": str(svg)}, separators=(",", ":"), ensure_ascii=False)
        made = Ground(told=told, svg=svg, body=body.encode())
        with self._lock:
            self._kept[frame] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


@cache
def shelf() -> Shelf:
    """The one of this process."""
    return Shelf()


def _told(frame: Frame) -> dict[str, Any]:
    """What the script needs to know of a frame: where it is, and names with lon, lat and whether they are large."""
    return {
        "lon": frame.centre.lon,
        "lat": frame.centre.lat,
        "scale": frame.scale,
        "width": frame.width,
        "height": frame.height,
        "towns": [
            [place.name, round(place.point.lon, 3), round(place.point.lat, 3), int(place.large)]
            for place in towns_in(frame, TOWNS)
        ],
    }


def _base(frame: Frame) -> Markup:
    """Land, lines and roads of a frame as SVG paths."""
    parts = [f'<path class="m-land" d="{land_in(frame)}"/>']
    parts += [f'<path class="m-{name}" d="{data}"/>' for name in LINES if (data := lines_in(frame, name, 0.5))]
    for name in roads.names():
        if line := road_line(frame, name):
            parts.append(f'<path class="m-road" d="{"".join(path(run) for run in line)}"/>')
    return Markup("".join(parts))  # noqa: S704  # numbers only
