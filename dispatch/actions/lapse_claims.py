"""No sign of life: a claim lapses and its seats come back, exactly once. Also: a meeting long past is done."""

from datetime import datetime

from dispatch.actions.seats import end_early, move_claim
from dispatch.actions.words import DONE, SAFE, tell, tell_claimer
from dispatch.domain.events import EventKind
from dispatch.domain.lifecycle import LEASED, ClaimState, Step, after_step
from dispatch.domain.visibility import claim_part
from dispatch.ports import Tx


def lapse_claim(tx: Tx, now: datetime, claim_id: int, request_id: int) -> bool:
    """True if it lapsed now; False if it was renewed, ended or its request is busy (the next tick sees it)."""
    request = tx.requests.lock(request_id, skip_locked=True)
    claim = tx.claims.by_id(claim_id)
    if request is None or claim is None or claim.status not in LEASED:
        return False
    if claim.lease_until is None or claim.lease_until >= now:
        return False
    end_early(tx, now, request, claim, Step.LAPSE, None)
    if claim.status is not ClaimState.COMMITTED and claim.shown_at is not None:
        tx.due.put(SAFE, claim.id, now)  # somebody who knows the place went dark on the way to it
    return True


def finish_met(tx: Tx, now: datetime, claim_id: int) -> None:
    """A claim that met its people hours ago and was never finished is done."""
    claim = tx.claims.by_id(claim_id)
    request = tx.requests.lock(claim.request_id) if claim else None
    claim = tx.claims.by_id(claim_id)
    tx.due.remove(DONE, claim_id)
    if claim is None or request is None or claim.status is not ClaimState.MET:
        return
    status = after_step(claim.status, Step.DONE)
    moved = move_claim(tx, claim, status=status, ended_at=now)
    tell(tx, request, EventKind.CLAIM_STEPPED, None, claim=claim_part(moved))
    tell_claimer(tx, moved)
