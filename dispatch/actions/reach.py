"""How far a call may go, and has gone: people alerted and browsers it was opened in by passed links, in one budget."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from dispatch.domain import limits
from dispatch.domain.drill import within_a_drill
from dispatch.domain.people import Person
from dispatch.domain.relay import passed
from dispatch.domain.request import Request
from dispatch.domain.standing import REACHES, Bound, Reached, backing, worn
from dispatch.ports import Tx

NEARBY: Final = timedelta(hours=1)


def reached(tx: Tx, now: datetime, request: Request, bound: Bound) -> Reached:
    """What counts against the bound: whoever comes by a passed link is a stranger."""
    since = now - bound.span
    asking = _same_asker(tx, tx.people.by_id(request.requester)) or [request.requester]
    by_person = [tx.alerts.reached(request.id, each, since) for each in asking]
    opened = passed(tx.relays.of_request(request.id)).opened
    return Reached(
        by_call=request.alerted + opened,
        strangers=by_person[0][0] + opened,
        lately=sum(lately for _, lately in by_person) + sum(tx.relays.lately(each, since) for each in asking),
        nearby=tx.alerts.nearby(request.id, now - NEARBY) if bound.nearby is not None else 0,
    )


def _same_asker(tx: Tx, person: Person | None) -> list[int]:
    """Every guest who is this one: a guest is a browser, until a phone is proved in another one, too."""
    if person is None:
        return []
    if not person.guest or not person.phone_proven or person.phone is None:
        return [person.id]
    return [each.id for each in tx.people.with_phone(person.phone) if each.guest]


def bound_of(tx: Tx, now: datetime, request: Request, supposed: Sequence[int] = ()) -> Bound:
    """How far this call may go, by who stands behind the one who asks; a draft of nobody is a guest's.

    `supposed`: people who don't vouch, and might.
    """
    person = tx.people.by_id(request.requester)
    guest = person is None or person.guest
    known = not guest and (
        (person is not None and person.external is not None)
        or tx.network.tied_to_imported(request.requester)
        or any(_known(tx, each) for each in (*supposed, *(tx.requests.vouchers(request.id) if request.id else ())))
    )
    since = now - limits.MARKS_KEPT
    marks = [mark for each in _same_asker(tx, person) for mark in tx.safety.marks(each, since)]
    looked_at = bool(marks or not known) and bool(request.id) and tx.safety.looked_at(request.id)
    proven = person is not None and person.phone_proven
    bound = REACHES[backing(guest=guest, known=known, looked_at=looked_at, proven=proven)]
    if not looked_at:
        # Whoever of the house has looked at this very call has answered for it.
        bound = worn(bound, [now - mark for mark in marks])
    return within_a_drill(bound) if request.drill else bound


def _known(tx: Tx, person_id: int) -> bool:
    """Imported, or tied to somebody who was: a word of anybody else is worth no more than an invite."""
    person = tx.people.by_id(person_id)
    return person is not None and (person.external is not None or tx.network.tied_to_imported(person_id))


def drilled_lately(tx: Tx, now: datetime, request: Request) -> set[int]:
    """Whom a drill leaves alone: whoever was asked in one lately. Nobody, for a real call."""
    return tx.alerts.drilled_since(now - limits.DRILL_EVERY) if request.drill else set()
