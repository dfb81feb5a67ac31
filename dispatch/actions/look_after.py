"""After the meeting, and when somebody goes dark: is the person who asked safe? And the silent button.

Due work and two calls of the owner. Invariant: whoever was asked twice and did not answer is in front
of a coordinator (tests/safety/test_meeting.py).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispatch.actions.look import seen_request
from dispatch.actions.push import push_owner
from dispatch.actions.words import SAFE, tell
from dispatch.domain import limits
from dispatch.domain.errors import NotFound
from dispatch.domain.events import EventKind
from dispatch.domain.lifecycle import LEASED, ClaimState
from dispatch.domain.push import Push
from dispatch.domain.request import Request
from dispatch.domain.standing import FlagKind
from dispatch.domain.visibility import Role, Viewer, check_part
from dispatch.ports import Tx
from geo.emergency import emergency_number

ASKED_ABOUT = LEASED | {ClaimState.MET, ClaimState.DONE, ClaimState.LAPSED, ClaimState.NO_SHOW}


def ask_if_safe(tx: Tx, now: datetime, claim_id: int) -> None:
    """Asks the owner; a second time after CHECK_AGAIN; then a coordinator is told."""
    tx.due.remove(SAFE, claim_id)
    claim = tx.claims.by_id(claim_id)
    request = tx.requests.lock(claim.request_id) if claim else None
    claim = tx.claims.by_id(claim_id)
    if claim is None or request is None or claim.status not in ASKED_ABOUT:
        return
    flag = tx.safety.raise_flag(FlagKind.SAFE, request.id, claim.id, now)
    if flag.asked >= limits.CHECKS:
        tx.safety.raise_flag(FlagKind.UNANSWERED, request.id, claim.id, now)
        return
    tx.safety.asked(flag.id)
    tx.due.put(SAFE, claim.id, now + limits.CHECK_AGAIN)
    _tell_owner(tx, request)
    push_owner(tx, now, request, Push.SAFE)


def _tell_owner(tx: Tx, request: Request) -> None:
    part = check_part(tx.safety.flags_of(request.id))
    tell(tx, request, EventKind.NOTE_ADDED, None, check=part)


class Safe(StrEnum):
    """What the owner says."""

    SAFE = "safe"
    HELP = "help"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSafe:
    """Whose word on which request."""

    request: str
    viewer: Viewer
    answer: Safe


def answer_safe(tx: Tx, now: datetime, command: AnswerSafe) -> dict[str, Any]:
    """`{received, emergency}`: the local number, whatever was said. Help is in front of a coordinator at once.

    Raises: NotFound unless the viewer owns the request.
    """
    seen, role = seen_request(tx, command.viewer, command.request)
    if role is not Role.OWNER:
        raise NotFound("ask")
    request = tx.requests.lock(seen.id) or seen
    if command.answer is Safe.HELP:
        tx.safety.raise_flag(FlagKind.HELP, request.id, None, now)
    _settle(tx, now, request, command.answer)
    return {"received": True, "emergency": emergency_number(request.country)}


def all_are_safe(tx: Tx, now: datetime, request: Request) -> None:
    """The owner has ended the call as helped: what was asked is answered, and nothing more is."""
    for claim in tx.claims.of_request(request.id):
        tx.due.remove(SAFE, claim.id)
    _settle(tx, now, request, Safe.SAFE)


def _settle(tx: Tx, now: datetime, request: Request, answer: Safe) -> None:
    asked = [f for f in tx.safety.flags_of(request.id) if f.kind in (FlagKind.SAFE, FlagKind.UNANSWERED)]
    for flag in asked:
        tx.safety.settle(flag.id, answer, now)
        if flag.claim_id is not None:
            tx.due.remove(SAFE, flag.claim_id)
    if asked:
        _tell_owner(tx, request)
