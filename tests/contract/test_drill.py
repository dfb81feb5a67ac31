"""A drill from its start to its report: who is asked, what they may say, that nothing of it is real; both engines."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch.actions import look
from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.change_request import SetReach, Vouch, set_reach, vouch
from dispatch.actions.pass_on import PassOn, pass_on
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.errors import Invalid, NotAllowed, RequestOver, SignIn
from dispatch.domain.people import Duty
from dispatch.domain.request import Reach, Request, Urgency
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Tx
from dispatch.store import SqlStore
from dispatch.store.sqlite import SqliteStore
from geo.box import Box
from tests.support.world import BAKER, Follower, Night, night_on

WORLD = Box(south=-90, west=-180, north=90, east=180)


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def drill_of(night: Night, friends: int = 3, **fields: Any) -> tuple[int, Request, list[int]]:
    """Robert, his drill after everybody was asked, and his friends."""
    owner = night.person("Robert")
    people = [night.person(f"F{number}", friend_of=owner) for number in range(friends)]
    posted = night.post(owner, 4, drill=True, **fields).request
    night.settle()
    return owner, posted, people


def answers(night: Night, person: int, request: Request, answer: Answer) -> dict[str, Any]:
    alert = next(each for each in night.alerts(request.id) if each.person_id == person)
    return night.do(answer_alert, AnswerAlert(alert=alert.public_id, person_id=person, answer=answer))


def asked(night: Night, request: Request) -> set[int]:
    return {alert.person_id for alert in night.alerts(request.id)}


def test_people_say_whether_they_could_and_the_owner_reads_how_many(night: Night) -> None:
    _, drill, people = drill_of(night)
    follower = Follower(night, drill.id, Role.OWNER)
    night.wait(timedelta(minutes=3))
    told = answers(night, people[0], drill, Answer.COULD)
    assert (told["answer"], told["drill"]) == ("could", True)
    answers(night, people[1], drill, Answer.DECLINED)
    night.settle()
    follower.follow()
    assert follower.state == follower.fresh()
    counts = follower.state["drilled"]
    assert isinstance(counts, dict)
    assert (counts["could"], counts["no"]) == (1, 1)
    if isinstance(night.store, SqliteStore):
        assert counts["first_s"] == 180.0
    assert night.request(drill.id).seats_taken == 0
    public = night.see(lambda tx: look.request_state(tx, night.request(drill.id), Role.PUBLIC))
    assert public["drilled"] is None


def test_a_yes_and_a_no_to_a_drill_can_be_changed_and_the_same_one_says_nothing_new(night: Night) -> None:
    _, drill, (ana, *_) = drill_of(night)
    answers(night, ana, drill, Answer.COULD)
    night.settle()
    with night.no_trace():
        answers(night, ana, drill, Answer.COULD)
        answers(night, ana, drill, Answer.ACKNOWLEDGED)
    assert answers(night, ana, drill, Answer.DECLINED)["answer"] == "declined"


def test_nothing_of_a_drill_can_be_taken_and_nothing_real_can_be_answered_like_one(night: Night) -> None:
    owner, drill, (ana, bo, _) = drill_of(night)
    for standby in (False, True):
        with night.no_trace(), pytest.raises(NotAllowed):
            night.claim(drill.public_id, ana, standby=standby)
    with night.no_trace(), pytest.raises(NotAllowed):
        night.do(pass_on, PassOn(request=drill.public_id, viewer=Viewer(person_id=ana)))
    with night.no_trace(), pytest.raises(NotAllowed):
        night.do(vouch, Vouch(request=drill.public_id, viewer=Viewer(person_id=ana), ring="1", lends=True))
    real = night.post(owner, 4).request
    night.settle()
    with night.no_trace(), pytest.raises(Invalid):
        answers(night, bo, real, Answer.COULD)


def test_a_drill_asks_once_however_often_the_matcher_looks(night: Night) -> None:
    owner, drill, people = drill_of(night)
    first = asked(night, drill)
    late = night.person("Late", friend_of=owner)
    answers(night, people[0], drill, Answer.DECLINED)
    for _ in range(3):
        night.wait(timedelta(minutes=5))
        night.settle()
    assert asked(night, drill) == first == set(people)
    assert late not in first


def test_a_drill_asks_forty_people_and_no_stranger_even_when_its_owner_opens_it(night: Night) -> None:
    owner = night.person("Robert", external="row 1")
    for number in range(limits.DRILL_ALERTS_MAX + 20):
        night.person(f"F{number}", friend_of=owner)
    stranger = night.person("Sam", duty=Duty.AVAILABLE, place=BAKER)
    drill = night.post(owner, 60, drill=True, urgency=Urgency.DANGER).request
    wide = SetReach(request=drill.public_id, viewer=Viewer(person_id=owner), reach=Reach(open=True))
    night.do(set_reach, wide)
    night.settle()
    assert len(asked(night, drill)) == limits.DRILL_ALERTS_MAX
    assert stranger not in asked(night, drill)
    assert night.request(drill.id).urgency is Urgency.STRANDED


def test_nobody_is_asked_in_two_drills_in_a_quarter_and_everybody_in_a_real_call(night: Night) -> None:
    owner, _, people = drill_of(night)
    other = night.person("Rita")

    def ties(tx: Tx, now: datetime) -> None:
        for person in people:
            tx.network.tie(other, person)
            night.roster.tie(other, person)

    night.do(ties)
    fresh = night.person("Fresh", friend_of=other)
    second = night.post(other, 4, drill=True).request
    real = night.post(other, 4).request
    night.settle()
    assert asked(night, second) == {fresh, owner}
    assert asked(night, real) >= set(people)


def test_a_drill_spends_one_alert_of_the_week(night: Night) -> None:
    owner = night.person("Robert")
    ana = night.person("Ana", friend_of=owner, alerts_per_week_max=1)
    night.post(owner, 4, drill=True)
    night.settle()
    real = night.post(owner, 4).request
    night.settle()
    assert ana not in asked(night, real)


def test_a_drill_wakes_nobody_in_their_quiet_hours(night: Night) -> None:
    owner = night.person("Robert")
    all_day = {"quiet_from": 0, "quiet_to": 24 * 60 - 1}
    asleep, awake = night.person("Ana", friend_of=owner, **all_day), night.person("Bo", friend_of=owner)
    drill = night.post(owner, 4, drill=True).request
    night.settle()
    assert asked(night, drill) == {awake}
    assert asleep not in asked(night, drill)


def test_a_drill_is_a_members_and_once_a_week(night: Night) -> None:
    owner, _, _ = drill_of(night)
    with night.no_trace(), pytest.raises(NotAllowed, match="next one"):
        night.post(owner, 4, drill=True)
    for guest in (None, night.person("Gus", guest=True)):
        with night.no_trace(), pytest.raises(SignIn):
            night.post(guest, 4, drill=True, contact_phone="555")


def test_a_real_call_is_never_taken_for_the_drill_that_is_going_on(night: Night) -> None:
    owner, drill, _ = drill_of(night)
    real = night.post(owner, 4, similar_ok=False).request
    assert real.id != drill.id
    assert not night.request(real.id).drill


def test_a_drill_is_on_no_board_and_ends_by_itself(night: Night) -> None:
    _, drill, (ana, *_) = drill_of(night)
    board = night.store.read_now(lambda tx, now: look.board(tx, now, Viewer(person_id=ana), WORLD, b"k" * 32))
    assert board["features"] == []
    night.wait(limits.DRILL_LASTS + timedelta(seconds=1))
    night.settle()
    assert night.request(drill.id).over
    with night.no_trace(), pytest.raises(RequestOver):
        answers(night, ana, drill, Answer.COULD)


def test_what_is_said_to_a_drill_teaches_the_matcher_nothing_and_holds_nobody_back(night: Night) -> None:
    _, drill, people = drill_of(night)
    answers(night, people[0], drill, Answer.COULD)
    facts = night.see(lambda tx: tx.alerts.learned(None, drill.created_at - timedelta(days=1)))
    assert len(facts) == len(people)
    assert not facts.claimed.any()
    assert not facts.open.any()
    assert not facts.usual.any()
