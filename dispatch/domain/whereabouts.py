"""A place as the house uses it: worked out once, from a phone's fix or from words.

Pure. Invariant: what others are shown is made from the cell, never from the point
(dispatch/domain/visibility.py).
"""

from dataclasses import dataclass

from dispatch.domain.errors import PlaceUnclear
from geo import cells, emergency
from geo.gazetteer import gazetteer
from geo.place_text import Found, Unclear, read
from geo.point import Point

TOWN = 1_000
"""People; without a place this large in the cell or next to it the land is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A point with its accuracy, its words and its cell. `empty_land`: the public sees a coarser cell."""

    point: Point
    accuracy_m: float | None
    text: str | None
    label: str
    cell: str
    empty_land: bool
    country: str | None


def from_point(point: Point, accuracy_m: float | None = None, text: str | None = None) -> Where:
    """The whereabouts of a fix."""
    book = gazetteer()
    cell = cells.cell_of(point, cells.MEMBER)
    public = cells.parent(cell, cells.PUBLIC)
    town, _, _ = book.nearest(point)
    settled = town.population >= TOWN and cells.same_or_next(public, cells.cell_of(town.point, cells.PUBLIC))
    return Where(
        point=point,
        accuracy_m=accuracy_m,
        text=text,
        label=book.label(point),
        cell=cell,
        empty_land=not settled,
        country=emergency.country_of(point),
    )


def from_text(text: str, near: Point | None = None) -> Where:
    """The whereabouts of words: a road, exit, town, plus code, coordinates or a pasted map link.

    Raises: PlaceUnclear with choices when several places fit, without when none does.
    """
    answer = read(text, near)
    if isinstance(answer, Found):
        return from_point(answer.point, answer.accuracy_m, text)
    if isinstance(answer, Unclear):
        choices = [_choice(found) for found in answer.choices]
        raise PlaceUnclear("Several places fit. Which one?", choices)
    raise PlaceUnclear(answer.hint)


def _choice(found: Found) -> dict[str, object]:
    return {
        "label": found.label,
        "place": {"lat": found.point.lat, "lon": found.point.lon, "accuracy_m": found.accuracy_m},
    }
