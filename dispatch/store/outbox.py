"""Messages to the outside, tried until done: leased by one worker at a time."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import case, delete, func, literal_column, null, or_, select, update

from dispatch.ports import Fate, OutboxItem
from dispatch.store.build import adding, given
from dispatch.store.link import Link, as_json
from dispatch.store.state import State
from dispatch.store.tables import outbox
from dispatch.store.times import micros, moment_or_none

_o = outbox.c

_PUT = adding(outbox, "id", "attempts", "leased_by", "leased_until", "done_at")
_PUT_ONCE = _PUT.values(attempts=literal_column("0")).on_conflict_do_nothing(index_elements=["dedupe"])
_WAITING = (
    select(_o.id)
    .where(
        _o.done_at.is_(None),
        _o.channel == given("channel"),
        _o.due_at <= given("now"),
        or_(_o.leased_until.is_(None), _o.leased_until < given("now")),
    )
    .order_by(_o.due_at, _o.id)
    .limit(given("limit"))
    .with_for_update(skip_locked=True)
)
_LEASE = (
    update(outbox)
    .values(leased_by=given("worker"), leased_until=given("until"), attempts=_o.attempts + literal_column("1"))
    .where(_o.id.in_(_WAITING.scalar_subquery()))
    .returning(_o.id, _o.channel, _o.target, _o.body, _o.attempts)
)
# Leased by somebody: not before the lease is over.
_FREE_AT = case((_o.leased_until > _o.due_at, _o.leased_until), else_=_o.due_at)
_NEXT = select(func.min(_FREE_AT)).where(_o.done_at.is_(None), _o.channel == given("channel"))
_OLDEST = select(func.min(_o.due_at)).where(_o.done_at.is_(None))
_DONE = (
    update(outbox)
    .values(done_at=given("at"), leased_by=null(), leased_until=null())
    .where(_o.id == given("w_id"), _o.leased_by == given("worker"), _o.done_at.is_(None))
)
_RETRY = (
    update(outbox)
    .values(due_at=given("due_at"), leased_by=null(), leased_until=null())
    .where(_o.id == given("w_id"), _o.leased_by == given("worker"), _o.done_at.is_(None))
)
_PUT_BACK = _RETRY.values(attempts=_o.attempts - literal_column("1"))
_DROP = delete(outbox).where(_o.id == given("id"), _o.leased_by == given("worker"), _o.done_at.is_(None))
_FATE = select(_o.done_at, _o.leased_until).where(_o.dedupe == given("dedupe"))
_FORGET = delete(outbox).where(
    _o.id.in_(select(_o.id).where(_o.done_at < given("before")).order_by(_o.id).limit(given("limit")))
)


class StoredOutbox:
    """ports.Outbox over one link."""

    def __init__(self, link: Link, state: State) -> None:
        self._link = link
        self._state = state

    def put_all(self, channel: str, rows: Iterable[tuple[int, Mapping[str, object], str]], due_at: datetime) -> None:
        """One more message each, (target, body, dedupe), unless one with that `dedupe` was ever put."""
        due = micros(due_at)
        made = [
            {"channel": channel, "target": target, "body": as_json(body), "dedupe": dedupe, "due_at": due}
            for target, body, dedupe in rows
        ]
        if made:
            self._state.told += 1
            self._link.many(_PUT_ONCE, made)

    def lease(self, channel: str, worker: str, now: datetime, until: datetime, limit: int) -> list[OutboxItem]:
        """Messages that are this worker's until then; another may take them afterwards."""
        rows = self._link.rows(
            _LEASE, channel=channel, worker=worker, now=micros(now), until=micros(until), limit=limit
        )
        return [
            OutboxItem(id=row[0], channel=row[1], target=row[2], body=json.loads(row[3]), attempts=row[4])
            for row in sorted(rows)
        ]

    def oldest(self) -> datetime | None:
        """Since when the oldest message waits that is due and not done."""
        row = self._link.row(_OLDEST)
        return moment_or_none(row[0]) if row else None

    def next_at(self, channel: str) -> datetime | None:
        """From when on somebody could lease something of it."""
        row = self._link.row(_NEXT, channel=channel)
        return moment_or_none(row[0]) if row else None

    def fate(self, dedupe: str, now: datetime) -> Fate:
        """What became of the message put under that name."""
        row = self._link.row(_FATE, dedupe=dedupe)
        if row is None:
            return Fate.NEVER
        if row[0] is not None:
            return Fate.SENT
        return Fate.ON_ITS_WAY if row[1] is not None and row[1] >= micros(now) else Fate.WAITING

    def drop(self, item_id: int, worker: str) -> bool:
        """It is not sent after all, as if it had never been put; False if it is no longer this worker's."""
        return self._link.run(_DROP, id=item_id, worker=worker) > 0

    def forget(self, before: datetime, limit: int) -> int:
        """How many that were done before that moment are gone now: the oldest, at most so many."""
        return self._link.run(_FORGET, before=micros(before), limit=limit)

    def done(self, item_id: int, worker: str, at: datetime) -> bool:
        """False if it is no longer this worker's."""
        return self._link.run(_DONE, w_id=item_id, worker=worker, at=micros(at)) > 0

    def retry(self, item_id: int, worker: str, due_at: datetime) -> bool:
        """Tried again from then on; False if it is no longer this worker's."""
        return self._link.run(_RETRY, w_id=item_id, worker=worker, due_at=micros(due_at)) > 0

    def put_back(self, item_id: int, worker: str, due_at: datetime) -> bool:
        """As `retry`, for one that was not tried: this time doesn't count."""
        return self._link.run(_PUT_BACK, w_id=item_id, worker=worker, due_at=micros(due_at)) > 0
