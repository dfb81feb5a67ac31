"""The pieces several actions share: telling the request's watchers, its people, and the clock.

Small functions of (tx, …) inside somebody else's transaction. Invariant: whatever changes a
request's view goes through `tell`, so that its watchers can follow (snapshot + events).
"""

import hashlib
from datetime import datetime
from typing import Any

from dispatch.domain.alert import Alert
from dispatch.domain.audit import Deed
from dispatch.domain.claim import Claim
from dispatch.domain.events import CONTROL, ControlKind, EventKind, InboxKind, inbox_topic, request_topic
from dispatch.domain.request import Request
from dispatch.domain.visibility import Context, Role, claim_part, claim_view
from dispatch.ports import Tx

WAVE, EXPIRE, STAND_DOWN, REOPEN, SEEN, DONE, DUTY = "wave", "expire", "stand_down", "reopen", "seen", "done", "duty"
SHRED, KEYS, AUDIT, SAFE, TRIM, TEXTS = "shred", "keys", "audit", "safe", "trim", "texts"
"""Kinds of due work; dispatch/ticker.py says what each does."""


def tell(
    tx: Tx, request: Request, kind: EventKind, actor: int | None, *, off: int | None = None, **parts: object
) -> None:
    """Appends an event to the request's topic; the body always carries status and seats."""
    body = {"status": str(request.status), "seats": request.seats.as_json(), **parts}
    tx.journal.append(request_topic(request.id), kind, body, actor=actor, request_id=request.id, off=off)


def tell_claimer(tx: Tx, claim: Claim) -> None:
    """Appends the claim's change to its holder's inbox."""
    topic = inbox_topic(claim.person_id)
    body = {"claim": claim.public_id}
    tx.journal.append(topic, InboxKind.CLAIM_CHANGED, body, actor=claim.person_id, request_id=claim.request_id)


def tell_alert(tx: Tx, alert: Alert) -> None:
    """Appends the alert's change to the inbox of whoever was asked."""
    topic = inbox_topic(alert.person_id)
    body = {"alert": alert.public_id}
    tx.journal.append(topic, InboxKind.ALERT_CHANGED, body, actor=alert.person_id, request_id=alert.request_id)


def disclosed(tx: Tx, request: Request, claim: Claim, why: str) -> None:
    """Writes into the audit that the claim's holder is shown the exact place; nothing for a claim that is not."""
    if claim.standing and claim.shown_at is not None:
        tx.audit.add(Deed.DISCLOSED, actor=claim.person_id, person=request.requester, request=request.id, why=why)


def tell_house(tx: Tx, kind: ControlKind, **facts: object) -> None:
    """Appends a control row: hubs and rosters hear it, no client does."""
    tx.journal.append(CONTROL, kind, facts)


def look_soon(tx: Tx, request: Request, now: datetime) -> None:
    """The matcher looks at this request next. Always a new date: a look under way must not swallow it."""
    tx.due.put(WAVE, request.id, now)


def owners_view(tx: Tx, claim: Claim) -> dict[str, Any]:
    """The claim as whoever asked sees it."""
    people = tx.people.by_ids([claim.person_id])
    return claim_view(claim_part(claim), Role.OWNER, Context(people=people, claims={claim.public_id: claim}))


def hashed(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()
