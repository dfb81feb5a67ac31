"""Who may see what, and how precisely: the one policy behind every answer, frame, page and log.

Pure. Every serializer asks here; nothing else decides what leaves the process.
Invariants: the exact place goes to the requester and standing claimers only; everybody else gets
an H3 cell and words made from the cell's centre, never from the point; a role filter may empty a
body, it never drops an event (tests/domain/test_visibility.py, tests/contract/test_who_sees_what.py).
The table in words: docs/reference/visibility.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from dispatch.domain.alert import Alert
from dispatch.domain.claim import Claim
from dispatch.domain.drill import Drilled
from dispatch.domain.events import Event
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import UNFINISHED
from dispatch.domain.people import Person
from dispatch.domain.relay import Relay, passed
from dispatch.domain.request import NEEDS, Request, Secrets
from dispatch.domain.standing import Flag, FlagKind
from geo import cells
from geo.gazetteer import gazetteer


class Role(StrEnum):
    """What a viewer is to one request, the most trusted first."""

    OWNER = "owner"
    CLAIMER = "claimer"
    ALERTED = "alerted"
    MEMBER = "member"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is looking: a person, some links, or nobody.

    `powers` holds the request ids whose link this browser or token carries, and the link's power
    ("owner", "helper", "relay", "view"); `relays` by which passed link they came to a request.
    """

    person_id: int | None = None
    guest: bool = False
    powers: Mapping[int, str] = field(default_factory=dict)
    relays: Mapping[int, int] = field(default_factory=dict)
    session: str | None = None
    held: bool = False
    """Reported, and nobody has looked yet: no exact place, no new claim."""
    coordinator: bool = False
    trips: frozenset[tuple[int, int]] = frozenset()
    """Trips this browser or token may follow: (request id, person id of whoever shares theirs)."""


NOBODY = Viewer()


def role_in(request: Request, viewer: Viewer, claim: Claim | None, alert: Alert | None) -> Role | None:
    """What the viewer is to the request; None = it does not exist for them.

    `claim` is the viewer's unfinished claim on it, `alert` the viewer's alert for it.
    A stranger's claim stands, but the place is shown only once the owner lets them come
    (`claim.shown_at`).
    """
    if viewer.person_id == request.requester or viewer.powers.get(request.id) == "owner":
        return Role.OWNER
    if claim is not None and claim.standing and claim.shown_at is not None and not viewer.held:
        return Role.CLAIMER
    if claim is not None or alert is not None:
        return Role.ALERTED
    if viewer.person_id is not None and not viewer.guest:
        return Role.MEMBER
    return Role.PUBLIC if request.id in viewer.powers else None


EXACT = frozenset({Role.OWNER, Role.CLAIMER})
PUBLIC_CELL = frozenset({Role.PUBLIC})

FIELDS: Mapping[str, frozenset[Role]] = {
    "status": frozenset(Role),
    "seats": frozenset(Role),
    "quantity": frozenset(Role),
    "disposition": frozenset(Role),
    "closed_at": frozenset(Role),
    "claim": frozenset(Role),
    "claims": frozenset(Role),
    "place": frozenset(Role),
    "wave": frozenset({Role.OWNER}),
    "heard": frozenset({Role.OWNER}),
    "forecast": frozenset({Role.OWNER}),
    "reach": frozenset({Role.OWNER}),
    "passed": frozenset({Role.OWNER}),
    "drilled": frozenset({Role.OWNER}),
    "raised": frozenset({Role.OWNER}),
    "contact": EXACT,
    "note": EXACT,
    "added": EXACT,
    "show_travel": frozenset({Role.OWNER}),
    "check": frozenset({Role.OWNER}),
    "frozen": frozenset({Role.OWNER}),
    "destination": EXACT,
}
"""Which roles get which part of an event's body. What is not listed leaves nobody."""

TRAVEL = frozenset({"wave", "heard", "passed", "drilled"})
"""Parts everybody gets while the owner lets viewers see how the call travels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What bodies and views are filled in from: read in the same transaction as the events."""

    requests: Mapping[int, Request] = field(default_factory=dict)
    secrets: Mapping[int, Secrets] = field(default_factory=dict)
    people: Mapping[int, Person] = field(default_factory=dict)
    notes: Mapping[str, tuple[int | None, str, datetime]] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    flags: Sequence[Flag] = ()
    """What is open about the one request of a snapshot."""
    frozen: str | None = None
    relays: Sequence[Relay] = ()
    """By which links the one request of a snapshot was passed on."""
    drilled: Drilled | None = None
    """What came of the one request of a snapshot, if it is a drill."""
    carried: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    """Of claims that came by a passed link: who carried the call, the first one first; None for the unnamed."""


