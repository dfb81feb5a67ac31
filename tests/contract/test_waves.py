"""Waves on a real store: who is told, who is spared, and what happens between a plan and its writing."""

from datetime import datetime, timedelta
from functools import partial

import pytest

from dispatch.actions import send_wave
from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.change_request import ChangeRequest, SetReach, change_request, set_reach
from dispatch.actions.set_me import SetDuty, set_duty
from dispatch.actions.tend_network import block
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import Answer, NewAlert
from dispatch.domain.errors import NotFound
from dispatch.domain.events import inbox_topic, request_topic
from dispatch.domain.lifecycle import Disposition, Step
from dispatch.domain.people import Duty, Person
from dispatch.domain.request import Reach, Urgency
from dispatch.domain.visibility import Viewer
from dispatch.domain.whereabouts import from_point
from dispatch.ports import Tx
from dispatch.store import SqlStore
from tests.support.world import BAKER, Night, night_on

LOOK = timedelta(minutes=3)


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def friends(night: Night, owner: int, count: int, **fields: object) -> list[int]:
    return [night.person(f"F{number}", friend_of=owner, **fields) for number in range(count)]


def asked(night: Night, request_id: int) -> list[int]:
    return [alert.person_id for alert in night.alerts(request_id)]


def planned(night: Night, request_id: int) -> send_wave.Plan:
    night.feed.catch_up()
    return night.planned(request_id)


def answer(night: Night, request_id: int, person: int, what: Answer) -> None:
    alert = next(alert for alert in night.alerts(request_id) if alert.person_id == person)
    night.do(answer_alert, AnswerAlert(alert=alert.public_id, person_id=person, answer=what))


def duty(night: Night, person: int, to: Duty) -> None:
    command = SetDuty(viewer=Viewer(person_id=person), duty=to, until=None, place=None, changes={})
    night.do(set_duty, command)


def public_id(night: Night, person: int) -> str:
    return night.see(lambda tx: tx.people.by_ids([person])[person].public_id)


def test_a_call_reaches_friends_first_and_each_of_them_once(night: Night) -> None:
    owner = night.person("Robert")
    people = friends(night, owner, 30)
    posted = night.post(owner, 2).request
    for _ in range(12):
        night.settle()
        night.wait(LOOK)
    told = asked(night, posted.id)
    assert len(told) == len(set(told)) > 2
    assert set(told) <= set(people)
    for person in told:
        assert night.kinds_of(inbox_topic(person)) == ["alerted"]
    assert night.request(posted.id).alerted == len(told)


def test_nobody_is_told_any_more_once_every_seat_is_promised(night: Night) -> None:
    owner = night.person("Robert")
    people = friends(night, owner, 30)
    posted = night.post(owner, 1).request
    night.settle()
    night.claim(posted.public_id, people[0])
    before = asked(night, posted.id)
    for _ in range(10):
        night.wait(LOOK)
        night.settle()
    assert asked(night, posted.id) == before


def test_a_no_among_few_is_replaced_at_once_and_among_many_at_the_next_look(night: Night) -> None:
    owner = night.person("Robert")
    friends(night, owner, 12)
    posted = night.post(owner, 1).request
    night.settle()
    few = asked(night, posted.id)
    late = night.person("Late", friend_of=owner)
    night.feed.catch_up()
    answer(night, posted.id, few[0], Answer.DECLINED)
    night.settle()  # no time has passed
    assert len(few) <= limits.DECLINE_AT_ONCE
    assert asked(night, posted.id) == [*few, late]

    popular = night.person("Maya")
    friends(night, popular, 300)
    posted = night.post(popular, 1).request
    night.settle()
    many = asked(night, posted.id)
    for person in many[:4]:
        answer(night, posted.id, person, Answer.DECLINED)
    night.settle()
    assert len(many) > limits.DECLINE_AT_ONCE
    assert asked(night, posted.id) == many
    night.wait(LOOK)
    night.settle()
    later = asked(night, posted.id)
    assert len(later) > len(many)
    assert len(set(later)) == len(later)


@pytest.mark.parametrize("silent", [Duty.OFF_DUTY, Duty.ON_BREAK])
def test_off_duty_silences_at_once_even_a_wave_that_was_planned(night: Night, silent: Duty) -> None:
    owner = night.person("Robert")
    people = friends(night, owner, 3)
    posted = night.post(owner, 9).request
    plan = planned(night, posted.id)
    assert {alert.person_id for alert in plan.ask} == set(people)
    duty(night, people[1], silent)
    assert night.do(send_wave.send, plan) == 2
    assert people[1] not in asked(night, posted.id)
    assert night.kinds_of(inbox_topic(people[1])) == []


