"""The log: dense per topic, gapless over all, and a reader that has seen n has seen all up to n."""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import psycopg
import pytest
from sqlalchemy import make_url

from dispatch.domain.errors import SeatTaken
from dispatch.domain.events import CONTROL, Event, Tail
from dispatch.ports import Tx
from dispatch.store import SqlStore
from dispatch.store.times import moment
from tests.contract.worlds import START, World, a_world, claim, done, in_threads, seen, topic_offs


def read_all(store: SqlStore, seq: int = 0, page: int = 500) -> list[Event]:
    """Everything after `seq`, page by page, as a worker's tail reads."""
    events: list[Event] = []
    while True:
        found = page_after(store, events[-1].seq if events else seq, page)
        if not found:
            return events
        events += found


def page_after(store: SqlStore, seq: int, page: int) -> Sequence[Event]:
    return list(seen(store, lambda tx, now: tx.journal.after(seq, page)[1]))


def assert_dense(events: Sequence[Event]) -> None:
    """One gapless order over all, one per topic."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for topic in {event.topic for event in events} - {CONTROL}:
        offs = [event.off for event in events if event.topic == topic]
        assert offs == list(range(1, len(offs) + 1)), topic


def test_an_event_comes_back_as_it_was_written(store: SqlStore) -> None:
    world = done(store, a_world())
    r, person = world.request, world.people[1]

    def write(tx: Tx, now: datetime) -> datetime:
        assert tx.journal.append(f"r{r}", "posted", {"text": "Ω", "n": [1, None]}, actor=person, request_id=r) == 1
        assert tx.journal.append(f"p{person}", "alerted", {}, request_id=r) == 1
        assert tx.journal.append(CONTROL, "person_changed", {"person": person}) is None
        return now

    now = done(store, write)
    posted, alerted, control = read_all(store)
    assert posted == Event(
        seq=1, topic=f"r{r}", off=1, request_id=r, kind="posted", actor=person, body={"text": "Ω", "n": [1, None]},
        at=now,
    )  # fmt: skip
    assert (alerted.topic, alerted.off, alerted.seq) == (f"p{person}", 1, 2)
    assert (control.topic, control.off, control.request_id, control.seq) == (CONTROL, None, None, 3)


def test_an_event_in_nobodys_topic_is_a_bug(store: SqlStore) -> None:
    for topic in ("r1000000", "p1000000"):
        with pytest.raises(KeyError):
            done(store, partial(append_one, topic=topic))
    assert read_all(store) == []


def append_one(tx: Tx, now: datetime, topic: str) -> None:
    tx.journal.append(topic, "posted", {})


def test_a_topic_is_read_from_any_place_with_its_head_and_epoch(store: SqlStore) -> None:
    world = done(store, a_world())
    for _ in range(5):
        done(store, partial(append_one, topic=f"r{world.request}"))
    tail, head = seen(store, lambda tx, now: (tx.journal.topic(f"r{world.request}", 2, 2), tx.journal.head()))
    assert ([event.off for event in tail.events], tail.head) == ([3, 4], 5)
    assert (tail.epoch, 5) == head
    nobody = seen(store, lambda tx, now: tx.journal.topic("r1000000", 0, 2))
    assert (nobody.head, nobody.events) == (0, ())
    future = seen(store, lambda tx, now: tx.journal.topic(f"r{world.request}", 9, 2))
    assert (future.head, future.events) == (5, ())


def inbox(tx: Tx, now: datetime, person: int) -> Tail:
    return tx.journal.topic(f"p{person}", 0, 9)


def test_many_inboxes_are_written_in_order_for_each_person(store: SqlStore) -> None:
    world = done(store, a_world(people=4))
    a, b, c, d = world.people

    def write(tx: Tx, now: datetime) -> int | None:
        tx.journal.append_inbox("alerted", [(c, {"n": 1}), (a, {"n": 1}), (c, {"n": 2})], world.request)
        tx.journal.append_inbox("alert_changed", [(a, {"n": 2})], world.request)
        direct = tx.journal.append(f"p{a}", "claim_changed", {"n": 3})
        tx.journal.append_inbox("alert_changed", [(a, {"n": 4}), (b, {"n": 1})], None)
        assert tx.journal.topic(f"p{a}", 0, 9).head == 4
        return direct

    assert done(store, write) == 3
    for person, count in ((a, 4), (b, 1), (c, 2), (d, 0)):
        tail = seen(store, partial(inbox, person=person))
        assert [event.body["n"] for event in tail.events] == list(range(1, count + 1))
        assert tail.head == count
    assert_dense(read_all(store))


def test_time_in_the_log_is_the_time_the_job_was_given(store: SqlStore) -> None:
    world = done(store, a_world())

    def write(tx: Tx, now: datetime) -> datetime:
        append_one(tx, now, f"r{world.request}")
        return now

    now = done(store, write)
    assert [event.at for event in read_all(store)] == [now]


def writers_and_tail(store: SqlStore, rounds: int) -> list[Event]:
    """Eight people write at once while one reader tails; what the reader saw."""
    world: World = done(store, a_world(people=8, seats=None))
    over = threading.Event()
    tailed: list[Event] = []

    def tail() -> None:
        while not over.is_set():
            tailed.extend(read_all(store, tailed[-1].seq if tailed else 0, page=7))
        tailed.extend(read_all(store, tailed[-1].seq if tailed else 0))

    def write(person: int) -> None:
        luck = random.Random(person)

        def job(tx: Tx, now: datetime) -> None:
            request = tx.requests.take_seats(world.request, 1)
            assert request is not None
            tx.journal.append(f"r{world.request}", "claimed", {}, off=request.off)
            others = luck.sample(world.people, 4)
            tx.journal.append_inbox("alert_changed", [(other, {}) for other in others], world.request)
            if luck.random() < 0.2:
                raise SeatTaken(0)
            tx.journal.append(CONTROL, "person_changed", {"person": person})

        for _ in range(rounds):
            try:
                done(store, job)
            except SeatTaken:
                continue

    reader = threading.Thread(target=tail)
    reader.start()
    try:
        in_threads([partial(write, person) for person in world.people])
    finally:
        over.set()
        reader.join()
    return tailed


def test_a_tailing_reader_sees_every_event_once_in_order(store: SqlStore) -> None:
    tailed = writers_and_tail(store, rounds=15)
    assert tailed == read_all(store)
    assert_dense(tailed)


def test_a_tailing_reader_of_postgres_sees_every_event_however_it_is_written(postgres_store: SqlStore) -> None:
    tailed = writers_and_tail(postgres_store, rounds=10)
    assert tailed == read_all(postgres_store)
    assert_dense(tailed)


def test_an_order_taken_from_a_sequence_would_skip_events(migrated_url: str) -> None:
    """The mutant: a number taken at INSERT and seen at COMMIT; the stamp at COMMIT does not skip."""
    address = make_url(migrated_url).set(drivername="postgresql").render_as_string(hide_password=False)
    add = "INSERT INTO event (topic, kind, body, at) VALUES ('ctl', 'x', '{}', 0) RETURNING seq"
    with (
        psycopg.connect(address) as slow,
        psycopg.connect(address) as quick,
        psycopg.connect(address, autocommit=True) as reader,
    ):
        slow.execute("INSERT INTO log_head (id, epoch, seq) VALUES (1, 'e', 0)")
        slow.commit()
        slow.execute("CREATE TABLE plain (seq bigserial PRIMARY KEY)")
        slow.commit()
        for connection in (slow, quick):
            connection.execute("INSERT INTO plain DEFAULT VALUES")
            connection.execute(add)
        quick.commit()
        seen_first = {
            table: reader.execute(f"SELECT max(seq) FROM {table} WHERE seq > 0").fetchone()
            for table in ("plain", "event")
        }
        slow.commit()
        later = {
            table: reader.execute(f"SELECT count(*) FROM {table} WHERE seq > %s", seen_first[table]).fetchone()
            for table in ("plain", "event")
        }
    assert later == {"plain": (0,), "event": (1,)}


def test_a_clock_set_back_does_not_set_the_log_back(open_sqlite_again: Callable[[], SqlStore]) -> None:
    with open_sqlite_again() as store:
        world = done(store, a_world())
        done(store, claim(world.request, world.people[1]))
        future = START.replace(year=2030)
        done(
            store,
            lambda tx, now: tx.link.say(f"UPDATE event SET at = at + {(future - START).total_seconds():.0f}000000"),
        )
    with open_sqlite_again() as store:
        assert done(store, lambda tx, now: now) >= future
        assert seen(store, lambda tx, now: now) >= future
        assert topic_offs(store, f"r{world.request}") == [1]
    assert moment(0).year == 1970
