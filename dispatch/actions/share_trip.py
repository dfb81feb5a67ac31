"""A trip that somebody trusted may follow: a link of one's own, that ends by itself and can be taken back.

Whoever drives and whoever waits may share theirs. What it shows is what the public sees of the ask, and the first name
of whoever shared it: nobody else's name, no phone, no note, no place finer than the public cell
(tests/safety/test_trip.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.look import request_state
from dispatch.actions.tend_network import alive
from dispatch.actions.words import hashed
from dispatch.domain import limits
from dispatch.domain.claim import Claim
from dispatch.domain.errors import NotAllowed, NotFound, RequestOver
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer, moment, role_in, trip_view
from dispatch.ports import Grant, Power, Tx


@dataclass(frozen=True, slots=True)
class Trip:
    """Somebody's part in an ask: their drive to it, or, with `drive` None, their waiting."""

    request: Request
    person_id: int
    drive: Claim | None

    @property
    def ended_at(self) -> datetime | None:
        """None while it is under way."""
        return self.drive.ended_at if self.drive else self.request.closed_at


def _trip(tx: Tx, request: Request, person_id: int) -> Trip | None:
    """That person's part in that ask; the newest, for somebody who came twice."""
    if person_id == request.requester:
        return Trip(request, person_id, None)
    drives = [claim for claim in tx.claims.of_request(request.id) if claim.person_id == person_id]
    return Trip(request, person_id, drives[-1]) if drives else None


def own_trip(tx: Tx, viewer: Viewer, public_id: str) -> Trip:
    """The viewer's part in that ask.

    Raises: NotFound for everybody who neither asked nor ever promised to come.
    """
    request = tx.requests.by_public(public_id)
    if request is None:
        raise NotFound("ask")
    if role_in(request, viewer, None, None) is Role.OWNER:
        return Trip(request, request.requester, None)
    trip = _trip(tx, request, viewer.person_id) if viewer.person_id is not None else None
    if trip is None:
        raise NotFound("ask")
    return trip


def _grants(tx: Tx, now: datetime, trip: Trip) -> list[Grant]:
    """Everything that shows it now: links, and browsers in which they were opened."""
    found = tx.grants.of_person(trip.person_id)
    return [g for g in found if g.power is Power.TRIP and g.request_id == trip.request.id and alive(g, now)]


def share_trip(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """`{token, expires_at}`: a fresh link; the ones before stay.

    Raises: NotFound; RequestOver; NotAllowed once the drive has ended, and beyond TRIP_LINKS.
    """
    trip = own_trip(tx, viewer, public_id)
    if trip.request.over:
        raise RequestOver(trip.request.status)
    if trip.ended_at is not None:
        raise NotAllowed("Your trip to this ask has ended.")
    if links_of(tx, now, viewer, public_id) >= limits.TRIP_LINKS:
        raise NotAllowed(f"{limits.TRIP_LINKS} links show this trip already. End them first.")
    token, until = tx.ids.token("flt_"), now + limits.TRIP_KEPT
    tx.grants.add(
        Grant(
            token_hash=hashed(token), power=Power.TRIP, person_id=trip.person_id, request_id=trip.request.id,
            expires_at=until,
        )
    )  # fmt: skip
    return {"token": token, "expires_at": moment(until)}


def links_of(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> int:
    """How many links show the viewer's own trip.

    Raises: NotFound.
    """
    return sum(grant.session is None for grant in _grants(tx, now, own_trip(tx, viewer, public_id)))


def end_trips(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> None:
    """Nobody follows the viewer's trip any more, in no browser. Twice is once.

    Raises: NotFound.
    """
    for grant in _grants(tx, now, own_trip(tx, viewer, public_id)):
        tx.grants.revoke(grant.token_hash, now)


def show_trips(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """`{trips}`: of everybody who shared theirs of that ask with this viewer, and has not ended long ago.

    Raises: NotFound.
    """
    request = tx.requests.by_public(public_id)
    shared = sorted(person for about, person in viewer.trips if request is not None and about == request.id)
    trips = [trip for person in shared if request and (trip := _trip(tx, request, person)) and _still_shown(trip, now)]
    if request is None or not trips:
        raise NotFound("trip")
    people = tx.people.by_ids(shared)
    ask = request_state(tx, request, Role.PUBLIC)
    return {"trips": [trip_view(people.get(trip.person_id), ask, trip.drive) for trip in trips]}


def _still_shown(trip: Trip, now: datetime) -> bool:
    return trip.ended_at is None or now < trip.ended_at + limits.TRIP_SHOWN
