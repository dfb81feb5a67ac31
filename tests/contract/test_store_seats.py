"""Never oversold: however many reach for the last seat at once."""

import threading
from datetime import datetime
from functools import partial

import pytest

from dispatch.domain.errors import SeatTaken
from dispatch.ports import Tx
from dispatch.store import SqlStore
from tests.contract.worlds import World, a_world, claim, done, in_threads, seen, topic_offs


def race(store: SqlStore, world: World) -> tuple[int, int]:
    """Everybody at once; (how many got a seat, how many were told that all are found)."""
    won: list[str] = []
    lost: list[int] = []
    together = threading.Barrier(len(world.people))

    def one(person: int) -> None:
        together.wait()
        try:
            won.append(done(store, claim(world.request, person)))
        except SeatTaken as refusal:
            lost.append(refusal.seats_open)

    in_threads([partial(one, person) for person in world.people])
    assert lost == [0] * len(lost)
    return len(won), len(lost)


def assert_full(store: SqlStore, world: World) -> None:
    request, claims = seen(
        store, lambda tx, now: (tx.requests.by_id(world.request), tx.claims.of_request(world.request))
    )
    assert (request.seats_taken, request.status, len(claims)) == (9, "claimed", 9)
    assert topic_offs(store, f"r{world.request}") == list(range(1, 10))


def test_fifty_reach_for_nine_seats_and_nine_get_one(store: SqlStore) -> None:
    for _ in range(20):
        world = done(store, a_world(people=50, seats=9))
        assert race(store, world) == (9, 41)
        assert_full(store, world)


def test_fifty_reach_for_nine_seats_however_postgres_writes(postgres_store: SqlStore) -> None:
    for _ in range(5):
        assert race(postgres_store, done(postgres_store, a_world(people=50, seats=9))) == (9, 41)


@pytest.mark.parametrize("postgres_store", ["4 writers of one"], indirect=True)
def test_looking_first_and_writing_later_would_promise_one_seat_to_four(postgres_store: SqlStore) -> None:
    """The mutant that shows the race is real."""
    world = done(postgres_store, a_world(people=4, seats=2))
    together = threading.Barrier(4, timeout=10)

    def look_then_write(tx: Tx, now: datetime) -> int:
        request = tx.requests.by_id(world.request)
        assert request is not None
        together.wait()
        return tx.requests.set(world.request, seats_taken=request.seats_taken + 1).seats_taken

    promised = [future.result() for future in [postgres_store.submit(look_then_write) for _ in range(4)]]
    assert promised == [1, 1, 1, 1]
