"""All reading: what a viewer gets to see of a request, their inbox, the board. Through visibility, always.

Functions of (tx, now, …) on a read transaction; they change nothing. Snapshot + events = what
these functions answer afterwards (tests/contract/test_snapshot_plus_events.py).
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from dispatch.domain import limits, visibility
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.claim import Claim
from dispatch.domain.drill import Drilled, drilled
from dispatch.domain.errors import NotFound, SignIn
from dispatch.domain.events import Event, InboxKind
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import UNFINISHED, ClaimState, RequestState
from dispatch.domain.people import Person
from dispatch.domain.relay import Relay, chain, with_descendants
from dispatch.domain.request import Request
from dispatch.domain.visibility import Context, Role, Viewer, moment
from dispatch.ports import Tx
from geo import cells
from geo.box import Box
from geo.travel import travel_words


def role_for(tx: Tx, request: Request, viewer: Viewer) -> Role | None:
    """What the viewer is to that request; None = it does not exist for them (also when blocked)."""
    if viewer.person_id is None:
        return visibility.role_in(request, viewer, None, None)
    claim = tx.claims.unfinished(request.id, viewer.person_id)
    alert = tx.alerts.of(request.id, viewer.person_id)
    role = visibility.role_in(request, viewer, claim, alert)
    if role in (Role.MEMBER, Role.ALERTED) and request.requester in tx.network.blocked_either_way(viewer.person_id):
        return None
    return role


def seen_request(tx: Tx, viewer: Viewer, public_id: str) -> tuple[Request, Role]:
    """The request and the viewer's role in it.

    Raises: NotFound, the same whether it does not exist or is somebody else's.
    """
    request = tx.requests.by_public(public_id)
    role = role_for(tx, request, viewer) if request is not None else None
    if request is None or role is None:
        raise NotFound("ask")
    return request, role


def context_for(tx: Tx, events: Sequence[Event]) -> Context:
    """Everything needed to write those events' bodies for any role."""
    mine = [event for event in events if event.request_id is not None and event.topic.startswith("r")]
    parts = [part for event in mine for part in _claim_parts(event)]
    notes = _notes_of(tx, {event.request_id for event in mine if event.request_id and "added" in event.body})
    people = {part["by"] for part in parts} | {author for author, _, _ in notes.values() if author}
    ids = {event.request_id for event in mine if event.request_id}
    wordy = {event.request_id for event in mine if event.request_id and event.body.keys() & FROM_SECRETS}
    claims = {part["id"]: claim for part in parts if (claim := tx.claims.by_public(part["id"]))}
    return Context(
        requests=tx.requests.by_ids(ids),
        secrets={request_id: tx.requests.secrets(request_id) for request_id in wordy},
        people=tx.people.by_ids(people),
        notes=notes,
        claims=claims,
        carried=carried_claims(tx, claims.values()),
    )


def carried_claims(tx: Tx, claims: Collection[Claim]) -> dict[str, list[str | None]]:
    """Of those claims the ones that came by a passed link: their names, and the hands the call went through."""
    by = tx.relays.claims(sorted({claim.request_id for claim in claims}))
    came = [claim for claim in claims if claim.id in by]
    links = {request_id: tx.relays.of_request(request_id) for request_id in {claim.request_id for claim in came}}
    return {claim.public_id: hands(tx, links[claim.request_id], by[claim.id]) for claim in came}


def hands(tx: Tx, links: Sequence[Relay], last: int) -> list[str | None]:
    """First names of those who carried a call up to that link, the first one first; None for whoever is not named."""
    way = chain(links, last)
    people = tx.people.by_ids({link.person_id for link in way if link.named})
    return [person.first_name if (person := people.get(link.person_id)) else None for link in way]


FROM_SECRETS = frozenset({"place", "contact", "destination", "note"})
"""Parts of a body that only name what is kept apart."""


def _claim_parts(event: Event) -> list[dict[str, Any]]:
    one, many = event.body.get("claim"), event.body.get("claims")
    found = [one, *(many if isinstance(many, list | tuple) else ())]
    return [part for part in found if isinstance(part, dict) and "by" in part]


def _notes_of(tx: Tx, request_ids: Iterable[int]) -> dict[str, tuple[int | None, str, datetime]]:
    return {
        note_id: (author, text, at)
        for request_id in request_ids
        for note_id, author, text, at in tx.requests.notes(request_id, limits.NOTES_SHOWN)
    }


def request_state(tx: Tx, request: Request, role: Role) -> dict[str, Any]:
    """The request as that role may see it: the state of a snapshot."""
    claims = tx.claims.of_request(request.id)
    notes = _notes_of(tx, [request.id]) if role in visibility.EXACT else {}
    people = {claim.person_id for claim in claims} | {author for author, _, _ in notes.values() if author}
    told = role is Role.OWNER or request.show_travel
    context = Context(
        requests={request.id: request},
        secrets={request.id: tx.requests.secrets(request.id)},
        people=tx.people.by_ids(people) if role in visibility.EXACT else {},
        notes=notes,
        claims={claim.public_id: claim for claim in claims},
        flags=tx.safety.flags_of(request.id) if role is Role.OWNER else (),
        relays=tx.relays.of_request(request.id) if told else (),
        drilled=drilled_of(tx, request) if told else None,
        carried=carried_claims(tx, claims) if role is Role.OWNER else {},
        frozen=tx.safety.frozen(request.id) if role is Role.OWNER else None,
    )
    return visibility.request_view(request, claims, list(notes), role, context)


