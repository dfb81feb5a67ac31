"""What people say of themselves: name, car, duty, where they usually are. Off duty silences everything at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.push import devices_of
from dispatch.actions.step_claim import sign_of_life
from dispatch.actions.words import DUTY, tell, tell_house
from dispatch.domain import limits
from dispatch.domain.errors import SignIn
from dispatch.domain.events import ControlKind, EventKind
from dispatch.domain.learning import asked_words
from dispatch.domain.lifecycle import UNFINISHED
from dispatch.domain.network import asked_by
from dispatch.domain.people import Duty, Person
from dispatch.domain.phone import same_number
from dispatch.domain.visibility import Viewer, claim_part, moment
from dispatch.ports import Tx
from geo import cells
from geo.gazetteer import gazetteer
from geo.point import Point

SHOWN = frozenset({"name", "car", "phone"})
"""What the person who waits for a claimer reads of them."""
COARSE = cells.MEMBER
"""Resolution at which a person's place is kept: the matcher needs no more."""


def coarse(point: Point) -> Point:
    """The centre of the cell: all that is kept of where somebody is."""
    return cells.centre(cells.cell_of(point, COARSE))


def me(tx: Tx, viewer: Viewer) -> Person:
    """The person who is looking.

    Raises: SignIn when there is none.
    """
    person = tx.people.by_id(viewer.person_id) if viewer.person_id is not None else None
    if person is None:
        raise SignIn
    return person


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMe:
    """Columns of Person to replace; only what was sent."""

    viewer: Viewer
    changes: dict[str, Any]


def set_me(tx: Tx, now: datetime, command: SetMe) -> dict[str, Any]:
    """Me, afterwards.

    Raises: SignIn.
    """
    person = me(tx, command.viewer)
    changes = dict(command.changes)
    if person.phone_proven and "phone" in changes and same_number(changes["phone"], person.phone):
        del changes["phone"]  # the one that was proved, sent again with the rest of a form
    if changes:
        person = tx.people.set(person.id, **changes)
        tell_house(tx, ControlKind.PERSON_CHANGED, person=person.id)
        if changes.keys() & SHOWN:
            _tell_those_who_wait(tx, person)
    return my_view(tx, person, now)


def _tell_those_who_wait(tx: Tx, person: Person) -> None:
    """Whoever this person is driving to reads their new name, car and phone at once."""
    for claim in tx.claims.of_person(person.id, limits.INBOX_ALERTS):
        request = tx.requests.lock(claim.request_id) if claim.status in UNFINISHED else None
        current = tx.claims.by_id(claim.id)
        if request is not None and current is not None:
            tell(tx, request, EventKind.CLAIM_STEPPED, person.id, claim=claim_part(current))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDuty:
    """Readiness; `changes` holds only the other columns that were sent."""

    viewer: Viewer
    duty: Duty
    until: datetime | None
    place: Point | None
    changes: dict[str, Any]


def set_duty(tx: Tx, now: datetime, command: SetDuty) -> dict[str, Any]:
    """Me, afterwards. The roster hears of it before the answer is old.

    Raises: SignIn.
    """
    person = me(tx, command.viewer)
    changes = dict(command.changes) | {"duty": command.duty, "duty_until": command.until}
    if command.place is not None:
        changes |= {"place": coarse(command.place), "seen_at": None}
    person = tx.people.set(person.id, **changes)
    tell_house(tx, ControlKind.PERSON_CHANGED, person=person.id)
    if command.until is not None:
        tx.due.put(DUTY, person.id, command.until)
    else:
        tx.due.remove(DUTY, person.id)
    return my_view(tx, person, now)


def end_duty(tx: Tx, now: datetime, person_id: int) -> None:
    """A break or a readiness with an end has ended: the person is as if nothing had been set."""
    person = tx.people.by_id(person_id)
    tx.due.remove(DUTY, person_id)
    if person is None or person.duty_until is None or person.duty_until > now:
        return
    back = Duty.AVAILABLE if person.duty is Duty.ON_BREAK else None
    tx.people.set(person_id, duty=back, duty_until=None)
    tell_house(tx, ControlKind.PERSON_CHANGED, person=person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A phone's position."""

    viewer: Viewer
    point: Point


def move_person(tx: Tx, now: datetime, command: Move) -> dict[str, Any]:
    """`{kept}`: the coarse place that was written, and renewed leases.

    Raises: SignIn.
    """
    person = me(tx, command.viewer)
    place = coarse(command.point)
    fresh = person.seen_at is not None and now - person.seen_at < limits.POSITION_TTL
    if not person.guest and (person.place is None or coarse(person.place) != place or not fresh):
        tx.people.set(person.id, place=place, seen_at=now)
        tell_house(tx, ControlKind.PERSON_CHANGED, person=person.id)
    sign_of_life(tx, now, person.id)
    return {"kept": cells.cell_of(command.point, COARSE)}


def show_me(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """`GET /v1/me`.

    Raises: SignIn.
    """
    return my_view(tx, me(tx, viewer), now)


def my_view(tx: Tx, person: Person, now: datetime) -> dict[str, Any]:
    """A person as they see themselves: everything that is kept of them."""
    claims = tx.claims.busy()
    asked = tx.alerts.sent_since([person.id], now - limits.WEEK).get(person.id, 0)
    duty = Duty.COMMITTED if person.id in claims else person.duty
    return {
        "id": person.public_id,
        "name": person.name,
        "seats": person.seats,
        "car": person.car,
        "phone": person.phone,
        "phone_proven": person.phone_proven,
        "lang": person.lang,
        "guest": person.guest,
        "duty": str(duty) if duty else None,
        "duty_until": moment(person.duty_until),
        "place": {"label": gazetteer().near_label(coarse(person.place))} if person.place else None,
        "place_state": place_state(person, now),
        "reach_minutes": person.reach_minutes,
        "quiet_hours": quiet_text(person),
        "alerts_per_week_max": person.alerts_per_week_max,
        "asked_7d": asked,
        "asked": asked_words(asked, person.alerts_per_week_max),
        "asked_by": asked_by(person.closed),
        "communities": [{"id": c.public_id, "name": c.name} for c in tx.network.communities_of(person.id)],
        "ties": len(tx.network.ties_of(person.id)),
        "push": devices_of(tx, person.id),
    }


def place_state(person: Person, now: datetime) -> str:
    """How old the place is: live, recent, stale, old, home or unknown."""
    if person.place is None:
        return "unknown"
    if person.seen_at is None:
        return "home"
    hours = (now - person.seen_at).total_seconds() / 3600
    ages = ((0.5, "live"), (24.0, "recent"), (24.0 * 30, "stale"))
    return next((name for limit, name in ages if hours <= limit), "old")


def quiet_text(person: Person) -> dict[str, str] | None:
    """Quiet hours as `{from, to}` in hours and minutes; None when there are none."""
    if person.quiet_from is None or person.quiet_to is None:
        return None
    start, end = (f"{m // 60:02}:{m % 60:02}" for m in (person.quiet_from, person.quiet_to))
    return {"from": start, "to": end}
