"""Who passed which call on. Implements ports.Relays.

Invariant: a link is opened RELAY_OPENS times at most, however many open it at once: one conditional UPDATE
(tests/contract/test_relay.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, literal_column, select, update

from dispatch.domain import limits
from dispatch.domain.relay import Relay
from dispatch.store.build import adding, adding_all, given
from dispatch.store.dialect import Among
from dispatch.store.link import Link, Row, as_json
from dispatch.store.tables import claim, relay, relay_claim, request
from dispatch.store.times import micros, micros_or_none, moment, moment_or_none

_r = relay.c
_ALL = tuple(relay.c)

_ADD = adding_all(relay)
_BY_PUBLIC = select(*_ALL).where(_r.public_id == given("public_id"))
_BY_ID = select(*_ALL).where(_r.id == given("id"))
_OF_REQUEST = select(*_ALL).where(_r.request_id == given("id")).order_by(_r.id)
_OF_PERSON = select(*_ALL).where(_r.person_id == given("id")).order_by(_r.id.desc()).limit(given("limit"))
_OPEN = (
    update(relay)
    .values(opened=_r.opened + literal_column("1"), opened_at=given("at"))
    .where(_r.id == given("w_id"), _r.opened < literal_column(str(limits.RELAY_OPENS)), _r.ended_at.is_(None))
)
_END = update(relay).values(ended_at=given("at")).where(Among(_r.id, "ids"), _r.ended_at.is_(None))
_LATELY = (
    select(func.coalesce(func.sum(_r.opened), literal_column("0")))
    .select_from(relay.join(request, request.c.id == _r.request_id))
    .where(request.c.requester == given("requester"), _r.opened_at >= given("since"))
)
_CAME_BY = adding(relay_claim)
_CLAIMS = (
    select(relay_claim.c.claim_id, relay_claim.c.relay_id)
    .select_from(relay_claim.join(claim, claim.c.id == relay_claim.c.claim_id))
    .where(Among(claim.c.request_id, "ids"))
)
_FORGET = update(relay).values(named=given("named")).where(_r.person_id == given("w_person"))


def _relay(row: Row) -> Relay:
    """The row, in the table's order, as the domain knows it."""
    return Relay(
        id=row[0], public_id=row[1], request_id=row[2], person_id=row[3], parent=row[4], depth=row[5],
        named=bool(row[6]), opened=row[7], created_at=moment(row[8]), opened_at=moment_or_none(row[9]),
        expires_at=moment(row[10]), ended_at=moment_or_none(row[11]),
    )  # fmt: skip


class StoredRelays:
    """ports.Relays over one link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, relay: Relay) -> Relay:
        """The link with its new id."""
        r = relay
        row = self._link.one(
            _ADD, public_id=r.public_id, request_id=r.request_id, person_id=r.person_id, parent=r.parent,
            depth=r.depth, named=r.named, opened=r.opened, created_at=micros(r.created_at),
            opened_at=micros_or_none(r.opened_at), expires_at=micros(r.expires_at),
            ended_at=micros_or_none(r.ended_at),
        )  # fmt: skip
        return replace(r, id=row[0])

    def by_public(self, public_id: str) -> Relay | None:
        """The link of that public id."""
        row = self._link.row(_BY_PUBLIC, public_id=public_id)
        return _relay(row) if row else None

    def by_id(self, relay_id: int) -> Relay | None:
        """The link of that id."""
        row = self._link.row(_BY_ID, id=relay_id)
        return _relay(row) if row else None

    def of_request(self, request_id: int) -> list[Relay]:
        """Oldest first, ended ones included."""
        return [_relay(row) for row in self._link.rows(_OF_REQUEST, id=request_id)]

    def of_person(self, person_id: int, limit: int) -> list[Relay]:
        """What that person passed on, newest first."""
        return [_relay(row) for row in self._link.rows(_OF_PERSON, id=person_id, limit=limit)]

    def open(self, relay_id: int, at: datetime) -> bool:
        """Counts one browser more; False when it was opened as often as it may be."""
        return self._link.run(_OPEN, w_id=relay_id, at=micros(at)) > 0

    def end(self, relay_ids: Sequence[int], at: datetime) -> int:
        """How many ended now; the first date stands."""
        return self._link.run(_END, ids=as_json(list(relay_ids)), at=micros(at))

    def lately(self, requester: int, since: datetime) -> int:
        """Openings of links of all that person's calls; each counts with its link's last one."""
        return int(self._link.one(_LATELY, requester=requester, since=micros(since))[0])

    def came_by(self, claim_id: int, relay_id: int) -> None:
        """That claim was made through that link."""
        self._link.run(_CAME_BY, claim_id=claim_id, relay_id=relay_id)

    def claims(self, request_ids: Sequence[int]) -> dict[int, int]:
        """Of those calls' claims the ones that were made through a link: claim id to relay id."""
        return dict(self._link.rows(_CLAIMS, ids=as_json(list(request_ids)))) if request_ids else {}

    def forget(self, person_id: int) -> None:
        """Nobody reads that person's name in a chain any more."""
        self._link.run(_FORGET, w_person=person_id, named=False)