@lru_cache(maxsize=4096)
def words_for(cell: str) -> str:
    """The cell in words, "near Baker, CA", made from its centre alone."""
    return gazetteer().near_label(cells.centre(cell))


def cell_for(request: Request, role: Role) -> str | None:
    """The cell that role may see; coarser for the public, coarser still on empty land."""
    if request.cell is None:
        return None
    if role not in PUBLIC_CELL:
        return request.cell
    return cells.parent(request.cell, cells.EMPTY_LAND if request.empty_land else cells.PUBLIC)


def place_view(request: Request, secrets: Secrets, role: Role) -> dict[str, Any] | None:
    """The place as that role may see it; None when the request has none."""
    cell = cell_for(request, role)
    if role in EXACT:
        if secrets.point is None:
            return {"text": secrets.place_text} if secrets.place_text else None
        return {
            "lat": secrets.point.lat,
            "lon": secrets.point.lon,
            "accuracy_m": secrets.accuracy_m,
            "text": secrets.place_text,
            "label": secrets.label,
            "cell": cell,
        }
    if cell is None:
        return None
    return {"cell": cell, "resolution": cells.resolution(cell), "label": words_for(cell)}


def moment(value: datetime | None) -> str | None:
    """RFC 3339, UTC, whole milliseconds, as every answer writes a time."""
    if value is None:
        return None
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def claim_view(claim: Mapping[str, Any], role: Role, context: Context) -> dict[str, Any]:
    """One claim as that role may see it: seats and step for all, first names for those involved.

    The owner also reads car, phone and meet code while the claim goes on.

    `claim` is an event's `claim` part or `claim_part(claim)`; `by` is the claimer's person id and
    never leaves.
    """
    view = {name: value for name, value in claim.items() if name != "by"}
    person = context.people.get(claim.get("by", 0))
    if role in EXACT:
        view["name"] = person.first_name if person else None
    if role is Role.OWNER:
        stored = context.claims.get(claim["id"])
        # A promise that has ended, also by a block, gives no number away: not even through an event from before.
        coming = stored if stored is not None and stored.status in UNFINISHED else None
        view["car"] = person.car if person and coming else None
        view["phone"] = person.phone if person and coming else None
        view["tell"] = coming.tell if coming else None
        view["hear"] = coming.hear if coming else None
        view["shown"] = bool(stored and stored.shown_at)
        view["carried"] = list(context.carried.get(claim["id"], ()))
    return view


def claim_part(claim: Claim) -> dict[str, Any]:
    """What an event says of a claim: no name, no place."""
    return {
        "id": claim.public_id,
        "by": claim.person_id,
        "seats": claim.seats,
        "status": str(claim.status),
        "eta_at": moment(claim.eta_at),
        "lease_until": moment(claim.lease_until),
        "left_at": moment(claim.left_at),
        "met_at": moment(claim.met_at),
        "confirmed": claim.confirmed,
    }


def contact_view(secrets: Secrets, role: Role) -> dict[str, Any] | None:
    """Name and phone of the contact; the phone only if the owner lets claimers have it."""
    if role not in EXACT:
        return None
    phone = secrets.contact_phone if role is Role.OWNER or secrets.share_phone else None
    return {"name": secrets.contact_name, "phone": phone}


def note_view(note_id: str, role: Role, context: Context) -> dict[str, Any] | None:
    """A note with its author's first name; None for roles that may not read it."""
    if role not in EXACT or note_id not in context.notes:
        return None
    author, text, at = context.notes[note_id]
    person = context.people.get(author or 0)
    return {"id": note_id, "text": text, "by": person.first_name if person else None, "at": moment(at)}


