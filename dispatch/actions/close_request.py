"""How a request ends: by its owner's word, or by the clock. Everyone is told in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.look import request_state, seen_request
from dispatch.actions.look_after import all_are_safe
from dispatch.actions.pass_on import thank_who_carried
from dispatch.actions.push import push_claimer
from dispatch.actions.seats import move_claim
from dispatch.actions.words import DONE, EXPIRE, REOPEN, SHRED, STAND_DOWN, WAVE, tell
from dispatch.domain import limits
from dispatch.domain.claim import Claim
from dispatch.domain.errors import Invalid, NotFound
from dispatch.domain.events import EventKind, InboxKind
from dispatch.domain.lifecycle import (
    DISPOSITIONS,
    HOLDS_SEATS,
    STANDING,
    UNFINISHED,
    ClaimState,
    Disposition,
    RequestState,
    Step,
    after_happening,
    after_step,
)
from dispatch.domain.push import Push
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer, claim_part, moment
from dispatch.ports import Power, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRequest:
    """Who ends which request, and how."""

    request: str
    viewer: Viewer
    disposition: Disposition
    note: str | None = None


def close_request(tx: Tx, now: datetime, command: CloseRequest) -> dict[str, Any]:
    """The request after it ended, as its owner sees it.

    Raises: NotFound unless the viewer owns it, RequestOver, Invalid (`expired` is the clock's word).
    """
    seen, role = seen_request(tx, command.viewer, command.request)
    if role is not Role.OWNER:
        raise NotFound("ask")
    if command.disposition is Disposition.EXPIRED:
        choices = ", ".join(d for d in Disposition if d is not Disposition.EXPIRED)
        raise Invalid([{"field": "disposition", "says": f"one of {choices}"}])
    request = tx.requests.lock(seen.id) or seen
    request = end(tx, now, request, command.disposition, request.requester, command.note)
    if request.status is RequestState.RESOLVED:
        all_are_safe(tx, now, request)
    return request_state(tx, tx.requests.by_id(request.id) or request, role)


def end(
    tx: Tx, now: datetime, request: Request, disposition: Disposition, actor: int | None, note: str | None = None
) -> Request:
    """The request in its final state: met claims are done, every other standing or standby claim stood down.

    `actor`: who ends it, and whose words the note is; None is the house. The caller has locked the request.

    Raises: RequestOver.
    """
    status = after_happening(request.status, DISPOSITIONS[disposition])
    ended, came_back = _end_claims(tx, now, request)
    request = tx.requests.set(
        request.id,
        status=status,
        disposition=disposition,
        closed_at=now,
        seats_taken=request.seats_taken - came_back,
    )
    parts: dict[str, object] = {
        "disposition": str(disposition),
        "closed_at": moment(now),
        "claims": [claim_part(claim) for claim in ended],
    }
    if note and tx.requests.add_note(request.id, note_id := tx.ids.public_id(), actor, note, now):
        parts["added"] = note_id
    tell(tx, request, EventKind.CLOSED, actor, off=None, **parts)
    rows = [(claim.person_id, {"claim": claim.public_id}) for claim in ended]
    tx.journal.append_inbox(InboxKind.CLAIM_CHANGED, rows, request.id)
    for kind in (WAVE, EXPIRE, REOPEN):
        tx.due.remove(kind, request.id)
    tx.due.put(STAND_DOWN, request.id, now)
    # The soonest that a setting allows; how long it is really kept is decided then.
    tx.due.put(SHRED, request.id, now + limits.EXACT_KEPT_MIN)
    if status is RequestState.RESOLVED:
        thank_who_carried(tx, request)
    links = (Power.OWNER, Power.VIEW, Power.RELAY, Power.HELPER)
    tx.grants.expire_for_request(request.id, links, now + limits.OWNER_LINK_KEPT)
    return tx.requests.by_id(request.id) or request


def _end_claims(tx: Tx, now: datetime, request: Request) -> tuple[list[Claim], int]:
    """The unfinished claims as they ended, and how many seats came back with them."""
    ended: list[Claim] = []
    came_back = 0
    for claim in tx.claims.of_request(request.id):
        if claim.status not in UNFINISHED:
            continue
        met = claim.status is ClaimState.MET
        after = after_step(claim.status, Step.DONE if met else Step.STAND_DOWN)
        if not met and claim.status in HOLDS_SEATS:
            came_back += claim.seats
        moved = move_claim(tx, claim, status=after, ended_at=now, lease_until=None)
        ended.append(moved)
        if not met:
            push_claimer(tx, now, moved, Push.RELEASED)
        tx.due.remove(DONE, claim.id)
    return ended, came_back


def expire_request(tx: Tx, now: datetime, request_id: int) -> None:
    """Ends a request nobody closed: given up, or, when everyone was met, taken as resolved.

    While somebody is on the way it is looked at again an hour later.
    """
    request = tx.requests.lock(request_id)
    tx.due.remove(EXPIRE, request_id)
    if request is None or request.over:
        return
    standing = [claim for claim in tx.claims.of_request(request.id) if claim.status in STANDING]
    if any(claim.status is not ClaimState.MET for claim in standing):
        tx.due.put(EXPIRE, request.id, now + limits.EXPIRY_GRACE)
        return
    helped = request.seats.open == 0
    end(tx, now, request, Disposition.RESOLVED if helped else Disposition.EXPIRED, None)
