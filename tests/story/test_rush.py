"""Many calls at once: nobody drives for two, whoever is asked too often tires, and the night is the same every time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dispatch.domain.request import Urgency
from dispatch.stories.trial.crowd import NEVER
from dispatch.stories.trial.play import Call, Outcome
from dispatch.stories.trial.rush import Among, Everybody, Rush
from dispatch.stories.trial.settings import TRIALS, Trial
from dispatch.stories.trial.worlds import calls_of

pytestmark = pytest.mark.slow

TOWN: Trial = replace(TRIALS["town"], calls=14, days=0.02)
PEOPLE = 3_001


def calls() -> Iterator[tuple[float, Call]]:
    """Fourteen calls of one town within half an hour, two of them in danger, among two hundred people."""
    for number, (one, call) in enumerate(calls_of(TOWN, 3)):
        urgency = Urgency.DANGER if number % 7 == 3 else Urgency.UNSAFE
        at = call.at + timedelta(hours=12)
        call.crowd.start_hour += 12
        few = call.pool.person % 15 == 0
        few_people = replace(call, pool=call.pool.only(few), rows=call.rows[few])
        yield one.day * 24 * 60, replace(few_people, at=at, urgency=urgency, party=9)


@pytest.fixture(scope="module")
def night() -> tuple[Rush, list[Outcome]]:
    rush = Rush(calls(), "paced", PEOPLE, 3)
    return rush, rush.play()[0]


def test_every_call_is_played_to_its_end(night: tuple[Rush, list[Outcome]]) -> None:
    assert len(night[1]) == TOWN.calls
    assert sum(outcome.cars for outcome in night[1]) > 0


def test_where_many_ask_at_once_drivers_are_shared_out_in_rounds(night: tuple[Rush, list[Outcome]]) -> None:
    assert night[0].rounds > 0


def test_nobody_drives_for_two_calls_at_a_time(night: tuple[Rush, list[Outcome]]) -> None:
    drove = np.concatenate([outcome.drove for outcome in night[1]])
    assert len(drove) == len(np.unique(drove))


def test_whoever_has_promised_one_call_is_not_asked_for_another() -> None:
    everybody = Everybody(PEOPLE, 3)
    posted, call = next(calls())
    first, second = (Among(call, "paced", everybody, posted) for _ in range(2))
    now = first.next_at()
    while now < NEVER and not (everybody.busy_until > posted + now).any():
        first.step(now)
        now = first.next_at()
    busy = np.flatnonzero(everybody.busy_until > posted + now) + 1
    assert len(busy)
    assert not np.isin(busy, second.seen_at(now).pool.person).any()
    assert second.seen_at(now).pool.elsewhere.any()


def test_the_same_night_is_the_same_every_time(night: tuple[Rush, list[Outcome]]) -> None:
    again, _ = Rush(calls(), "paced", PEOPLE, 3).play()
    assert [outcome.waves for outcome in again] == [outcome.waves for outcome in night[1]]
