"""I take k of the n seats: committed at once, on standby, or told how many are left.

Invariant: claimed seats never exceed seats, whatever runs at the same time: one conditional
UPDATE decides (tests/contract/test_claims.py).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch.actions.look import my_claim_view
from dispatch.actions.push import push_owner
from dispatch.actions.seats import covered_if_full
from dispatch.actions.words import SAFE, SEEN, disclosed, hashed, tell, tell_claimer
from dispatch.domain import limits
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.claim import Claim, lease_after
from dispatch.domain.errors import (
    AlreadyClaimed,
    Invalid,
    NotAllowed,
    NotFound,
    OnHold,
    OwnRequest,
    RequestOver,
    SeatTaken,
    SignIn,
)
from dispatch.domain.events import EventKind, InboxKind
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.network import CODE, TRUSTED, rings_allowed
from dispatch.domain.people import Person
from dispatch.domain.push import Push
from dispatch.domain.request import Request
from dispatch.domain.visibility import Viewer, claim_part
from dispatch.ports import Grant, Power, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSeats:
    """Who takes how many seats of which request.

    `ring`: how the claimer is connected if no alert says so, as the roster knows it; None = a stranger.
    `name`, `phone`: a guest's, who came by the helper link, or by one that was passed on: then they are a stranger.
    """

    request: str
    viewer: Viewer
    seats: int
    eta_minutes: int | None = None
    standby: bool = False
    ring: str | None = None
    name: str | None = None
    phone: str | None = None


def claim_seats(tx: Tx, now: datetime, command: ClaimSeats) -> dict[str, Any]:
    """The claim as its holder sees it; a guest's answer also holds their `token`.

    Raises: NotFound, SignIn, OwnRequest, AlreadyClaimed, RequestOver, Invalid, SeatTaken (with what is left);
    NotAllowed once the owner refused them, or asks friends only; OnHold for somebody reported, or a frozen ask.
    """
    request = tx.requests.by_public(command.request)
    viewer = command.viewer
    if request is None or (viewer.person_id is None and request.id not in viewer.powers):
        raise NotFound("ask")
    by_link, passed = viewer.powers.get(request.id) == Power.HELPER, viewer.relays.get(request.id)
    person_id, token = _claimer(tx, now, command, request, invited=by_link or passed is not None)
    _refuse_the_impossible(tx, request, person_id, command.seats)
    alert = tx.alerts.of(request.id, person_id)
    ring = alert.ring if alert else command.ring
    trusted = by_link or ring in TRUSTED
    _refuse_whom_nobody_lets_come(command, request, asked=by_link or alert is not None, ring=ring)
    eta = now + timedelta(minutes=command.eta_minutes) if command.eta_minutes is not None else None
    taken = tx.requests.take_seats(request.id, command.seats)
    if taken is None and command.standby and tx.requests.lock(request.id):
        # Seats may have come back before the lock was ours: who stands by then would wait for ever.
        taken = tx.requests.take_seats(request.id, command.seats)
    # Only now: taking seats locks the request, so no second tap can be under way elsewhere.
    _refuse_what_was_decided(tx, request, person_id)
    held = tx.claims.unfinished(request.id, person_id)
    if held is not None:
        raise AlreadyClaimed(held.public_id)
    status = ClaimState.COMMITTED if taken else ClaimState.STANDBY
    if taken is None:
        _refuse_or_stand_by(tx, request, command)
    claim = tx.claims.add(
        Claim(
            id=0, public_id=tx.ids.public_id(), request_id=request.id, person_id=person_id, seats=command.seats,
            status=status, created_at=now, lease_until=lease_after(status, now, eta), eta_at=eta,
            tell=tx.ids.digits(3), hear=tx.ids.digits(3), shown_at=now if trusted else None,
        )
    )  # fmt: skip
    if passed is not None:
        tx.relays.came_by(claim.id, passed)
    current = taken or request
    tell(tx, current, EventKind.CLAIMED, person_id, off=taken.off if taken else None, claim=claim_part(claim))
    if alert is not None:
        _answer_with_yes(tx, now, alert)
    tell_claimer(tx, claim)
    _note_what_follows(tx, request, claim)
    if taken is not None:
        covered_if_full(tx, now, taken)
        if taken.seats_taken == claim.seats or taken.seats.open == 0:
            push_owner(tx, now, taken, Push.YES, claim)
    view = my_claim_view(tx, claim, current)
    return view if token is None else view | {"token": token}


def _answer_with_yes(tx: Tx, now: datetime, alert: Alert) -> None:
    """Whoever was asked and takes seats has answered, and has seen it."""
    if alert.answer is Answer.CLAIMED:
        return
    tx.alerts.answer(alert.id, Answer.CLAIMED, now)
    rows = [(alert.person_id, {"alert": alert.public_id})]
    tx.journal.append_inbox(InboxKind.ALERT_CHANGED, rows, alert.request_id)
    if alert.seen_at is None:
        tx.due.put(SEEN, alert.request_id, now + limits.SEEN_EVERY, sooner_only=True)


def _refuse_whom_nobody_lets_come(command: ClaimSeats, request: Request, *, asked: bool, ring: str | None) -> None:
    if command.viewer.held:
        raise OnHold("A report about you is looked at first, within 24 hours. You can't take seats until then.")
    friends_only = request.reach.rings_max == 1
    if friends_only and not asked and CODE.get(ring or "") not in rings_allowed(request):
        raise NotAllowed("The person waiting asks friends only this time.")


def _refuse_the_impossible(tx: Tx, request: Request, person_id: int, seats: int) -> None:
    if request.requester == person_id:
        raise OwnRequest
    most = min(KINDS[request.kind].quantity_max, max(limits.CLAIM_SEATS_MAX, request.quantity or 0))
    if not 1 <= seats <= most:
        raise Invalid([{"field": "seats", "says": f"a whole number from 1 to {most:,}"}])
    _refuse_who_is_blocked(tx, request, person_id)
    if request.over:
        raise RequestOver(request.status)
    if request.drill:
        raise NotAllowed("This is a drill: nobody drives and nothing is taken. Say whether you could come.")


def _refuse_who_is_blocked(tx: Tx, request: Request, person_id: int) -> None:
    if request.requester in tx.network.blocked_either_way(person_id):
        raise NotFound("ask")


def _refuse_what_was_decided(tx: Tx, request: Request, person_id: int) -> None:
    """The owner's word and the house's, read under the request's lock: neither can come in between any more."""
    _refuse_who_is_blocked(tx, request, person_id)
    if tx.safety.refused(request.id, person_id):
        raise NotAllowed("The person waiting has found help otherwise. Thank you: nothing more is needed here.")
    if tx.safety.frozen(request.id) is not None:
        raise OnHold("Somebody is looking at this ask first. Nobody new can come until then.")


