"""The owner's word on somebody who wants to come: a stranger may see the place, or is thanked and let go."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispatch.actions.seats import end_early, move_claim
from dispatch.actions.words import disclosed, owners_view, tell, tell_claimer
from dispatch.domain.errors import NotFound, WrongStep
from dispatch.domain.events import EventKind
from dispatch.domain.lifecycle import UNFINISHED, Step
from dispatch.domain.visibility import Role, Viewer, claim_part, role_in
from dispatch.ports import Tx


class Decision(StrEnum):
    """What the owner may say."""

    SHOW = "show"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideClaim:
    """Who decides what about which claim."""

    claim: str
    viewer: Viewer
    decision: Decision


def decide_claim(tx: Tx, now: datetime, command: DecideClaim) -> dict[str, Any]:
    """The claim as the owner sees it afterwards. Showing twice is showing once.

    Raises: NotFound unless the viewer owns the request; WrongStep for a claim that is over or has met.
    """
    claim = tx.claims.by_public(command.claim)
    request = tx.requests.lock(claim.request_id) if claim else None
    claim = tx.claims.by_id(claim.id) if claim else None
    if claim is None or request is None or role_in(request, command.viewer, None, None) is not Role.OWNER:
        raise NotFound("claim")
    if claim.status not in UNFINISHED:
        raise WrongStep(claim.status, command.decision, ())
    if command.decision is Decision.REFUSE:
        tx.safety.refuse(request.id, claim.person_id, now)
        claim = end_early(tx, now, request, claim, Step.STAND_DOWN, request.requester)
    elif claim.shown_at is None:
        claim = move_claim(tx, claim, shown_at=now)
        disclosed(tx, request, claim, "let come")
        tell(tx, request, EventKind.CLAIM_STEPPED, request.requester, claim=claim_part(claim))
        tell_claimer(tx, claim)
    return owners_view(tx, claim)
