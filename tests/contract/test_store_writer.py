"""The write loop: what is promised to whoever waits, whatever the others of the batch do."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.errors import Busy, Refused, SeatTaken
from dispatch.domain.events import CONTROL
from dispatch.ports import Lane, Tx
from dispatch.store import SqlStore
from tests.contract.worlds import Held, World, a_world, claim, done, in_threads, new_person, seen, topic_offs


def test_a_bug_in_one_job_harms_no_other_of_its_batch(store: SqlStore) -> None:
    world = done(store, a_world(people=30, seats=60))

    def bug(tx: Tx, now: datetime) -> None:
        claim(world.request, world.people[0])(tx, now)
        raise ZeroDivisionError("a bug")

    def broken_sql(tx: Tx, now: datetime) -> None:
        claim(world.request, world.people[0])(tx, now)
        tx.people.set(world.people[0], alerts_per_week_max=None)

    def refused(tx: Tx, now: datetime) -> None:
        claim(world.request, world.people[0])(tx, now)
        raise SeatTaken(0)

    def to_nobody(tx: Tx, now: datetime) -> None:
        claim(world.request, world.people[0])(tx, now)
        tx.journal.append_inbox("alerted", [(10**9, {})], world.request)

    held = Held(store)
    bad = [store.submit(job) for job in (bug, broken_sql, refused, to_nobody)]
    good = [store.submit(claim(world.request, person)) for person in world.people[1:]]
    bad += [store.submit(job) for job in (bug, broken_sql, refused, to_nobody)]
    held.let_go()
    assert len({future.result() for future in good}) == 29
    assert [type(future.exception()) for future in bad][::4] == [ZeroDivisionError] * 2
    assert [type(future.exception()) for future in bad][2::4] == [SeatTaken] * 2
    assert [type(future.exception()) for future in bad][3::4] == [KeyError] * 2
    assert all(future.exception() is not None for future in bad)
    read = seen(store, lambda tx, now: (tx.requests.by_id(world.request), tx.claims.of_request(world.request)))
    assert (read[0].seats_taken, len(read[1])) == (29, 29)
    assert topic_offs(store, f"r{world.request}") == list(range(1, 30))


def test_a_refusal_leaves_no_trace(store: SqlStore) -> None:
    world = done(store, a_world())
    before = seen(store, lambda tx, now: (tx.requests.by_id(world.request), tx.journal.head(), tx.due.next_at()))

    def refused(tx: Tx, now: datetime) -> None:
        claim(world.request, world.people[1])(tx, now)
        tx.journal.append_inbox("alerted", [(world.people[1], {})], world.request)
        new_person(tx, now)
        raise SeatTaken(0)

    with pytest.raises(SeatTaken):
        done(store, refused)
    after = seen(store, lambda tx, now: (tx.requests.by_id(world.request), tx.journal.head(), tx.due.next_at()))
    assert after == before
    assert len(seen(store, lambda tx, now: tx.network.people_columns())) == 3
    done(store, claim(world.request, world.people[1]))
    assert topic_offs(store, f"r{world.request}") == [1]


def test_an_answer_is_there_to_be_read_when_it_is_given(store: SqlStore) -> None:
    world = done(store, a_world(people=20, seats=60))

    def one(person: int) -> None:
        public = done(store, claim(world.request, person))
        assert seen(store, lambda tx, now: tx.claims.by_public(public)) is not None

    in_threads([partial(one, person) for person in world.people])


def test_a_read_is_one_snapshot_while_others_write(store: SqlStore) -> None:
    world = done(store, a_world(people=3, seats=60))

    def read(tx: Tx, now: datetime) -> None:
        before = tx.requests.by_id(world.request)
        assert before is not None
        done(store, lambda tx, now: tx.requests.take_seats(world.request, 1))
        assert tx.requests.by_id(world.request) == before

    for _ in range(3):
        seen(store, read)


def test_a_task_that_stops_waiting_does_not_undo_the_write(store: SqlStore) -> None:
    world = done(store, a_world())
    written = threading.Event()
    store.on_commit(written.set)

    async def night() -> None:
        held = Held(store)
        task = asyncio.create_task(store.write(claim(world.request, world.people[1])))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(held.let_go)
        answers = await asyncio.gather(
            *(store.write(lambda tx, now: 1) for _ in range(20)),
            store.write(claim(10**9, world.people[1])),
            store.read(lambda tx, now: 2),
            return_exceptions=True,
        )
        assert answers[:20] == [1] * 20
        assert isinstance(answers[20], SeatTaken)
        assert answers[21] == 2

    asyncio.run(night())
    assert written.wait(10)
    assert topic_offs(store, f"r{world.request}") == [1]


def test_hubs_are_told_only_of_what_they_could_read(store: SqlStore) -> None:
    world = done(store, a_world())
    heads: list[int] = []
    store.on_commit(lambda: heads.append(seen(store, lambda tx, now: tx.journal.head()[1])))
    done(store, lambda tx, now: new_person(tx, now).id)
    done(store, claim(world.request, world.people[1]))
    with pytest.raises(Refused):
        done(store, claim(10**9, world.people[1]))
    done(store, lambda tx, now: tx.journal.append(CONTROL, "person_changed", {}))
    store.close()
    # Whoever wrote is answered first: by the time a hub looks, the next event may be there already, never fewer.
    assert len(heads) == 2
    assert heads[0] in (1, 2)
    assert heads[1] == 2


@pytest.mark.parametrize("waiting", [limits.QUEUE_JOBS])
def test_the_last_place_in_the_queue_is_given_and_the_one_after_is_busy(
    open_sqlite_again: Callable[[], SqlStore], waiting: int
) -> None:
    store = open_sqlite_again()
    held = Held(store)
    accepted = [store.submit(lambda tx, now: 1) for _ in range(waiting)]
    refused = store.submit(lambda tx, now: 1)
    bulk = store.submit(lambda tx, now: 2, lane=Lane.BULK)
    assert isinstance(refused.exception(), Busy)
    held.let_go()
    assert [future.result() for future in accepted] == [1] * waiting
    assert bulk.result() == 2
    store.close()


def test_people_go_before_bulk_and_bulk_is_not_forgotten(open_sqlite_again: Callable[[], SqlStore]) -> None:
    store = open_sqlite_again()
    order: list[str] = []
    held = Held(store)
    bulk = [store.submit(lambda tx, now: order.append("bulk"), lane=Lane.BULK) for _ in range(2)]
    people = [store.submit(lambda tx, now: order.append("people")) for _ in range(3)]
    held.let_go()
    for future in bulk + people:
        future.result()
    assert order == ["people"] * 3 + ["bulk"] * 2
    store.close()


def test_what_was_accepted_before_closing_is_done(open_sqlite_again: Callable[[], SqlStore]) -> None:
    store = open_sqlite_again()
    world = done(store, a_world())
    held = Held(store)
    accepted = store.submit(claim(world.request, world.people[1]))
    closing = threading.Thread(target=store.close)
    closing.start()
    held.let_go()
    closing.join()
    assert accepted.result()
    assert isinstance(store.submit(lambda tx, now: 1).exception(), Busy)
    store = open_sqlite_again()
    assert topic_offs(store, f"r{world.request}") == [1]
    store.close()


STEPS = st.lists(st.tuples(st.sampled_from(["take", "give", "refuse", "bug"]), st.integers(1, 4)), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(script=STEPS)
def test_whatever_happens_seats_add_up_and_offsets_are_dense(
    open_sqlite_again: Callable[[], SqlStore], script: list[tuple[str, int]]
) -> None:
    with open_sqlite_again() as store:
        world: World = done(store, a_world(seats=9))
        taken = events = 0
        held = Held(store)
        futures = []

        def job(what: str, n: int) -> Callable[[Tx, datetime], bool]:
            def run(tx: Tx, now: datetime) -> bool:
                request = tx.requests.by_id(world.request)
                assert request is not None
                if what == "give":
                    if request.seats_taken < n:
                        raise SeatTaken(0)
                    changed = tx.requests.give_seats(world.request, n)
                else:
                    maybe = tx.requests.take_seats(world.request, n)
                    if maybe is None:
                        raise SeatTaken(0)
                    changed = maybe
                tx.journal.append(f"r{world.request}", what, {"n": n}, off=changed.off)
                if what == "refuse":
                    raise SeatTaken(0)
                if what == "bug":
                    raise ZeroDivisionError
                return True

            return run

        for what, n in script:
            futures.append((what, n, store.submit(job(what, n))))
        held.let_go()
        for what, n, future in futures:
            if future.exception() is None:
                taken += n if what == "take" else -n
                events += 1
        assert seen(store, lambda tx, now: tx.requests.by_id(world.request)).seats_taken == taken
        assert topic_offs(store, f"r{world.request}") == list(range(1, events + 1))
