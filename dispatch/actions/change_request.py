"""What the requester changes afterwards: how many, where, the words; whom to reach; a note to everyone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.look import drilled_of, request_state, role_for, seen_request
from dispatch.actions.seats import covered_if_full, promote, reopened
from dispatch.actions.words import disclosed, look_soon, tell, tell_claimer
from dispatch.domain import visibility
from dispatch.domain.drill import STAYS
from dispatch.domain.errors import BelowClaimed, NotAllowed, NotFound, RequestOver
from dispatch.domain.events import EventKind
from dispatch.domain.kinds import kind_named, quantity_of
from dispatch.domain.lifecycle import UNFINISHED, Happening, RequestState, after_happening
from dispatch.domain.relay import passed
from dispatch.domain.request import Reach, Request
from dispatch.domain.visibility import Role, Viewer
from dispatch.domain.whereabouts import Where
from dispatch.ports import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """What to change; `changes` names only what was sent (quantity, note, destination, contact …)."""

    request: str
    viewer: Viewer
    quantity: int | None = None
    where: Where | None = None
    place_text: str | None = None
    secrets: dict[str, Any] | None = None
    """Columns of Secrets to replace: note, destination, contact_name, contact_phone, share_phone."""
    show_travel: bool | None = None


def own_request(tx: Tx, viewer: Viewer, public_id: str) -> Request:
    """The viewer's own request, locked, and not over.

    Raises: NotFound, RequestOver.
    """
    seen, role = seen_request(tx, viewer, public_id)
    if role is not Role.OWNER:
        raise NotFound("ask")
    request = tx.requests.lock(seen.id)
    if request is None or request.over:
        raise RequestOver((request or seen).status)
    return request


def change_request(tx: Tx, now: datetime, command: ChangeRequest) -> dict[str, Any]:
    """The request as its owner sees it afterwards.

    Raises: NotFound, RequestOver, BelowClaimed, Invalid (quantity).
    """
    request = own_request(tx, command.viewer, command.request)
    parts: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    secrets: dict[str, Any] = dict(command.secrets or {})
    if command.where is not None:
        where = command.where
        columns |= {"cell": where.cell, "empty_land": where.empty_land, "country": where.country}
        secrets |= {"point": where.point, "accuracy_m": where.accuracy_m, "label": where.label}
        secrets["place_text"] = command.place_text
        parts["place"] = True
    for name in ("note", "destination"):
        if name in secrets:
            parts[name] = True
    if secrets.keys() & {"contact_name", "contact_phone", "share_phone"}:
        parts["contact"] = True
    if command.show_travel is not None:
        columns["show_travel"] = parts["show_travel"] = command.show_travel
        parts |= {"wave": {"waves": request.wave}, "heard": visibility.heard_view(request)}
        parts["passed"] = passed(tx.relays.of_request(request.id)).as_json()
        counts = drilled_of(tx, request)
        parts["drilled"] = counts.as_json() if counts else None
    if command.quantity is not None:
        columns |= _quantity(request, command.quantity)
        parts["quantity"] = columns["quantity"]
    if secrets:
        tx.requests.set_secrets(request.id, **secrets)
    was = request.status
    if columns:
        request = tx.requests.set(request.id, **columns)
    if parts:
        tell(tx, request, EventKind.NOTE_ADDED, request.requester, off=None, **parts)
        request = tx.requests.by_id(request.id) or request
    _tell_drivers(tx, request, parts)
    _follow_the_seats(tx, now, was, request)
    look_soon(tx, request, now)
    return request_state(tx, tx.requests.by_id(request.id) or request, Role.OWNER)


def _quantity(request: Request, wanted: int) -> dict[str, Any]:
    quantity = quantity_of(kind_named(request.kind), wanted)
    if quantity is None:
        return {"quantity": None}
    if quantity < request.seats_taken:
        raise BelowClaimed(request.seats_taken)
    full = quantity == request.seats_taken
    status = request.status
    if full and status is RequestState.OPEN:
        status = after_happening(status, Happening.LAST_SEAT_CLAIMED)
    elif not full and status is RequestState.CLAIMED:
        status = after_happening(status, Happening.SEATS_CAME_BACK)
    return {"quantity": quantity, "status": status}


def _tell_drivers(tx: Tx, request: Request, parts: dict[str, Any]) -> None:
    """Whoever has a claim reads the new place and words in their own inbox, too; a new place shown is in the audit."""
    if parts.keys() & {"place", "note", "destination", "contact"}:
        for claim in tx.claims.of_request(request.id):
            if claim.status in UNFINISHED:
                tell_claimer(tx, claim)
                if "place" in parts:
                    disclosed(tx, request, claim, "moved place")


def _follow_the_seats(tx: Tx, now: datetime, was: RequestState, request: Request) -> None:
    """More seats: standbys move up, people are asked again. Fewer: it may be covered now."""
    if was is not RequestState.CLAIMED and request.status is RequestState.CLAIMED:
        covered_if_full(tx, now, request)
    elif request.status is RequestState.OPEN:
        request = promote(tx, now, request)
        if was is RequestState.CLAIMED and request.status is RequestState.OPEN:
            reopened(tx, now, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReach:
    """Whom the requester lets be asked."""

    request: str
    viewer: Viewer
    reach: Reach


def set_reach(tx: Tx, now: datetime, command: SetReach) -> dict[str, Any]:
    """The request as its owner sees it, with the new reach.

    Raises: NotFound (also for a community the requester is not in), RequestOver.
    """
    request = own_request(tx, command.viewer, command.request)
    mine = {community.public_id for community in tx.network.communities_of(request.requester)}
    if not set(command.reach.communities or ()) <= mine:
        raise NotFound("community")
    request = tx.requests.set(request.id, reach=command.reach)
    tell(tx, request, EventKind.NOTE_ADDED, request.requester, reach=visibility.reach_view(request))
    look_soon(tx, request, now)
    return request_state(tx, tx.requests.by_id(request.id) or request, Role.OWNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """A note to everyone who may read it."""

    request: str
    viewer: Viewer
    text: str


def add_note(tx: Tx, now: datetime, command: AddNote) -> dict[str, Any]:
    """The note as it was kept.

    Raises: NotFound; NotAllowed for someone who is neither the requester nor coming; RequestOver once it was erased.
    """
    seen, role = seen_request(tx, command.viewer, command.request)
    if role not in visibility.EXACT:
        raise NotAllowed("Notes are for the person who asked and the people who come. Take seats first.")
    request = tx.requests.lock(seen.id) or seen
    author = command.viewer.person_id or request.requester
    note_id = tx.ids.public_id()
    if not tx.requests.add_note(request.id, note_id, author, command.text, now):
        raise RequestOver(request.status)
    tell(tx, request, EventKind.NOTE_ADDED, author, added=note_id)
    person = tx.people.by_id(author)
    name = person.first_name if person else None
    return {"id": note_id, "text": command.text, "by": name, "at": visibility.moment(now)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """Somebody of ring 1 or 2 lends their own friends to a request, or takes that back."""

    request: str
    viewer: Viewer
    ring: str | None
    lends: bool


def vouch(tx: Tx, now: datetime, command: Vouch) -> dict[str, Any]:
    """`{vouched}` afterwards.

    Raises: NotFound; NotAllowed for somebody who is not in ring 1 or 2, and of a drill; RequestOver.
    """
    request = tx.requests.by_public(command.request)
    person = command.viewer.person_id
    if request is None or person is None or role_for(tx, request, command.viewer) is None:
        raise NotFound("ask")
    if request.over:
        raise RequestOver(request.status)
    if not command.lends:
        tx.requests.unvouch(request.id, person)
        return {"vouched": False}
    if request.drill:
        raise NotAllowed(STAYS)
    if person == request.requester or command.ring not in ("1", "2"):
        raise NotAllowed("Only friends of the person who asks, and their friends, can vouch.")
    if tx.requests.vouch(request.id, person, now):
        locked = tx.requests.lock(request.id) or request
        tell(tx, locked, EventKind.NOTE_ADDED, None)
        look_soon(tx, locked, now)
    return {"vouched": True}