def test_a_block_between_plan_and_writing_is_heeded(night: Night) -> None:
    owner = night.person("Robert")
    one, two, three = friends(night, owner, 3)
    posted = night.post(owner, 9).request
    plan = planned(night, posted.id)
    night.do(block, Viewer(person_id=one), public_id(night, owner))
    night.do(block, Viewer(person_id=owner), public_id(night, two))
    night.do(send_wave.send, plan)
    assert asked(night, posted.id) == [three]


def test_the_blocked_are_never_told_in_either_direction(night: Night) -> None:
    owner = night.person("Robert")
    one, two, three = friends(night, owner, 3)
    night.do(block, Viewer(person_id=one), public_id(night, owner))
    night.do(block, Viewer(person_id=owner), public_id(night, two))
    posted = night.post(owner, 9).request
    night.settle()
    assert asked(night, posted.id) == [three]


def test_somebody_on_another_errand_is_not_called_away(night: Night) -> None:
    owner, other = night.person("Robert"), night.person("Maryam")
    busy, free = friends(night, owner, 2)
    elsewhere = night.post(other, 1).request
    posted = night.post(owner, 9).request
    plan = planned(night, posted.id)
    night.claim(elsewhere.public_id, busy)
    night.do(send_wave.send, plan)
    assert asked(night, posted.id) == [free]


def test_a_reach_narrowed_between_plan_and_writing_is_heeded(night: Night) -> None:
    owner = night.person("Robert")
    friend = night.person("Ana", friend_of=owner)
    second = night.person("Bo", friend_of=friend)
    posted = night.post(owner, 9).request
    plan = planned(night, posted.id)
    assert {alert.person_id for alert in plan.ask} == {friend, second}
    command = SetReach(request=posted.public_id, viewer=Viewer(person_id=owner), reach=Reach(rings_max=1))
    night.do(set_reach, command)
    night.do(send_wave.send, plan)
    assert asked(night, posted.id) == [friend]


def test_a_person_hears_at_most_as_many_calls_a_week_as_they_chose(night: Night) -> None:
    owner = night.person("Robert")
    (friend,) = friends(night, owner, 1, alerts_per_week_max=2)
    calls = [night.post(owner, 1).request for _ in range(4)]
    night.settle()
    assert [asked(night, call.id) for call in calls] == [[friend], [friend], [], []]


def test_two_waves_planned_together_do_not_pass_a_persons_week(night: Night) -> None:
    owner = night.person("Robert")
    (friend,) = friends(night, owner, 1, alerts_per_week_max=1)
    calls = [night.post(owner, 1).request for _ in range(2)]
    plans = [planned(night, call.id) for call in calls]
    assert [night.do(send_wave.send, plan) for plan in plans] == [1, 0]
    assert asked(night, calls[0].id) == [friend]


def test_the_default_week_holds_four_and_a_fifth_call_is_spared(night: Night) -> None:
    owner = night.person("Robert")
    friends(night, owner, 1)
    calls = [night.post(owner, 1).request for _ in range(5)]
    night.settle()
    assert [len(asked(night, call.id)) for call in calls] == [1] * limits.ALERTS_PER_WEEK + [0]


def test_a_guests_call_reaches_ten_ready_strangers_and_never_an_eleventh(night: Night) -> None:
    for number in range(30):
        night.person(f"S{number}", duty=Duty.AVAILABLE, place=BAKER)
    night.person("Unready")
    posted = night.post(None, 60, contact_phone="555").request
    for _ in range(12):
        night.settle()
        night.wait(LOOK)
    assert len(asked(night, posted.id)) == limits.GUEST_ALERTS_MAX == 10
    assert {alert.ring for alert in night.alerts(posted.id)} == {"open"}


def test_strangers_are_left_alone_unless_the_owner_opens_the_call(night: Night) -> None:
    owner = night.person("Robert")
    stranger = night.person("Sam", duty=Duty.AVAILABLE)
    posted = night.post(owner, 1).request
    night.settle()
    assert asked(night, posted.id) == []
    command = SetReach(request=posted.public_id, viewer=Viewer(person_id=owner), reach=Reach(open=True))
    night.do(set_reach, command)
    night.settle()
    assert asked(night, posted.id) == [stranger]


