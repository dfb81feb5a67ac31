"""What a push service does to us, or a stranger to it, stays with the messages concerned; on both engines."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest

from dispatch.actions.decide_claim import DecideClaim, Decision, decide_claim
from dispatch.actions.push import CHANNEL, send_test
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.visibility import Viewer
from dispatch.notify.courier import Outcome
from dispatch.store import SqlStore
from tests.contract.pushing import COMPOSE, Pushing
from tests.support.receiver import Phone, receiving, titles
from tests.support.world import night_on
from web.pages import helping
from web.pages.speech import Speaker

MORE_THAN_AT_ONCE = limits.PUSH_AT_ONCE + 8


@pytest.fixture
def push(store: SqlStore, clock: SteppedClock) -> Iterator[Pushing]:
    with receiving() as receiver:
        yield Pushing(night_on(store, clock), receiver)


def try_out(push: Pushing, phone: Phone, person: int) -> None:
    """Puts a test message to that phone into the outbox."""
    push.night.do(send_test, Viewer(person_id=person, session=f"session of {phone.path}"))


def crowd(push: Pushing) -> list[Phone]:
    """More phones than are told at the same time, a message waiting for each."""
    phones = []
    for number in range(MORE_THAN_AT_ONCE):
        person = push.night.person(f"P{number}")
        phones.append(push.phone(person))
        try_out(push, phones[-1], person)
    return phones


def test_people_with_foreign_keys_cannot_silence_a_service_that_accepts_ours(push: Pushing) -> None:
    good = push.night.person("Good")
    phone = push.phone(good)
    try_out(push, phone, good)
    push.send()
    for number in range(limits.PUSH_REFUSED_PEOPLE + 1):
        bad = push.night.person(f"B{number}")
        foreign = push.phone(bad)
        push.receiver.say(foreign.path, "403 Forbidden")
        try_out(push, foreign, bad)
    push.send()
    assert push.sender.trouble is None
    push.wait(timedelta(seconds=1))
    try_out(push, phone, good)
    push.send()
    assert len(phone.handed) == 2
    everybody = push.night.see(lambda tx: tx.devices.of_people(range(good, good + 9)))
    assert [person for person, _ in everybody] == [good]


def test_whoever_could_not_be_told_of_an_ask_is_not_told_that_it_is_covered(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(cem)
    push.receiver.say(phone.path, "400 Bad Request")
    request = push.night.post(ana, 2).request
    push.settle()
    push.night.claim(request.public_id, ben, 2)
    push.settle()
    assert (len(phone.handed), push.waiting()) == (1, 0)


def test_covered_does_not_wait_for_an_alert_that_a_busy_service_has_put_off(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(cem)
    push.receiver.say(phone.path, "503 Busy\r\nRetry-After: 60")
    request = push.night.post(ana, 2).request
    push.settle()
    push.night.claim(request.public_id, ben, 2)
    push.settle()
    assert push.waiting() == 1
    push.wait(timedelta(seconds=61))
    push.send()
    assert (len(phone.handed), push.waiting()) == (1, 0)


def test_covered_waits_as_long_as_another_worker_holds_the_alert(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(cem)
    request = push.night.post(ana, 2).request
    push.night.settle()
    (alert,) = push.night.do(lambda tx, now: tx.outbox.lease(CHANNEL, "slow", now, now + limits.PUSH_LEASE, 9))
    push.night.claim(request.public_id, ben, 2)
    push.settle()
    for _ in range(limits.OUTBOX_TRIES + 2):
        push.wait(timedelta(seconds=2))
        push.send()
    assert (phone.handed, push.waiting()) == ([], 2)
    push.night.do(lambda tx, now: tx.outbox.done(alert.id, "slow", now))
    push.wait(timedelta(seconds=2))
    push.send()
    assert titles(phone.shows()) == ["Covered, thank you. You are not needed any more."]


def test_one_slow_phone_does_not_hold_up_those_behind_it(push: Pushing) -> None:
    phones = crowd(push)
    push.receiver.held.add(phones[0].path)

    async def all_but_one() -> None:
        turn = asyncio.create_task(push.sender.turn(COMPOSE))
        await asyncio.to_thread(push.receiver.wait_for, len(phones))
        push.receiver.release()
        await turn
        await push.sender.close()

    asyncio.run(all_but_one())
    assert push.sender.tries == {Outcome.SENT: len(phones)}


def test_a_worker_that_ends_leaves_what_it_has_not_begun_to_the_others(push: Pushing) -> None:
    phones = crowd(push)
    push.receiver.held.update(phone.path for phone in phones)

    async def ended_midway() -> None:
        turn = asyncio.create_task(push.sender.turn(COMPOSE))
        await asyncio.to_thread(push.receiver.wait_for, limits.PUSH_AT_ONCE)
        push.sender.stop()
        push.receiver.release()
        await turn
        await push.sender.close()

    asyncio.run(ended_midway())
    assert len(push.receiver.got) == limits.PUSH_AT_ONCE
    assert push.waiting() == len(phones) - limits.PUSH_AT_ONCE
    push.send(push.another_sender())
    assert [len(phone.handed) for phone in phones] == [1] * len(phones)


def test_whoever_offered_and_was_not_chosen_is_not_told_that_all_seats_are_found(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana, seats=4)
    phone = push.phone(ben)
    request = push.night.post(ana, 9).request
    claim = push.night.claim(request.public_id, ben, 2)
    refusal = DecideClaim(claim=claim["id"], viewer=Viewer(person_id=ana), decision=Decision.REFUSE)
    push.night.do(decide_claim, refusal)
    push.settle()
    assert titles(phone.shows())[-1] == "You are not needed for this one. Thank you."


@pytest.mark.parametrize("status", RequestState)
def test_only_an_ask_whose_seats_are_found_is_called_covered(status: RequestState) -> None:
    word = helping.not_needed(Speaker("en", UTC, "USD"), status)
    found = status in (RequestState.CLAIMED, RequestState.RESOLVED)
    assert word.startswith("Covered") is found
