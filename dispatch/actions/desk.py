"""Coordinators: who is stuck, who complained, and what may be done about it. Every act is in the audit.

A coordinator sees cells; the exact place only through broken glass: for a reason typed, for 15 minutes,
and the owner reads that it happened (tests/safety/test_desk.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dispatch.actions.close_request import end
from dispatch.actions.sign_in import add_to_session
from dispatch.actions.tend_network import alive
from dispatch.actions.words import look_soon, tell, tell_house
from dispatch.domain import limits, visibility
from dispatch.domain.audit import Deed, closed_as
from dispatch.domain.claim import Claim
from dispatch.domain.errors import Invalid, NotFound, RequestOver
from dispatch.domain.events import ControlKind, EventKind
from dispatch.domain.lifecycle import STANDING, UNFINISHED, ClaimState, Disposition
from dispatch.domain.request import Request
from dispatch.domain.standing import FlagKind, Reported
from dispatch.domain.visibility import Role, Viewer, moment
from dispatch.ports import Grant, Power, Tx
from geo import cells


def coordinator(viewer: Viewer) -> int:
    """Who looks after the network.

    Raises: NotFound for everybody else: for them there is no desk.
    """
    if not viewer.coordinator or viewer.person_id is None:
        raise NotFound
    return viewer.person_id


def queue(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """`{flags, reports, unowned, stalled, twins}`: cells and counts, words of reports, no exact place.

    Raises: NotFound.
    """
    coordinator(viewer)
    flags = tx.safety.flags(limits.QUEUE_SHOWN)
    requests = tx.requests.by_ids({flag.request_id for flag in flags})
    going_on = tx.requests.open_in(None, limits.BOARD_REQUESTS)
    old = [request for request in going_on if request.age(now) > limits.UNOWNED]
    coming = {request.id: _coming(tx, request) for request in old}
    waiting = [request for request in old if not coming[request.id]]
    stalled = [request for request in old if coming[request.id] and all(_stuck(now, c) for c in coming[request.id])]
    return {
        "flags": [
            {"id": f.public_id, "kind": str(f.kind), "since": moment(f.at), **_row(requests[f.request_id])}
            for f in flags
        ],
        "reports": [_report(tx, one) for one in tx.safety.undecided(limits.QUEUE_SHOWN)],
        "unowned": [_row(request) for request in waiting[-limits.QUEUE_SHOWN :]],
        "stalled": [_row(request) for request in stalled[-limits.QUEUE_SHOWN :]],
        "twins": [
            {"keep": _row(keep), "double": _row(double), "same": same}
            for keep, double, same in _twins(tx, going_on)[: limits.QUEUE_SHOWN]
            if tx.safety.frozen(keep.id) is None
        ],
    }


def _coming(tx: Tx, request: Request) -> list[Claim]:
    return [claim for claim in tx.claims.of_request(request.id) if claim.status in STANDING]


def _stuck(now: datetime, claim: Claim) -> bool:
    """Promised and not moving: long past the arrival it stated, or, without one, long after the promise.

    A drive without a stated arrival is watched by its lease: it lapses 20 minutes after its last sign of life.
    """
    if claim.status is ClaimState.COMMITTED or (claim.status is ClaimState.EN_ROUTE and claim.eta_at is not None):
        return (claim.eta_at or claim.created_at) + limits.STALLED < now
    return False


def _twins(tx: Tx, going_on: Sequence[Request]) -> list[tuple[Request, Request, list[str]]]:
    """Pairs that may be one ask, the older first: of one kind, close in time, from one place or with one contact.

    A drill is a twin of drills alone. Looked up by cell and by contact, never each against each.
    """
    marks = tx.requests.contact_marks([request.id for request in going_on])
    by_place: dict[tuple[str, bool, str], Request] = {}
    by_contact: dict[tuple[str, bool, bytes], Request] = {}
    pairs = []
    for double in sorted(going_on, key=lambda request: (request.created_at, request.id)):
        near = cells.disk(double.cell, 1) if double.cell else ()
        mark = marks.get(double.id)
        there = [by_place.get((double.kind, double.drill, cell)) for cell in near]
        there.append(by_contact.get((double.kind, double.drill, mark)) if mark else None)
        lately = [keep for keep in there if keep and double.created_at - keep.created_at <= limits.TWIN_WITHIN]
        if lately:
            keep = max(lately, key=lambda request: (request.created_at, request.id))
            alike = {"place": keep.cell in near, "contact": mark is not None and mark == marks.get(keep.id)}
            pairs.append((keep, double, [name for name, same in alike.items() if same]))
        if double.cell:
            by_place[double.kind, double.drill, double.cell] = double
        if mark:
            by_contact[double.kind, double.drill, mark] = double
    return pairs


def _row(request: Request) -> dict[str, Any]:
    cell = visibility.cell_for(request, Role.MEMBER)
    return {
        "request": request.public_id,
        "kind_of_need": request.kind,
        "status": str(request.status),
        "urgency": str(request.urgency),
        "drill": request.drill,
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
    """`{place, note, contact, until}`: the exact place, for GLASS and for a reason that its owner reads.

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
    return _behind_glass(tx, request, until)


