"""Land and borders as lines inside a frame: the shipped table, projected, clipped and thinned.

Pure but for reading its own table once. Knows no asks and no people: what it draws is the same for everybody, so a
frame's layer may be cached and shared (web/pages/svg_map.py). Nothing is fetched.
Invariant: no point of a path lies outside the frame by more than its margin (tests/pages/test_svg_map.py).
Source: us-atlas and world-atlas through tools/make_base_map.py (US Census, Natural Earth; public domain).
"""

import gzip
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.box import Box
from geo.point import Point

ATTRIBUTION: Final = "Natural Earth · US Census · GeoNames CC BY 4.0"
LINES: Final = ("county", "state", "border", "coast")
MARGIN: Final = 4.0
"""Units beyond the frame that are still drawn, so that a cut edge is never seen."""

Floats = NDArray[np.float64]
XY = tuple[float, float]


def _mercator(lat: Floats | float) -> Floats:
    held = np.clip(np.asarray(lat, dtype=np.float64), -85.0, 85.0)
    return np.degrees(np.log(np.tan(np.pi / 4 + np.radians(held) / 2)))


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture shows: its middle, its size in drawing units, and how wide that is in degrees of longitude.

    Unit: drawing units, x to the east and y to the south, (0, 0) at the north-western corner.
    """

    centre: Point
    width: int
    height: int
    degrees: float

    @classmethod
    def around(cls, centre: Point, km: float, width: int, height: int) -> "Frame":
        """A frame whose width is about that many kilometres at its middle."""
        return cls(centre, width, height, km / (111.32 * max(0.05, math.cos(math.radians(centre.lat)))))

    @property
    def scale(self) -> float:
        """Units per degree of longitude."""
        return self.width / self.degrees

    def xy(self, point: Point) -> XY:
        """Where the point is drawn; on the near side of the date line."""
        x, y = self.project(np.array([point.lon]), np.array([point.lat]))
        return float(x[0]), float(y[0])

    def project(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Many points at once. Shape: N in, N out."""
        away = (lon - self.centre.lon + 540.0) % 360.0 - 180.0
        x = self.width / 2 + away * self.scale
        y = self.height / 2 - (_mercator(lat) - _mercator(self.centre.lat)) * self.scale
        return x, y

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Whether a drawn point lies inside."""
        return -margin <= x <= self.width + margin and -margin <= y <= self.height + margin

    def box(self) -> Box:
        """The frame in degrees, at most the whole world."""
        half = min(179.9, self.degrees / 2)
        top = float(_mercator(self.centre.lat)) + self.height / 2 / self.scale
        bottom = float(_mercator(self.centre.lat)) - self.height / 2 / self.scale
        south, north = (math.degrees(2 * math.atan(math.exp(math.radians(y))) - math.pi / 2) for y in (bottom, top))
        west, east = ((self.centre.lon + side + 540.0) % 360.0 - 180.0 for side in (-half, half))
        return Box(west, max(-85.0, south), east, min(85.0, north))


@dataclass(frozen=True, slots=True)
class _Layer:
    """Lines of one kind: every point of them, where each starts, and the box of each."""

    lon: Floats
    lat: Floats
    starts: NDArray[np.int64]
    west: Floats
    east: Floats
    south: Floats
    north: Floats


@cache
def _layers() -> dict[str, _Layer]:
    packed = resources.files("web.pages").joinpath("data", "base_map.json.gz").read_bytes()
    table = json.loads(gzip.decompress(packed))
    return {name: _layer(table[name], table["scale"]) for name in (*LINES, "land")}


def _layer(lines: Sequence[Sequence[int]], scale: int) -> _Layer:
    points = [np.cumsum(np.array(line, dtype=np.int64).reshape(-1, 2), axis=0) / scale for line in lines]
    starts = np.concatenate(([0], np.cumsum([len(each) for each in points])))
    whole = np.concatenate(points)
    low = np.array([each.min(axis=0) for each in points])
    high = np.array([each.max(axis=0) for each in points])
    return _Layer(whole[:, 0], whole[:, 1], starts, low[:, 0], high[:, 0], low[:, 1], high[:, 1])


def lines_in(frame: Frame, name: str, thin: float = 0.6) -> str:
    """Path data of every line of that kind inside the frame: relative whole units, "" when there is none.

    `thin`: points closer than that to the line without them are left out.
    """
    parts: list[str] = []
    for x, y in _near(frame, name):
        parts += [path(thinned(run, thin)) for run in _inside(frame, x, y)]
    return "".join(parts)


def land_in(frame: Frame, thin: float = 0.6) -> str:
    """Path data of the land inside the frame, as closed shapes."""
    parts = []
    for x, y in _near(frame, "land"):
        ring = _cut(list(zip(x.tolist(), y.tolist(), strict=True)), frame)
        if len(ring) > 2 and (data := path(thinned(ring, thin))):
            parts.append(data + "z")
    return "".join(parts)


def _near(frame: Frame, name: str) -> Iterable[tuple[Floats, Floats]]:
    """Every line that may be seen, whole, on the side of the date line where it is seen."""
    layer, box = _layers()[name], frame.box()
    rows = (layer.north >= box.south) & (layer.south <= box.north)
    west, east = frame.centre.lon - frame.degrees / 2, frame.centre.lon + frame.degrees / 2
    for turn in (-360.0, 0.0, 360.0):
        seen = rows & (layer.east + turn >= west) & (layer.west + turn <= east)
        for row in np.flatnonzero(seen):
            part = slice(layer.starts[row], layer.starts[row + 1])
            # Not frame.project: that wraps point by point, and a continent cut in two would fill the sea.
            x = frame.width / 2 + (layer.lon[part] + turn - frame.centre.lon) * frame.scale
            yield x, frame.project(layer.lon[part], layer.lat[part])[1]


def _inside(frame: Frame, x: Floats, y: Floats) -> Iterable[list[XY]]:
    """The runs of a line that can be seen, cut at the margin (Liang-Barsky)."""
    run: list[XY] = []
    wide = frame.width + MARGIN, frame.height + MARGIN
    for ax, ay, bx, by in zip(x[:-1].tolist(), y[:-1].tolist(), x[1:].tolist(), y[1:].tolist(), strict=True):
        cut = None if abs(bx - ax) > frame.width * 4 else _clip(ax, ay, bx, by, wide)
        if cut is None:
            if run:
                yield run
            run = []
            continue
        start, end = cut
        if run and run[-1] != start:
            yield run
            run = []
        run = [*run, end] if run else [start, end]
    if run:
        yield run


def _clip(ax: float, ay: float, bx: float, by: float, wide: XY) -> tuple[XY, XY] | None:
    t0, t1 = 0.0, 1.0
    dx, dy = bx - ax, by - ay
    for p, q in ((-dx, ax + MARGIN), (dx, wide[0] - ax), (-dy, ay + MARGIN), (dy, wide[1] - ay)):
        if p == 0:
            if q < 0:
                return None
            continue
        share = q / p
        if p < 0:
            t0 = max(t0, share)
        else:
            t1 = min(t1, share)
        if t0 > t1:
            return None
    start = (ax, ay) if t0 == 0 else (ax + t0 * dx, ay + t0 * dy)
    return start, ((bx, by) if t1 == 1 else (ax + t1 * dx, ay + t1 * dy))


def _cut(ring: list[XY], frame: Frame) -> list[XY]:
    """The ring inside the frame's margin (Sutherland-Hodgman)."""
    sides = ((0, -MARGIN, 1), (0, frame.width + MARGIN, -1), (1, -MARGIN, 1), (1, frame.height + MARGIN, -1))
    for axis, at, sign in sides:
        kept: list[XY] = []
        for before, here in zip(ring[-1:] + ring[:-1], ring, strict=True):
            was, now = (before[axis] - at) * sign >= 0, (here[axis] - at) * sign >= 0
            if was != now:
                share = (at - before[axis]) / (here[axis] - before[axis])
                kept.append((before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1])))
            if now:
                kept.append(here)
        ring = kept
        if not ring:
            break
    return ring


