"""What the wall shows, as one picture a second at most: asks, people by cell, how a call travels, who comes.

Everything leaves here in drawing units of one frame, so that the script draws and knows no geography. Never a name, a
note, a phone, a dot per person; nothing about fewer than FEWEST people; how a call travels only when its owner lets
viewers see it (tests/pages/test_wall.py).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from dispatch.actions import look
from dispatch.domain import limits, visibility
from dispatch.domain.claim import Claim
from dispatch.domain.events import request_topic
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.request import Request, Urgency
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Tx
from geo import cells
from geo.point import Point
from web.pages.base_map import XY, Frame
from web.pages.labels import towns_in
from web.pages.story import Told

FEWEST: Final = 5
BANDS: Final = (5, 10, 20, 50, 100, 200)
ARCS: Final = 60
KM: Final = 1_900.0
WIDTH: Final = 2_400
HEIGHT: Final = 1_600
MIDDLE: Final = Point(35.5, -116.5)
TOWNS: Final = 110
STEPS: Final = {ClaimState.COMMITTED: 0.0, ClaimState.EN_ROUTE: 0.34, ClaimState.ON_SCENE: 0.97, ClaimState.MET: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A claim on the wall: seats, step, and the cell it comes from where that says nothing of one person."""

    seats: int
    step: str
    origin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An ask on the wall: the board's entry, who comes, when the first yes was."""

    entry: Mapping[str, Any]
    created_at: datetime
    coming: Sequence[Coming]
    first_yes: datetime | None
    travel: Mapping[str, int]
    """People asked by cell, FEWEST or more; empty unless the owner lets viewers see it."""

    @property
    def id(self) -> str:
        """Its name on this viewer's board."""
        return str(self.entry["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """Everything a viewer's wall shows. `hero`: the ask in the panel, with its newest events."""

    asks: Sequence[Ask]
    hero: Ask | None
    events: Sequence[Told]
    more: int


def read(tx: Tx, now: datetime, viewer: Viewer, secret: bytes, wanted: str | None, members: Mapping[str, int]) -> Wall:
    """The wall as that viewer may see it. `wanted`: the ask they chose; `members`: people per cell of the map."""
    role = look.map_role(viewer)
    found: list[tuple[Request, Ask]] = []
    for request in tx.requests.open_in(None, limits.BOARD_REQUESTS):
        entry = look.board_entry(request, role, look.board_id(request, viewer, secret))
        if entry is not None:
            found.append((request, _ask(tx, request, entry, members)))
    found.sort(key=lambda pair: _need(pair[0], pair[1]))
    chosen = next((pair for pair in found if pair[1].id == wanted), found[0] if found else None)
    if chosen is None:
        return Wall(asks=(), hero=None, events=(), more=0)
    request, hero = chosen
    return Wall(
        asks=[ask for _, ask in found],
        hero=hero,
        events=_events(tx, request, role),
        more=max(0, len(found) - 9),
    )


def _need(request: Request, ask: Ask) -> tuple[int, int, datetime]:
    """Danger first, then without a yes, then the longest waiting."""
    return (0 if request.urgency is Urgency.DANGER else 1, 0 if ask.first_yes is None else 1, request.created_at)


def _ask(tx: Tx, request: Request, entry: Mapping[str, Any], members: Mapping[str, int]) -> Ask:
    claims = tx.claims.of_request(request.id)
    standing = [claim for claim in claims if claim.standing]
    origins = _origins(tx, standing, members) if request.show_travel else {}
    return Ask(
        entry=entry,
        created_at=request.created_at,
        coming=[
            Coming(seats=claim.seats, step=str(claim.status), origin=origins.get(claim.id)) for claim in standing[:12]
        ],
        first_yes=min((claim.created_at for claim in claims), default=None),
        travel=_travel(tx, request) if request.show_travel else {},
    )


def _origins(tx: Tx, claims: Iterable[Claim], members: Mapping[str, int]) -> dict[int, str]:
    """The cell each claimer usually is in, only where FEWEST members or more are."""
    held = list(claims)
    people = tx.people.by_ids([claim.person_id for claim in held])
    found = {}
    for claim in held:
        person = people.get(claim.person_id)
        if person is not None and person.place is not None:
            cell = cells.cell_of(person.place, cells.MAP)
            if members.get(cell, 0) >= FEWEST:
                found[claim.id] = cell
    return found


def _travel(tx: Tx, request: Request) -> dict[str, int]:
    """How many were asked in each cell; cells of a few fold into the next larger one, or are left out."""
    asked = [alert.person_id for alert in tx.alerts.of_request(request.id)]
    places = [person.place for person in tx.people.by_ids(asked).values() if person.place is not None]
    return folded(Counter(cells.cell_of(place, cells.MAP) for place in places))


def folded(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts of FEWEST or more by cell; smaller ones as their parents' sum where that is enough."""
    kept = {cell: n for cell, n in counts.items() if n >= FEWEST}
    rest: Counter[str] = Counter()
    for cell, n in counts.items():
        if n < FEWEST:
            rest[cells.parent(cell, cells.MAP - 1)] += n
    return kept | {cell: n for cell, n in rest.items() if n >= FEWEST}


def _events(tx: Tx, request: Request, role: Role) -> list[Told]:
    tail = tx.journal.topic(request_topic(request.id), 0, limits.PAGE)
    context = look.context_for(tx, tail.events)
    return [
        Told(kind=event.kind, at=event.at, body=visibility.event_body(event, role, context)) for event in tail.events
    ]


def band(count: int) -> int:
    """The largest band the count reaches."""
    return max((each for each in BANDS if each <= count), default=0)


def frame_for(wall: Wall) -> Frame:
    """The frame of the picture: around the hero's cell at the coarsest resolution, so that few frames are ever made."""
    if wall.hero is None:
        return Frame.around(MIDDLE, KM, WIDTH, HEIGHT)
    middle = cells.centre(cells.parent(wall.hero.entry["cell"], cells.MAP - 1))
    return Frame.around(middle, KM, WIDTH, HEIGHT)


def scene(wall: Wall, frame: Frame, members: Mapping[str, int]) -> dict[str, Any]:
    """What the script draws: shapes in the frame's units, counts in bands."""
    hero = wall.hero
    return {
        "people": [
            [cell, *_point(frame.xy(cells.centre(cell))), band(n), outline(frame, cell)]
            for cell, n in sorted(members.items())
            if n >= FEWEST and frame.holds(*frame.xy(cells.centre(cell)))
        ],
        "arcs": [
            [*_point(frame.xy(cells.centre(cell))), n, outline(frame, cell)]
            for cell, n in sorted((hero.travel if hero else {}).items(), key=lambda each: -each[1])[:ARCS]
        ]
        if len(wall.asks) <= 40
        else [],
        "asks": [_shape(frame, ask, hero) for ask in wall.asks if _near(frame, ask)],
    }


def _near(frame: Frame, ask: Ask) -> bool:
    return frame.holds(*frame.xy(cells.centre(ask.entry["cell"])))


def _shape(frame: Frame, ask: Ask, hero: Ask | None) -> dict[str, Any]:
    x, y = _point(frame.xy(cells.centre(ask.entry["cell"])))
    return {
        "id": ask.id,
        "x": x,
        "y": y,
        "ring": outline(frame, ask.entry["cell"]),
        "full": ask.entry["seats"]["open"] == 0,
        "hero": ask is hero,
        "coming": [
            {
                "at": STEPS[ClaimState(each.step)],
                "from": _point(frame.xy(cells.centre(each.origin))) if each.origin else None,
                "chip": index,
            }
            for index, each in enumerate(ask.coming)
        ],
    }


@lru_cache(maxsize=8_192)
def outline(frame: Frame, cell: str) -> list[float]:
    """The cell's corners one after the other: x, y, x, y."""
    return [round(value, 1) for corner in cells.outline(cell) for value in frame.xy(corner)]


@lru_cache(maxsize=64)
def towns(frame: Frame) -> list[list[Any]]:
    """Names for the map, the ones people know first: name, x, y, is it large."""
    return [
        [place.name, *_point(frame.xy(place.point)), int(place.population >= 150_000)]
        for place in towns_in(frame, TOWNS)
    ]


def _point(xy: XY) -> tuple[float, float]:
    return round(xy[0], 1), round(xy[1], 1)
