"""Who was told of what, and what they answered. One alert per person and request, ever."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, and_, case, delete, func, literal_column, or_, select, update

from dispatch.domain.alert import Alert, Answer, NewAlert, Reasons
from dispatch.domain.learning import AlertFacts
from dispatch.store.build import adding, given
from dispatch.store.dialect import Among
from dispatch.store.link import Link, Row, as_json
from dispatch.store.secrets import StoredSecrets
from dispatch.store.tables import alert, request, request_secret
from dispatch.store.times import micros, moment, moment_or_none, seconds

_a = alert.c
_ALL = tuple(alert.c)
_STOOD_DOWN: ColumnElement[str] = literal_column("'stood_down'")

_ADD = adding(alert, "id").on_conflict_do_nothing(index_elements=["request_id", "person_id"])
_WRITTEN = select(*_ALL).where(_a.request_id == given("id"), Among(_a.public_id, "public_ids")).order_by(_a.id)
_BY_PUBLIC = select(*_ALL).where(_a.public_id == given("public_id"))
_NAMED = select(_a.request_id, _a.public_id).where(_a.id == given("id"))
_OF = select(*_ALL).where(_a.request_id == given("request"), _a.person_id == given("person"))
_OF_REQUEST = select(*_ALL).where(_a.request_id == given("id")).order_by(_a.id)
_OF_PERSON = (
    select(*_ALL).where(_a.person_id == given("id")).order_by(_a.created_at.desc(), _a.id.desc()).limit(given("limit"))
)
# Seen once, by whatever a person does; being stood down, or asked again after it, is nobody's doing.
_ANSWER = (
    update(alert)
    .values(
        answer=given("answer"),
        reason=given("reason"),
        answered_at=given("answered_at"),
        seen_at=case(
            (and_(given("by_person") == literal_column("0")), _a.seen_at),
            (and_(given("by_person") == literal_column("2"), _a.answer == _STOOD_DOWN), _a.seen_at),
            else_=func.coalesce(_a.seen_at, given("at")),
        ),
    )
    .where(_a.id == given("w_id"))
    .returning(*_ALL)
)
_FORGET = delete(alert).where(_a.person_id == given("id"))
_UNANSWERED = (
    select(*_ALL)
    .where(_a.request_id == given("id"), or_(_a.answer.is_(None), _a.answer == literal_column("'acknowledged'")))
    .order_by(_a.id)
    .limit(given("limit"))
)
_STOOD = (
    select(*_ALL).where(_a.request_id == given("id"), _a.answer == _STOOD_DOWN).order_by(_a.id).limit(given("limit"))
)
_COUNTS = select(func.count(), func.count(_a.seen_at)).where(_a.request_id == given("id"))
_SENT_SINCE = (
    select(_a.person_id, func.count())
    .where(Among(_a.person_id, "people"), _a.created_at >= given("since"))
    .group_by(_a.person_id)
)

_STRANGERS = select(func.count()).where(_a.request_id == given("id"), _a.ring == literal_column("'open'"))
_here, _there = request_secret.alias("here"), request_secret.alias("there")
_NEARBY = (
    select(func.count())
    .select_from(
        _here.join(_there, _there.c.origin_mark == _here.c.origin_mark).join(
            alert, _a.request_id == _there.c.request_id
        )
    )
    .where(_here.c.request_id == given("id"), _a.created_at >= given("since"))
)
_LATELY = (
    select(func.count())
    .select_from(alert.join(request, request.c.id == _a.request_id))
    .where(request.c.requester == given("requester"), _a.created_at >= given("since"))
)
_DRILLED = (
    select(_a.person_id)
    .distinct()
    .select_from(request.join(alert, request.c.id == _a.request_id))
    .where(request.c.drill.is_(True), request.c.created_at >= given("since"))
)
_FACTS = select(_a.person_id, _a.reasons, _a.created_at, _a.answer, _a.seen_at, _a.answered_at).where(
    _a.created_at >= given("since")
)
_FACTS_OF = _FACTS.where(Among(_a.person_id, "people"))


def _reasons(text: str) -> Reasons:
    held = json.loads(text)
    held["via"], held["raised_by"] = tuple(held.get("via", ())), tuple(held.get("raised_by", ()))
    return Reasons(**held)


def _alert(row: Row) -> Alert:
    """The row, in the table's order, as the domain knows it."""
    return Alert(
        id=row[0], public_id=row[1], request_id=row[2], person_id=row[3], wave=row[4], ring=row[5],
        reasons=_reasons(row[6]), created_at=moment(row[7]), answer=None if row[8] is None else Answer(row[8]),
        reason=row[9], seen_at=moment_or_none(row[10]), answered_at=moment_or_none(row[11]),
    )  # fmt: skip


def _told(reasons: Reasons) -> str:
    return as_json({name: getattr(reasons, name) for name in Reasons.__slots__})


