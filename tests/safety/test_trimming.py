"""What is older than it may be kept is deleted, on both engines; what is left still holds together."""

import contextlib
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.actions import erase
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.audit import AuditRow, Deed, broken_at, chained, trimmed_to
from dispatch.domain.events import CONTROL
from dispatch.store import SqlStore
from dispatch.store.dialect import SQLITE
from dispatch.store.journal import _TRIM
from tests.contract.worlds import a_world, done, seen
from tests.safety.test_audit import chain, rows, seal


def events(store: SqlStore) -> list[str]:
    """The topics of all events there are."""
    return [event.topic for event in seen(store, lambda tx, now: tx.journal.after(0, 5_000)[1])]


def trimmed(store: SqlStore, asks: timedelta, inboxes: timedelta) -> None:
    def job(tx: Any, now: datetime) -> int:
        gone: int = tx.journal.trim(now - asks, now - inboxes, 3)
        return gone

    while done(store, job):
        pass


def test_inboxes_go_after_thirty_days_and_asks_after_thirteen_months(store: SqlStore, clock: SteppedClock) -> None:
    world = done(store, a_world())
    r, p = f"r{world.request}", f"p{world.people[1]}"

    def write(tx: Any, now: datetime) -> None:
        for topic in (r, p) * 4:
            tx.journal.append(topic, "posted", {}, request_id=world.request)
        tx.journal.append(CONTROL, "person_changed", {"person": 1})

    done(store, write)
    head = seen(store, lambda tx, now: tx.journal.head())
    day = timedelta(days=1)
    trimmed(store, day, day)
    assert len(events(store)) == 9
    # The server's own clock counts on PostgreSQL: there it is the bound that is moved.
    trimmed(store, day, -day)
    assert events(store) == [r] * 4
    assert seen(store, lambda tx, now: tx.journal.head()) == head
    trimmed(store, -day, -day)
    assert events(store) == []
    done(store, lambda tx, now: tx.journal.append(r, "posted", {}, request_id=world.request))
    tail = seen(store, lambda tx, now: tx.journal.topic(r, 0, 100))
    assert [event.off for event in tail.events] == [tail.head]


def test_the_work_is_done_daily_in_small_pieces(open_sqlite_again: Any, clock: SteppedClock) -> None:
    store = open_sqlite_again()
    world = done(store, a_world())
    done(store, erase.begin_house_work)

    def write(tx: Any, now: datetime) -> None:
        for _ in range(limits.TRIM_CHUNK + 1):
            tx.journal.append(f"p{world.people[1]}", "alerted", {}, request_id=world.request)

    done(store, write)
    clock.step(limits.INBOX_KEPT)
    done(store, lambda tx, now: erase.trim(tx, now, 0))
    assert len(events(store)) == limits.TRIM_CHUNK + 1  # not a moment too early
    clock.step(limits.TRIM_EVERY)
    done(store, lambda tx, now: erase.trim(tx, now, 0))
    assert len(events(store)) == 1
    done(store, lambda tx, now: erase.trim(tx, now, 0))
    assert events(store) == []
    done(store, lambda tx, now: erase.trim(tx, now, 0))
    due = seen(store, lambda tx, now: [work.kind for work in tx.due.ready(now, 100)])
    assert "trim" not in due
    store.close()


def test_messages_that_were_sent_go_in_small_pieces(store: SqlStore) -> None:
    def write(tx: Any, now: datetime) -> None:
        tx.outbox.put_all("log", [(number, {}, f"d{number}") for number in range(5)], now)
        for item in tx.outbox.lease("log", "me", now, now + timedelta(minutes=1), 4):
            tx.outbox.done(item.id, "me", now)

    done(store, write)
    before = seen(store, lambda tx, now: now) + timedelta(days=1)
    assert [done(store, lambda tx, now: tx.outbox.forget(before, 3)) for _ in range(3)] == [3, 1, 0]


def test_old_events_are_looked_up_in_the_index_of_topics(open_sqlite_again: Any, sqlite_path: Path) -> None:
    with open_sqlite_again() as store:
        done(store, a_world())
    plan = SQLITE.spelt(_TRIM)
    with contextlib.closing(sqlite3.connect(sqlite_path)) as raw:
        steps = raw.execute(f"EXPLAIN QUERY PLAN {plan.sql}", [plan.constants.get(name, 1) for name in plan.names])
        told = [row[3] for row in steps]
    assert any("topic>? AND topic<?" in step for step in told), told


def test_the_chain_holds_after_its_oldest_rows_went_and_says_so_itself(
    open_sqlite_again: Any, clock: SteppedClock
) -> None:
    store = open_sqlite_again()
    rows(store, 5)
    seal(store)
    clock.step(timedelta(days=400))
    rows(store, 4)
    seal(store)
    assert chain(store) == (9, None)
    clock.step(limits.AUDIT_KEPT - timedelta(days=400) + timedelta(seconds=1))
    seal(store)
    assert chain(store) == (5, None)  # four that may be kept, and the one that says that five went
    clock.step(timedelta(days=400))
    seal(store)
    assert chain(store) == (2, None)
    store.close()


@pytest.mark.parametrize("said", [None, 4, 6])
def test_rows_cut_off_by_hand_are_no_trimming(said: int | None) -> None:
    sealed, previous = [], bytes(32)
    for place in range(1, 9):
        why = trimmed_to(said) if place == 8 and said is not None else "claimed"
        deed = Deed.TRIMMED if place == 8 and said is not None else Deed.DISCLOSED
        row = AuditRow(id=place, at=place, actor=1, deed=deed, person_id=None, request_id=None, why=why)
        previous = chained(previous, place, row)
        sealed.append((place, previous, row))
    assert broken_at(sealed) == (8, None)
    cut = [(place, held, None if place == 5 else row) for place, held, row in sealed[4:]]
    assert broken_at(cut) == (0, 5)
