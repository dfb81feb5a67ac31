"""A write repeated with its key has one effect and one answer, on both engines."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.errors import KeyReused, NotAllowed, Refused, Replayed, SeatTaken, SignIn
from dispatch.ids import SystemIds
from dispatch.ports import IdemKey, Tx
from dispatch.store import SqlStore, open_store
from tests.contract.worlds import Held, a_world, claim, done, seen, topic_offs

LINK = "flo_a-link-that-nobody-else-may-have"


def key(name: str = "a-key-of-a-tap", actor: str = "p1", body: bytes = b"one") -> IdemKey:
    return IdemKey(actor=actor, key=name, fingerprint=body)


def test_the_same_key_gives_the_same_answer_and_no_second_effect(store: SqlStore) -> None:
    world = done(store, a_world())
    job = claim(world.request, world.people[1])
    first = store.submit(job, key=key()).result()
    assert store.submit(job, key=key()).result() == first
    assert topic_offs(store, f"r{world.request}") == [1]


def test_an_answer_comes_back_with_every_kind_of_value(store: SqlStore) -> None:
    answer: Any = {"text": "Ω", "none": None, "list": [1, 2.5, True], "nested": {"a": {}}}
    assert store.submit(lambda tx, now: answer, key=key()).result() == answer
    again: Any = store.submit(lambda tx, now: {"other": 1}, key=key()).result()
    assert again == answer


def test_another_body_under_the_same_key_is_refused_and_changes_nothing(store: SqlStore) -> None:
    world = done(store, a_world())
    store.submit(claim(world.request, world.people[1]), key=key()).result()
    with pytest.raises(KeyReused):
        store.submit(claim(world.request, world.people[2]), key=key(body=b"two")).result()
    assert topic_offs(store, f"r{world.request}") == [1]


def test_two_people_may_use_the_same_key(store: SqlStore) -> None:
    world = done(store, a_world())
    first = store.submit(claim(world.request, world.people[1]), key=key(actor="p1")).result()
    second = store.submit(claim(world.request, world.people[2]), key=key(actor="p2")).result()
    assert first != second
    assert topic_offs(store, f"r{world.request}") == [1, 2]


def test_twins_at_the_same_moment_are_one_write(store: SqlStore) -> None:
    world = done(store, a_world())
    held = Held(store)
    twins = [store.submit(claim(world.request, world.people[1]), key=key()) for _ in range(20)]
    held.let_go()
    assert len({twin.result() for twin in twins}) == 1
    assert topic_offs(store, f"r{world.request}") == [1]


def test_a_refusal_is_given_again_even_when_the_world_has_moved_on(store: SqlStore) -> None:
    world = done(store, a_world(seats=1))
    done(store, claim(world.request, world.people[1]))
    job = claim(world.request, world.people[2])
    with pytest.raises(SeatTaken):
        store.submit(job, key=key()).result()
    done(store, lambda tx, now: tx.requests.give_seats(world.request, 1))
    with pytest.raises(Replayed) as again:
        store.submit(job, key=key()).result()
    assert again.value.original is SeatTaken
    assert again.value.facts() == {"seats_open": 0}
    assert again.value.says == "Someone was faster. All seats are found."
    assert store.submit(job, key=key("a-new-tap-a-new-key")).result()


def test_a_stored_refusal_keeps_nothing_but_itself(store: SqlStore) -> None:
    world = done(store, a_world())

    def job(tx: Tx, now: datetime) -> None:
        claim(world.request, world.people[1])(tx, now)
        tx.journal.append_inbox("alerted", [(world.people[1], {})], world.request)
        raise NotAllowed("no")

    for refusal in (NotAllowed, Replayed):
        with pytest.raises(refusal):
            store.submit(job, key=key()).result()
    assert topic_offs(store, f"r{world.request}") == []
    assert topic_offs(store, f"p{world.people[1]}") == []
    assert seen(store, lambda tx, now: tx.requests.by_id(world.request)).seats_taken == 0


@pytest.mark.parametrize("among_others", [False, True], ids=["alone", "in a batch"])
def test_what_is_not_an_answer_is_not_kept(store: SqlStore, among_others: bool) -> None:
    def signed_out(tx: Tx, now: datetime) -> int:
        raise SignIn

    def bug(tx: Tx, now: datetime) -> int:
        raise ZeroDivisionError

    def no_json(tx: Tx, now: datetime) -> object:
        return {1, 2}

    for job in (signed_out, bug, no_json):
        held = Held(store)
        others = [store.submit(lambda tx, now: 1) for _ in range(5 if among_others else 0)]
        tried = store.submit(job, key=key())
        held.let_go()
        assert isinstance(tried.exception(), Refused | ZeroDivisionError | TypeError)
        assert [other.result() for other in others] == [1] * len(others)
    assert store.submit(lambda tx, now: "now it works", key=key()).result() == "now it works"


def test_answers_can_be_read_by_nobody_who_has_only_the_file(
    open_sqlite_again: Callable[[], SqlStore], sqlite_path: Path, clock: SteppedClock
) -> None:
    store = open_sqlite_again()
    store.submit(lambda tx, now: {"owner_link": LINK}, key=key()).result()
    files = [p for p in sqlite_path.parent.iterdir() if p.is_file()]
    assert len(files) > 1
    assert all(LINK.encode() not in p.read_bytes() for p in files)
    store.close()
    assert LINK.encode() not in sqlite_path.read_bytes()
    # Nor by a server with another secret; and it is a fault, not somebody else's answer.
    with open_store(sqlite_path, clock=clock, ids=SystemIds(), secret="another secret of enough characters") as other:
        assert other.submit(lambda tx, now: 1, key=key()).exception() is not None
    with open_sqlite_again() as back:
        again: Any = back.submit(lambda tx, now: 1, key=key()).result()
        assert again == {"owner_link": LINK}


def test_a_kept_answer_fits_no_other_key(open_sqlite_again: Callable[[], SqlStore]) -> None:
    """Whoever can write to the file can't hand one person's answer to another."""
    with open_sqlite_again() as store:
        store.submit(lambda tx, now: {"owner_link": LINK}, key=key(actor="p1")).result()
        done(store, lambda tx, now: tx.link.say("UPDATE idem SET actor = 'p2'"))
        assert store.submit(lambda tx, now: 1, key=key(actor="p2")).exception() is not None


def test_answers_are_forgotten_after_a_day(open_sqlite_again: Callable[[], SqlStore], clock: SteppedClock) -> None:
    with open_sqlite_again() as store:
        assert store.submit(lambda tx, now: "first", key=key()).result() == "first"
        clock.step(limits.IDEM_KEPT)
        assert store.submit(lambda tx, now: "second", key=key()).result() == "first"
        clock.step(timedelta(minutes=11))
        done(store, lambda tx, now: 1)
        done(store, lambda tx, now: 1)
        assert store.submit(lambda tx, now: "third", key=key()).result() == "third"


def test_a_phone_that_repeats_over_and_over_gets_its_answer(store: SqlStore) -> None:
    world = done(store, a_world())

    async def tunnel() -> set[str]:
        job = claim(world.request, world.people[1])
        tries = [asyncio.create_task(store.write(job, key=key())) for _ in range(10)]
        await asyncio.sleep(0)
        for gone in tries[:5]:
            gone.cancel()
        return set(await asyncio.gather(*tries[5:]))

    assert len(asyncio.run(tunnel())) == 1
    assert topic_offs(store, f"r{world.request}") == [1]
