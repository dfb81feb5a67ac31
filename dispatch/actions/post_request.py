"""Somebody is stranded and sends up a flare: the call becomes a row, the row an event, the first look due now."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.actions.push import nobody_later
from dispatch.actions.words import EXPIRE, WAVE, hashed, tell
from dispatch.domain import limits
from dispatch.domain.drill import gentle, next_allowed
from dispatch.domain.errors import NotAllowed, NotFound, PlaceUnclear, SignIn, SimilarAsk
from dispatch.domain.events import EventKind
from dispatch.domain.kinds import kind_named, quantity_of
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.people import Person
from dispatch.domain.request import Reach, Request, Secrets, Urgency
from dispatch.domain.whereabouts import Where
from dispatch.ports import Grant, Power, Tx

LINKS = {Power.OWNER: "flo_", Power.VIEW: "flv_", Power.HELPER: "flh_"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRequest:
    """What was asked. `person_id` None: a guest, who becomes a person with no ties."""

    person_id: int | None
    kind: str
    quantity: int | None
    where: Where | None
    place_text: str | None = None
    destination: str | None = None
    note: str | None = None
    urgency: Urgency = Urgency.STRANDED
    for_other: bool = False
    needs: tuple[str, ...] = ()
    contact_name: str | None = None
    contact_phone: str | None = None
    share_phone: bool = True
    """May the people who come have the phone number?"""
    community: str | None = None
    similar_ok: bool = False
    drill: bool = False
    show_travel: bool = False
    origin: str | None = None
    """The neighbourhood of addresses a guest asks from, where limits count: all calls from there have one budget."""
    forecast: dict[str, object] | None = None
    """Worked out just before, by the same odds the waves use (dispatch/runtime.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The new request, and the three links by which people come back to it."""

    request: Request
    tokens: dict[str, str]
    person_id: int


def post_request(tx: Tx, now: datetime, command: PostRequest) -> Posted:
    """The request as it stands, with its links.

    Raises: UnknownKind, Invalid (quantity), PlaceUnclear (a located kind without a place),
    NotFound (a community the asker is not in), SimilarAsk (very likely the same call twice); for a drill SignIn
    (a guest's) and NotAllowed (another one lately).
    """
    kind = kind_named(command.kind)
    if kind.located and command.where is None and not command.place_text:
        raise PlaceUnclear("Say where: share your location, or name a road, exit, mile marker or town.")
    _refuse_a_double(tx, now, command)
    if command.drill:
        _refuse_the_drill(tx, now, command)
    asker = tx.people.by_id(command.person_id) if command.person_id is not None else None
    asker = asker or _guest(tx, now, command)
    person_id = asker.id
    made = draft(tx, now, replace(command, person_id=person_id), guest=asker.guest)
    request = tx.requests.add(*made, origin=command.origin if asker.guest else None)
    tokens = {str(power): link_token(tx, request.id, power) for power in LINKS}
    for power in LINKS:
        owner = person_id if power is Power.OWNER else None
        token_hash = hashed(tokens[power])
        tx.grants.add(Grant(token_hash=token_hash, power=power, person_id=owner, request_id=request.id))
    practice = {"drill": True} if request.drill else {}
    tell(tx, request, EventKind.POSTED, person_id, quantity=request.quantity, **practice)
    tx.due.put(WAVE, request.id, now)
    tx.due.put(EXPIRE, request.id, request.deadline_at)
    if not request.drill:
        nobody_later(tx, request)
    stored = tx.requests.by_id(request.id)
    return Posted(request=stored or request, tokens=tokens, person_id=person_id)


def link_token(tx: Tx, request_id: int, power: Power) -> str:
    """What stands in that link of an ask: the owner's another one each time, the two to send around always the same.

    Those are worked out from the ask's own key; where it is gone (an old copy without its keys) they are new each time.
    """
    prefix = LINKS[power]
    kept = tx.requests.token(request_id, prefix) if power is not Power.OWNER else None
    return kept or tx.ids.token(prefix)


def draft(tx: Tx, now: datetime, command: PostRequest, *, guest: bool = False) -> tuple[Request, Secrets]:
    """The request as it would be stored, not stored: its id is 0.

    Raises: UnknownKind, Invalid (quantity), NotFound (community).
    """
    kind = kind_named(command.kind)
    where = command.where
    request = Request(
        id=0,
        public_id=tx.ids.public_id(),
        requester=command.person_id or 0,
        kind=kind.name,
        quantity=quantity_of(kind, command.quantity),
        seats_taken=0,
        status=RequestState.OPEN,
        urgency=gentle(command.urgency) if command.drill else command.urgency,
        for_other=command.for_other,
        needs=command.needs,
        cell=where.cell if where else None,
        empty_land=bool(where and where.empty_land),
        country=where.country if where else None,
        off=0,
        created_at=now,
        deadline_at=now + (limits.DRILL_LASTS if command.drill else kind.give_up),
        reach=_reach(tx, command, guest=guest),
        forecast=command.forecast,
        show_travel=command.show_travel,
        drill=command.drill,
    )
    secrets = Secrets(
        point=where.point if where else None,
        accuracy_m=where.accuracy_m if where else None,
        place_text=command.place_text,
        label=where.label if where else None,
        destination=command.destination,
        note=command.note,
        contact_name=command.contact_name,
        contact_phone=command.contact_phone,
        share_phone=command.share_phone,
    )
    return request, secrets


def _guest(tx: Tx, now: datetime, command: PostRequest) -> Person:
    return tx.people.add(
        Person(id=0, public_id=tx.ids.public_id(), name=command.contact_name, guest=True, created_at=now)
    )


def _reach(tx: Tx, command: PostRequest, *, guest: bool) -> Reach:
    """Whom the request may reach: a member's network; for a guest, people who accept strangers."""
    if command.person_id is None or guest:
        if command.community is not None:
            raise NotFound("community")
        return Reach(open=True)
    if command.community is None:
        return Reach()
    mine = {community.public_id for community in tx.network.communities_of(command.person_id)}
    if command.community not in mine:
        raise NotFound("community")
    return Reach(communities=(command.community,))


def _refuse_a_double(tx: Tx, now: datetime, command: PostRequest) -> None:
    if command.similar_ok or (command.person_id is None and not command.contact_phone):
        return
    cell = command.where.cell if command.where else None
    since = now - limits.SIMILAR_WITHIN
    twin = tx.requests.similar(command.person_id, command.kind, cell, command.contact_phone, since, drill=command.drill)
    if twin is not None:
        link = f"/r/{twin.public_id}"
        asker = tx.people.by_id(command.person_id) if command.person_id is not None else None
        if twin.requester != command.person_id and (asker is None or asker.guest):
            # The same phone in another browser: without a token that page would ask for the link they don't have.
            token = link_token(tx, twin.id, Power.VIEW)
            link += f"#{token}" if tx.grants.by_hash(hashed(token)) else ""
        raise SimilarAsk(link, int((now - twin.created_at) / timedelta(minutes=1)))


def _refuse_the_drill(tx: Tx, now: datetime, command: PostRequest) -> None:
    """A drill is a member's, and not one after the other: it spends other people's attention."""
    asker = tx.people.by_id(command.person_id) if command.person_id is not None else None
    if asker is None or asker.guest:
        raise SignIn("A drill asks your own people: sign in as a member first.")
    before = [request for request in tx.requests.of_person(asker.id, limits.INBOX_ALERTS) if request.drill]
    if before and (at := next_allowed(before[0].created_at)) > now:
        raise NotAllowed(f"You ran a drill lately. The next one may be on {at:%d %B}.")
