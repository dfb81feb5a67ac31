"""Coordinators: who is stuck, who complained, and what may be done about it. Every act is in the audit.

A coordinator sees cells; the exact place only through broken glass: for a reason typed, for 15 minutes,
and the owner reads that it happened (tests/safety/test_desk.py).
"""

from datetime import datetime
from typing import Any

from dispatch.actions.close_request import end
from dispatch.actions.words import look_soon, tell, tell_house
from dispatch.domain import limits, visibility
from dispatch.domain.audit import Deed
from dispatch.domain.errors import NotFound, RequestOver
from dispatch.domain.events import ControlKind, EventKind
from dispatch.domain.lifecycle import STANDING, Disposition
from dispatch.domain.request import Request
from dispatch.domain.standing import FlagKind, Reported
from dispatch.domain.visibility import Role, Viewer, moment
from dispatch.ports import Tx


def coordinator(viewer: Viewer) -> int:
    """Who looks after the network.

    Raises: NotFound for everybody else: for them there is no desk.
    """
    if not viewer.coordinator or viewer.person_id is None:
        raise NotFound
    return viewer.person_id


def queue(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """`{flags, reports, unowned}`: cells and counts, words of reports, no exact place.

    Raises: NotFound.
    """
    coordinator(viewer)
    flags = tx.safety.flags(limits.QUEUE_SHOWN)
    requests = tx.requests.by_ids({flag.request_id for flag in flags})
    waiting = [
        request
        for request in tx.requests.open_in(None, limits.BOARD_REQUESTS)
        if request.age(now) > limits.UNOWNED and not _owned(tx, request)
    ]
    return {
        "flags": [
            {"id": f.public_id, "kind": str(f.kind), "since": moment(f.at), **_row(requests[f.request_id])}
            for f in flags
        ],
        "reports": [_report(tx, one) for one in tx.safety.undecided(limits.QUEUE_SHOWN)],
        "unowned": [_row(request) for request in waiting[-limits.QUEUE_SHOWN :]],
    }


def _owned(tx: Tx, request: Request) -> bool:
    return any(claim.status in STANDING for claim in tx.claims.of_request(request.id))


def _row(request: Request) -> dict[str, Any]:
    cell = visibility.cell_for(request, Role.MEMBER)
    return {
        "request": request.public_id,
        "kind_of_need": request.kind,
        "status": str(request.status),
        "urgency": str(request.urgency),
        "seats": request.seats.as_json(),
        "cell": cell,
        "label": visibility.words_for(cell) if cell else None,
        "alerted": request.alerted,
        "created_at": moment(request.created_at),
    }


def _report(tx: Tx, report: Reported) -> dict[str, Any]:
    request = tx.requests.by_id(report.request_id)
    people = tx.people.by_ids([report.reporter, report.reported])
    return {
        "id": report.id,
        "request": request.public_id if request else None,
        "reporter": people[report.reporter].public_id,
        "reported": people[report.reported].public_id,
        "reason": report.reason,
        "at": moment(report.at),
    }


def _request(tx: Tx, viewer: Viewer, public_id: str) -> tuple[int, Request]:
    by = coordinator(viewer)
    seen = tx.requests.by_public(public_id)
    request = tx.requests.lock(seen.id) if seen else None
    if request is None:
        raise NotFound("ask")
    return by, request


def break_glass(tx: Tx, now: datetime, viewer: Viewer, public_id: str, reason: str) -> dict[str, Any]:
    """`{place, note, contact, until}`: the exact place, once, for a reason that its owner reads.

    Raises: NotFound.
    """
    by, request = _request(tx, viewer, public_id)
    until = now + limits.GLASS
    tx.safety.break_glass(by, request.id, until)
    tx.audit.add(Deed.GLASS_BROKEN, actor=by, person=request.requester, request=request.id, why=reason)
    note = tx.ids.public_id()
    words = f"A coordinator looked at the exact place. The reason given: {reason}"
    if tx.requests.add_note(request.id, note, None, words, now):
        tell(tx, request, EventKind.NOTE_ADDED, None, added=note)
    secrets = tx.requests.secrets(request.id)
    return {
        "place": visibility.place_view(request, secrets, Role.OWNER),
        "note": secrets.note,
        "contact": visibility.contact_view(secrets, Role.OWNER),
        "until": moment(until),
    }


def take(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """`{taken}`: this coordinator sees to it; its flags are settled and a frozen ask goes on.

    Raises: NotFound.
    """
    by, request = _request(tx, viewer, public_id)
    settled = [tx.safety.settle(flag.id, "taken", now) for flag in tx.safety.flags_of(request.id)]
    if not tx.safety.looked_at(request.id):
        # Somebody of the house has looked: from now on it may reach more strangers (domain/standing.py).
        tx.safety.settle(tx.safety.raise_flag(FlagKind.GUEST_CAP, request.id, None, now).id, "taken", now)
    if tx.safety.frozen(request.id) is not None:
        tx.safety.thaw(request.id)
        tell(tx, request, EventKind.NOTE_ADDED, None, frozen=None)
    if not request.over:
        tell(tx, request, EventKind.NOTE_ADDED, None, check=None)
        look_soon(tx, request, now)
    tx.audit.add(Deed.DECIDED, actor=by, request=request.id, why="taken")
    return {"taken": len(settled)}


def close(tx: Tx, now: datetime, viewer: Viewer, public_id: str, disposition: Disposition) -> dict[str, Any]:
    """The row of the queue as it ended: referred, unfounded, resolved.

    Raises: NotFound, RequestOver.
    """
    by, request = _request(tx, viewer, public_id)
    if request.over:
        raise RequestOver(request.status)
    ended = end(tx, now, request, disposition, None)
    for flag in tx.safety.flags_of(request.id):
        tx.safety.settle(flag.id, f"closed: {disposition}", now)
    tx.audit.add(Deed.DECIDED, actor=by, request=request.id, why=f"closed: {disposition}")
    return _row(ended)


def decide(tx: Tx, now: datetime, viewer: Viewer, report_id: int, *, upheld: bool) -> dict[str, Any]:
    """`{upheld}`: a helper stays held or is let go, an ask stays frozen or goes on; three for nothing bar the reporter.

    Raises: NotFound for a report that is none, or decided already.
    """
    by = coordinator(viewer)
    report = tx.safety.report(report_id)
    if report is None:
        raise NotFound("report")
    tx.safety.decide(report.id, by, now, upheld=upheld)
    why = "upheld" if upheld else "unfounded"
    tx.audit.add(Deed.DECIDED, actor=by, person=report.reported, request=report.request_id, why=why)
    held = tx.safety.standing(report.reported).held_until is not None
    if held and upheld:
        tx.safety.hold(report.reported, now + limits.HELD_UPHELD)
    if held and not upheld and not tx.safety.undecided_about(report.reported, 1):
        tx.safety.hold(report.reported, None)
        tell_house(tx, ControlKind.ACCESS_ENDED, person=report.reported)
    if not upheld and tx.safety.unfounded(report.reporter, now - limits.BARRED) >= limits.UNFOUNDED_MAX:
        tx.safety.bar(report.reporter, now + limits.BARRED)
    return {"upheld": upheld}


def appoint(tx: Tx, now: datetime, name: str, *, may: bool) -> bool:
    """False if nothing changed. `name`: the operator's own name for the person, or their public id.

    Raises: NotFound.
    """
    person = tx.people.by_external(name) or tx.people.by_public(name)
    if person is None or person.guest:
        raise NotFound("person")
    changed = tx.safety.appoint(person.id, now) if may else tx.safety.dismiss(person.id)
    if changed:
        why = "coordinator" if may else "no coordinator any more"
        tx.audit.add(Deed.ROLE_CHANGED, actor=None, person=person.id, why=why)
        tell_house(tx, ControlKind.ACCESS_ENDED, person=person.id)
    return changed
