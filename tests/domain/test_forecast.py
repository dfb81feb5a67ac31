"""The odds: the golden values of docs/matching.md, the laws of chance, and the same night played 40,000 times."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain import forecast as odds
from dispatch.domain.forecast import Forecast, answered_by, chance_kept, compound, in_lots, kept, p_enough, seat_classes
from tests.support.strategies import NOON

rates = st.dictionaries(st.sampled_from(odds.SEAT_CLASSES), st.floats(0, 20), max_size=5)
promises = st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1)), max_size=5)
few = st.integers(1, 64)


def test_the_golden_values_of_the_matching_page_come_out() -> None:
    assert compound({1: 0.5, 3: 1, 4: 0.8}, 4) == pytest.approx([0.10026, 0.05013, 0.01253, 0.10235], abs=5e-6)
    assert p_enough(np.array([0.0, 1, 0, 0]), {1: 0.5, 2: 0.25}, 3) == pytest.approx(0.29145, abs=5e-6)
    assert p_enough(np.array([1.0, 0, 0, 0]), {1: 0.5, 2: 0.25}, 3) == pytest.approx(0.11431, abs=5e-6)


def table(*ladder: Mapping[int, float]) -> np.ndarray:
    """Those rates as rows of one array."""
    rows = np.zeros((len(ladder), odds.LOTS_MAX + 1))
    for row, rate in zip(rows, ladder, strict=True):
        row[[*rate]] = [*rate.values()]
    return rows


def outlook(claims: Sequence[tuple[int, float]], rate: Mapping[int, float], seats: int) -> tuple[float, float]:
    """P(enough) and the expected share, for one."""
    enough, share = odds.outlooks(kept(claims, seats), table(rate), seats)
    return enough[0], share[0]


@given(rates, promises, st.integers(1, 12))
def test_one_more_person_gains_as_much_as_the_odds_then_rise(
    rate: Mapping[int, float], claims: Sequence[tuple[int, float]], seats: int
) -> None:
    base, little = kept(claims, seats), 1e-6
    gain = odds.gains(base, table(rate)[0], seats)
    for size in odds.SEAT_CLASSES:
        more = p_enough(base, {**rate, size: rate.get(size, 0.0) + little}, seats) - p_enough(base, rate, seats)
        assert more / little == pytest.approx(gain[size], abs=1e-4)
    assert np.all(np.diff(gain) >= -1e-12)


def test_with_one_seat_open_a_big_car_gains_no_more_than_a_small_one() -> None:
    gain = odds.gains(kept([(8, 1.0)], 9), table({3: 0.5})[0], 9)
    assert gain[1] == pytest.approx(gain[6]) == pytest.approx(p_enough(kept([], 1), {1: 1e9}, 1) * np.exp(-0.5))


@given(rates, few)
def test_the_chances_of_too_few_seats_are_chances(rate: Mapping[int, float], seats: int) -> None:
    few_come = compound(rate, seats)
    assert len(few_come) == seats
    assert (few_come >= 0).all()
    assert few_come.sum() <= 1 + 1e-9


@given(promises, few)
def test_what_becomes_of_promises_adds_up_to_one(claims: list[tuple[int, float]], seats: int) -> None:
    base = kept(claims, seats)
    assert len(base) == seats + 1
    assert base.sum() == pytest.approx(1)
    assert (base >= 0).all()


@given(promises, rates, few)
def test_the_forecast_is_a_probability_whatever_comes(
    claims: list[tuple[int, float]], rate: Mapping[int, float], seats: int
) -> None:
    assert 0 <= p_enough(kept(claims, seats), rate, seats) <= 1


@given(promises, rates, few, st.sampled_from(odds.SEAT_CLASSES), st.floats(0, 5))
def test_more_people_on_the_way_never_lower_the_odds(
    claims: list[tuple[int, float]], rate: dict[int, float], seats: int, size: int, more: float
) -> None:
    base = kept(claims, seats)
    raised = rate | {size: rate.get(size, 0) + more}
    assert p_enough(base, raised, seats) >= p_enough(base, rate, seats) - 1e-9


@given(promises, rates, few, st.integers(1, 9), st.floats(0, 1))
def test_one_more_promise_never_lowers_the_odds(
    claims: list[tuple[int, float]], rate: dict[int, float], seats: int, size: int, chance: float
) -> None:
    before = p_enough(kept(claims, seats), rate, seats)
    assert p_enough(kept([*claims, (size, chance)], seats), rate, seats) >= before - 1e-9


@given(rates, st.integers(1, 63))
def test_asking_for_one_more_seat_never_raises_the_odds(rate: dict[int, float], seats: int) -> None:
    fewer, more = (p_enough(kept([], n), rate, n) for n in (seats, seats + 1))
    assert more <= fewer + 1e-9


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.floats(0.1, 1)), max_size=3),
    st.dictionaries(st.sampled_from(odds.SEAT_CLASSES), st.floats(0.05, 2), max_size=4),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
def test_the_recursion_agrees_with_playing_the_night_out(
    claims: list[tuple[int, float]], rate: dict[int, float], seats: int, seed: int
) -> None:
    luck, nights = np.random.default_rng(seed), 40_000
    come = sum((size * luck.poisson(mean, nights) for size, mean in rate.items()), np.zeros(nights))
    come = sum((size * (luck.random(nights) < chance) for size, chance in claims), come)
    played = float((come >= seats).mean())
    assert p_enough(kept(claims, seats), rate, seats) == pytest.approx(played, abs=0.013)  # five standard errors


def test_a_promise_is_surer_the_longer_it_stands_and_certain_once_on_the_road() -> None:
    ages = [chance_kept(minutes, started=False) for minutes in (0, 3, 6, 12, 60)]
    assert ages == sorted(ages)
    assert ages[0] == pytest.approx(1 - odds.NO_SHOW)
    assert ages[-1] == ages[-2] == pytest.approx(1 - 0.3 * odds.NO_SHOW)
    assert chance_kept(0, started=True) == 1


@pytest.mark.parametrize(
    ("seats", "counts_as"), [(0, 1), (1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 6), (7, 6), (60, 6)]
)
def test_a_car_counts_in_the_class_that_it_surely_fills(seats: int, counts_as: int) -> None:
    assert seat_classes(np.array([seats])).tolist() == [counts_as]


@given(st.integers(1, 100_000_000))
def test_no_quantity_makes_more_than_sixty_four_lots(quantity: int) -> None:
    lot = in_lots(quantity)
    assert -(-quantity // lot) <= odds.LOTS_MAX
    assert quantity > odds.LOTS_MAX or lot == 1


def test_answers_come_sooner_or_later_but_never_before_they_can() -> None:
    by = answered_by(np.array([0.0, 1.2, 5, 15, 30, 60, 240, 10_000]))
    assert by[0] == by[1] == 0
    assert (np.diff(by) >= 0).all()
    assert by[2:7] == pytest.approx([0.35, 0.61, 0.72, 0.83, 0.97], abs=0.05)  # the curve of docs/matching.md
    assert by[-1] == pytest.approx(1, abs=1e-3)


def test_the_owner_reads_two_digits_and_a_time_in_utc() -> None:
    forecast = Forecast(p=0.98765, by=NOON + timedelta(minutes=30), early=True, alerted=3, in_reach=40)
    assert forecast.as_json() == {
        "p": 0.99, "by": "2026-03-01T12:30:00Z", "early": True, "alerted": 3, "in_reach": 40,
    }  # fmt: skip


@given(promises, rates, few)
def test_the_share_of_seats_expected_is_never_below_the_chance_of_all_of_them(
    claims: list[tuple[int, float]], rate: Mapping[int, float], seats: int
) -> None:
    enough, share = outlook(claims, rate, seats)
    assert enough - 1e-9 <= share <= 1
    alone, one_seat = outlook((), rate, 1)
    assert one_seat == pytest.approx(alone)


def test_two_of_three_seats_that_are_sure_are_two_thirds() -> None:
    assert outlook([(2, 1.0)], {}, 3)[1] == pytest.approx(2 / 3)
    assert outlook([(2, 0.5)], {}, 3)[1] == pytest.approx(1 / 3)


@given(promises, st.lists(rates, min_size=1, max_size=8), few)
def test_odds_worked_out_together_are_those_worked_out_alone(
    claims: list[tuple[int, float]], ladder: list[dict[int, float]], seats: int
) -> None:
    base = kept(claims, seats)
    together, _ = odds.outlooks(base, table(*ladder), seats)
    assert together == [p_enough(base, {c: rate[c] for c in sorted(rate)}, seats) for rate in ladder]
