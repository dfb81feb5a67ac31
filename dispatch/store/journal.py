"""The log: what happened, dense per topic, in one order over all, within an epoch.

All reading goes through `after` and `topic`. On SQLite the one writer numbers the rows; on
PostgreSQL a deferred trigger does at COMMIT, because a sequence is taken at INSERT and seen at
COMMIT: a reader that has seen 8 would never see a 7 that commits later.
Invariants: per topic 1, 2, 3 …; a reader that has seen n has seen all up to n
(tests/contract/test_journal.py).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, literal_column, select, update

from dispatch.domain.events import CONTROL, Event, Tail
from dispatch.store.build import adding, given
from dispatch.store.dialect import Among, Timeline
from dispatch.store.link import Link, Row, as_json
from dispatch.store.state import State
from dispatch.store.tables import event, log_head, person, request
from dispatch.store.times import micros, moment

_e, _h = event.c, log_head.c
_ALL = tuple(event.c)

_ADD_NUMBERED = adding(event)
_ADD = adding(event, "seq")
_BUMP_REQUEST = (
    update(request).values(off=request.c.off + literal_column("1")).where(request.c.id == given("id"))
).returning(request.c.off)
_BUMP_PERSON = (
    update(person).values(inbox_off=person.c.inbox_off + literal_column("1")).where(person.c.id == given("id"))
).returning(person.c.inbox_off)
_LOCK_INBOXES = (
    select(person.c.id, person.c.inbox_off)
    .where(Among(person.c.id, "ids"))
    .order_by(person.c.id)
    .with_for_update(key_share=True)
)
_SET_INBOX = update(person).values(inbox_off=bindparam("inbox_off")).where(person.c.id == given("w_id"))
_HEAD = select((_h.epoch + Timeline()).label("epoch"), _h.seq).where(_h.id == literal_column("1"))
_AFTER = select(*_ALL).where(_e.seq > given("seq")).order_by(_e.seq).limit(given("limit"))
_TOPIC = select(*_ALL).where(_e.topic == given("topic"), _e.off > given("after")).order_by(_e.off).limit(given("limit"))
_REQUEST_HEAD = select(request.c.off).where(request.c.id == given("id"))
_PERSON_HEAD = select(person.c.inbox_off).where(person.c.id == given("id"))
_NEXT_FROM = select(_e.at).where(_e.seq >= given("seq")).order_by(_e.seq).limit(literal_column("1"))
_TRIM = delete(event).where(
    _e.seq.in_(
        select(_e.seq)
        .where(_e.topic >= given("family"), _e.topic < given("next"), _e.seq <= given("upto"))
        .limit(given("limit"))
    )
)
LAST_MOMENT = select(func.max(_e.at))
SET_HEAD = update(log_head).values(seq=bindparam("seq")).where(_h.id == literal_column("1"))


def _event(row: Row) -> Event:
    """The row, in the table's order, as the domain knows it."""
    return Event(
        seq=row[0], topic=row[1], off=row[2], request_id=row[3], kind=row[4], actor=row[5],
        body=json.loads(row[6]), at=moment(row[7]),
    )  # fmt: skip


