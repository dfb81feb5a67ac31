"""A second question within a second costs nothing, and never hides a change."""

from dataclasses import replace

import numpy as np
import pytest

from dispatch.domain.people import Duty
from dispatch.ports import Search
from dispatch.roster import MemoryRoster
from dispatch.roster.kept import KEPT_S, MOST_PEOPLE, Kept
from geo.point import Point
from tests.roster.worlds import NOW, Plain, somebody

HERE = Point(35.0, -116.0)
ASKED = Search(requester=1, origin=HERE, radius_km=50, rings_max=2, now=NOW)


@pytest.fixture
def roster() -> MemoryRoster:
    people = {number: somebody(number, place=HERE) for number in (1, 2, 3)}
    return Plain(people=people, ties={(1, 2)}).roster()


def test_the_wave_that_follows_a_forecast_works_on_the_same_answer(roster: MemoryRoster) -> None:
    found = roster.search(ASKED)
    assert roster.search(replace(ASKED, now=NOW + 0.2)) is found
    assert roster.search(replace(ASKED, now=NOW + KEPT_S)) is not found
    assert roster.search(replace(ASKED, radius_km=60)) is not found
    timeless = replace(ASKED, now=None)
    assert roster.search(timeless) is not roster.search(timeless)


@pytest.mark.parametrize(
    ("change", "whom"),
    [
        (lambda roster: roster.tie(1, 3), [2, 3]),
        (lambda roster: roster.untie(1, 2), []),
        (lambda roster: roster.put_person(somebody(2, place=HERE, duty=Duty.OFF_DUTY)), []),
    ],
    ids=["a tie", "a tie undone", "a break"],
)
def test_a_change_is_seen_at_once_however_lately_was_asked(
    roster: MemoryRoster, change: object, whom: list[int]
) -> None:
    assert roster.search(ASKED).person.tolist() == [2]
    change(roster)  # type: ignore[operator]
    assert roster.search(ASKED).person.tolist() == whom


def test_an_inbox_that_opens_is_seen_at_once(roster: MemoryRoster) -> None:
    assert not roster.search(ASKED).remembered["online"][0]
    roster.present(2, 1)
    assert roster.search(ASKED).remembered["online"][0]


def test_answers_of_many_people_are_not_heaped_up(roster: MemoryRoster) -> None:
    found = roster.search(ASKED)
    many = replace(found, person=np.zeros(MOST_PEOPLE, dtype=np.int64))
    kept = Kept()
    for radius in (1, 2, 3):
        kept.put(replace(ASKED, radius_km=radius), 0, many)
    assert [kept.take(replace(ASKED, radius_km=radius), 0) is many for radius in (1, 2, 3)] == [False, True, True]
