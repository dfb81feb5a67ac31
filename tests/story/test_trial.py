"""Trials: the fast harness tells the same truth as the slow one, and keeps the house's promises."""

from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Any

import numpy as np
import pytest

from dispatch.domain.request import Urgency
from dispatch.stories.behaviour import Behaviour
from dispatch.stories.trial.bars import bars_of, better
from dispatch.stories.trial.command import told
from dispatch.stories.trial.crowd import Crowd
from dispatch.stories.trial.figures import calibrated, ratio, row_of
from dispatch.stories.trial.month import months
from dispatch.stories.trial.play import Call, Outcome, Play
from dispatch.stories.trial.rivals import ALL, BOUND
from dispatch.stories.trial.run import Played
from dispatch.stories.trial.settings import TRIALS, Trial
from dispatch.stories.trial.worlds import calls_of, net_of

SMALL: Trial = replace(TRIALS["bus"], people=4_000)


@pytest.fixture(scope="module")
def call() -> Call:
    return next(iter(calls_of(SMALL, 0)))[1]


@pytest.fixture(scope="module")
def played(call: Call) -> dict[str, Outcome]:
    return {policy: Play(call, policy).play() for policy in ALL}


@pytest.mark.parametrize("minute", [0.0, 37.0, 400.0])
def test_the_crowd_does_what_each_person_of_it_would_do_alone(minute: float) -> None:
    world = net_of(SMALL, 0).world
    facts: dict[str, Any] = {"lat": world.lat, "lon": world.lon, "seats": world.seats, "duty": world.duty}
    place = SMALL.place
    assert place is not None
    many = Crowd(7, **facts, place=place, later_h=1.2)
    many.start_hour = 7.5
    alone = Behaviour(7, **facts, place=place, later_h=1.2)
    rows = np.arange(1, 400)
    at = SMALL.at + timedelta(minutes=minute)
    found = many.reactions(rows, minute, rings=np.ones(len(rows), dtype=np.int8), kind=0.6, ties=48_000)
    for n, row in enumerate(rows.tolist()):
        one = alone.reaction(row, at, kind="ride", urgency=Urgency.STRANDED, ring="1", ties=48_000)
        assert bool(found.comes[n]) is one.comes
        assert bool(found.says_no[n]) is one.says_no
        assert bool(found.woken[n]) is one.woken
        sees = inf if one.sees is None else (one.sees - SMALL.at) / timedelta(minutes=1)
        assert float(found.sees[n]) == pytest.approx(sees, abs=0.05)
        fails, told = many.no_show(row)
        if one.comes:
            assert fails is one.no_show
            assert told == pytest.approx(inf if one.announces is None else one.announces / timedelta(minutes=1))


def test_nobody_is_asked_twice_and_no_more_is_promised_than_asked_for(played: dict[str, Outcome]) -> None:
    for outcome in played.values():
        assert len(set(outcome.asked.tolist())) == len(outcome.asked) == outcome.alerts
        assert outcome.served <= 1
        assert sum(count for _, count in outcome.waves) == outcome.alerts
        assert outcome.heard <= outcome.full <= outcome.secured


def test_the_same_seed_gives_the_same_night_and_another_one_another(call: Call, played: dict[str, Outcome]) -> None:
    again = Play(next(iter(calls_of(SMALL, 0)))[1], "paced").play()
    other = Play(next(iter(calls_of(SMALL, 5)))[1], "paced").play()
    assert again.waves == played["paced"].waves
    assert again.asked.tolist() == played["paced"].asked.tolist()
    assert other.asked.tolist() != again.asked.tolist()


def test_nobody_does_better_than_asking_everybody_at_once_and_letting_them_stand_by(
    played: dict[str, Outcome],
) -> None:
    assert played[BOUND].alerts == max(outcome.alerts for outcome in played.values())
    assert played[BOUND].cars >= 0


def test_rivals_keep_their_own_rules(played: dict[str, Outcome]) -> None:
    assert len(played["blast-all"].waves) == 1
    assert {count for _, count in played["waves-50"].waves[:-1]} <= {50}
    assert {at % 30 for at, _ in played["nearest-100"].waves} == {0.0}
    assert {count for _, count in played["one-by-one"].waves} == {1}
    assert max(count for _, count in played["goodsam-3"].waves) <= 3


def test_a_month_wears_people_and_is_remembered() -> None:
    trial = replace(TRIALS["town"], calls=12, days=4.0)
    found = months(trial, 1, ("paced", "blast-all", "paced+rested"))
    outcomes, toll = found["paced"]
    assert len(outcomes) == 12
    assert toll.sent.max() <= 4 + 4
    assert toll.sent.sum() == sum(outcome.alerts for outcome in outcomes)
    assert found["blast-all"][1].left > toll.left
    row = row_of("paced", outcomes, [toll], 12)
    assert 0 <= row["full"] <= 1
    assert 0 <= row["gini_sent"] <= 1
    assert found["paced+rested"][1].sent.sum() == 0
    assert found["paced+rested"][0][0].waves == outcomes[0].waves
    played = Played(seed=1, outcomes={p: o for p, (o, _) in found.items()}, tolls={"paced": toll}, cells={})
    tables = [table.title for table in told(trial, [played], ("paced", "paced+rested"), [1]).tables]
    assert any("ties, fewest first" in title for title in tables)
    assert any("what asking cost" in title for title in tables)


def test_a_month_that_ends_as_it_began_has_lost_nothing_and_its_control_takes_the_luck_out() -> None:
    first, last = np.array([1.0, 0.9, 0.8]), np.array([0.9, 0.9, 0.7])
    assert ratio((first, first))[0] == 1
    alone, error = ratio((first, last))
    beside, less = ratio((first, last), (first, last))
    assert alone == pytest.approx(2.5 / 2.7)
    assert (beside, less) == (1, 0)
    assert error > 0


def test_a_forecast_that_is_always_right_has_no_error_and_one_that_never_is_has_all() -> None:
    right = calibrated([0.0, 1.0, 1.0], [False, True, True])
    wrong = calibrated([1.0, 0.0], [False, True])
    assert (right.ece, right.brier) == (0.0, 0.0)
    assert (wrong.ece, wrong.brier) == (1.0, 1.0)


def test_a_bar_that_does_not_hold_is_said_to_be_broken() -> None:
    good = {"policy": "paced", "alerts": 30.0, "le30": 1.0, "secured_p50": 3.0}
    rows = {"paced": good, "waves-50": good | {"alerts": 20.0, "secured_p50": 2.0}}
    found = {bar["test"]: bar["ok"] for bar in bars_of("city", rows)}
    assert found["paced: alerts"]
    assert [ok for test, ok in found.items() if "(waves-50)" in test] == [False]
    assert better(rows) == ["waves-50"]


def test_somebody_with_few_friends_must_not_be_worse_off_than_with_the_nearest_hundred() -> None:
    lonely = {"full": 0.9, "le30": 0.9}
    good = {"policy": "paced", "alerts": 30.0, "le30": 1.0, "secured_p50": 3.0, "loneliest": lonely}
    rows = {"paced": good, "nearest-100": good | {"alerts": 40.0, "loneliest": {"full": 0.95, "le30": 0.4}}}
    found = {bar["test"]: bar["ok"] for bar in bars_of("x", rows)}
    assert not found["paced: full of the loneliest tenth, against nearest-100"]
    assert found["paced: le30 of the loneliest tenth, against nearest-100"]
