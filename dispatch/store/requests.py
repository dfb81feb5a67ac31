"""Calls for help, and the one UPDATE that never oversells them.

Invariant: seats_taken never exceeds quantity, however many claim at once
(tests/contract/test_store_seats.py). Lock order: the request first, then its claims.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, literal_column, or_, select, update
from sqlalchemy.sql import ClauseElement

from dispatch.domain import limits
from dispatch.domain.lifecycle import FINAL, Disposition, RequestState
from dispatch.domain.request import Reach, Request, Secrets, Urgency
from dispatch.store.build import adding, adding_all, given, stored_changes
from dispatch.store.dialect import Among, one_of
from dispatch.store.link import Link, Row, as_json
from dispatch.store.secrets import StoredSecrets
from dispatch.store.tables import note, request, request_secret, vouch
from dispatch.store.times import micros, micros_or_none, moment, moment_or_none

_r, _s, _n = request.c, request_secret.c, note.c
_ALL = tuple(request.c)
_GOING_ON = one_of(_r.status, set(RequestState) - FINAL)
_OPEN: ColumnElement[str] = literal_column("'open'")
_CLAIMED: ColumnElement[str] = literal_column("'claimed'")


def _one(*where: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return select(*_ALL).where(*where)


_ADD = adding_all(request)
_BY_PUBLIC = _one(_r.public_id == given("public_id"))
_BY_ID = _one(_r.id == given("id"))
_BY_IDS = select(*_ALL).where(Among(_r.id, "ids"))
# FOR NO KEY UPDATE: rows that only point at the request (a note, an alert) need not wait for it.
_LOCK = _BY_ID.with_for_update(key_share=True)
_LOCK_IF_FREE = _BY_ID.with_for_update(key_share=True, skip_locked=True)
_TAKE = (
    update(request)
    .values(
        seats_taken=_r.seats_taken + given("n"),
        off=_r.off + literal_column("1"),
        status=case((_r.seats_taken + given("n") == _r.quantity, _CLAIMED), else_=_r.status),
    )
    .where(
        _r.id == given("id"),
        _r.status == _OPEN,
        or_(_r.quantity.is_(None), _r.seats_taken + given("n") <= _r.quantity),
    )
    .returning(*_ALL)
)
_GIVE = (
    update(request)
    .values(
        seats_taken=_r.seats_taken - given("n"),
        off=_r.off + literal_column("1"),
        status=case((_r.status == _CLAIMED, _OPEN), else_=_r.status),
    )
    .where(_r.id == given("id"))
    .returning(*_ALL)
)
_ADD_NOTE = adding(note, "id")
_NOTES = (
    select(_n.public_id, _n.author, _n.text, _n.at)
    .where(_n.request_id == given("id"))
    .order_by(_n.id.desc())
    .limit(given("limit"))
)
_GOING = _one(_GOING_ON).order_by(_r.created_at.desc(), _r.id.desc()).limit(given("limit"))
_GOING_IN = (
    select(*_ALL)
    .where(_GOING_ON, Among(_r.cell, "cells"))
    .order_by(_r.created_at.desc(), _r.id.desc())
    .limit(given("limit"))
)
# Not by an index on closed_at, which every close would have to keep: a look at the newest rows is enough for a wall.
_newest = request.alias("newest")
_NEWEST = select(func.max(_newest.c.id) - literal_column(str(limits.ENDED_AMONG))).scalar_subquery()
_ENDED = (
    _one(_r.id > _NEWEST, _r.closed_at >= given("since"))
    .order_by(_r.closed_at.desc(), _r.id.desc())
    .limit(given("limit"))
)
_SIMILAR = (
    _one(
        _GOING_ON,
        _r.kind == given("kind"),
        _r.created_at >= given("since"),
        _r.drill == given("drill"),
        _r.cell.is_not_distinct_from(given("cell")),
        or_(
            _r.requester == given("requester"),
            exists().where(
                and_(
                    _s.request_id == _r.id,
                    or_(_s.contact_mark == given("today"), _s.contact_mark == given("yesterday")),
                )
            ),
        ),
    )
    .order_by(_r.created_at.desc(), _r.id.desc())
    .limit(literal_column("1"))
)
_OF_PERSON = _one(_r.requester == given("person")).order_by(_r.created_at.desc(), _r.id.desc()).limit(given("limit"))
_MARKS = select(_s.request_id, _s.contact_mark).where(Among(_s.request_id, "ids"), _s.contact_mark.is_not(None))
_VOUCH = adding(vouch).on_conflict_do_nothing()
_UNVOUCH = delete(vouch).where(vouch.c.request_id == given("request_id"), vouch.c.person_id == given("person_id"))
_VOUCHERS = select(vouch.c.person_id).where(vouch.c.request_id == given("id")).order_by(vouch.c.at, vouch.c.person_id)


@cache
def _set(columns: tuple[str, ...]) -> ClauseElement:
    return (
        update(request).values({name: given(name) for name in columns}).where(_r.id == given("w_id")).returning(*_ALL)
    )


def _request(row: Row) -> Request:
    """The row, in the table's order, as the domain knows it."""
    reach = json.loads(row[18])
    return Request(
        id=row[0], public_id=row[1], requester=row[2], kind=row[3], quantity=row[4], seats_taken=row[5],
        status=RequestState(row[6]), urgency=Urgency(row[7]), for_other=bool(row[8]),
        needs=tuple(json.loads(row[9])), cell=row[10], empty_land=bool(row[11]), country=row[12], off=row[13],
        created_at=moment(row[14]), deadline_at=moment(row[15]), closed_at=moment_or_none(row[16]),
        disposition=None if row[17] is None else Disposition(row[17]),
        reach=Reach(
            rings_max=reach["rings_max"],
            communities=None if reach["communities"] is None else tuple(reach["communities"]),
            open=reach["open"],
        ),
        wave=row[19], alerted=row[20], seen=row[21], raised=bool(row[22]),
        forecast=None if row[23] is None else json.loads(row[23]), show_travel=bool(row[24]), drill=bool(row[25]),
    )  # fmt: skip


