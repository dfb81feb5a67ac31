"""The gate and the chance of a yes: nobody is asked who may not be, and the chances obey common sense."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.matching import (
    DUTIES,
    Pool,
    chance_of_yes,
    freshness,
    gate,
    in_reach,
    is_night,
    local_minute,
    quiet,
    raised_by,
)
from dispatch.domain.network import RINGS
from dispatch.domain.people import Duty
from dispatch.domain.request import Request, Urgency
from geo.point import Point
from tests.support.strategies import NOON, moments, pools, requests

rings = st.frozensets(st.sampled_from(list(RINGS)))
never = st.frozensets(st.integers(1, 40))
BAKER = Point(35.27, -116.07)


@given(pools(), rings, never)
def test_nobody_passes_the_gate_who_may_not_be_asked(
    pool: Pool, allowed: frozenset[int], barred: frozenset[int]
) -> None:
    keep = gate(pool, rings=allowed, never=barred)
    for row in range(len(pool)):
        duty = DUTIES[pool.duty[row]] if pool.duty[row] >= 0 else None
        silent = duty in (Duty.OFF_DUTY, Duty.ON_BREAK, Duty.COMMITTED)
        may = int(pool.ring[row]) in allowed and int(pool.person[row]) not in barred and not silent
        assert bool(keep[row]) is may


@given(pools())
def test_nobody_is_asked_further_than_they_or_the_house_would_drive(pool: Pool) -> None:
    reached = in_reach(pool)
    for row in range(len(pool)):
        own = pool.reach_minutes[row]
        near = pool.minutes[row] <= limits.TRAVEL_MAX_MINUTES and (own < 0 or pool.minutes[row] <= own)
        assert bool(reached[row]) == near


@given(pools(), rings, never)
def test_widening_the_rings_never_shuts_anybody_out(
    pool: Pool, allowed: frozenset[int], barred: frozenset[int]
) -> None:
    narrow = gate(pool, rings=allowed, never=barred)
    wide = gate(pool, rings=frozenset(RINGS), never=barred)
    assert (wide | ~narrow).all()


@given(pools(), requests(), st.sampled_from([1.0, 0.35]))
def test_a_chance_is_a_chance_and_at_most_nine_in_ten(pool: Pool, request: Request, follower: float) -> None:
    chance = chance_of_yes(pool, request, KINDS[request.kind], NOON, follower=follower)
    assert len(chance) == len(pool)
    assert ((chance >= 0) & (chance <= 0.9)).all()


@given(pools(), requests(kind="ride"), st.floats(1, 100))
def test_somebody_further_away_is_never_likelier_to_come(pool: Pool, request: Request, more: float) -> None:
    near = chance_of_yes(pool, request, KINDS["ride"], NOON, follower=1)
    far = chance_of_yes(replace(pool, minutes=pool.minutes + more), request, KINDS["ride"], NOON, follower=1)
    assert (far <= near).all()


@given(pools(), requests(kind="ride"))
def test_a_friend_is_likelier_to_come_than_the_same_person_as_a_stranger(pool: Pool, request: Request) -> None:
    def as_ring(code: int) -> np.ndarray:
        ring = np.full(len(pool), code, np.int8)
        return chance_of_yes(replace(pool, ring=ring), request, KINDS["ride"], NOON, follower=1)

    friend, second, third, stranger = (as_ring(code) for code in (1, 2, 3, 5))
    assert (friend >= second).all()
    assert (second >= third).all()
    assert (third >= stranger).all()


@given(pools(), requests(kind="ride"))
def test_somebody_who_said_they_are_ready_is_likelier_to_come(pool: Pool, request: Request) -> None:
    ready = replace(pool, duty=np.full(len(pool), DUTIES.index(Duty.AVAILABLE), np.int8))
    usual = replace(pool, duty=np.full(len(pool), -1, np.int8))
    chances = [chance_of_yes(p, request, KINDS["ride"], NOON, follower=1) for p in (usual, ready)]
    assert (chances[1] >= chances[0]).all()


@given(pools(), requests(kind="shelter", urgency=Urgency.STRANDED))
def test_danger_is_answered_at_least_as_often_as_anything_else(pool: Pool, request: Request) -> None:
    danger = replace(request, urgency=Urgency.DANGER)
    usual, pressing = (chance_of_yes(pool, r, KINDS["shelter"], NOON, follower=1) for r in (request, danger))
    assert (pressing >= usual).all()


def test_an_old_place_is_trusted_less_and_a_home_like_last_weeks() -> None:
    hours = [0, 0.5, 24, 24 * 7, 24 * 30, 24 * 90]
    seen = np.array([NOON.timestamp() - h * 3600 for h in hours] + [np.nan])
    assert list(freshness(seen, NOON)) == [1.0, 1.0, 0.9, 0.8, 0.7, 0.4, 0.8]


@given(pools(), moments())
def test_quiet_hours_hold_at_the_persons_own_sun_also_across_midnight(pool: Pool, now: datetime) -> None:
    hushed = quiet(pool, now)
    for row in range(len(pool)):
        minute = (now.hour * 60 + now.minute + pool.lon[row] * 4) % 1440
        start, end = int(pool.quiet_from[row]), int(pool.quiet_to[row])
        within = start <= minute < end if start <= end else minute >= start or minute < end
        assert bool(hushed[row]) == (start >= 0 and within)


@pytest.mark.parametrize(("hour", "night"), [(12, True), (14, False), (6, False), (8, True)])
def test_night_falls_where_the_people_are_not_where_the_server_is(*, hour: int, night: bool) -> None:
    assert is_night(NOON.replace(hour=hour), BAKER) is night  # Baker's sun is 7 h 44 min behind Greenwich's
    assert not is_night(NOON.replace(hour=hour), None)
    assert float(local_minute(NOON, np.array([BAKER.lon]))[0]) == pytest.approx(255.72)


def _bus(*, night: bool, quantity: int, near: int) -> tuple[Request, Pool, datetime]:
    now = NOON.replace(hour=8 if night else 18)
    request = Request(
        id=1, public_id="x", requester=1, kind="ride", quantity=quantity, seats_taken=0, status=RequestState.OPEN,
        urgency=Urgency.STRANDED, for_other=False, needs=(), cell=None, off=1, created_at=now,
        deadline_at=now + timedelta(hours=6),
    )  # fmt: skip
    columns: dict[str, Any] = dict.fromkeys(Pool.__dataclass_fields__, np.full(near, 10))
    crowd = Pool(**columns)
    return request, crowd, now


@pytest.mark.parametrize("night", [False, True])
@pytest.mark.parametrize("quantity", [5, 6])
@pytest.mark.parametrize("near", [24, 25])
def test_two_of_night_remote_and_large_raise_a_stranded_call(*, night: bool, quantity: int, near: int) -> None:
    request, crowd, now = _bus(night=night, quantity=quantity, near=near)
    holds = {"night": night, "remote": near < 25, "large": quantity >= 6}
    grounds = tuple(name for name, true in holds.items() if true)
    assert raised_by(request, crowd, BAKER, now) == (grounds if len(grounds) >= 2 else ())
    for other in set(Urgency) - {Urgency.STRANDED}:
        assert raised_by(replace(request, urgency=other), crowd, BAKER, now) == ()
    assert raised_by(request, crowd, None, now) == ()


@given(pools(), st.data())
def test_cutting_a_crowd_down_cuts_every_column(pool: Pool, data: st.DataObject) -> None:
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(pool), max_size=len(pool))), dtype=np.bool_)
    cut = pool.only(keep)
    assert len(cut) == keep.sum()
    for name in Pool.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(cut, name), getattr(pool, name)[keep])