def show_request(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """`GET /v1/requests/{id}`: the state, the viewer's role, and what is theirs alone (`mine`)."""
    request, role = seen_request(tx, viewer, public_id)
    answer = request_state(tx, request, role) | {"role": str(role)}
    if (link := viewer.relays.get(request.id)) is not None:
        answer["carried"] = hands(tx, tx.relays.of_request(request.id), link)
    if viewer.person_id is not None and role is not Role.OWNER:
        claim = tx.claims.unfinished(request.id, viewer.person_id)
        alert = tx.alerts.of(request.id, viewer.person_id)
        answer["mine"] = {
            "claim": my_claim_view(tx, claim) if claim else None,
            "alert": alert_views(tx, [alert])[0] if alert else None,
            "links": sum(link.person_id == viewer.person_id for link in tx.relays.of_request(request.id)),
        }
    return answer


def my_claim_view(tx: Tx, claim: Claim, request: Request | None = None) -> dict[str, Any]:
    """A claim as its holder sees it: their half of the meet code, and the exact place while it stands."""
    request = request or tx.requests.by_id(claim.request_id)
    if request is None:
        raise NotFound("claim")
    exact = claim.standing and claim.shown_at and not tx.safety.is_held(claim.person_id)
    role = Role.CLAIMER if exact else Role.ALERTED
    secrets = tx.requests.secrets(request.id)
    asker = tx.people.by_id(request.requester)
    part = visibility.claim_part(claim)
    del part["by"]
    return part | {
        "request": request.public_id,
        "kind": request.kind,
        "unit": KINDS[request.kind].unit,
        "request_status": str(request.status),
        "standing": claim.standing,
        "extensions_left": max(0, limits.EXTENSIONS_MAX - claim.extensions),
        "hear": claim.hear if claim.standing else None,
        "requester": asker.first_name if asker and claim.standing else None,
        "place": visibility.place_view(request, secrets, role),
        "needs": visibility.needs_view(request, role),
        "note": secrets.note if role is Role.CLAIMER else None,
        "destination": secrets.destination if role is Role.CLAIMER else None,
        "contact": visibility.contact_view(secrets, role),
    }


def alert_views(tx: Tx, alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Alerts as the people who got them see them: why them, roughly where, how many are needed."""
    requests = tx.requests.by_ids({alert.request_id for alert in alerts})
    names = tx.people.by_ids(
        {person for alert in alerts for person in alert.reasons.via} | {r.requester for r in requests.values()}
    )
    return [_alert_view(tx, alert, requests[alert.request_id], names) for alert in alerts]


def _alert_view(tx: Tx, alert: Alert, request: Request, people: dict[int, Person]) -> dict[str, Any]:
    reasons = alert.reasons
    along_ties = reasons.ring in {"1", "2", "3", "vouched"}
    asker = people.get(request.requester)
    last = len(reasons.via) - 1
    path = [
        (person.first_name if (person := people.get(via)) and index == last else None)
        for index, via in enumerate(reasons.via)
    ]
    community = tx.network.community(reasons.community) if reasons.community else None
    return {
        "id": alert.public_id,
        "request": request.public_id,
        "kind": request.kind,
        "unit": KINDS[request.kind].unit,
        "quantity": request.quantity,
        "needs": visibility.needs_view(request, Role.ALERTED),
        "urgency": str(request.urgency),
        "drill": request.drill,
        "status": str(request.status),
        "ring": alert.ring,
        "requester": asker.first_name if asker and along_ties else None,
        "path": path,
        "community": community.name if community else None,
        "place": visibility.place_view(request, tx.requests.secrets(request.id), Role.ALERTED),
        "band_km": reasons.band_km,
        "travel": travel_words(reasons.band_km) if reasons.band_km else None,
        "reasons": {
            "seats_useful": reasons.seats_useful,
            "urgency": reasons.urgency,
            "raised_by": list(reasons.raised_by),
            "asked_7d": reasons.asked_7d,
            "duty": reasons.duty,
            "wave": alert.wave,
        },
        "answer": str(alert.answer) if alert.answer else None,
        "seen_at": moment(alert.seen_at),
        "answered_at": moment(alert.answered_at),
        "created_at": moment(alert.created_at),
    }


def inbox_state(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    """The snapshot of an inbox: newest alerts and unfinished claims, as their owner sees them.

    Raises: SignIn for nobody.
    """
    if viewer.person_id is None:
        raise SignIn
    alerts = tx.alerts.of_person(viewer.person_id, limits.INBOX_ALERTS)
    claims = [c for c in tx.claims.of_person(viewer.person_id, limits.INBOX_ALERTS) if c.status in UNFINISHED]
    return {
        "alerts": alert_views(tx, alerts),
        "claims": [my_claim_view(tx, claim) for claim in claims],
        "thanks": thanks_to(tx, viewer.person_id),
    }


def drilled_of(tx: Tx, request: Request) -> Drilled | None:
    """What came of a drill so far; None for a real call."""
    return drilled(request.created_at, tx.alerts.of_request(request.id)) if request.drill else None


def thanks_to(tx: Tx, person_id: int) -> list[dict[str, Any]]:
    """What became of the calls that person passed on, once all are safe: when, and seats that came through them."""
    mine: dict[int, list[int]] = {}
    for link in tx.relays.of_person(person_id, limits.RELAYS_A_WEEK):
        mine.setdefault(link.request_id, []).append(link.id)
    found = []
    for request in tx.requests.by_ids(mine).values():
        if request.status is not RequestState.RESOLVED:
            continue
        below = set(with_descendants(tx.relays.of_request(request.id), mine[request.id]))
        by = tx.relays.claims([request.id])
        came = [c for c in tx.claims.of_request(request.id) if by.get(c.id) in below and c.status is ClaimState.DONE]
        seats = sum(claim.seats for claim in came)
        found.append(
            {"request": request.public_id, "kind": request.kind, "at": moment(request.closed_at), "seats": seats}
        )
    return sorted(found, key=lambda each: str(each["at"]), reverse=True)


def show_inbox(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """`GET /v1/me/alerts`: the inbox, each alert with the seats that are open now."""
    state = inbox_state(tx, viewer)
    for alert in state["alerts"]:
        request = tx.requests.by_public(alert["request"])
        alert["seats"] = request.seats.as_json() if request else None
        alert["waiting"] = alert["answer"] in (None, Answer.ACKNOWLEDGED) and request is not None and not request.over
    return state


def inbox_bodies(tx: Tx, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Inbox events as their owner reads them: each names an alert or a claim, and carries its view now."""
    bodies: list[dict[str, Any]] = []
    for event in events:
        body: dict[str, Any] = {}
        if isinstance(public_id := event.body.get("alert"), str) and (alert := tx.alerts.by_public(public_id)):
            body["alert"] = alert_views(tx, [alert])[0]
        if isinstance(public_id := event.body.get("claim"), str) and (claim := tx.claims.by_public(public_id)):
            body["claim"] = my_claim_view(tx, claim)
        if event.kind == InboxKind.THANKED:
            body["thanks"] = thanks_to(tx, int(event.topic[1:]))
        bodies.append(body)
    return bodies


def board(tx: Tx, now: datetime, viewer: Viewer, box: Box, secret: bytes) -> dict[str, Any]:
    """`GET /v1/board`: GeoJSON of the asks going on whose visible cell's centre lies in the box."""
    features = [
        feature
        for request in tx.requests.open_in(None, limits.BOARD_REQUESTS)
        if (feature := board_feature(request, viewer, secret)) and box.contains(cells.centre(feature["id_cell"]))
    ]
    for feature in features:
        del feature["id_cell"]
    return {"type": "FeatureCollection", "features": features}


def board_entry(request: Request, role: Role, public_id: str) -> dict[str, Any] | None:
    """One ask as a map shows it: a cell, a kind, counts. None without a place, and for a drill: it is nobody's wait."""
    cell = None if request.drill else visibility.cell_for(request, role)
    if cell is None:
        return None
    return {
        "id": public_id,
        "v": request.off,
        "cell": cell,
        "kind": request.kind,
        "unit": KINDS[request.kind].unit,
        "status": str(request.status),
        "urgency": str(request.urgency),
        "seats": request.seats.as_json(),
        "label": visibility.words_for(cell),
        "created_at": moment(request.created_at),
    }


def board_id(request: Request, viewer: Viewer, secret: bytes) -> str:
    """The ask's name on this viewer's board: its own for members, unlinkable between strangers."""
    if (viewer.person_id is not None and not viewer.guest) or request.id in viewer.powers:
        return request.public_id
    text = f"board:{viewer.session}:{request.public_id}".encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:22]


def map_role(viewer: Viewer) -> Role:
    """How precisely this viewer sees other people's asks on a map."""
    return Role.MEMBER if viewer.person_id is not None and not viewer.guest else Role.PUBLIC


def board_feature(request: Request, viewer: Viewer, secret: bytes) -> dict[str, Any] | None:
    """The ask as a GeoJSON feature: the outline of its visible cell, never a dot."""
    entry = board_entry(request, map_role(viewer), board_id(request, viewer, secret))
    if entry is None:
        return None
    ring = [[p.lon, p.lat] for p in cells.outline(entry["cell"])]
    return {
        "type": "Feature",
        "id": entry["id"],
        "id_cell": entry["cell"],
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "properties": entry,
    }
