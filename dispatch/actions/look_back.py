"""The after-action report: what became of a call, from its journal. Counts and seconds; no names, no places."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from dispatch.actions.look import drilled_of, seen_request
from dispatch.domain import limits
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.events import Event, EventKind, request_topic
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.network import RINGS
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Tx

PHASES: Final = ("first_claim", "first_en_route", "first_on_scene", "first_met", "covered", "closed")
OWNERS: Final = ("first_alert", "first_seen", *PHASES)
"""Also when people were asked, which is the owner's to know."""


def after_action(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """Outcome, phases in seconds since the call beside the usual ones, alerts and how the call travelled, claims.

    `alerts`, `travel`: for the owner, or when the owner lets viewers see them, else None.
    Raises: NotFound.
    """
    request, role = seen_request(tx, viewer, public_id)
    told = role is Role.OWNER or request.show_travel
    names = OWNERS if told else PHASES
    alerts = tx.alerts.of_request(request.id) if told else ()
    claims = Counter(str(claim.status) for claim in tx.claims.of_request(request.id))
    return {
        "id": request.public_id,
        "kind": request.kind,
        "drill": request.drill,
        "status": str(request.status),
        "disposition": str(request.disposition) if request.disposition else None,
        "seats": request.seats.as_json(),
        "phases": _phases(tx, request, names, limits.REPORT_PAGES),
        "usual": _usual(tx, now, request, names),
        "alerts": _counted(request, alerts) if told else None,
        "drilled": counts.as_json() if told and (counts := drilled_of(tx, request)) else None,
        "travel": _travel(alerts) if told else None,
        "claims": {"total": claims.total(), **{str(state): claims[state] for state in ClaimState}},
    }


def _phases(tx: Tx, request: Request, names: Sequence[str], pages: int) -> dict[str, float | None]:
    first: dict[str, datetime] = {}
    for event in events_of(tx, request, pages):
        for name in _phases_of(event):
            first.setdefault(name, event.at)
    return {
        name: round((at - request.created_at).total_seconds(), 1) if (at := first.get(name)) else None for name in names
    }


def _usual(tx: Tx, now: datetime, request: Request, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """What half and nine of ten of the calls of this kind that ended lately took; only where enough of them tell."""
    ended = tx.requests.ended_since(now - limits.USUAL_WITHIN, limits.USUAL_AMONG)
    alike = [each for each in ended if each.kind == request.kind and each.id != request.id and not each.drill]
    took: dict[str, list[float]] = defaultdict(list)
    for each in alike[: limits.USUAL_OF]:
        for name, seconds in _phases(tx, each, names, 1).items():
            if seconds is not None:
                took[name].append(seconds)
    return {
        name: {"p50": _share(found, 5), "p90": _share(found, 9)}
        for name, found in took.items()
        if len(found) >= limits.USUAL_LEAST
    }


def _share(found: Sequence[float], tenths: int) -> float:
    """The least of those that so many tenths of them do not exceed."""
    return sorted(found)[-(-len(found) * tenths // 10) - 1]


def _travel(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """How many were asked in each ring, through how many others, and how many of them said yes; by the ring's code."""
    asked = Counter(alert.ring for alert in alerts)
    claimed = Counter(alert.ring for alert in alerts if alert.answer is Answer.CLAIMED)
    carried = {
        ring: {each.reasons.via[-1] for each in alerts if each.ring == ring and each.reasons.via} for ring in asked
    }
    return [
        {"ring": ring, "asked": asked[ring], "through": len(carried[ring]), "claimed": claimed[ring]}
        for ring in RINGS.values()
        if asked[ring]
    ]


def _phases_of(event: Event) -> tuple[str, ...]:
    match event.kind:
        case EventKind.WAVE_SENT:
            return ("first_alert",) if "wave" in event.body else ()
        case EventKind.ALERT_SEEN:
            return ("first_seen",)
        case EventKind.CLAIMED:
            # How many saw the call is told a while after they did: whoever says yes before that has seen it.
            return ("first_seen", "first_claim")
        case EventKind.CLAIM_STEPPED:
            claim = event.body.get("claim")
            state = claim.get("status") if isinstance(claim, dict) else None
            return (f"first_{state}",) if state in ("en_route", "on_scene", "met") else ()
        case EventKind.COVERED:
            return ("covered",)
        case EventKind.CLOSED:
            return ("closed",)
    return ()


def events_of(tx: Tx, request: Request, pages: int) -> list[Event]:
    """The call's events in order: its first ones, and where there are more pages than that, its last one."""
    topic, found = request_topic(request.id), list[Event]()
    for _ in range(pages):
        page = tx.journal.topic(topic, found[-1].off or 0 if found else 0, limits.PAGE)
        found += page.events
        if len(page.events) < limits.PAGE:
            return found
    return [*found, *tx.journal.topic(topic, max(found[-1].off or 0, request.off - 1), 1).events]


def _counted(request: Request, alerts: Sequence[Alert]) -> dict[str, int]:
    answers = Counter(alert.answer for alert in alerts)
    return {
        "sent": request.alerted,
        "seen": request.seen,
        "waves": request.wave,
        "declined": answers[Answer.DECLINED],
        "claimed": answers[Answer.CLAIMED],
        "stood_down": answers[Answer.STOOD_DOWN],
    }