class StoredAlerts:
    """ports.Alerts over one link."""

    def __init__(self, link: Link, secrets: StoredSecrets) -> None:
        self._link, self._secrets = link, secrets

    def _alert(self, row: Row) -> Alert:
        """The row as the domain knows it; a reason in words is sealed under the request's key."""
        found = _alert(row)
        if found.reason is None:
            return found
        read = self._secrets.reader(found.request_id)
        return replace(found, reason=read(found.reason, found.public_id) if read else None)

    def add(self, request_id: int, wave: int, at: datetime, alerts: Sequence[tuple[str, NewAlert]]) -> list[Alert]:
        """The alerts really written; a person already alerted is skipped."""
        if not alerts:
            return []
        stored = micros(at)
        self._link.many(
            _ADD,
            [
                {
                    "public_id": public_id, "request_id": request_id, "person_id": new.person_id, "wave": wave,
                    "ring": new.reasons.ring, "reasons": _told(new.reasons), "created_at": stored, "answer": None,
                    "reason": None, "seen_at": None, "answered_at": None,
                }
                for public_id, new in alerts
            ],
        )  # fmt: skip
        public_ids = as_json([public_id for public_id, _ in alerts])
        return [self._alert(row) for row in self._link.rows(_WRITTEN, id=request_id, public_ids=public_ids)]

    def by_public(self, public_id: str) -> Alert | None:
        """The alert of that public id."""
        row = self._link.row(_BY_PUBLIC, public_id=public_id)
        return self._alert(row) if row else None

    def of(self, request_id: int, person_id: int) -> Alert | None:
        """That person's alert for that request."""
        row = self._link.row(_OF, request=request_id, person=person_id)
        return self._alert(row) if row else None

    def of_request(self, request_id: int) -> list[Alert]:
        """All of them, in the order they were sent."""
        return [self._alert(row) for row in self._link.rows(_OF_REQUEST, id=request_id)]

    def of_person(self, person_id: int, limit: int) -> list[Alert]:
        """Newest first."""
        return [self._alert(row) for row in self._link.rows(_OF_PERSON, id=person_id, limit=limit)]

    def answer(self, alert_id: int, answer: Answer | None, at: datetime, reason: str | None = None) -> Alert:
        """The alert with that answer; None takes an answer back.

        `seen_at` is set once, unless it is a standing down or its undoing: nobody did those
        themselves. Raises: KeyError for an unknown alert.
        """
        stored = micros(at)
        if reason is not None:
            named = self._link.row(_NAMED, id=alert_id)
            reason = self._secrets.close(named[0], reason, named[1]) if named else None
        row = self._link.row(
            _ANSWER,
            w_id=alert_id,
            answer=answer.value if answer else None,
            reason=reason,
            answered_at=stored if answer else None,
            at=stored,
            by_person=0 if answer is Answer.STOOD_DOWN else 2 if answer is None else 1,
        )
        if row is None:
            raise KeyError(f"no alert {alert_id}")
        return self._alert(row)

    def forget(self, person_id: int) -> None:
        """Nothing says any more that this person was asked; the counts stay."""
        self._link.run(_FORGET, id=person_id)

    def unanswered(self, request_id: int, limit: int) -> list[Alert]:
        """Neither declined, claimed nor stood down."""
        return [self._alert(row) for row in self._link.rows(_UNANSWERED, id=request_id, limit=limit)]

    def stood_down(self, request_id: int, limit: int) -> list[Alert]:
        """Those who were told that they are no longer needed."""
        return [self._alert(row) for row in self._link.rows(_STOOD, id=request_id, limit=limit)]

    def counts(self, request_id: int) -> tuple[int, int]:
        """(alerted, seen)."""
        row = self._link.row(_COUNTS, id=request_id)
        return (row[0], row[1]) if row else (0, 0)

    def sent_since(self, people: Sequence[int], since: datetime) -> dict[int, int]:
        """Alerts sent to each of those people since then; people with none are absent."""
        rows = self._link.rows(_SENT_SINCE, people=as_json([int(p) for p in people]), since=micros(since))
        return dict(rows)

    def nearby(self, request_id: int, since: datetime) -> int:
        """People alerted since then by all requests that came from the same neighbourhood of addresses as this one."""
        return int(self._link.one(_NEARBY, id=request_id, since=micros(since))[0])

    def reached(self, request_id: int, requester: int, since: datetime) -> tuple[int, int]:
        """(strangers among those this request alerted, people all of its requester's alerted since then)."""
        strangers = self._link.one(_STRANGERS, id=request_id)[0]
        return int(strangers), int(self._link.one(_LATELY, requester=requester, since=micros(since))[0])

    def drilled_since(self, since: datetime) -> set[int]:
        """Everybody who was asked in a drill since then."""
        return {row[0] for row in self._link.rows(_DRILLED, since=micros(since))}

    def learned(self, people: Sequence[int] | None, since: datetime) -> AlertFacts:
        """What the matcher may learn from: every alert since then, of these people or (None) of all."""
        if people is None:
            rows = list(self._link.rows(_FACTS, since=micros(since)))
        else:
            rows = list(self._link.rows(_FACTS_OF, people=as_json([int(p) for p in people]), since=micros(since)))
        told = [json.loads(row[1]) for row in rows]
        return AlertFacts(
            person=np.asarray([row[0] for row in rows], dtype=np.int64),
            sent_s=seconds([row[2] for row in rows]),
            seen_s=seconds([row[4] for row in rows]),
            ended_s=seconds([row[5] if row[3] == Answer.STOOD_DOWN else None for row in rows]),
            claimed=np.asarray([row[3] == Answer.CLAIMED for row in rows], dtype=np.bool_),
            open=np.asarray(
                [row[3] is None and not reasons.get("drill") for row, reasons in zip(rows, told, strict=True)],
                dtype=np.bool_,
            ),
            exclusive=np.asarray([reasons.get("exclusive", False) for reasons in told], dtype=np.bool_),
            hears=np.asarray([reasons.get("hears", 0.7) for reasons in told], dtype=np.float64),
            usual=np.asarray([reasons.get("usual", 0.0) for reasons in told], dtype=np.float64),
        )