def request_view(
    request: Request, claims: Sequence[Claim], notes: Sequence[str], role: Role, context: Context
) -> dict[str, Any]:
    """The request as that role may see it: the state of a snapshot, the answer of a GET."""
    secrets = context.secrets.get(request.id, Secrets())
    kind = KINDS[request.kind]
    view: dict[str, Any] = {
        "id": request.public_id,
        "kind": request.kind,
        "unit": kind.unit,
        "quantity": request.quantity,
        "urgency": str(request.urgency),
        "for_other": request.for_other,
        "drill": request.drill,
        "status": str(request.status),
        "seats": request.seats.as_json(),
        "place": place_view(request, secrets, role),
        "created_at": moment(request.created_at),
        "deadline_at": moment(request.deadline_at),
        "closed_at": moment(request.closed_at),
        "disposition": str(request.disposition) if request.disposition else None,
        "claims": [claim_view(claim_part(claim), role, context) for claim in claims],
        "off": request.off,
    }
    if role is not Role.PUBLIC:
        view["needs"] = needs_view(request, role)
    if role in EXACT:
        view["destination"] = secrets.destination
        view["note"] = secrets.note
        view["contact"] = contact_view(secrets, role)
        view["notes"] = [note for note_id in notes if (note := note_view(note_id, role, context))]
    if role is Role.OWNER:
        view["forecast"] = forecast_view(request)
        view["reach"] = reach_view(request)
        view["raised"] = request.raised
        view["check"] = check_part(context.flags)
        view["frozen"] = context.frozen
        view["show_travel"] = request.show_travel
    travels = role is Role.OWNER or request.show_travel
    view["heard"] = heard_view(request) if travels else None
    view["wave"] = {"waves": request.wave} if travels else None
    view["passed"] = passed(context.relays).as_json() if travels else None
    view["drilled"] = context.drilled.as_json() if travels and context.drilled else None
    return view


def trip_view(sharer: Person | None, ask: Mapping[str, Any], drive: Claim | None) -> dict[str, Any]:
    """A trip as somebody trusted sees it: the first name of whoever shares it, and what the public sees anyway.

    `ask` is the request's view for Role.PUBLIC; `drive` the sharer's claim, None where they are the one who asked.
    """
    shown = claim_view(claim_part(drive), Role.PUBLIC, Context()) if drive else None
    return {"by": sharer.first_name if sharer else None, "ask": ask, "drive": shown}


def needs_view(request: Request, role: Role) -> list[str]:
    """What the ask needs besides its seats: known words for whoever may come, the asker's own like a note."""
    if role in PUBLIC_CELL:
        return []
    return [need for need in request.needs if role in EXACT or need in NEEDS]


def check_part(flags: Sequence[Flag]) -> dict[str, Any] | None:
    """What its owner is asked: whether they are safe, how often, since when; None while nothing is asked."""
    asked = [flag for flag in flags if flag.kind is FlagKind.SAFE]
    if not asked:
        return None
    return {"asked": max(flag.asked for flag in asked), "since": moment(min(flag.at for flag in asked))}


def heard_view(request: Request) -> dict[str, int]:
    """How many people were told, how many have looked: counts, never a list of people."""
    return {"alerted": request.alerted, "seen": request.seen}


def forecast_view(request: Request) -> dict[str, object] | None:
    """The newest odds; what was said first is kept for the matcher alone, and shown to nobody."""
    if request.forecast is None:
        return None
    return {name: value for name, value in request.forecast.items() if name != "first"}


def reach_view(request: Request) -> dict[str, Any]:
    """Who may be asked, as the owner set it."""
    reach = request.reach
    return {
        "rings_max": reach.rings_max,
        "communities": list(reach.communities) if reach.communities is not None else None,
        "open": reach.open,
    }


def event_body(event: Event, role: Role, context: Context) -> dict[str, Any]:
    """The event's body as that role may read it. Never None: a filter empties, it never drops."""
    request = context.requests.get(event.request_id or 0)
    secrets = context.secrets.get(event.request_id or 0, Secrets())
    everyone = TRAVEL if request is not None and request.show_travel else frozenset()
    body: dict[str, Any] = {}
    for name, value in event.body.items():
        if role not in FIELDS.get(name, frozenset()) and name not in everyone:
            if name in TRAVEL and "show_travel" in event.body:
                body[name] = None  # taken back from whoever was let see it before
            continue
        match name:
            case "claim":
                body[name] = claim_view(dict(value), role, context) if isinstance(value, Mapping) else None
            case "place":
                body[name] = place_view(request, secrets, role) if request else None
            case "contact":
                body[name] = contact_view(secrets, role)
            case "destination":
                body[name] = secrets.destination
            case "claims":
                parts = value if isinstance(value, list | tuple) else ()
                body[name] = [claim_view(part, role, context) for part in parts if isinstance(part, Mapping)]
            case "note":
                body[name] = secrets.note
            case "added":
                added = note_view(str(value), role, context)
                if added is not None:
                    body[name] = added
            case _:
                body[name] = value
    return body
