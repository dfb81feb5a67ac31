"""Work with a date: done once, by whichever worker comes first, also after a restart."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.lapse_claims import lapse_claim
from dispatch.actions.set_me import Move, SetDuty, move_person, set_duty
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.events import inbox_topic, request_topic
from dispatch.domain.lifecycle import ClaimState, Disposition, RequestState, Step
from dispatch.domain.people import Duty
from dispatch.domain.visibility import Viewer
from dispatch.store import SqlStore
from tests.support.world import ZZYZX, Night, at, night_on

MINUTE = timedelta(minutes=1)


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def states(night: Night, request_id: int) -> list[str]:
    return [str(claim.status) for claim in night.claims(request_id)]


def due(night: Night) -> set[str]:
    return {work.kind for work in night.see(lambda tx: tx.due.ready(night.now() + timedelta(days=99), 1_000))}


def test_a_promise_without_a_sign_of_life_lapses_and_the_call_is_open_again(night: Night) -> None:
    owner = night.person("Robert")
    ana = night.person("Ana", friend_of=owner)
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    night.wait(limits.LEASE_COMMITTED - MINUTE)
    night.settle()
    assert states(night, posted.id) == ["committed"]
    night.wait(2 * MINUTE)
    night.settle()
    request = night.request(posted.id)
    assert states(night, posted.id) == ["lapsed"]
    assert (request.status, request.seats_taken) == (RequestState.OPEN, 0)
    kinds = night.kinds_of(request_topic(posted.id))
    assert (kinds.count("claim_ended"), kinds.count("reopened")) == (1, 1)
    assert "wave" in due(night)
    assert night.kinds_of(inbox_topic(ana))[-1] == "claim_changed"


def test_a_lapse_hands_the_seats_to_whoever_stood_by(night: Night) -> None:
    owner, ana, bo = (night.person(name) for name in ("Robert", "Ana", "Bo"))
    posted = night.post(owner, 2).request
    night.claim(posted.public_id, ana, 2)
    night.claim(posted.public_id, bo, 2, standby=True)
    night.wait(13 * MINUTE)
    night.settle()
    assert states(night, posted.id) == ["lapsed", "committed"]
    assert night.request(posted.id).status is RequestState.CLAIMED
    promoted = night.claims(posted.id)[1]
    assert promoted.lease_until is not None
    assert promoted.lease_until > night.now() + 11 * MINUTE  # a fresh twelve minutes


def test_every_lapse_happens_once_with_two_workers_at_it(night: Night) -> None:
    owner = night.person("Robert")
    posted = night.post(owner, 60).request
    for number in range(30):
        night.claim(posted.public_id, night.person(f"V{number}"), 2)
    night.wait(13 * MINUTE)
    workers = [night.ticker, night.another_ticker()]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(30):
            list(pool.map(lambda worker: worker.turn(), workers))
            if set(states(night, posted.id)) == {"lapsed"}:
                break
    assert not any(worker._failed for worker in workers)
    assert set(states(night, posted.id)) == {"lapsed"}
    assert night.request(posted.id).seats_taken == 0
    assert night.kinds_of(request_topic(posted.id)).count("claim_ended") == 30


def test_a_lapse_that_comes_too_late_changes_nothing(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    night.wait(13 * MINUTE)
    claim = night.claims(posted.id)[0]
    night.step(claim.public_id, ana, Step.EN_ROUTE)
    with night.no_trace():
        assert night.do(lapse_claim, claim.id, posted.id) is False
    night.settle()
    assert states(night, posted.id) == ["en_route"]


def test_movement_is_a_sign_of_life_and_keeps_the_promise(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    for _ in range(3):
        night.wait(8 * MINUTE)
        night.do(move_person, Move(viewer=Viewer(person_id=ana), point=at(ZZYZX, 5)))
        night.settle()
    assert states(night, posted.id) == ["committed"]


def test_work_that_is_due_survives_a_restart(open_sqlite_again: Callable[[], SqlStore], clock: SteppedClock) -> None:
    first = open_sqlite_again()
    night = Night(store=first, clock=clock)
    owner = night.person("Robert")
    ana = night.person("Ana", friend_of=owner)
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    before = due(night)
    first.close()
    clock.step(13 * MINUTE)
    again = open_sqlite_again()
    night = Night(store=again, clock=clock)
    assert due(night) == before
    assert len(night.roster) == 2
    night.settle()
    assert states(night, posted.id) == ["lapsed"]
    again.close()


def test_a_call_that_nobody_answers_expires_by_itself_and_tells_everybody(night: Night) -> None:
    owner = night.person("Robert")
    ana = night.person("Ana", friend_of=owner)
    posted = night.post(owner, 1).request
    night.settle()
    night.wait(timedelta(hours=6, minutes=1))
    night.settle()
    request = night.request(posted.id)
    assert (request.status, request.disposition) == (RequestState.EXPIRED, Disposition.EXPIRED)
    assert [str(alert.answer) for alert in night.alerts(posted.id) if alert.person_id == ana] == ["stood_down"]
    assert not due(night) & {"wave", "expire", "reopen", "stand_down"}


def test_a_call_with_somebody_on_the_way_does_not_expire_under_them(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 2).request
    claim = night.claim(posted.public_id, ana, eta_minutes=7 * 60)["id"]
    night.step(claim, ana, Step.EN_ROUTE)
    night.wait(timedelta(hours=6, minutes=1))
    night.settle()
    assert night.request(posted.id).status is RequestState.OPEN
    assert "expire" in due(night)


def test_a_call_whose_people_were_all_met_ends_as_resolved(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET):
        night.step(claim, ana, step)
    night.wait(timedelta(hours=6, minutes=1))
    night.settle()
    assert states(night, posted.id) == ["done"]
    assert night.request(posted.id).disposition is Disposition.RESOLVED


def test_closing_ends_every_claim_the_right_way_and_nothing_stays_due(night: Night) -> None:
    owner, met, coming, waiting = (night.person(name) for name in ("Robert", "Met", "Coming", "Waiting"))
    posted = night.post(owner, 2).request
    claim = night.claim(posted.public_id, met)["id"]
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET):
        night.step(claim, met, step)
    night.claim(posted.public_id, coming)
    night.claim(posted.public_id, waiting, standby=True)
    night.close(posted.public_id, owner)
    assert states(night, posted.id) == ["done", "stood_down", "stood_down"]
    assert night.request(posted.id).seats_taken == 1
    for person in (met, coming, waiting):
        assert night.kinds_of(inbox_topic(person))[-1] == "claim_changed"
    night.settle()
    assert not due(night) & {"wave", "expire", "reopen", "stand_down", "seen", "done"}  # only forgetting is left


def test_a_break_with_an_end_ends_by_itself(night: Night) -> None:
    ana = night.person("Ana")
    until = night.now() + timedelta(minutes=30)
    night.do(set_duty, SetDuty(viewer=Viewer(person_id=ana), duty=Duty.ON_BREAK, until=until, place=None, changes={}))
    night.settle()
    assert night.see(lambda tx: tx.people.by_ids([ana])[ana].duty) is Duty.ON_BREAK
    if night.clock is None:
        night.do(lambda tx, now: tx.people.set(ana, duty_until=now))
    night.wait(timedelta(minutes=31))
    night.settle()
    assert night.see(lambda tx: tx.people.by_ids([ana])[ana].duty) is Duty.AVAILABLE
    assert "duty" not in due(night)


def test_the_owner_hears_of_many_looks_in_one_event(night: Night) -> None:
    owner = night.person("Robert")
    for number in range(12):
        night.person(f"V{number}", friend_of=owner)
    posted = night.post(owner, 9).request
    night.settle()
    alerts = night.alerts(posted.id)
    assert len(alerts) > 5
    for alert in alerts:
        night.do(
            answer_alert,
            AnswerAlert(alert=alert.public_id, person_id=alert.person_id, answer=Answer.ACKNOWLEDGED),
        )
    night.wait(limits.SEEN_EVERY)
    night.settle()
    assert night.kinds_of(request_topic(posted.id)).count("alert_seen") == 1
    assert night.request(posted.id).seen == len(alerts)


def test_a_finished_claim_is_not_finished_again(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET, Step.DONE):
        night.step(claim, ana, step)
    before = night.kinds_of(request_topic(posted.id))
    night.wait(limits.MET_UNTIL_DONE)
    assert "done" not in due(night)
    night.ticker.turn()
    assert [kind for kind in night.kinds_of(request_topic(posted.id))[len(before) :] if kind == "claim_stepped"] == []
    assert night.claims(posted.id)[0].status is ClaimState.DONE
