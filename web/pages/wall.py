"""What the wall shows, as one picture a second at most: asks, people by cell, how a call travels, who comes.

Everything leaves here as centres and outlines of cells, in degrees: no place of anybody is finer than the contract lets
its viewer see. Never a name, a note, a phone, a dot per person; nothing about fewer than FEWEST people; how a call
travels only when its owner lets viewers see it (tests/pages/test_wall.py).
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
from web.pages.story import Told

FEWEST: Final = 5
BANDS: Final = (5, 10, 20, 50, 100, 200)
ARCS: Final = 60
MANY: Final = 40
"""Asks, from which on the wall shows no arcs."""
MIDDLE: Final = Point(35.5, -116.5)
"""Where a wall looks while there is nobody to look for."""
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


def middle(wall: Wall, members: Mapping[str, int]) -> Point:
    """Where to look: at the hero's cell, else where most members are."""
    if wall.hero is not None:
        return cells.centre(wall.hero.entry["cell"])
    home = max(members, key=lambda cell: (members[cell], cell), default=None)
    return cells.centre(home) if home is not None and members[home] >= FEWEST else MIDDLE


def scene(wall: Wall, members: Mapping[str, int]) -> dict[str, Any]:
    """What the script draws: centres and outlines of cells as lon, lat; counts in bands."""
    hero = wall.hero
    return {
        "home": at(middle(wall, members)),
        "people": [
            [cell, *at(cells.centre(cell)), band(n), outline(cell)]
            for cell, n in sorted(members.items())
            if n >= FEWEST
        ],
        "arcs": [
            [*at(cells.centre(cell)), n]
            for cell, n in sorted((hero.travel if hero else {}).items(), key=lambda each: -each[1])[:ARCS]
        ]
        if len(wall.asks) <= MANY
        else [],
        "asks": [_shape(ask, hero) for ask in wall.asks],
    }


def _shape(ask: Ask, hero: Ask | None) -> dict[str, Any]:
    return {
        "id": ask.id,
        "at": at(cells.centre(ask.entry["cell"])),
        "full": ask.entry["seats"]["open"] == 0,
        "hero": ask is hero,
        "coming": [
            {
                "at": STEPS[ClaimState(each.step)],
                "from": at(cells.centre(each.origin)) if each.origin else None,
            }
            for each in ask.coming
        ],
    }


@lru_cache(maxsize=8_192)
def outline(cell: str) -> list[float]:
    """The cell's corners one after the other: lon, lat, lon, lat."""
    return [value for corner in cells.outline(cell) for value in at(corner)]


def at(point: Point) -> tuple[float, float]:
    """A cell's centre or corner as the script reads it: lon, lat, to about 10 m."""
    return round(point.lon, 4), round(point.lat, 4)
