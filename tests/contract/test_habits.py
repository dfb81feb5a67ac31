"""What people here are like is learned from the store itself: kept promises, yeses and forecasts, on both engines."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.actions.account import erase_me
from dispatch.actions.look import request_state
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import Answer, NewAlert, Reasons
from dispatch.domain.claim import Claim
from dispatch.domain.habits import LOOKED_LEAST, OUTCOMES_LEAST, TEXTBOOK, Habits, habits_of
from dispatch.domain.lifecycle import ClaimState, Disposition, RequestState, Step
from dispatch.domain.request import Request, Secrets, Urgency
from dispatch.domain.visibility import Role, Viewer
from dispatch.domain.waves import POLICIES
from dispatch.ports import Tx
from dispatch.store import SqlStore
from tests.support.world import Night, night_on

PACED = POLICIES["paced"]


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def ended(night: Night, calls: int, *, broken: int = 0, people: tuple[int, ...] = (), said: float = 0.8) -> None:
    """So many calls for one seat that are over; of each `broken` in ten the promise lapsed and nobody came."""
    asker = night.person("Asker")
    drivers = [night.person(f"Driver {number}") for number in range(10)]
    start = night.now() - timedelta(days=20)

    def write(tx: Tx) -> None:
        for number in range(calls):
            at = start + timedelta(minutes=number)
            lapsed = number % 10 < broken
            by = (at + timedelta(minutes=30)).isoformat(timespec="seconds").replace("+00:00", "Z")
            posted = tx.requests.add(
                Request(
                    id=0, public_id=tx.ids.public_id(), requester=asker, kind="ride", quantity=1, seats_taken=0,
                    status=RequestState.RESOLVED, urgency=Urgency.STRANDED, for_other=False, needs=(), cell=None, off=0,
                    created_at=at, deadline_at=at + timedelta(hours=6), closed_at=at + timedelta(hours=4),
                    disposition=Disposition.EXPIRED if lapsed else Disposition.RESOLVED, alerted=len(people),
                    forecast={"p": said, "by": by, "first": {"p": said, "by": by, "seats": 1}},
                ),
                Secrets(),
            )  # fmt: skip
            tx.claims.add(
                Claim(
                    id=0, public_id=tx.ids.public_id(), request_id=posted.id, person_id=drivers[number % 10], seats=1,
                    status=ClaimState.LAPSED if lapsed else ClaimState.DONE, created_at=at + timedelta(minutes=5),
                    shown_at=at, ended_at=at + timedelta(hours=1),
                )
            )  # fmt: skip
            reasons = Reasons(ring="1", usual=0.1, hears=0.7)
            new = [(tx.ids.public_id(), NewAlert(person_id=person, reasons=reasons)) for person in people]
            for alert in tx.alerts.add(posted.id, 1, at, new):
                tx.alerts.answer(alert.id, Answer.CLAIMED, at + timedelta(minutes=3))

    night.do(lambda tx, _: write(tx))


def known(night: Night) -> Habits:
    night.wait(limits.HABITS_EVERY)
    night.feed.load()
    return night.roster.habits


def odds(night: Night, habits: Habits) -> tuple[float, bool]:
    """The first forecast of a call from there with thirty friends near, in the evening."""
    robert = night.person("Robert")
    for number in range(30):
        night.person(f"Friend {number}", friend_of=robert)
    call = night.post(robert, 9).request
    evening = night.now().replace(hour=2, minute=0)
    seen = replace(night.looked(call.id), habits=habits, now=evening)
    seen = replace(seen, request=replace(seen.request, created_at=evening))
    outlook = PACED(seen).forecast
    return outlook.p, outlook.early


def test_before_any_call_has_ended_people_are_as_the_textbook_says(night: Night) -> None:
    robert = night.person("Robert")
    night.person("Ana", friend_of=robert)
    night.post(robert, 2)
    night.settle()
    assert known(night) == TEXTBOOK


def test_where_half_the_promises_lapse_odds_are_lower_than_where_all_are_kept(night: Night) -> None:
    ended(night, 60, broken=5)
    half = known(night)
    assert half.promises == 60
    assert half.kept == pytest.approx(69 / 110)
    ended(night, 180)
    more = known(night)
    assert more.kept > 0.8
    assert odds(night, half)[0] < odds(night, TEXTBOOK)[0] < odds(night, replace(more, reliable={}))[0]


def test_odds_are_called_early_until_two_hundred_outcomes_are_known_and_then_held_to_them(night: Night) -> None:
    ended(night, OUTCOMES_LEAST - 1, broken=5)
    few = known(night)
    assert few.outcomes == {"ride": OUTCOMES_LEAST - 1}
    assert odds(night, few)[1]
    ended(night, 1, broken=5)
    enough = known(night)
    assert not odds(night, enough)[1]
    assert enough.honest("ride", 0.8) == pytest.approx(0.5, abs=0.06)


def test_whoever_is_erased_takes_along_what_their_alerts_have_taught(night: Night) -> None:
    ana, ben = night.person("Ana"), night.person("Ben")
    ended(night, LOOKED_LEAST, people=(ana, ben))
    before = known(night)
    assert before.alerts == 2 * LOOKED_LEAST
    assert before.willing > 5
    night.do(erase_me, Viewer(person_id=ana))
    assert known(night).alerts == LOOKED_LEAST
    night.do(erase_me, Viewer(person_id=ben))
    after = known(night)
    assert (after.alerts, after.willing) == (0, 1.0)


def test_a_calls_first_odds_are_kept_whatever_is_said_later_and_nobody_reads_them(night: Night) -> None:
    robert = night.person("Robert")
    friends = [night.person(f"F{number}", friend_of=robert) for number in range(3)]
    call = night.post(robert, 2).request
    night.settle()
    first = (night.request(call.id).forecast or {})["first"]
    assert isinstance(first, dict)
    assert first["seats"] == 2
    claim = night.claim(call.public_id, friends[0], 2)["id"]
    night.step(claim, friends[0], Step.EN_ROUTE)
    night.settle()
    held = night.request(call.id)
    assert (held.forecast or {})["first"] == first
    shown = night.see(lambda tx: request_state(tx, held, Role.OWNER))
    assert set(shown["forecast"]) == {"p", "by", "early", "alerted", "in_reach"}
    night.close(call.public_id, robert)
    past = night.see(lambda tx: tx.past.ended(night.now()))
    assert (past.kinds, past.came.tolist(), past.kept.tolist()) == (("ride",), [True], [True])
    assert past.said.tolist() == [first["p"]]


def test_a_call_that_ended_before_its_odds_could_come_true_says_nothing_of_them(night: Night) -> None:
    robert = night.person("Robert")
    night.person("Ana", friend_of=robert)
    call = night.post(robert, 2).request
    night.settle()
    night.close(call.public_id, robert, Disposition.SELF_RESOLVED)
    past = night.see(lambda tx: tx.past.ended(night.now()))
    assert (past.kinds, past.kept.tolist()) == ((), [])
    assert len(past.sent_s) == night.request(call.id).alerted


def test_a_drill_teaches_nothing_of_people_here(night: Night) -> None:
    robert = night.person("Robert")
    night.person("Ana", friend_of=robert)
    drill = night.post(robert, 4, drill=True).request
    night.settle()
    night.close(drill.public_id, robert)
    assert habits_of(night.see(lambda tx: tx.past.ended(night.now()))) == TEXTBOOK


@pytest.mark.parametrize(("most", "read"), [(9, 6), (6, 6), (5, 3)])
def test_only_the_newest_alerts_are_read_and_no_call_by_half(night: Night, most: int, read: int) -> None:
    people = tuple(night.person(f"P{number}") for number in range(3))
    ended(night, 2, people=people)
    reads: Any = night.see(lambda tx: tx.past.ended(night.now(), alerts=most))  # type: ignore[call-arg]
    assert len(reads.sent_s) == read


def test_a_worker_reads_anew_what_people_here_are_like_every_ten_minutes(night: Night) -> None:
    if night.clock is None:
        pytest.skip("the server's clock can't be stepped")
    ended(night, 60, broken=10)
    night.wait(limits.HABITS_EVERY - timedelta(seconds=1))
    night.feed.catch_up()
    assert night.roster.habits == TEXTBOOK
    night.wait(timedelta(seconds=1))
    night.feed.catch_up()
    assert night.roster.habits.kept == pytest.approx(39 / 110)