def test_comfort_asks_friends_and_their_friends_and_nobody_further(night: Night) -> None:
    owner = night.person("Robert")
    friend = night.person("Ana", friend_of=owner)
    second = night.person("Bo", friend_of=friend)
    night.person("Cy", friend_of=second)
    posted = night.post(owner, 9, urgency=Urgency.COMFORT).request
    night.settle()
    assert set(asked(night, posted.id)) == {friend, second}
    bo = next(alert for alert in night.alerts(posted.id) if alert.person_id == second)
    assert (bo.ring, bo.reasons.via) == ("2", (friend,))


def alert_many(tx: Tx, now: datetime, request_id: int, count: int) -> None:
    made = [tx.people.add(Person(id=0, public_id=tx.ids.public_id(), created_at=now)).id for _ in range(count)]
    rows = [(tx.ids.public_id(), NewAlert(person_id=person)) for person in made]
    tx.alerts.add(request_id, 1, now, rows)


def answers(night: Night, request_id: int) -> dict[str, int]:
    found = [str(alert.answer) for alert in night.alerts(request_id)]
    return {answer: found.count(answer) for answer in set(found)}


@pytest.mark.parametrize("more", [0, 1])
def test_everybody_unanswered_is_stood_down_however_many_they_are(night: Night, more: int) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    many = limits.WAVE_CHUNK + more
    night.do(alert_many, posted.id, many)
    claim = night.claim(posted.public_id, ana)
    night.settle()
    assert answers(night, posted.id) == {"stood_down": many}
    for alert in night.alerts(posted.id)[:: limits.WAVE_CHUNK]:
        assert night.kinds_of(inbox_topic(alert.person_id)) == ["alert_changed"]
    night.step(claim["id"], ana, Step.WITHDRAW)
    night.settle()
    assert answers(night, posted.id) == {"None": many}  # seats are open again: whoever rested may answer after all


def test_a_no_said_after_the_stand_down_is_a_no_for_good(night: Night) -> None:
    owner = night.person("Robert")
    ana, bo, cy = friends(night, owner, 3)
    posted = night.post(owner, 1).request
    night.settle()
    answer(night, posted.id, cy, Answer.ACKNOWLEDGED)
    claim = night.claim(posted.public_id, ana)
    night.settle()
    answer(night, posted.id, bo, Answer.DECLINED)
    night.step(claim["id"], ana, Step.WITHDRAW)
    night.settle()
    held = {alert.person_id: alert.answer for alert in night.alerts(posted.id)}
    assert held == {ana: Answer.CLAIMED, bo: Answer.DECLINED, cy: Answer.ACKNOWLEDGED}


def test_a_closed_call_tells_everybody_who_was_still_thinking(night: Night) -> None:
    owner = night.person("Robert")
    people = friends(night, owner, 3)
    posted = night.post(owner, 2).request
    night.settle()
    night.close(posted.public_id, owner, Disposition.SELF_RESOLVED)
    night.settle()
    assert answers(night, posted.id) == {"stood_down": 3}
    for person in people:
        assert night.kinds_of(inbox_topic(person)) == ["alerted", "alert_changed"]


def test_somebody_elses_alert_cannot_be_answered(night: Night) -> None:
    owner = night.person("Robert")
    ana, bo = friends(night, owner, 2)
    posted = night.post(owner, 2).request
    night.settle()
    alert = night.alerts(posted.id)[0]
    thief = bo if alert.person_id == ana else ana
    with night.no_trace(), pytest.raises(NotFound):
        night.do(answer_alert, AnswerAlert(alert=alert.public_id, person_id=thief, answer=Answer.DECLINED))


def test_a_call_without_a_place_waits_until_it_has_one(night: Night) -> None:
    owner = night.person("Robert")
    friends(night, owner, 3)
    posted = night.post(owner, 2, where=None, place_text="somewhere on the I-15").request
    night.settle()
    assert asked(night, posted.id) == []
    command = ChangeRequest(request=posted.public_id, viewer=Viewer(person_id=owner), where=from_point(BAKER))
    night.do(change_request, command)
    night.settle()
    assert len(asked(night, posted.id)) == 3


def test_a_wave_that_asks_nobody_new_writes_no_event_for_nothing(night: Night) -> None:
    owner = night.person("Robert")
    friends(night, owner, 2)
    posted = night.post(owner, 9).request
    night.settle()
    plan = partial(planned, night, posted.id)
    night.do(send_wave.send, plan())
    before = night.kinds_of(request_topic(posted.id))
    night.do(send_wave.send, plan())
    assert night.kinds_of(request_topic(posted.id)) == before