def _refuse_or_stand_by(tx: Tx, request: Request, command: ClaimSeats) -> None:
    """Returns when a standby is wanted and possible; refuses with the facts otherwise."""
    fresh = tx.requests.by_id(request.id) or request
    if fresh.over:
        raise RequestOver(fresh.status)
    waiting = sum(c.status is ClaimState.STANDBY for c in tx.claims.of_request(request.id)) if command.standby else 0
    if not command.standby or waiting >= limits.STANDBY_MAX:
        raise SeatTaken(fresh.seats.open or 0)


def _note_what_follows(tx: Tx, request: Request, claim: Claim) -> None:
    """The place is shown from now on: the audit has it. Late by CHECK_LATE: the owner is asked."""
    disclosed(tx, request, claim, "claimed")
    if claim.eta_at is not None:
        tx.due.put(SAFE, claim.id, claim.eta_at + limits.CHECK_LATE)


def _claimer(tx: Tx, now: datetime, command: ClaimSeats, request: Request, *, invited: bool) -> tuple[int, str | None]:
    """Who claims, and a token for somebody who is nobody yet and came by a link that lets them."""
    viewer = command.viewer
    if viewer.person_id is None:
        if not invited:
            raise SignIn("To take seats, open the link for helpers, or sign in as a member.")
        return _guest(tx, now, command)
    known = not viewer.guest or request.id in viewer.powers
    if not known and tx.claims.unfinished(request.id, viewer.person_id) is None:
        raise NotFound("ask")
    return viewer.person_id, None


def _guest(tx: Tx, now: datetime, command: ClaimSeats) -> tuple[int, str]:
    if not command.name:
        raise Invalid([{"field": "contact", "says": "tell the person waiting your first name and a phone number"}])
    guest = Person(
        id=0, public_id=tx.ids.public_id(), name=command.name, phone=command.phone, guest=True, created_at=now
    )
    person = tx.people.add(guest)
    token = tx.ids.token("flm_")
    tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id))
    return person.id, token