def _reach(reach: Reach) -> str:
    return as_json({"rings_max": reach.rings_max, "communities": reach.communities, "open": reach.open})


def _columns(changes: dict[str, object]) -> dict[str, object]:
    columns = stored_changes({name: value for name, value in changes.items() if name != "reach"})
    reach = changes.get("reach")
    if isinstance(reach, Reach):
        columns["reach"] = _reach(reach)
    return columns


class StoredRequests:
    """ports.Requests over one link."""

    def __init__(self, link: Link, secrets: StoredSecrets) -> None:
        self._link, self._secrets = link, secrets

    def add(self, request: Request, secrets: Secrets, origin: str | None = None) -> Request:
        """The request with its new id. `origin`: kept as a mark that can be compared alone."""
        r = request
        row = self._link.one(
            _ADD, public_id=r.public_id, requester=r.requester, kind=r.kind, quantity=r.quantity,
            seats_taken=r.seats_taken, status=r.status.value, urgency=r.urgency.value, for_other=r.for_other,
            needs=as_json(r.needs), cell=r.cell, empty_land=r.empty_land, country=r.country, off=r.off,
            created_at=micros(r.created_at), deadline_at=micros(r.deadline_at), closed_at=micros_or_none(r.closed_at),
            disposition=r.disposition.value if r.disposition else None, reach=_reach(r.reach), wave=r.wave,
            alerted=r.alerted, seen=r.seen, raised=r.raised,
            forecast=None if r.forecast is None else as_json(r.forecast), show_travel=r.show_travel, drill=r.drill,
        )  # fmt: skip
        self._secrets.add(row[0], secrets, origin)
        return replace(r, id=row[0])

    def by_public(self, public_id: str) -> Request | None:
        """The request of that public id."""
        row = self._link.row(_BY_PUBLIC, public_id=public_id)
        return _request(row) if row else None

    def by_id(self, request_id: int) -> Request | None:
        """The request of that id."""
        row = self._link.row(_BY_ID, id=request_id)
        return _request(row) if row else None

    def by_ids(self, request_ids: Iterable[int]) -> dict[int, Request]:
        """Those that exist, by id."""
        return {row[0]: _request(row) for row in self._link.rows(_BY_IDS, ids=as_json(list(request_ids)))}

    def lock(self, request_id: int, *, skip_locked: bool = False) -> Request | None:
        """The request, locked until the end; None if unknown, or busy with skip_locked."""
        row = self._link.row(_LOCK_IF_FREE if skip_locked else _LOCK, id=request_id)
        return _request(row) if row else None

    def take_seats(self, request_id: int, seats: int) -> Request | None:
        """The request after taking them; None if they don't fit or it isn't open."""
        if seats < 1:
            raise ValueError(f"{seats} seats can't be taken")
        row = self._link.row(_TAKE, id=request_id, n=seats)
        return _request(row) if row else None

    def give_seats(self, request_id: int, seats: int) -> Request:
        """The request with those seats open again. Raises: KeyError for an unknown request."""
        if seats < 1:
            raise ValueError(f"{seats} seats can't be given back")
        return self._changed(self._link.row(_GIVE, id=request_id, n=seats), request_id)

    def set(self, request_id: int, **changes: object) -> Request:
        """The request after the changes. Raises: KeyError for an unknown request."""
        columns = _columns(changes)
        return self._changed(self._link.row(_set(tuple(columns)), w_id=request_id, **columns), request_id)

    def _changed(self, row: Row | None, request_id: int) -> Request:
        if row is None:
            raise KeyError(f"no request {request_id}")
        return _request(row)

    def secrets(self, request_id: int) -> Secrets:
        """Its secrets; empty ones for an unknown request or after they were erased."""
        return self._secrets.read(request_id)

    def set_secrets(self, request_id: int, **changes: object) -> None:
        """Changes named like the fields of Secrets; None erases. Raises: KeyError once they were erased."""
        self._secrets.change(request_id, changes)

    def token(self, request_id: int, prefix: str) -> str | None:
        """A token that is the same each time, made of the request's key; None when that is gone."""
        return self._secrets.token(request_id, prefix)

    def add_note(self, request_id: int, note_id: str, author: int | None, text: str, at: datetime) -> bool:
        """One more note; False when the request's key is gone, and with it everything that was said."""
        sealed = self._secrets.close(request_id, text, note_id)
        if sealed is None:
            return False
        self._link.run(_ADD_NOTE, public_id=note_id, request_id=request_id, author=author, text=sealed, at=micros(at))
        return True

    def notes(self, request_id: int, limit: int) -> list[tuple[str, int | None, str, datetime]]:
        """The newest of them, oldest first."""
        rows = self._link.rows(_NOTES, id=request_id, limit=limit)
        read = self._secrets.reader(request_id) if rows else None
        if read is None:
            return []
        told = [
            (public_id, author, read(text, public_id), moment(at)) for public_id, author, text, at in reversed(rows)
        ]
        return [(public_id, author, text, at) for public_id, author, text, at in told if text is not None]

    def shred(self, request_id: int) -> bool:
        """Destroys the request's key, its secrets, notes and reasons; False if they were gone already."""
        return self._secrets.shred(request_id)

    def open_in(self, cells: Sequence[str] | None, limit: int) -> list[Request]:
        """Requests that are not over, newest first."""
        if cells is None:
            return [_request(row) for row in self._link.rows(_GOING, limit=limit)]
        return [_request(row) for row in self._link.rows(_GOING_IN, cells=as_json(list(cells)), limit=limit)]

    def ended_since(self, since: datetime, limit: int) -> list[Request]:
        """The newest that have ended since then."""
        return [_request(row) for row in self._link.rows(_ENDED, since=micros(since), limit=limit)]

    def similar(
        self,
        requester: int | None,
        kind: str,
        cell: str | None,
        phone: str | None,
        since: datetime,
        *,
        drill: bool = False,
    ) -> Request | None:
        """The newest one still going on; a `cell` of None fits only requests without one."""
        today, yesterday = self._secrets.marks(phone)
        row = self._link.row(
            _SIMILAR,
            kind=kind,
            since=micros(since),
            cell=cell,
            requester=requester,
            today=today,
            yesterday=yesterday,
            drill=drill,
        )
        return _request(row) if row else None

    def contact_marks(self, request_ids: Iterable[int]) -> dict[int, bytes]:
        """Of those requests that have one, what two with the same phone of the same day have in common."""
        rows = self._link.rows(_MARKS, ids=as_json(list(request_ids)))
        return {row[0]: bytes(row[1]) for row in rows}

    def of_person(self, person_id: int, limit: int) -> list[Request]:
        """What that person asked for, newest first."""
        return [_request(row) for row in self._link.rows(_OF_PERSON, person=person_id, limit=limit)]

    def vouch(self, request_id: int, person_id: int, at: datetime) -> bool:
        """False if they vouched already."""
        return self._link.run(_VOUCH, request_id=request_id, person_id=person_id, at=micros(at)) > 0

    def unvouch(self, request_id: int, person_id: int) -> bool:
        """False if they hadn't."""
        return self._link.run(_UNVOUCH, request_id=request_id, person_id=person_id) > 0

    def vouchers(self, request_id: int) -> list[int]:
        """Who vouched, first one first."""
        return [row[0] for row in self._link.rows(_VOUCHERS, id=request_id)]
