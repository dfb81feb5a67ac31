"""The audit log: written in the action's transaction, chained by a due job, checked by `flare doctor`."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import delete, exists, select

from dispatch.domain.audit import BEGIN, AuditRow, Deed, broken_at, chained, trimmed_to
from dispatch.store.beside import beside
from dispatch.store.build import adding, given
from dispatch.store.link import Link
from dispatch.store.state import State
from dispatch.store.tables import audit, audit_seal
from dispatch.store.times import micros

log = logging.getLogger("flare.audit")

_a, _s = audit.c, audit_seal.c
_ROW = (_a.id, _a.at, _a.actor, _a.deed, _a.person_id, _a.request_id, _a.why)
_ADD = adding(audit, "id")
_SEAL = adding(audit_seal)
_HEAD = select(_s.place, _s.hash).order_by(_s.place.desc()).limit(1)
_OPEN = select(*_ROW).where(~exists().where(_s.audit_id == _a.id)).order_by(_a.id).limit(given("limit"))
_CHAIN = select(_s.place, _s.hash, *_ROW).select_from(audit_seal.outerjoin(audit, _a.id == _s.audit_id))
_CHAIN = _CHAIN.order_by(_s.place)
_OLDEST = select(_s.place, _a.at).select_from(audit_seal.join(audit, _a.id == _s.audit_id))
_OLDEST = _OLDEST.order_by(_s.place).limit(given("limit"))
_DROP_ROWS = delete(audit).where(_a.id.in_(select(_s.audit_id).where(_s.place <= given("upto"))))
_DROP_SEALS = delete(audit_seal).where(_s.place < given("upto"))
_OF = select(*_ROW).where(_a.request_id == given("id")).order_by(_a.id)


class StoredAudit:
    """ports.Audit over one link."""

    def __init__(self, link: Link, state: State) -> None:
        self._link, self._state = link, state

    def add(
        self,
        deed: Deed,
        *,
        actor: int | None,
        person: int | None = None,
        request: int | None = None,
        why: str | None = None,
    ) -> None:
        """One more row; sealed later, so that nobody waits for the chain."""
        self._link.run(
            _ADD, at=self._state.now, actor=actor, deed=deed.value, person_id=person, request_id=request, why=why
        )  # fmt: skip

    def seal(self, limit: int) -> int:
        """Chains the rows that are not yet, oldest first; how many."""
        rows = [_row(row) for row in self._link.rows(_OPEN, limit=limit)]
        head = self._link.row(_HEAD)
        place, previous = (head[0], bytes(head[1])) if head else (0, BEGIN)
        for row in rows:
            place += 1
            previous = chained(previous, place, row)
            self._link.run(_SEAL, place=place, audit_id=row.id, hash=previous)
        if rows:
            log.info("audit sealed to %d: %s", place, previous.hex())
        return len(rows)

    def trim(self, before: datetime, limit: int) -> int:
        """Deletes the oldest sealed rows from before that moment, at most so many; a new row says up to where.

        The seal of the last one stays: the chain goes on from it.
        """
        rows = self._link.rows(_OLDEST, limit=limit)
        old = [place for place, _ in takewhile(lambda row: row[1] < micros(before), rows)]
        if not old:
            return 0
        self._link.run(_DROP_ROWS, upto=old[-1])
        self._link.run(_DROP_SEALS, upto=old[-1])
        self.add(Deed.TRIMMED, actor=None, why=trimmed_to(old[-1]))
        return len(old)

    def of_request(self, request_id: int) -> list[AuditRow]:
        """What was done about one request, in order."""
        rows = self._link.rows(_OF, id=request_id)
        return [_row(row) for row in rows]

    def broken_at(self) -> tuple[int, int | None]:
        """(rows checked, the place of the first that does not fit; None when all do)."""
        return broken_at(self._sealed())

    def _sealed(self) -> Iterator[tuple[int, bytes, AuditRow | None]]:
        for place, held, *row in self._link.each(_CHAIN):
            yield (
                place,
                bytes(held),
                None if row[0] is None else _row(row),
            )


def chain_in(url: str) -> tuple[int, int | None]:
    """As `StoredAudit.broken_at`, over a connection of its own beside a running server.

    Raises: StoreUnavailable for a database that is not there, or is of another version.
    """
    with beside(url) as link:
        rows = link.each(_CHAIN)
        return broken_at((row[0], bytes(row[1]), None if row[2] is None else _row(row[2:])) for row in rows)


def _row(row: Sequence[Any]) -> AuditRow:
    return AuditRow(**dict(zip(AuditRow.__slots__, row, strict=True)))
