"""Promises of seats. Whoever touches a claim has locked its request.

Invariant: one unfinished claim per person and request; the index refuses a second one
(tests/contract/test_store_seats.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from sqlalchemy import func, select, update
from sqlalchemy.sql import ClauseElement

from dispatch.domain.claim import Claim
from dispatch.domain.lifecycle import LEASED, STANDING, UNFINISHED, ClaimState
from dispatch.store.build import adding_all, given, stored_changes
from dispatch.store.dialect import one_of
from dispatch.store.link import Link, Row
from dispatch.store.tables import claim
from dispatch.store.times import micros, micros_or_none, moment, moment_or_none

_c = claim.c
_ALL = tuple(claim.c)
_LEASED = one_of(_c.status, LEASED)

_ADD = adding_all(claim)
_BY_PUBLIC = select(*_ALL).where(_c.public_id == given("public_id"))
_BY_ID = select(*_ALL).where(_c.id == given("id"))
_OF_REQUEST = select(*_ALL).where(_c.request_id == given("id")).order_by(_c.id)
_OF_PERSON = select(*_ALL).where(_c.person_id == given("id")).order_by(_c.id.desc()).limit(given("limit"))
_UNFINISHED = select(*_ALL).where(
    _c.request_id == given("request"), _c.person_id == given("person"), one_of(_c.status, UNFINISHED)
)
_LAPSING = select(*_ALL).where(_LEASED, _c.lease_until < given("now")).order_by(_c.lease_until).limit(given("limit"))
_BUSY = select(_c.person_id).distinct().where(one_of(_c.status, STANDING))
_NEXT_LEASE = select(func.min(_c.lease_until)).where(_LEASED)


@cache
def _move(columns: tuple[str, ...], expected: tuple[ClaimState, ...]) -> ClauseElement:
    return (
        update(claim)
        .values({name: given(name) for name in columns})
        .where(_c.id == given("w_id"), one_of(_c.status, expected))
        .returning(*_ALL)
    )


def _claim(row: Row) -> Claim:
    """The row, in the table's order, as the domain knows it."""
    return Claim(
        id=row[0], public_id=row[1], request_id=row[2], person_id=row[3], seats=row[4], status=ClaimState(row[5]),
        created_at=moment(row[6]), lease_until=moment_or_none(row[7]), eta_at=moment_or_none(row[8]),
        left_at=moment_or_none(row[9]), met_at=moment_or_none(row[10]), ended_at=moment_or_none(row[11]),
        extensions=row[12], confirmed=bool(row[13]), code_tries=row[14], tell=row[15], hear=row[16],
        shown_at=moment_or_none(row[17]),
    )  # fmt: skip


class StoredClaims:
    """ports.Claims over one link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, claim: Claim) -> Claim:
        """The claim with its new id."""
        c = claim
        row = self._link.one(
            _ADD, public_id=c.public_id, request_id=c.request_id, person_id=c.person_id, seats=c.seats,
            status=c.status.value, created_at=micros(c.created_at), lease_until=micros_or_none(c.lease_until),
            eta_at=micros_or_none(c.eta_at), left_at=micros_or_none(c.left_at), met_at=micros_or_none(c.met_at),
            ended_at=micros_or_none(c.ended_at), extensions=c.extensions, confirmed=c.confirmed,
            code_tries=c.code_tries, tell=c.tell, hear=c.hear, shown_at=micros_or_none(c.shown_at),
        )  # fmt: skip
        return replace(c, id=row[0])

    def by_public(self, public_id: str) -> Claim | None:
        """The claim of that public id."""
        row = self._link.row(_BY_PUBLIC, public_id=public_id)
        return _claim(row) if row else None

    def by_id(self, claim_id: int) -> Claim | None:
        """The claim of that id."""
        row = self._link.row(_BY_ID, id=claim_id)
        return _claim(row) if row else None

    def of_request(self, request_id: int) -> list[Claim]:
        """Oldest first, ended ones included."""
        return [_claim(row) for row in self._link.rows(_OF_REQUEST, id=request_id)]

    def of_person(self, person_id: int, limit: int) -> list[Claim]:
        """Newest first."""
        return [_claim(row) for row in self._link.rows(_OF_PERSON, id=person_id, limit=limit)]

    def unfinished(self, request_id: int, person_id: int) -> Claim | None:
        """The one claim of that person on that request which has not ended."""
        row = self._link.row(_UNFINISHED, request=request_id, person=person_id)
        return _claim(row) if row else None

    def move(self, claim_id: int, expected: Sequence[ClaimState], **changes: object) -> Claim | None:
        """The claim after the change; None if it is no longer in an expected state."""
        columns = stored_changes(changes)
        row = self._link.row(_move(tuple(columns), tuple(sorted(expected))), w_id=claim_id, **columns)
        return _claim(row) if row else None

    def lapsing(self, now: datetime, limit: int) -> list[Claim]:
        """Leased claims whose lease is over, oldest first."""
        return [_claim(row) for row in self._link.rows(_LAPSING, now=micros(now), limit=limit)]

    def busy(self) -> set[int]:
        """People with a standing claim on any request."""
        return {row[0] for row in self._link.rows(_BUSY)}

    def next_lease(self) -> datetime | None:
        """The next date on which a lease ends."""
        row = self._link.row(_NEXT_LEASE)
        return moment_or_none(row[0]) if row else None
