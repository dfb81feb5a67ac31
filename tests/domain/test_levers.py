"""What would raise the odds, as rules: only what moves a tenth, the best first; supposed people are nobody's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import levers
from dispatch.domain.levers import Lever, What, tenths, with_available, with_friends, worth_showing
from dispatch.domain.matching import Pool
from dispatch.domain.network import CODE
from geo.point import Point

CHANCES = st.floats(0, 1)
LEVERS = st.builds(
    Lever,
    what=st.sampled_from(What),
    people=st.integers(1, 5),
    party=st.sampled_from([1, 9]),
    now=CHANCES,
    then=CHANCES,
)


def pool(rings: list[int], duty: list[int]) -> Pool:
    many = len(rings)
    whole = {name: np.full(many, -1) for name in ("reach_minutes", "quiet_from", "quiet_to")}
    return Pool(
        person=np.arange(many), ring=np.asarray(rings, dtype=np.int8), km=np.arange(many, dtype=np.float64),
        minutes=np.arange(many, 0.0, -1.0), lat=np.zeros(many), lon=np.zeros(many), seats=np.ones(many, dtype=np.int64),
        duty=np.asarray(duty, dtype=np.int8), weekly_max=np.full(many, 4), community=np.zeros(many, dtype=np.int64),
        seen_at=np.zeros(many), **whole,
    )  # fmt: skip


@given(st.lists(LEVERS))
def test_of_each_way_what_helps_most_is_shown_the_best_first_if_it_moves_a_tenth(found: list[Lever]) -> None:
    shown = worth_showing(found)
    gains = [lever.gain for lever in shown]
    assert gains == sorted(gains, reverse=True)
    for what in What:
        best = max((lever.gain for lever in found if lever.what is what), default=0)
        assert [lever.gain for lever in shown if lever.what is what] == ([best] if best > 0 else [])


@given(LEVERS)
def test_odds_leave_in_tenths_and_no_finer(lever: Lever) -> None:
    told = lever.as_json()
    for name in ("now", "then"):
        odds = told[name]
        assert isinstance(odds, float)
        assert odds * 10 == pytest.approx(round(odds * 10))
    assert tenths(lever.now) == round(float(str(told["now"])) * 10)


def test_the_soonest_friends_who_never_said_so_are_supposed_to_be_available() -> None:
    before = pool([1, 1, 2, 3, 2, 1], [-1, 1, -1, -1, -1, -1])
    after, so_many = with_available(before)
    changed = np.flatnonzero(after.duty != before.duty)
    assert so_many == levers.AVAILABLE
    assert changed.tolist() == [2, 4, 5]  # the last are the soonest; ring 3 is nobody's to ask
    assert (before.duty == [-1, 1, -1, -1, -1, -1]).all()


def test_nobody_to_ask_is_no_lever() -> None:
    assert with_available(pool([3, 1], [-1, 1]))[1] == 0


def test_friends_who_join_stand_beside_the_others_and_are_nobody_who_is_known() -> None:
    before = pool([2], [1])
    after = with_friends(before, Point(35.0, -116.0), 20.0)
    assert len(after) == 1 + levers.INVITED
    assert (after.person[1:] < 0).all()
    assert (after.ring[1:] == CODE["1"]).all()
    assert (after.duty[1:] == -1).all()
    assert (after.minutes[1:] == 20.0).all()
    assert all(getattr(after, name).dtype == getattr(before, name).dtype for name in before.__dataclass_fields__)
