"""Phones that sleep are told once, in time, and no more than is still true; on both engines, over a real receiver."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dispatch.actions.account import end_named, erase_me, export_me
from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.look_after import AnswerSafe, Safe, answer_safe
from dispatch.actions.push import CHANNEL, send_test, unregister
from dispatch.actions.set_me import SetDuty, set_duty, show_me
from dispatch.actions.tend_network import block
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.errors import NotFound, SignIn
from dispatch.domain.lifecycle import Disposition, Step
from dispatch.domain.people import Duty
from dispatch.domain.request import Urgency
from dispatch.domain.visibility import NOBODY, Viewer
from dispatch.store import SqlStore
from tests.contract.pushing import COMPOSE, Pushing
from tests.support.receiver import receiving, titles
from tests.support.world import night_on

RETRY_IN = "503 Busy\r\nRetry-After: 7"


@pytest.fixture
def push(store: SqlStore, clock: SteppedClock) -> Iterator[Pushing]:
    with receiving() as receiver:
        yield Pushing(night_on(store, clock), receiver)


def duty(push: Pushing, person: int, to: Duty) -> None:
    push.night.do(
        set_duty, SetDuty(viewer=Viewer(person_id=person), duty=to, until=None, place=None, changes={})
    )  # fmt: skip


def test_whoever_is_asked_is_told_on_every_device_and_nobody_else_is(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana) for name in ("Ben", "Cem"))
    far = push.night.person("Far")
    phone, laptop = push.phone(ben), push.phone(ben, path="/laptop")
    others = [push.phone(person) for person in (ana, far)]
    request = push.night.post(ana).request
    assert push.receiver.got == []
    push.settle()
    assert {alert.person_id for alert in push.night.alerts(request.id)} == {ben, cem}
    assert [len(each.shows()) for each in (phone, laptop, *others)] == [1, 1, 0, 0]
    (shown,), (handed,) = phone.shows(), phone.handed
    assert shown["title"] == "Ana asks: a ride for 9, near Baker, CA"
    assert shown["url"].startswith("/help/")
    assert not shown["silent"]
    assert handed.headers["urgency"] == "high"
    assert 0 < int(handed.headers["ttl"]) <= 600
    assert handed.headers["content-encoding"] == "aes128gcm"
    assert handed.headers["authorization"].startswith("vapid t=")
    assert len(handed.headers["topic"]) == 32
    push.settle()
    assert len(push.receiver.got) == 2


@pytest.mark.parametrize("silenced", [Duty.OFF_DUTY, Duty.ON_BREAK])
def test_off_duty_drops_what_is_queued_already(push: Pushing, silenced: Duty) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana)
    phone = push.phone(ben)
    push.night.post(ana)
    push.night.settle()
    assert push.waiting() == 1
    duty(push, ben, silenced)
    push.send()
    assert (phone.handed, push.waiting()) == ([], 0)


def test_a_blocked_pair_hears_nothing_of_each_other_any_more(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana)
    phone = push.phone(ben)
    push.night.post(ana)
    push.night.settle()
    theirs = push.night.see(lambda tx: tx.people.by_ids([ana])[ana].public_id)
    push.night.do(block, Viewer(person_id=ben), theirs)
    push.send()
    assert phone.handed == []


def test_whoever_has_seen_it_on_another_screen_is_not_rung(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana)
    phone = push.phone(ben)
    request = push.night.post(ana).request
    push.night.settle()
    (alert,) = push.night.alerts(request.id)
    seen = AnswerAlert(alert=alert.public_id, person_id=ben, answer=Answer.ACKNOWLEDGED)
    push.night.do(answer_alert, seen)
    push.send()
    assert phone.handed == []


def test_covered_takes_the_place_of_the_alert_without_a_sound(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(cem)
    request = push.night.post(ana, 2).request
    push.settle()
    push.night.claim(request.public_id, ben, 2)
    push.settle()
    asked, covered = phone.shows()
    assert covered["title"] == "Covered, thank you. You are not needed any more."
    assert covered["tag"] == asked["tag"]
    assert (covered["silent"], covered["again"]) == (True, False)
    first, second = phone.handed
    assert first.headers["topic"] == second.headers["topic"]
    assert second.headers["urgency"] == "normal"
    assert int(second.headers["ttl"]) > 600


def test_nobody_is_told_that_they_are_not_needed_who_never_heard_of_it(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(cem)
    request = push.night.post(ana, 2).request
    push.night.settle()
    push.night.claim(request.public_id, ben, 2)
    push.settle()
    push.wait(timedelta(seconds=5))
    push.settle()
    assert (phone.handed, push.waiting()) == ([], 0)


def test_seats_that_come_back_put_the_alert_back_without_a_second_sound(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(cem)
    request = push.night.post(ana, 2).request
    push.settle()
    claim = push.night.claim(request.public_id, ben, 2)
    push.settle()
    push.night.step(claim["id"], ben, Step.WITHDRAW)
    push.settle()
    asked, _, again = phone.shows()
    assert again["title"] == asked["title"]
    assert again["silent"]


def test_whoever_is_on_the_road_learns_that_it_is_over_whatever_their_duty(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana, seats=4)
    phone = push.phone(ben)
    request = push.night.post(ana, 2).request
    claim = push.night.claim(request.public_id, ben, 2)
    push.night.step(claim["id"], ben, Step.EN_ROUTE)
    duty(push, ben, Duty.OFF_DUTY)
    push.night.close(request.public_id, ana, Disposition.CANCELLED)
    push.settle()
    (shown,) = phone.shows()
    assert shown["title"] == "They are safe and cancelled. Thank you."
    assert not shown["silent"]


def test_whoever_stood_by_is_told_that_the_seats_are_theirs(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(cem)
    request = push.night.post(ana, 2).request
    claim = push.night.claim(request.public_id, ben, 2)
    push.night.claim(request.public_id, cem, 2, standby=True)
    push.night.step(claim["id"], ben, Step.WITHDRAW)
    push.settle()
    (shown,) = phone.shows()
    assert shown["title"] == "Someone dropped out. 2 seats for you now."
    assert shown["body"].startswith("Tell us you have left by ")


def test_the_one_who_waits_is_told_of_the_first_yes_the_last_seat_and_the_arrival(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben, cem = (push.night.person(name, friend_of=ana, seats=4) for name in ("Ben", "Cem"))
    phone = push.phone(ana)
    request = push.night.post(ana, 5).request
    first = push.night.claim(request.public_id, ben, 2)
    push.settle()
    push.night.claim(request.public_id, cem, 3)
    push.settle()
    for step in (Step.EN_ROUTE, Step.ON_SCENE):
        push.night.step(first["id"], ben, step)
    push.settle()
    assert titles(phone.shows()) == ["2 of 5 seats found", "All 5 seats are found", "Ben is there"]
    assert phone.shows()[0]["body"] == "Ben has promised 2 seats."
    assert all(each["url"] == f"/r/{request.public_id}" and each["again"] for each in phone.shows())


@pytest.mark.parametrize("answered", [False, True])
def test_after_a_quarter_of_an_hour_the_one_who_waits_hears_what_else_to_try(push: Pushing, answered: bool) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana)
    phone = push.phone(ana)
    request = push.night.post(ana).request
    if answered:
        push.night.claim(request.public_id, ben)
    push.settle()
    push.wait(limits.PUSH_NOBODY_AFTER + timedelta(seconds=1))
    push.send()
    assert [title for title in titles(phone.shows()) if title == "Nobody yet"] == ([] if answered else ["Nobody yet"])
    assert push.waiting() == 0


@pytest.mark.parametrize(
    ("urgency", "says"), [(Urgency.DANGER, "Call 911 now."), (Urgency.STRANDED, "if it gets unsafe.")]
)
def test_a_phone_in_danger_is_told_to_call_now_where_nobody_has_come_forward(
    push: Pushing, urgency: Urgency, says: str
) -> None:
    ana = push.night.person("Ana")
    phone = push.phone(ana)
    push.night.post(ana, urgency=urgency)
    push.settle()
    push.wait(limits.PUSH_NOBODY_AFTER + timedelta(seconds=1))
    push.send()
    assert phone.shows()[-1]["body"].endswith(says)


def test_a_phone_in_a_pocket_asks_whether_its_owner_is_safe_until_they_say_so(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana, seats=4)
    phone = push.phone(ana)
    request = push.night.post(ana, 2).request
    claim = push.night.claim(request.public_id, ben, 2)
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET):
        push.night.step(claim["id"], ben, step)
    push.settle()
    before = len(phone.handed)
    push.wait(limits.CHECK_AFTER + timedelta(seconds=1))
    push.settle()
    (shown,) = phone.shows()[before:]
    assert (shown["title"], shown["url"], shown["again"]) == ("Are you safe?", f"/r/{request.public_id}", True)
    push.night.do(answer_safe, AnswerSafe(request=request.public_id, viewer=Viewer(person_id=ana), answer=Safe.SAFE))
    push.wait(limits.CHECK_AGAIN + timedelta(seconds=1))
    push.settle()
    assert len(phone.shows()) == before + 1


def test_a_phone_that_subscribes_after_the_ask_hears_of_it_as_well(push: Pushing) -> None:
    ana = push.night.person("Ana")
    push.night.post(ana)
    phone = push.phone(ana)
    push.wait(limits.PUSH_NOBODY_AFTER + timedelta(seconds=1))
    push.send()
    assert titles(phone.shows()) == ["Nobody yet"]


# -- what services answer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["410 Gone", "404 Not Found"])
def test_a_phone_that_has_unsubscribed_is_forgotten(push: Pushing, gone: str) -> None:
    ben = push.night.person("Ben")
    phone = push.phone(ben)
    push.receiver.say(phone.path, gone)
    viewer = Viewer(person_id=ben, session=f"session of {phone.path}")
    push.night.do(send_test, viewer)
    push.send()
    assert push.night.see(lambda tx: tx.devices.of_person(ben)) == []
    assert push.waiting() == 0
    with pytest.raises(NotFound):
        push.night.do(send_test, viewer)


def test_a_busy_service_is_tried_again_when_it_says_and_not_before(push: Pushing) -> None:
    ben = push.night.person("Ben")
    phone = push.phone(ben)
    push.receiver.say(phone.path, RETRY_IN, "500 Broken")
    push.night.do(send_test, Viewer(person_id=ben, session=f"session of {phone.path}"))
    push.send()
    push.wait(timedelta(seconds=5))
    push.send()
    assert len(phone.handed) == 1
    push.wait(timedelta(seconds=3))
    push.send()
    push.wait(timedelta(seconds=3))
    push.send()
    assert len(phone.handed) == 3
    assert push.waiting() == 0


def test_a_service_that_stays_away_is_given_up_in_the_end(push: Pushing) -> None:
    ben = push.night.person("Ben")
    phone = push.phone(ben)
    push.receiver.say(phone.path, *["503 Busy"] * 50)
    push.night.do(send_test, Viewer(person_id=ben, session=f"session of {phone.path}"))
    for _ in range(limits.OUTBOX_TRIES + 2):
        push.send()
        push.wait(limits.PUSH_BACK_OFF_MAX)
    assert push.waiting() == 0
    assert len(phone.handed) <= limits.OUTBOX_TRIES


def test_one_device_with_a_foreign_key_does_not_silence_the_others(push: Pushing) -> None:
    ana = push.night.person("Ana")
    good, bad = (push.night.person(name, friend_of=ana) for name in ("Good", "Bad"))
    phone, foreign = push.phone(good), push.phone(bad)
    push.receiver.say(foreign.path, *["403 Forbidden"] * 9)
    push.night.post(ana)
    push.settle()
    assert len(phone.handed) == len(foreign.handed) == 1
    assert push.sender.trouble is None


def test_a_service_that_refuses_everybody_is_left_alone_and_the_operator_told(push: Pushing) -> None:
    ana = push.night.person("Ana")
    phones = [push.phone(push.night.person(f"F{n}", friend_of=ana)) for n in range(limits.PUSH_REFUSED_PEOPLE)]
    for phone in phones:
        push.receiver.say(phone.path, "403 Forbidden")
    push.night.post(ana)
    push.settle()
    assert "refuses our push key" in str(push.sender.trouble)
    before = len(push.receiver.got)
    push.night.do(send_test, Viewer(person_id=ana + 1, session=f"session of {phones[0].path}"))
    push.send()
    assert len(push.receiver.got) == before
    assert len(push.night.see(lambda tx: tx.devices.of_people(range(ana, ana + 9)))) == len(phones)


# -- whatever is killed ------------------------------------------------------------------------------------------------


def test_what_a_killed_worker_had_taken_is_sent_by_the_next(push: Pushing) -> None:
    ben = push.night.person("Ben")
    phone = push.phone(ben)
    push.night.do(send_test, Viewer(person_id=ben, session=f"session of {phone.path}"))
    taken = push.night.do(lambda tx, now: tx.outbox.lease(CHANNEL, "the dead", now, now + limits.PUSH_LEASE, 9))
    assert len(taken) == 1
    push.send()
    assert phone.handed == []
    push.wait(limits.PUSH_LEASE + timedelta(seconds=1))
    push.send()
    assert titles(phone.shows()) == ["This phone can be alerted."]


def test_of_many_workers_one_sends(push: Pushing) -> None:
    ana = push.night.person("Ana")
    phones = [push.phone(push.night.person(f"F{n}", friend_of=ana)) for n in range(4)]
    push.night.post(ana)
    push.night.settle()
    queued = push.waiting()
    workers = [push.another_sender() for _ in range(4)]

    async def together() -> None:
        await asyncio.gather(*(worker.turn(COMPOSE) for worker in workers))
        for worker in workers:
            await worker.close()

    asyncio.run(together())
    assert sum(len(phone.handed) for phone in phones) == queued > 0
    assert all(len(phone.handed) <= 1 for phone in phones)


# -- whose device it is ------------------------------------------------------------------------------------------------


def test_a_device_is_its_last_owners_alone(push: Pushing) -> None:
    ana, ben = push.night.person("Ana"), push.night.person("Ben")
    phone = push.phone(ana)
    push.night.do(phone.wants(ben))
    devices = push.night.see(lambda tx: tx.devices.of_people([ana, ben]))
    assert [person for person, _ in devices] == [ben]


def test_a_sixth_device_takes_the_place_of_the_oldest(push: Pushing) -> None:
    ana = push.night.person("Ana")
    for number in range(limits.PUSH_DEVICES + 1):
        push.phone(ana, path=f"/d{number}")
    ends = push.night.see(lambda tx: [device.endpoint[-2:] for device in tx.devices.of_person(ana)])
    assert ends == ["d1", "d2", "d3", "d4", "d5"]
    assert push.night.do(show_me, Viewer(person_id=ana))["push"] == {"devices": limits.PUSH_DEVICES}


def test_signing_out_unsubscribing_and_erasing_each_forget_the_device(push: Pushing) -> None:
    ana = push.night.person("Ana")

    def left() -> int:
        return len(push.night.see(lambda tx: tx.devices.of_people([ana])))

    phone, laptop = push.phone(ana), push.phone(ana, path="/laptop")
    export = push.night.do(export_me, Viewer(person_id=ana))
    assert [(each["service"], each["lang"]) for each in export["devices"]] == [("127.0.0.1", "en")] * 2
    push.night.do(unregister, Viewer(person_id=ana, session=f"session of {phone.path}"))
    assert left() == 1
    push.night.do(lambda tx, now: tx.devices.drop_session(f"session of {laptop.path}"))
    assert left() == 0
    push.phone(ana)
    push.night.do(erase_me, Viewer(person_id=ana))
    assert left() == 0
    with pytest.raises(SignIn):
        push.night.do(unregister, NOBODY)
    assert push.night.do(end_named, Viewer(person_id=ana), None) == 0
