"""The after-action report: what became of a call, from its journal. Counts and seconds; no names, no places."""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from dispatch.actions.look import drilled_of, seen_request
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.events import Event, EventKind, request_topic
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Tx

PAGES_MAX: Final = 20
"""A call with more events than this many pages is told by its first ones."""


def after_action(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """Outcome, phases in seconds since the call, alerts (for the owner, or when they are shown), claims.

    Raises: NotFound.
    """
    request, role = seen_request(tx, viewer, public_id)
    told = role is Role.OWNER or request.show_travel
    claims = Counter(str(claim.status) for claim in tx.claims.of_request(request.id))
    return {
        "id": request.public_id,
        "kind": request.kind,
        "drill": request.drill,
        "status": str(request.status),
        "disposition": str(request.disposition) if request.disposition else None,
        "seats": request.seats.as_json(),
        "phases": _phases(tx, request, told=told),
        "alerts": _alerts(tx, request) if told else None,
        "drilled": counts.as_json() if told and (counts := drilled_of(tx, request)) else None,
        "claims": {"total": claims.total(), **{str(state): claims[state] for state in ClaimState}},
    }


def _phases(tx: Tx, request: Request, *, told: bool) -> dict[str, float | None]:
    first: dict[str, datetime] = {}
    for event in _events(tx, request):
        name = _phase(event)
        if name is not None:
            first.setdefault(name, event.at)
    names = ("first_claim", "first_en_route", "first_on_scene", "first_met", "covered", "closed")
    hidden = ("first_alert", "first_seen") if told else ()
    return {
        name: round((at - request.created_at).total_seconds(), 1) if (at := first.get(name)) else None
        for name in (*hidden, *names)
    }


def _phase(event: Event) -> str | None:
    match event.kind:
        case EventKind.WAVE_SENT:
            return "first_alert" if "wave" in event.body else None
        case EventKind.ALERT_SEEN:
            return "first_seen"
        case EventKind.CLAIMED:
            return "first_claim"
        case EventKind.CLAIM_STEPPED:
            claim = event.body.get("claim")
            state = claim.get("status") if isinstance(claim, dict) else None
            return f"first_{state}" if state in ("en_route", "on_scene", "met") else None
        case EventKind.COVERED:
            return "covered"
        case EventKind.CLOSED:
            return "closed"
    return None


def _events(tx: Tx, request: Request) -> list[Event]:
    found: list[Event] = []
    for _ in range(PAGES_MAX):
        after = found[-1].off or 0 if found else 0
        page = tx.journal.topic(request_topic(request.id), after, limits.PAGE)
        found += page.events
        if len(page.events) < limits.PAGE:
            break
    return found


def _alerts(tx: Tx, request: Request) -> dict[str, int]:
    sent, seen = tx.alerts.counts(request.id)
    answers = Counter(alert.answer for alert in tx.alerts.of_request(request.id))
    return {
        "sent": sent,
        "seen": seen,
        "waves": request.wave,
        "declined": answers[Answer.DECLINED],
        "claimed": answers[Answer.CLAIMED],
        "stood_down": answers[Answer.STOOD_DOWN],
    }
