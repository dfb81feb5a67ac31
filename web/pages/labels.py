"""Names of towns on a picture: which, and where, so that none is cut, none covers another or the thing that matters.

Pure but for the gazetteer. Invariants: a label's box lies inside the frame and meets no other box; at most MOST of
them (tests/pages/test_svg_map.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from geo.gazetteer import Place, gazetteer
from web.pages.base_map import Frame

MOST: Final = 14
CANDIDATES: Final = 160
Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name at its place: the town's dot, where the text begins, whether it runs back from there."""

    name: str
    x: float
    y: float
    text_x: float
    text_y: float
    ends_there: bool
    large: bool


@lru_cache(maxsize=256)
def towns_in(frame: Frame, limit: int = CANDIDATES) -> tuple[Place, ...]:
    """The settlements inside a frame, the ones people orient themselves by first.

    A small place far from any larger one counts as much as a suburb of a city.
    """
    found = gazetteer().in_box(frame.box(), limit * 4)
    x, y = frame.project(np.array([place.point.lon for place in found]), np.array([place.point.lat for place in found]))
    alone = np.full(len(found), float(frame.width))
    for index in range(1, len(found)):
        alone[index] = float(np.hypot(x[:index] - x[index], y[:index] - y[index]).min())
    people = np.maximum(np.array([place.population for place in found], dtype=float), 10.0)
    worth = np.log10(people) + 3.0 * np.minimum(alone / (0.16 * frame.width), 1.0)
    return tuple(found[row] for row in np.argsort(-worth, kind="stable")[:limit])


def placed(
    frame: Frame, taken: Iterable[Rect] = (), first: Iterable[Place] = (), *, size: float = 12.0, most: int = MOST
) -> list[Label]:
    """The labels that fit. `taken`: boxes already used; `first`: places that come before all others.

    Unit: drawing units; `size` is the height of the letters.
    """
    used = list(taken)
    labels: list[Label] = []
    names: set[str] = set()
    for place in (*first, *towns_in(frame)):
        if len(labels) == most:
            break
        if place.name in names:
            continue
        found = _fit(frame, place.name, frame.xy(place.point), used, size, large=place.population >= 100_000)
        if found is not None:
            label, rect = found
            used.append(rect)
            labels.append(label)
            names.add(place.name)
    return labels


def _fit(
    frame: Frame, name: str, dot: tuple[float, float], used: list[Rect], size: float, *, large: bool
) -> tuple[Label, Rect] | None:
    x, y = dot
    tall = size * (1.2 if large else 1.0)
    wide = tall * 0.6 * len(name) + 2
    if not frame.holds(x, y, margin=-4):
        return None
    for away in (6.0, 20.0):
        for ends_there, text_y in ((False, y + tall * 0.35), (True, y + tall * 0.35), (False, y - tall * 0.8)):
            text_x = x - away if ends_there else x + away
            left = text_x - wide if ends_there else text_x
            rect = (left - 2, text_y - tall - 1, left + wide + 2, text_y + tall * 0.35)
            inside = rect[0] >= 2 and rect[1] >= 2 and rect[2] <= frame.width - 2 and rect[3] <= frame.height - 2
            if inside and not any(meet(rect, other) for other in used):
                return Label(name, x, y, text_x, text_y, ends_there, large), rect
    return None


def meet(a: Rect, b: Rect) -> bool:
    """Whether two boxes cover a part of each other."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
