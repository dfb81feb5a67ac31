"""What the wall shows: asks, people by cell, how a call travels, who comes; each read once per change.

Everything leaves here as centres and outlines of cells, in degrees: no place of anybody is finer than the contract lets
its viewer see. Never a name, a note, a phone, a dot per person; nothing about fewer than FEWEST people; how a call
travels only when its owner lets viewers see it (tests/pages/test_wall.py).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from dispatch.actions import look
from dispatch.domain import limits
from dispatch.domain.claim import Claim
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.request import Request, Urgency
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Tx
from geo import cells
from geo.point import Point
from web.pages import following
from web.pages.story import Told

FEWEST: Final = 5
BANDS: Final = (5, 10, 20, 50, 100, 200)
ARCS: Final = 60
MANY: Final = 40
"""Asks, from which on the wall shows no arcs."""
CARS: Final = 12
"""Claims of one ask that are drawn."""
MIDDLE: Final = Point(35.5, -116.5)
"""Where a wall looks while there is nobody to look for."""
COVERED_SHOWN: Final = timedelta(seconds=30)
"""So long a call that has just been covered stays in the panel."""
ENDED_SHOWN: Final = timedelta(hours=24)
ENDED: Final = 5
KEPT: Final = 4_096
"""Asks remembered between two looks."""
STEPS: Final = {
    ClaimState.COMMITTED: 0.0,
    ClaimState.EN_ROUTE: 0.34,
    ClaimState.ON_SCENE: 0.97,
    ClaimState.MET: 1.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A claim on the wall: seats, step, and the cell it comes from where that says nothing of one person."""

    seats: int
    step: str
    origin: str | None

    @property
    def share(self) -> float:
        """How much of the way is drawn as done: by step, never by position."""
        return STEPS[ClaimState(self.step)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An ask on the wall: the board's entry, who comes, when the first yes was."""

    id: str
    """Its name on this viewer's board."""
    entry: Mapping[str, Any]
    created_at: datetime
    coming: Sequence[Coming]
    first_yes: datetime | None
    covered_at: datetime | None
    travel: Mapping[str, int]
    """People asked by cell, FEWEST or more; empty unless the owner lets viewers see it."""
    heard: tuple[int, int] | None
    """People asked, and of them those who looked; None unless the owner lets viewers see it."""

    @property
    def full(self) -> bool:
        """Is nothing missing?"""
        return bool(self.entry["seats"]["open"] == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A call that is over, as its viewer may know it."""

    id: str
    entry: Mapping[str, Any]
    disposition: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """Everything a viewer's wall shows: the ask that matters most is its hero.

    `past`: an ended one that was chosen; `events`: the newest of the past one, else of the hero.
    """

    asks: Sequence[Ask]
    hero: Ask | None
    past: Ended | None
    events: Sequence[Told]
    ended: Sequence[Ended]


Shown = TypeVar("Shown", Ask, Ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """Who looks. `may`: those of some cells of the map that they may see now, counted as on the board and live."""

    viewer: Viewer
    secret: bytes
    may: Callable[[Iterable[str]], set[str]]

    def name(self, request: Request) -> str:
        """What this viewer's board calls the ask."""
        return look.board_id(request, self.viewer, self.secret)

    def within(self, found: Sequence[tuple[Request, Shown]]) -> list[tuple[Request, Shown]]:
        """Without the ones beyond their budget of cells; the first ones go first."""
        coarse = [cells.parent(each.entry["cell"], cells.MAP) for _, each in found]
        shown = self.may(coarse)
        return [pair for pair, cell in zip(found, coarse, strict=True) if cell in shown]


class Book:
    """What is known of each ask, so that a look reads only those that have changed. One per Flare; safe to race on."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, Role, int], tuple[Request, Mapping[str, int], Ask | None]] = {}
        self._members: Mapping[str, int] = {}

    def same(self, members: Mapping[str, int]) -> Mapping[str, int]:
        """Those members as the book knows them: compared once a look, so that `ask` need not compare them each time."""
        if dict(self._members) != dict(members):
            self._members = members
        return self._members

    def ask(self, tx: Tx, request: Request, role: Role, members: Mapping[str, int], epoch: str) -> Ask | None:
        """The ask as that role sees it, without a name; None when it is on no map. `members`: what `same` answered."""
        key = (epoch, role, request.id)
        held = self._held.get(key)
        if held is None or held[0] != request or held[1] is not members:
            if len(self._held) >= KEPT:
                self._held.clear()
            held = self._held[key] = (request, members, _ask(tx, request, role, members))
        return held[2]


def read(tx: Tx, now: datetime, looker: Looker, wanted: str | None, members: Mapping[str, int], book: Book) -> Wall:
    """The wall as that viewer may see it.

    `wanted`: the ask they chose, also one that has ended lately; `members`: people per cell of the map.
    """
    role, epoch, known = look.map_role(looker.viewer), tx.journal.head()[0], book.same(members)
    found: list[tuple[Request, Ask]] = []
    for request in tx.requests.open_in(None, limits.BOARD_REQUESTS):
        ask = book.ask(tx, request, role, known, epoch)
        if ask is not None:
            found.append((request, replace(ask, id=looker.name(request))))
    found.sort(key=lambda pair: _need(pair[0], pair[1], now))
    found = looker.within(found)
    chosen = next((pair for pair in found if pair[1].id == wanted), found[0] if found else None)
    ended = recent(tx, now, looker)
    past = next(((request, each) for request, each in ended if each.id == wanted), None)
    shown = past[0] if past else chosen[0] if chosen else None
    return Wall(
        asks=[ask for _, ask in found],
        hero=chosen[1] if chosen else None,
        past=past[1] if past else None,
        events=following.newest(tx, shown, role) if shown else (),
        ended=[each for _, each in ended],
    )


def recent(tx: Tx, now: datetime, looker: Looker) -> list[tuple[Request, Ended]]:
    """The calls that ended lately and that this viewer may know of, newest first."""
    found = tx.requests.ended_since(now - ENDED_SHOWN, ENDED)
    return looker.within([(request, each) for request in found if (each := _ended(request, looker)) is not None])


def _ended(request: Request, looker: Looker) -> Ended | None:
    role = look.map_role(looker.viewer)
    # A stranger saw it while it went on; that it is told of a day later is the owner's to allow.
    if role is Role.PUBLIC and not request.show_travel:
        return None
    entry = look.board_entry(request, role, looker.name(request))
    if entry is None or request.closed_at is None:
        return None
    return Ended(id=entry["id"], entry=entry, disposition=str(request.disposition), at=request.closed_at)


def _need(request: Request, ask: Ask, now: datetime) -> tuple[int, int, int, datetime]:
    """Just covered, then danger, then without a yes, then the longest waiting; covered ones last."""
    first = 1
    if ask.full:
        fresh = ask.covered_at is not None and now - ask.covered_at < COVERED_SHOWN
        first = 0 if fresh else 2
    urgent = 0 if request.urgency is Urgency.DANGER else 1
    return first, urgent, 0 if ask.first_yes is None else 1, request.created_at


def _ask(tx: Tx, request: Request, role: Role, members: Mapping[str, int]) -> Ask | None:
    entry = look.board_entry(request, role, "")
    if entry is None:
        return None
    claims = tx.claims.of_request(request.id)
    standing = [claim for claim in claims if claim.standing]
    origins = origins_of(tx, standing, members) if request.show_travel else {}
    return Ask(
        id="",
        entry=entry,
        created_at=request.created_at,
        coming=[
            Coming(seats=claim.seats, step=str(claim.status), origin=origins.get(claim.public_id))
            for claim in standing[:CARS]
        ],
        first_yes=min((claim.created_at for claim in claims), default=None),
        covered_at=max((claim.created_at for claim in standing), default=None) if request.seats.open == 0 else None,
        travel=_travel(tx, request) if request.show_travel else {},
        heard=(request.alerted, request.seen) if request.show_travel else None,
    )


def origins_of(tx: Tx, claims: Iterable[Claim], members: Mapping[str, int]) -> dict[str, str]:
    """The cell each claimer usually is in by the claim's public id, only where FEWEST members or more are."""
    held = list(claims)
    people = tx.people.by_ids([claim.person_id for claim in held])
    found = {}
    for claim in held:
        person = people.get(claim.person_id)
        if person is not None and person.place is not None:
            cell = cells.cell_of(person.place, cells.MAP)
            if members.get(cell, 0) >= FEWEST:
                found[claim.public_id] = cell
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


def band(count: int) -> int:
    """The largest band the count reaches."""
    return max((each for each in BANDS if each <= count), default=0)