def see_again(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any] | None:
    """What `break_glass` showed this coordinator, as it is now; None once GLASS has passed, or before it was broken.

    Raises: NotFound.
    """
    by = coordinator(viewer)
    request = tx.requests.by_public(public_id)
    if request is None:
        raise NotFound("ask")
    until = tx.safety.glass(by, request.id)
    return _behind_glass(tx, request, until) if until is not None and now < until else None


def _behind_glass(tx: Tx, request: Request, until: datetime) -> dict[str, Any]:
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
    _thaw(tx, request)
    if not request.over:
        tell(tx, request, EventKind.NOTE_ADDED, None, check=None)
        look_soon(tx, request, now)
    tx.audit.add(Deed.DECIDED, actor=by, request=request.id, why="taken")
    return {"taken": len(settled)}


def _thaw(tx: Tx, request: Request) -> None:
    if tx.safety.frozen(request.id) is not None:
        tx.safety.thaw(request.id)
        tell(tx, request, EventKind.NOTE_ADDED, None, frozen=None)


def close(
    tx: Tx, now: datetime, viewer: Viewer, public_id: str, disposition: Disposition, note: str | None = None
) -> dict[str, Any]:
    """The row of the queue as it ended: referred, unfounded, resolved.

    Raises: NotFound, RequestOver.
    """
    by, request = _request(tx, viewer, public_id)
    if request.over:
        raise RequestOver(request.status)
    ended = end(tx, now, request, disposition, None, note)
    for flag in tx.safety.flags_of(request.id):
        tx.safety.settle(flag.id, closed_as(disposition), now)
    tx.audit.add(Deed.DECIDED, actor=by, request=request.id, why=closed_as(disposition))
    return _row(ended)


def merge(tx: Tx, now: datetime, viewer: Viewer, public_id: str, into: str) -> dict[str, Any]:
    """The row of the ask that was kept. The other one ends as referred; its owner may follow the one that goes on.

    Raises: NotFound; RequestOver; Invalid for another kind, the same ask, a drill and a real one, one that is frozen,
    or one that somebody is coming to.
    """
    by = coordinator(viewer)
    seen = [tx.requests.by_public(name) for name in (public_id, into)]
    ids = [request.id for request in seen if request is not None]
    # In one order, whoever merges what: two merges the other way round would wait for each other.
    locked = {request_id: tx.requests.lock(request_id) for request_id in sorted(ids)}
    double, keep = (locked.get(request.id) if request else None for request in seen)
    if double is None or keep is None:
        raise NotFound("ask")
    if double.over or keep.over:
        raise RequestOver(double.status if double.over else keep.status)
    if double.id == keep.id or double.kind != keep.kind:
        raise Invalid([{"field": "into", "says": "another ask of the same kind"}])
    if double.drill != keep.drill:
        raise Invalid([{"field": "into", "says": "one of these is a drill, to which nobody drives"}])
    if tx.safety.frozen(keep.id) is not None:
        raise Invalid([{"field": "into", "says": "that one is frozen: look at its report and take it over first"}])
    if any(claim.status in UNFINISHED for claim in tx.claims.of_request(double.id)):
        raise Invalid([{"field": "into", "says": "somebody is coming to this one: merge the other one into it"}])
    told = f"A coordinator found that this ask and another one are the same. Help comes to that one: {_code(keep)}."
    _let_follow(tx, now, double.requester, keep)
    end(tx, now, double, Disposition.REFERRED, None, told)
    note = tx.ids.public_id()
    if tx.requests.add_note(keep.id, note, None, f"The same ask came twice; {_code(double)} is part of this one.", now):
        tell(tx, keep, EventKind.NOTE_ADDED, None, added=note)
    for flag in tx.safety.flags_of(double.id):
        tx.safety.settle(flag.id, "merged", now)
    tx.audit.add(Deed.DECIDED, actor=by, request=double.id, why=f"merged into {keep.public_id}")
    return _row(tx.requests.by_id(keep.id) or keep)


