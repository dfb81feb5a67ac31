"""When asks compete: nobody holds two offers, danger chooses first, and no offer is worth nothing."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.surge import (
    DANGER_WEIGHT,
    FIRST_LEG_MINUTES,
    MANY,
    WINDOW,
    WINDOW_MANY,
    Contest,
    Switch,
    offers,
    window,
)


def contest(asks: int, drivers: int, seed: int) -> Contest:
    """A flooded town: parties in clusters, drivers around."""
    luck = np.random.default_rng(seed)
    centre = luck.normal(0, 30, (5, 2))
    place = np.where(
        luck.random((asks, 1)) < 0.6,
        centre[luck.integers(5, size=asks)] + luck.normal(0, 3, (asks, 2)),
        luck.normal(0, 30, (asks, 2)),
    )
    cars = luck.normal(0, 28, (drivers, 2))
    km = np.linalg.norm(place[:, None, :] - cars[None, :, :], axis=2)
    minutes = 3 + km * 1.3 / 55 * 60
    party = luck.choice([1, 2, 3, 4, 5, 9], asks, p=[0.38, 0.30, 0.12, 0.10, 0.04, 0.06])
    return Contest(
        chance=np.minimum(0.9, 0.75 * np.exp(-minutes / 35)), minutes=minutes, open_seats=party, party=party,
        weight=luck.choice([1, 4, DANGER_WEIGHT], asks, p=[0.5, 0.4, 0.1]),
        seats=luck.choice([1, 2, 3, 4, 6], drivers, p=[0.05, 0.10, 0.45, 0.28, 0.12]),
    )  # fmt: skip


def need_met(found: Contest, pairs: list[tuple[int, int]]) -> float:
    """Expected urgency-weighted seats that those offers bring."""
    met = 0.0
    for ask in range(len(found.open_seats)):
        mine = [driver for each, driver in pairs if each == ask]
        miss = np.prod([1 - found.chance[ask, driver] for driver in mine]) if mine else 1.0
        most = max((min(int(found.seats[d]), int(found.open_seats[ask])) for d in mine), default=0)
        met += float(min(found.weight[ask], 8) * most * (1 - miss))
    return met


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_nobody_holds_two_offers_and_nobody_is_sent_further_than_ninety_minutes(
    asks: int, drivers: int, seed: int
) -> None:
    found = contest(asks, drivers, seed)
    pairs = offers(found)
    assert len({driver for _, driver in pairs}) == len(pairs) <= drivers
    assert all(found.minutes[pair] <= FIRST_LEG_MINUTES for pair in pairs)
    assert pairs == offers(found)


def test_danger_chooses_before_everybody_else() -> None:
    one = Contest(
        chance=np.array([[0.9], [0.5]]), minutes=np.full((2, 1), 5.0), open_seats=np.array([4, 1]),
        party=np.array([4, 1]), weight=np.array([8, DANGER_WEIGHT]), seats=np.array([4]),
    )  # fmt: skip
    assert offers(one) == [(1, 0)]


def test_offers_found_together_meet_more_need_than_everybody_taking_the_nearest() -> None:
    better = 0
    for seed in range(8):
        found = contest(60, 36, seed)
        taken: set[int] = set()
        nearest = []
        for ask in range(60):
            free = [driver for driver in np.argsort(found.minutes[ask]).tolist() if driver not in taken]
            if free and found.minutes[ask, free[0]] <= FIRST_LEG_MINUTES:
                nearest.append((ask, free[0]))
                taken.add(free[0])
        better += need_met(found, offers(found)) > need_met(found, nearest)
    assert better == 8


def test_five_hundred_asks_and_three_hundred_cars_take_a_fraction_of_a_second() -> None:
    found = contest(500, 300, 1)
    start = time.process_time()
    pairs = offers(found)
    assert time.process_time() - start < 0.5
    assert len(pairs) > 150


def test_surge_comes_on_at_two_looks_in_a_row_and_goes_off_after_ten_calm_minutes() -> None:
    switch, at = Switch(), datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    minute = timedelta(minutes=1)
    assert [switch.seen(p, at) for p in (1.5, 0.9, 1.5, 1.5)] == [False, False, False, True]
    assert switch.seen(0.5, at)
    assert switch.seen(0.5, at + 9 * minute)
    assert switch.seen(0.8, at + 9 * minute)
    assert switch.seen(0.5, at + 10 * minute)
    assert not switch.seen(0.5, at + 20 * minute)


def test_an_ask_whose_offers_suffice_already_is_given_no_more() -> None:
    found = contest(20, 12, 3)
    sure = np.zeros(20)
    sure[4] = 1.0
    assert 4 in {ask for ask, _ in offers(found)}
    assert 4 not in {ask for ask, _ in offers(replace(found, sure=sure))}


def test_with_many_asks_rounds_are_held_half_as_often() -> None:
    assert window(MANY) == WINDOW < window(MANY + 1) == WINDOW_MANY


def test_a_big_car_is_kept_for_the_party_that_fills_it() -> None:
    one = Contest(
        chance=np.ones((1, 2)), minutes=np.array([[10.0, 15.0]]), open_seats=np.array([2]), party=np.array([2]),
        weight=np.array([1]), seats=np.array([6, 2]),
    )  # fmt: skip
    two = replace(
        one, chance=np.ones((2, 2)), minutes=np.full((2, 2), 10.0), open_seats=np.array([2, 6]),
        party=np.array([2, 6]), weight=np.array([1, 1]),
    )  # fmt: skip
    assert offers(one)[0] == (0, 1)
    assert sorted(offers(two)) == [(0, 1), (1, 0)]