class StoredJournal:
    """ports.Journal over one link."""

    def __init__(self, link: Link, state: State) -> None:
        self._link = link
        self._state = state

    def append(
        self,
        topic: str,
        kind: str,
        body: Mapping[str, object],
        *,
        actor: int | None = None,
        request_id: int | None = None,
        off: int | None = None,
    ) -> int | None:
        """The offset of the new event in its topic; None on the control topic.

        Raises: KeyError for a topic of nobody.
        """
        if off is None and topic != CONTROL:
            off = self._bump(topic)
        self._write(topic, off, request_id, kind, actor, body)
        return off

    def _bump(self, topic: str) -> int:
        if topic[0] == "p":
            self.flush()  # earlier inbox events keep their place before this one
            row = self._link.row(_BUMP_PERSON, id=int(topic[1:]))
        else:
            row = self._link.row(_BUMP_REQUEST, id=int(topic[1:]))
        if row is None:
            raise KeyError(f"no topic {topic}")
        off: int = row[0]
        return off

    def _write(
        self,
        topic: str,
        off: int | None,
        request_id: int | None,
        kind: str,
        actor: int | None,
        body: Mapping[str, object],
    ) -> None:
        state = self._state
        state.told += 1
        if state.numbers:
            state.seq += 1
            self._link.run(
                _ADD_NUMBERED, seq=state.seq, topic=topic, off=off, request_id=request_id, kind=str(kind),
                actor=actor, body=as_json(body), at=state.now,
            )  # fmt: skip
        else:
            self._link.run(
                _ADD, topic=topic, off=off, request_id=request_id, kind=str(kind), actor=actor, body=as_json(body),
                at=state.now,
            )  # fmt: skip

    def append_inbox(self, kind: str, rows: Sequence[tuple[int, Mapping[str, object]]], request_id: int | None) -> None:
        """Many inbox events; written at the end, sorted by person, so that transactions never deadlock."""
        self._state.told += len(rows)
        self._state.inbox += [(int(person_id), str(kind), body, request_id) for person_id, body in rows]

    def flush(self) -> None:
        """Writes the waiting inbox events. Raises: KeyError for an unknown person."""
        state = self._state
        waiting = state.inbox
        if not waiting:
            return
        state.inbox = []
        waiting.sort(key=lambda one: one[0])  # stable: one person's events keep their order
        people = sorted({one[0] for one in waiting})
        offs: dict[int, int] = dict(self._link.rows(_LOCK_INBOXES, ids=as_json(people)))
        if len(offs) < len(people):
            raise KeyError(f"no inbox of {sorted(set(people) - set(offs))}")
        rows: list[dict[str, object]] = []
        for person_id, kind, body, request_id in waiting:
            offs[person_id] += 1
            row: dict[str, object] = {
                "topic": f"p{person_id}", "off": offs[person_id], "request_id": request_id, "kind": kind,
                "actor": None, "body": as_json(body), "at": state.now,
            }  # fmt: skip
            if state.numbers:
                state.seq += 1
                row["seq"] = state.seq
            rows.append(row)
        self._link.many(_SET_INBOX, [{"w_id": person_id, "inbox_off": offs[person_id]} for person_id in people])
        self._link.many(_ADD_NUMBERED if state.numbers else _ADD, rows)

    def after(self, seq: int, limit: int) -> tuple[str, Sequence[Event]]:
        """(epoch, events with a higher seq), in commit order, no gaps."""
        epoch, _ = self.head()
        return epoch, [_event(row) for row in self._link.rows(_AFTER, seq=seq, limit=limit)]

    def topic(self, topic: str, after: int, limit: int) -> Tail:
        """Epoch, head and the events of one topic after an offset; head 0 for a topic of nobody."""
        self.flush()
        epoch, _ = self.head()
        if topic == CONTROL:
            raise ValueError("the control topic has no offsets: read it with after()")
        row = self._link.row(_PERSON_HEAD if topic[0] == "p" else _REQUEST_HEAD, id=int(topic[1:]))
        events = tuple(_event(r) for r in self._link.rows(_TOPIC, topic=topic, after=after, limit=limit))
        return Tail(epoch=epoch, head=row[0] if row else 0, events=events)

    def trim(self, asks: datetime, inboxes: datetime, limit: int) -> int:
        """Deletes events of asks, and of inboxes and the house, from before those moments; at most so many of each.

        The head stays where it is: whoever asks for what is gone is given a snapshot.
        """
        gone = 0
        for families, before in ((("r",), asks), (("p", CONTROL), inboxes)):
            upto = self._seq_at(before)
            gone += sum(self._trim(each, upto, limit) for each in families)
        return gone

    def _trim(self, family: str, upto: int, limit: int) -> int:
        """A range and no LIKE: only a range is looked up in the index of topics, on either engine."""
        after = family[:-1] + chr(ord(family[-1]) + 1)
        return self._link.run(_TRIM, family=family, next=after, upto=upto, limit=limit)

    def _seq_at(self, moment: datetime) -> int:
        """The last event from before that moment. Events lie in the order of time, and no index says more."""
        low, high = 0, self.head()[1]
        while low < high:
            middle = (low + high + 1) // 2
            row = self._link.row(_NEXT_FROM, seq=middle)
            if row is not None and row[0] < micros(moment):
                low = middle
            else:
                high = middle - 1
        return low

    def head(self) -> tuple[str, int]:
        """(epoch, last seq)."""
        row = self._link.one(_HEAD)
        return row[0], self._state.seq if self._state.numbers else row[1]