def _code(request: Request) -> str:
    return request.public_id[:6]


def _let_follow(tx: Tx, now: datetime, person: int, keep: Request) -> None:
    """Every browser of the one whose ask ended may look at the one that goes on."""
    if person == keep.requester:
        return
    theirs = [g for g in tx.grants.of_person(person) if alive(g, now) and g.power is not Power.TRIP]
    for session in {grant.session for grant in theirs}:
        if session is not None:
            view = Grant(token_hash=b"", power=Power.VIEW, request_id=keep.id)
            add_to_session(tx, now, session, view)


def decide(tx: Tx, now: datetime, viewer: Viewer, report_id: int, *, upheld: bool) -> dict[str, Any]:
    """`{upheld}`: a helper stays held or is let go, an ask stays frozen or goes on; three for nothing bar the reporter.

    Raises: NotFound for a report that is none, or decided already.
    """
    by = coordinator(viewer)
    seen = tx.safety.report(report_id)
    # The lock first and then the report once more: two who decide at once must not both find it undecided.
    request = tx.requests.lock(seen.request_id) if seen is not None else None
    report = tx.safety.report(report_id)
    if report is None:
        raise NotFound("report")
    tx.safety.decide(report.id, by, now, upheld=upheld)
    why = "upheld" if upheld else "unfounded"
    tx.audit.add(Deed.DECIDED, actor=by, person=report.reported, request=report.request_id, why=why)
    _settle_reported(tx, now, report, why)
    held = tx.safety.standing(report.reported).held_until is not None
    if held and upheld:
        tx.safety.hold(report.reported, now + limits.HELD_UPHELD)
    if not upheld and not tx.safety.undecided_about(report.reported, 1):
        if held:
            tx.safety.hold(report.reported, None)
            tell_house(tx, ControlKind.ACCESS_ENDED, person=report.reported)
        if request is not None and request.requester == report.reported and not request.over:
            _thaw(tx, request)
            look_soon(tx, request, now)
    if not upheld and tx.safety.unfounded(report.reporter, now - limits.BARRED) >= limits.UNFOUNDED_MAX:
        tx.safety.bar(report.reporter, now + limits.BARRED)
    return {"upheld": upheld}


def _settle_reported(tx: Tx, now: datetime, report: Reported, what: str) -> None:
    """The flags of what went on between the two; they stay while a report of the other one waits for a word."""
    pair = {report.reporter, report.reported}
    waiting = [one for each in sorted(pair) for one in tx.safety.undecided_about(each, limits.QUEUE_SHOWN)]
    if any(one.request_id == report.request_id and {one.reporter, one.reported} == pair for one in waiting):
        return
    between = {claim.id for claim in tx.claims.of_request(report.request_id) if claim.person_id in pair}
    for flag in tx.safety.flags_of(report.request_id):
        if flag.kind is FlagKind.REPORTED and flag.claim_id in between:
            tx.safety.settle(flag.id, what, now)


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
