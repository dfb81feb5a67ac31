"""What a volunteer's own pages show beyond the inbox: what has just become of a promise, and one alert to answer.

Reads only. The inbox itself is dispatch/actions/look.py's (tests/pages/test_follow_and_help.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.look import alert_views
from dispatch.actions.set_me import me
from dispatch.domain import limits
from dispatch.domain.errors import NotFound
from dispatch.domain.lifecycle import LEASED, ClaimState
from dispatch.domain.people import Person
from dispatch.domain.visibility import Viewer
from dispatch.ports import Tx


def just_over(tx: Tx, now: datetime, person_id: int) -> list[dict[str, Any]]:
    """What has just become of their promises: the done ones, and broken ones whose seats are still open.

    `status`: done, lapsed or withdrawn.
    """
    found: list[dict[str, Any]] = []
    for claim in tx.claims.of_person(person_id, limits.INBOX_ALERTS):
        fresh = claim.ended_at is not None and now - claim.ended_at < limits.JUST_OVER
        if not fresh or claim.status not in (ClaimState.LAPSED, ClaimState.WITHDRAWN, ClaimState.DONE):
            continue
        request = tx.requests.by_id(claim.request_id)
        if request is None or tx.claims.unfinished(claim.request_id, person_id) is not None:
            continue
        newest = all(each["request"] != request.public_id for each in found)
        if newest and (claim.status is ClaimState.DONE or (not request.over and request.seats.open)):
            found.append(
                {"request": request.public_id, "kind": request.kind, "seats": claim.seats, "at": claim.ended_at,
                 "status": str(claim.status)}
            )  # fmt: skip
    return found


def inbox_position(tx: Tx, person_id: int) -> str:
    """Where a person's inbox stands: its own events, then those of the asks in it, whose seats the cards show."""
    epoch, _ = tx.journal.head()
    person = tx.people.by_id(person_id)
    asks = tx.requests.by_ids({alert.request_id for alert in tx.alerts.of_person(person_id, limits.INBOX_ALERTS)})
    moved = sum(request.off for request in asks.values())
    return f"{epoch}:{(person.inbox_off if person else 0) * 1_000_000 + moved % 1_000_000}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One alert, with the seats of its ask, and who is asked. `claimed`: they have said yes already."""

    alert: dict[str, Any]
    person: Person
    claimed: bool


def own_alert(tx: Tx, viewer: Viewer, public_id: str) -> Offer:
    """That alert, for whoever it went to.

    Raises: SignIn, NotFound.
    """
    person = me(tx, viewer)
    alert = tx.alerts.by_public(public_id)
    if alert is None or alert.person_id != person.id:
        raise NotFound("alert")
    request = tx.requests.by_id(alert.request_id)
    return Offer(
        alert=alert_views(tx, [alert])[0] | {"seats": request.seats.as_json() if request else None},
        person=person,
        claimed=tx.claims.unfinished(alert.request_id, person.id) is not None,
    )


def followed_on(tx: Tx, person_id: int) -> list[tuple[str, str | None]]:
    """(request, claim) where somebody may follow this person now; claim None: their own ask."""
    coming = [claim for claim in tx.claims.of_person(person_id, limits.INBOX_ALERTS) if claim.status in LEASED]
    requests = tx.requests.by_ids({claim.request_id for claim in coming})
    shown = [(requests[claim.request_id].public_id, claim.public_id) for claim in coming if claim.shown_at]
    asked = [request for request in tx.requests.of_person(person_id, limits.INBOX_ALERTS) if not request.over]
    return [*shown, *((request.public_id, None) for request in asked)]
