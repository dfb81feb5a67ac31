"""Work with a date, one row per (kind, target)."""

from datetime import datetime

from sqlalchemy import delete, func, select

from dispatch.ports import DueWork
from dispatch.store.build import adding, given
from dispatch.store.link import Link
from dispatch.store.state import State
from dispatch.store.tables import due
from dispatch.store.times import micros, moment, moment_or_none

_d = due.c

_ADD = adding(due)
_PUT = _ADD.on_conflict_do_update(index_elements=["kind", "target"], set_={"due_at": _ADD.excluded.due_at})
_PUT_SOONER = _ADD.on_conflict_do_update(
    index_elements=["kind", "target"],
    set_={"due_at": _ADD.excluded.due_at},
    where=_ADD.excluded.due_at < _d.due_at,
)
_REMOVE = delete(due).where(_d.kind == given("kind"), _d.target == given("target"))
_REMOVE_BY = _REMOVE.where(_d.due_at <= given("due_by"))
_READY = (
    select(_d.kind, _d.target, _d.due_at)
    .where(_d.due_at <= given("now"))
    .order_by(_d.due_at, _d.kind, _d.target)
    .limit(given("limit"))
)
_NEXT = select(func.min(_d.due_at))


class StoredDue:
    """ports.Due over one link."""

    def __init__(self, link: Link, state: State) -> None:
        self._link = link
        self._state = state

    def put(self, kind: str, target: int, due_at: datetime, *, sooner_only: bool = False) -> None:
        """Sets the date; with sooner_only an earlier date that stands is kept."""
        self._state.told += 1
        self._link.run(_PUT_SOONER if sooner_only else _PUT, kind=str(kind), target=target, due_at=micros(due_at))

    def remove(self, kind: str, target: int, *, due_by: datetime | None = None) -> None:
        """No such work any more; with due_by, only if its date is not a later one."""
        if due_by is None:
            self._link.run(_REMOVE, kind=str(kind), target=target)
        else:
            self._link.run(_REMOVE_BY, kind=str(kind), target=target, due_by=micros(due_by))

    def take(self, kind: str, target: int, now: datetime) -> bool:
        """Removes it if it is due; False if another worker was first, or its date is later."""
        return self._link.run(_REMOVE_BY, kind=str(kind), target=target, due_by=micros(now)) > 0

    def ready(self, now: datetime, limit: int) -> list[DueWork]:
        """What is due by now, oldest first; no locks."""
        return [
            DueWork(kind=kind, target=target, due_at=moment(due_at))
            for kind, target, due_at in self._link.rows(_READY, now=micros(now), limit=limit)
        ]

    def next_at(self) -> datetime | None:
        """The next date there is."""
        row = self._link.row(_NEXT)
        return moment_or_none(row[0]) if row else None
