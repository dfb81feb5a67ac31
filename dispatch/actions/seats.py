"""Seats that come back: how a claim ends early, who moves up, and when a request is open again.

Shared by step_claim, lapse_claims and everything else that ends a claim. One transaction: claim,
seats, event, promotion or reopening (tests/contract/test_claims.py).
"""

from datetime import datetime

from dispatch.actions.push import push_claimer
from dispatch.actions.words import REOPEN, STAND_DOWN, WAVE, disclosed, tell, tell_claimer
from dispatch.domain import limits
from dispatch.domain.claim import Claim, lease_after
from dispatch.domain.events import EventKind
from dispatch.domain.lifecycle import (
    CAN_END_EARLY,
    HOLDS_SEATS,
    ClaimState,
    Happening,
    RequestState,
    Step,
    after_happening,
    after_step,
)
from dispatch.domain.push import Push
from dispatch.domain.request import Request
from dispatch.domain.visibility import claim_part
from dispatch.ports import Tx

NOT_BY_THEMSELVES = frozenset({Step.STAND_DOWN, Step.LAPSE})
"""Ends of a claim that its holder did not choose: they are told, wherever they drive."""


def move_claim(tx: Tx, claim: Claim, **changes: object) -> Claim:
    """The claim after the changes. The caller has locked its request and read the claim since.

    Raises: RuntimeError if it has moved all the same: that is a bug.
    """
    moved = tx.claims.move(claim.id, [claim.status], **changes)
    if moved is None:
        raise RuntimeError(f"claim {claim.id} moved under a locked request")
    return moved


def end_early(tx: Tx, now: datetime, request: Request, claim: Claim, step: Step, actor: int | None) -> Claim:
    """The claim after it ended; its seats are open again, or a standby's.

    The caller has locked the request. Raises: WrongStep when it can't end that way.
    """
    status = after_step(claim.status, step)
    ended = move_claim(tx, claim, status=status, ended_at=now, lease_until=None)
    if claim.status in HOLDS_SEATS:
        was = request.status
        after_happening(was, Happening.SEATS_CAME_BACK)
        request = tx.requests.give_seats(request.id, claim.seats)
        tell(tx, request, EventKind.CLAIM_ENDED, actor, off=request.off, claim=claim_part(ended))
        request = promote(tx, now, request)
        if request.status is RequestState.OPEN:
            if was is RequestState.CLAIMED:
                reopened(tx, now, request)
            tx.due.put(WAVE, request.id, now)
    else:
        tell(tx, request, EventKind.CLAIM_ENDED, actor, claim=claim_part(ended))
    tell_claimer(tx, ended)
    if step in NOT_BY_THEMSELVES:
        push_claimer(tx, now, ended, Push.RELEASED)
    return ended


def end_all_early(
    tx: Tx, now: datetime, person_id: int, step: Step, actor: int | None, *, requester: int | None = None
) -> None:
    """Ends every claim of that person that can still end early; with `requester` only those on that person's calls."""
    for claim in tx.claims.of_person(person_id, limits.EXPORT_ROWS):
        if claim.status not in CAN_END_EARLY:
            continue
        request = tx.requests.lock(claim.request_id)
        current = tx.claims.by_id(claim.id)
        if request is None or current is None or current.status not in CAN_END_EARLY:
            continue  # it moved on before the lock was ours
        if requester in (None, request.requester):
            end_early(tx, now, request, current, step, actor)


def promote(tx: Tx, now: datetime, request: Request) -> Request:
    """The request after those who stand by have moved up, the oldest first, each with as many seats as are open."""
    if request.status is not RequestState.OPEN:
        return request
    for waiting in tx.claims.of_request(request.id):
        if waiting.status is not ClaimState.STANDBY:
            continue
        # Whoever waits with a bigger car takes what is open: three seats come back, a car of six brings three home.
        seats = min(waiting.seats, request.seats.open or 0)
        taken = tx.requests.take_seats(request.id, seats) if seats else None
        if taken is None:
            continue
        request = taken
        status = after_step(waiting.status, Step.PROMOTE)
        lease = lease_after(status, now, waiting.eta_at)
        # shown_at stays as it was: a stranger who moves up still waits for the owner's tap.
        moved = move_claim(tx, waiting, status=status, lease_until=lease, seats=seats)
        tell(tx, request, EventKind.CLAIM_STEPPED, None, off=request.off, claim=claim_part(moved))
        tell_claimer(tx, moved)
        push_claimer(tx, now, moved, Push.PROMOTED)
        disclosed(tx, request, moved, "moved up")
        request = covered_if_full(tx, now, request)
    return request


def reopened(tx: Tx, now: datetime, request: Request) -> None:
    """Says that a covered request needs seats again, and asks back whoever was stood down."""
    tell(tx, request, EventKind.REOPENED, None)
    tx.due.remove(STAND_DOWN, request.id)
    tx.due.put(REOPEN, request.id, now)


def covered_if_full(tx: Tx, now: datetime, request: Request) -> Request:
    """Says so when the last seat is taken, and stands down whoever has not answered."""
    if request.status is RequestState.CLAIMED:
        tell(tx, request, EventKind.COVERED, None)
        tx.due.put(STAND_DOWN, request.id, now)
        tx.due.remove(REOPEN, request.id)
    return request
