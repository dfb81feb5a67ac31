"""Several processes on one PostgreSQL: deadlocks, lost lines and restarts are nobody's fault."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

import psycopg
import pytest
from sqlalchemy import make_url

from dispatch.domain.errors import Busy
from dispatch.ids import SystemIds
from dispatch.ports import IdemKey, Tx
from dispatch.store import SqlStore
from dispatch.store.postgres import open_postgres
from tests.contract.test_journal import assert_dense, read_all
from tests.contract.worlds import SECRET, a_world, claim, done, in_threads, seen, topic_offs
from tests.support.engines import Postgres

pytestmark = pytest.mark.engines


def opened(url: str, writers: int = 1) -> SqlStore:
    return open_postgres(url, ids=SystemIds(), secret=SECRET, writers=writers)


def hang_up(url: str) -> int:
    """Ends every line of our own; how many there were."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as admin:
        rows = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'flare' AND datname = current_database()"
        ).fetchall()
    return len(rows)


def taken(store: SqlStore, request_id: int) -> int:
    return int(seen(store, lambda tx, now: tx.requests.by_id(request_id)).seats_taken)


def test_a_lost_line_is_picked_up_by_writers_and_readers(migrated_url: str) -> None:
    with opened(migrated_url) as store:
        world = done(store, a_world(people=5))
        for number, person in enumerate(world.people):
            done(store, claim(world.request, person))
            assert len(topic_offs(store, f"r{world.request}")) == number + 1
            assert hang_up(migrated_url) >= 2
        assert seen(store, lambda tx, now: tx.requests.by_id(world.request)).seats_taken == 5


def test_a_line_lost_within_a_job_runs_the_job_again(migrated_url: str) -> None:
    with opened(migrated_url) as store:
        world = done(store, a_world())
        tries: list[int] = []

        def job(tx: Tx, now: datetime) -> str:
            tries.append(1)
            public = claim(world.request, world.people[1])(tx, now)
            if len(tries) == 1:
                hang_up(migrated_url)
            return public

        key = IdemKey(actor="p", key="k" * 8, fingerprint=b"f")
        first = store.submit(job, key=key).result()
        assert (len(tries), topic_offs(store, f"r{world.request}")) == (2, [1])
        assert store.submit(job, key=key).result() == first


def test_two_that_deadlock_are_both_done(migrated_url: str) -> None:
    with opened(migrated_url, writers=2) as store:
        one, two = done(store, a_world()), done(store, a_world())
        together = threading.Barrier(2, timeout=10)
        first_tries = threading.local()

        def job(first: int, second: int) -> Callable[[Tx, datetime], bool]:
            def run(tx: Tx, now: datetime) -> bool:
                tx.requests.lock(first)
                if not getattr(first_tries, "met", False):
                    first_tries.met = True
                    together.wait()
                tx.requests.lock(second)
                return tx.requests.take_seats(first, 1) is not None

            return run

        both = [store.submit(job(one.request, two.request)), store.submit(job(two.request, one.request))]
        assert [future.result() for future in both] == [True, True]
        for world in (one, two):
            assert topic_offs(store, f"r{world.request}") == []
            assert taken(store, world.request) == 1


@pytest.mark.parametrize("writers", [1, 4])
def test_two_workers_that_write_to_the_same_people_do_not_stop_each_other(migrated_url: str, writers: int) -> None:
    with opened(migrated_url, writers) as here, opened(migrated_url, writers) as there:
        world = done(here, a_world(people=12, seats=None))

        def job(tx: Tx, now: datetime, turn: int) -> None:
            request = tx.requests.take_seats(world.request, 1)
            assert request is not None
            tx.journal.append(f"r{world.request}", "claimed", {}, off=request.off)
            everyone = world.people if turn % 2 else tuple(reversed(world.people))
            tx.journal.append_inbox("alert_changed", [(person, {}) for person in everyone], world.request)

        def work(store: SqlStore) -> None:
            for future in [store.submit(partial(job, turn=turn)) for turn in range(30)]:
                future.result()

        in_threads([partial(work, here), partial(work, there)])
        events = read_all(there)
        assert_dense(events)
        assert len(events) == 60 * 13


def test_twins_in_two_workers_are_one_write(migrated_url: str) -> None:
    with opened(migrated_url, 4) as here, opened(migrated_url, 4) as there:
        world = done(here, a_world())
        key = IdemKey(actor="p", key="k" * 8, fingerprint=b"f")
        job = claim(world.request, world.people[1])
        twins = [store.submit(job, key=key) for _ in range(5) for store in (here, there)]
        assert len({twin.result() for twin in twins}) == 1
        assert topic_offs(here, f"r{world.request}") == [1]


def test_a_request_that_another_worker_holds_can_be_left_for_later(migrated_url: str) -> None:
    with opened(migrated_url) as here, opened(migrated_url) as there:
        world = done(here, a_world())

        def hold(tx: Tx, now: datetime) -> bool:
            tx.requests.lock(world.request)
            return bool(done(there, lambda tx, now: tx.requests.lock(world.request, skip_locked=True)) is None)

        assert done(here, hold)
        assert done(there, lambda tx, now: tx.requests.lock(world.request, skip_locked=True)) is not None


def test_a_server_that_stays_away_is_busy_and_nothing_is_lost(postgres: Postgres, migrated_url: str) -> None:
    with opened(migrated_url) as store:
        world = done(store, a_world())
        name = make_url(migrated_url).database
        with psycopg.connect(
            postgres.admin.set(drivername="postgresql").render_as_string(False), autocommit=True
        ) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            with pytest.raises(Busy):
                done(store, claim(world.request, world.people[1]))
            with pytest.raises(Busy):
                seen(store, lambda tx, now: 1)
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert topic_offs(store, f"r{world.request}") == []
        done(store, claim(world.request, world.people[1]))
        assert topic_offs(store, f"r{world.request}") == [1]


def test_time_is_the_servers_and_a_reader_cannot_write(migrated_url: str) -> None:
    with opened(migrated_url) as store:
        first, second = done(store, lambda tx, now: now), seen(store, lambda tx, now: now)
        assert first <= second
        with pytest.raises(Busy):
            seen(store, lambda tx, now: tx.due.remove("wave", 1))
