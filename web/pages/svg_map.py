"""A map as one small picture, drawn here: no library, no tiles, no script; it looks right in both themes.

Two layers. The base (land, borders, roads, names) depends on a cell and a size alone, so it is cached and shared. What
is on it is drawn per viewer and never cached. Must never be given a point its reader may not see: callers pass a cell's
centre unless `visibility` let the exact place through (tests/pages/test_canary.py searches every path).
Colours come from classes: the policy against inline styles allows no others.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from geo import cells, roads
from geo.gazetteer import gazetteer
from geo.point import Point
from web.pages.base_map import LINES, XY, Frame, land_in, lines_in, path
from web.pages.labels import Label, Rect, meet, placed

WIDTH: Final = 350
HEIGHT: Final = 220
KM: Final = 190.0
_ROAD_NEAR_KM: Final = 200.0


@lru_cache(maxsize=512)
def frame_of(cell: str, km: float = KM, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    """The frame of a cell's picture: around its centre, whoever looks."""
    return Frame.around(cells.centre(cell), km, width, height)


@lru_cache(maxsize=512)
def base(frame: Frame, around: Rect | None, *, size: float = 12.0, most: int = 14) -> Markup:
    """Land, lines, roads and names of a frame; the same bytes for everybody who sees that frame.

    `around`: the box nothing may be written on.
    """
    parts = [f'<path class="m-land" d="{land_in(frame)}"/>']
    parts += [f'<path class="m-{name}" d="{data}"/>' for name in LINES if (data := lines_in(frame, name))]
    taken = [around] if around else []
    signs, shields = _road_signs(frame, taken)
    parts += signs
    towns = placed(frame, [*taken, *shields], [gazetteer().nearest(frame.centre)[0]], size=size, most=most)
    parts += [town(label) for label in towns]
    return Markup("".join(parts))  # noqa: S704  # numbers and names escaped above


def _road_signs(frame: Frame, taken: Sequence[Rect]) -> tuple[list[str], list[Rect]]:
    """Roads as smooth schematic lines with one small sign each, and the boxes the signs need."""
    parts: list[str] = []
    signs: list[str] = []
    used: list[Rect] = []
    for name in roads.corridors_near(frame.centre, _ROAD_NEAR_KM * frame.degrees):
        line = road_line(frame, name)
        if not line:
            continue
        parts.append(f'<path class="m-road" d="{"".join(path(run) for run in line)}"/>')
        sign = _sign_at(frame, name, line, [*taken, *used])
        if sign is not None:
            x, y, wide = sign
            used.append((x - wide / 2 - 2, y - 9, x + wide / 2 + 2, y + 9))
            signs.append(
                f'<g class="m-sign"><rect x="{x - wide / 2:.0f}" y="{y - 7:.0f}" width="{wide:.0f}" height="14" '
                f'rx="4"/>'
                f'<text x="{x:.0f}" y="{y + 3.5:.0f}">{escape(name)}</text></g>'
            )
    return parts + signs, used


def _sign_at(frame: Frame, name: str, line: list[list[XY]], taken: Iterable[Rect]) -> tuple[float, float, float] | None:
    wide = 6.2 * len(name) + 8
    taken = list(taken)
    for run in sorted(line, key=len, reverse=True):
        for share in (0.3, 0.7, 0.5, 0.15, 0.85):
            x, y = run[int(share * (len(run) - 1))]
            inside = wide <= x <= frame.width - wide and 12 <= y <= frame.height - 12
            box = (x - wide / 2 - 4, y - 11, x + wide / 2 + 4, y + 11)
            if inside and not any(meet(box, other) for other in taken):
                return x, y, wide
    return None


def road_line(frame: Frame, name: str) -> list[list[XY]]:
    """A road's schematic line inside the frame, cut into the runs that can be seen."""
    runs: list[list[XY]] = [[]]
    for xy in (frame.xy(point) for point in roads.smoothed(name)):
        if frame.holds(*xy, margin=frame.width * 0.2):
            runs[-1].append(xy)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def town(label: Label) -> str:
    """A town's dot and name."""
    kind = ("m-city" if label.large else "m-town") + (" m-end" if label.ends_there else "")
    return (
        f'<circle class="m-dot" cx="{label.x:.0f}" cy="{label.y:.0f}" r="1.8"/>'
        f'<text class="{kind}" x="{label.text_x:.0f}" y="{label.text_y:.0f}">{escape(label.name)}</text>'
    )


def hexagon(frame: Frame, cell: str) -> str:
    """The cell's outline as polygon points."""
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in (frame.xy(corner) for corner in cells.outline(cell)))


def area_map(cell: str, alt: str, *, exact: tuple[Point, float | None] | None = None, covered: bool = False) -> Markup:
    """The picture of an ask: its cell as a hexagon, or, for those who may know it, the exact place with its accuracy.

    `exact`: the point and how far it may be off in metres. `alt`: the picture in a sentence.
    """
    frame = frame_of(cell)
    middle = (frame.width / 2, frame.height / 2)
    around = (middle[0] - 16, middle[1] - 16, middle[0] + 16, middle[1] + 16)
    if exact is None:
        tone = "m-hex m-covered" if covered else "m-hex"
        top = f'<polygon class="{tone}" points="{hexagon(frame, cell)}"/>'
    else:
        top = _exact(frame, *exact)
    return Markup(  # noqa: S704  # numbers, and one sentence escaped here
        f'<svg class="map" role="img" aria-label="{escape(alt)}" viewBox="0 0 {frame.width} {frame.height}" '
        f'dir="ltr">{base(frame, around)}{top}</svg>'
    )


def _exact(frame: Frame, point: Point, accuracy_m: float | None) -> str:
    x, y = frame.xy(point)
    unit_km = frame.degrees * 111.32 / frame.width
    radius = min(60.0, (accuracy_m or 0.0) / 1000 / unit_km)
    rings = [("m-fix", radius)] if radius > 6 else []
    rings += [("m-halo", 11.0), ("m-here", 6.0)]
    return "".join(f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>' for name, r in rings)