def thinned(line: list[XY], within: float) -> list[XY]:
    """Douglas-Peucker: every point left out that lies closer than that to what remains."""
    if len(line) < 3:
        return line
    points = np.array(line)
    kept = np.zeros(len(line), dtype=np.bool_)
    kept[[0, -1]] = True
    todo = [(0, len(line) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        (ax, ay), (bx, by) = points[first], points[last]
        between = points[first + 1 : last]
        length = math.hypot(bx - ax, by - ay)
        if length == 0:
            far = np.hypot(between[:, 0] - ax, between[:, 1] - ay)
        else:
            far = np.abs((bx - ax) * (ay - between[:, 1]) - (ax - between[:, 0]) * (by - ay)) / length
        worst = int(far.argmax())
        if far[worst] > within:
            middle = first + 1 + worst
            kept[middle] = True
            todo += [(first, middle), (middle, last)]
    return [line[index] for index in np.flatnonzero(kept)]


def path(line: Sequence[XY]) -> str:
    """The line as SVG path data in whole units, relative; "" when nothing is left of it."""
    points = [(round(x), round(y)) for x, y in line]
    text = [f"M{points[0][0]} {points[0][1]}"]
    here = points[0]
    steps = []
    for point in points[1:]:
        if point != here:
            steps.append((point[0] - here[0], point[1] - here[1]))
            here = point
    if not steps:
        return ""
    text.append("l" + " ".join(f"{dx} {dy}" for dx, dy in steps).replace(" -", "-"))
    return "".join(text)
