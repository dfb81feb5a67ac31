"""The first policy, `nearest`: who is asked, in which order, how many, and when it looks again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.looking import Asked, AskedColumns, Decision, Look, columns_of, look_again, plan_deadline
from dispatch.domain.matching import Pool
from dispatch.domain.network import ORDER
from dispatch.domain.request import Request, Urgency
from dispatch.domain.waves import POLICIES, nearest, nearest_first
from tests.support.strategies import NOON, looks, pools, requests


def crowd(size: int, **columns: Any) -> Pool:
    """That many friends ten minutes away; a column may be one value for all or a list."""
    usual: dict[str, Any] = {
        "person": np.arange(1, size + 1), "ring": 1, "km": 5.0, "minutes": 10.0, "lat": 35.0, "lon": 0.0, "seats": 3,
        "duty": -1, "reach_minutes": -1, "quiet_from": -1, "quiet_to": -1, "weekly_max": 4, "community": 0,
        "seen_at": NOON.timestamp(),
    }  # fmt: skip
    return Pool(
        **{name: np.broadcast_to(np.asarray(value), (size,)).copy() for name, value in (usual | columns).items()}
    )


def call(quantity: int | None = 9, *, waited: int = 0, kind: str = "ride", **fields: Any) -> Request:
    """A stranded party of nine, posted so many minutes ago."""
    at = NOON - timedelta(minutes=waited)
    usual: dict[str, Any] = {
        "id": 1, "public_id": "x", "requester": 99, "kind": kind, "quantity": quantity, "seats_taken": 0,
        "status": RequestState.OPEN, "urgency": Urgency.STRANDED, "for_other": False, "needs": (), "cell": None,
        "off": 1, "created_at": at, "deadline_at": at + timedelta(hours=6),
    }  # fmt: skip
    return Request(**usual | fields)


def asks(look: Look) -> list[int]:
    return [int(person) for person in look.pool.person[nearest(look).ask]]


@given(looks())
def test_a_look_asks_people_of_its_crowd_once_each_and_no_more_than_a_wave(look: Look) -> None:
    decision = nearest(look)
    kind = KINDS[look.request.kind]
    assert len(set(decision.ask)) == len(decision.ask) == len(decision.chance)
    assert len(decision.ask) <= kind.wave_max
    assert len(decision.ask) + look.request.alerted <= max(limits.REQUEST_ALERTS_MAX, look.request.alerted)
    assert all(0 <= row < len(look.pool) for row in decision.ask)
    assert 0 <= decision.forecast.p <= 1
    assert decision.forecast.by > look.now


@given(looks())
def test_nobody_is_asked_once_every_seat_is_promised(look: Look) -> None:
    if look.request.quantity is None:
        return
    full = replace(look.request, seats_taken=look.request.quantity, status=RequestState.CLAIMED)
    assert len(nearest(replace(look, request=full)).ask) == 0


@given(pools())
def test_people_are_asked_neighbourhood_by_neighbourhood_then_ring_by_ring_then_soonest(pool: Pool) -> None:
    keys = []
    for row in nearest_first(pool):
        band = sum(pool.km[row] > edge for edge in limits.RADIUS_KM)
        keys.append((band, ORDER[int(pool.ring[row])], float(pool.minutes[row]), int(pool.person[row])))
    assert keys == sorted(keys)
    assert len(keys) == len(pool)


@given(looks(request=call()))
def test_the_people_asked_are_the_first_in_that_order(look: Look) -> None:
    decision = nearest(look)
    assert list(decision.ask) == list(nearest_first(look.pool)[: len(decision.ask)])


@given(looks(request=call()))
def test_the_same_look_decides_the_same_twice(look: Look) -> None:
    one, two = nearest(look), nearest(look)
    assert list(one.ask) == list(two.ask)
    assert one.forecast == two.forecast


def test_a_wave_is_as_large_as_the_bound_and_never_one_more() -> None:
    look = Look(request=call(60), now=NOON, pool=crowd(2_000, minutes=200.0))
    assert len(asks(look)) == limits.WAVE_CHUNK == KINDS["ride"].wave_max


@pytest.mark.parametrize(("before", "asked"), [(9_990, 10), (10_000, 0), (10_001, 0)])
def test_no_request_ever_alerts_more_than_ten_thousand(before: int, asked: int) -> None:
    look = Look(request=call(60, alerted=before), now=NOON, pool=crowd(2_000, minutes=200.0))
    assert len(asks(look)) == asked
    assert limits.REQUEST_ALERTS_MAX == 10_000


def _asked_now(look: Look, rows: Decision, *, silent: bool = True) -> AskedColumns:
    return columns_of(
        Asked(sent_at=look.now, chance=float(chance), seats=int(look.pool.seats[row]), silent=silent)
        for row, chance in zip(rows.ask, rows.chance, strict=True)
    )


def test_a_decline_is_replaced_by_the_next_look() -> None:
    first = Look(request=call(3), now=NOON, pool=crowd(100))
    decision = nearest(first)
    rest = first.pool.only(np.setdiff1d(np.arange(100), decision.ask))
    everybody = _asked_now(first, decision)
    silent = everybody.silent.copy()
    silent[0] = False
    one_said_no = replace(everybody, silent=silent)
    patient = nearest(replace(first, pool=rest, asked=everybody))
    replaced = nearest(replace(first, pool=rest, asked=one_said_no))
    assert 0 < len(decision.ask) < 100
    assert len(replaced.ask) > len(patient.ask)


def test_the_aim_grows_while_nobody_comes() -> None:
    sizes = [
        len(asks(Look(request=call(3, waited=waited), now=NOON, pool=crowd(400)))) for waited in (0, 10, 30, 60, 120)
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 2 * sizes[0]


def test_danger_asks_more_people_at_once_than_comfort() -> None:
    comfort, danger = (
        len(asks(Look(request=call(3, urgency=urgency), now=NOON, pool=crowd(400, minutes=30.0))))
        for urgency in (Urgency.COMFORT, Urgency.DANGER)
    )
    assert danger > comfort


def test_more_open_seats_ask_more_people() -> None:
    sizes = [len(asks(Look(request=call(seats), now=NOON, pool=crowd(400)))) for seats in (1, 3, 9)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_those_already_on_their_way_to_an_answer_are_counted_before_more_are_asked() -> None:
    first = Look(request=call(3), now=NOON, pool=crowd(100))
    once = _asked_now(first, nearest(first))
    four = replace(once, **{name: np.tile(getattr(once, name), 4) for name in once.__dataclass_fields__})
    assert asks(replace(first, asked=four)) == []


@pytest.mark.parametrize(("alerted", "asked"), [(0, 30), (29, 1), (30, 0), (31, 0)])
def test_words_go_to_friends_only_and_to_thirty_at_most(alerted: int, asked: int) -> None:
    pool = crowd(80, ring=[1] * 40 + [2] * 40)
    look = Look(request=call(None, kind="words", alerted=alerted), now=NOON, pool=pool)
    decision = nearest(look)
    assert len(decision.ask) == asked
    assert set(pool.ring[decision.ask]) <= {1}
    assert decision.next_look is None
    assert decision.forecast.p == 1


@given(requests(), st.integers(0, 60 * 24))
def test_the_next_look_is_due_within_ten_minutes_and_never_at_once(request: Request, waited: int) -> None:
    request = replace(request, created_at=NOON - timedelta(minutes=waited))
    pause = look_again(request, NOON) - NOON
    wanted = 1 if request.urgency is Urgency.DANGER else 2 if waited < 30 else 5 if waited < 90 else 10
    assert pause == timedelta(minutes=wanted)


@given(requests(), st.integers(0, 60 * 24))
def test_the_forecast_always_speaks_of_a_time_still_to_come(request: Request, waited: int) -> None:
    request = replace(request, created_at=NOON - timedelta(minutes=waited))
    kind = KINDS[request.kind]
    by = plan_deadline(request, kind, NOON)
    assert by >= NOON + timedelta(minutes=12)
    times = (by - request.created_at) / kind.plan
    assert times in {1, 2, 4, 8, 16, 32, 64, 128}


def test_the_setting_names_a_policy_that_there_is() -> None:
    assert POLICIES["nearest"] is nearest


@given(looks())
def test_more_people_in_reach_never_lower_the_forecast(look: Look) -> None:
    bare = nearest(replace(look, pool=look.pool.only(np.zeros(0, dtype=np.intp))))
    assert nearest(look).forecast.p >= bare.forecast.p - 1e-9
