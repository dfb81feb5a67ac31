"""The list of people worth asking: the odds along it are the odds, and the shortest beginning is the shortest."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import forecast as odds
from dispatch.domain.ladder import Gives, Ladder, Listed, Terms, climb, rates_of

people = st.lists(
    st.tuples(st.floats(0.001, 0.5), st.sampled_from(odds.SEAT_CLASSES), st.floats(1.0, 6.0)), max_size=60
)
promises = st.lists(st.tuples(st.integers(1, 4), st.floats(0, 1)), max_size=3)


def listed(drivers: Sequence[tuple[float, int, float]]) -> Listed:
    """People by (chance of a yes, seats, cost of an alert), in that order."""
    chance, size, cost = (np.array([each[n] for each in drivers], dtype=np.float64) for n in range(3))
    nothing = np.zeros(len(drivers))
    return Listed(
        rows=np.arange(len(drivers)), chance=chance, usual=nothing, hears=nothing, useful=chance, weight=chance,
        cost=cost, size=size.astype(np.int64),
    )  # fmt: skip


def ladder(drivers: Sequence[tuple[float, int, float]], claims: Sequence[tuple[int, float]], lots: int) -> Ladder:
    """What these people add to those promises."""
    nobody = np.zeros(odds.LOTS_MAX + 1)
    terms = Terms(lots=lots, base=odds.kept(claims, lots), under_way=nobody, factor=0.78, gives=())
    return climb(listed(drivers), terms)


def odds_of(drivers: Sequence[tuple[float, int, float]], claims: Sequence[tuple[int, float]], lots: int) -> float:
    """The same P(enough), from nothing but the formula."""
    rates: dict[int, float] = {}
    for chance, size, _ in drivers:
        rates[size] = rates.get(size, 0.0) + chance * 0.78
    return odds.p_enough(odds.kept(claims, lots), rates, lots)


@given(people, promises, st.integers(1, 12))
def test_the_odds_at_every_length_are_those_of_the_people_up_to_there(
    drivers: list[tuple[float, int, float]], claims: list[tuple[int, float]], lots: int
) -> None:
    found = ladder(drivers, claims, lots)
    assert found.edges[0] == 0
    assert found.edges[-1] == len(drivers)
    for edge, p, cost in zip(found.edges.tolist(), found.enough, found.cost.tolist(), strict=True):
        assert p == pytest.approx(odds_of(drivers[:edge], claims, lots), abs=1e-9)
        assert cost == pytest.approx(sum(each[2] for each in drivers[:edge]))


@given(people, promises, st.integers(1, 12), st.floats(0.0, 1.0))
def test_no_shorter_beginning_of_the_list_would_have_reached_the_target(
    drivers: list[tuple[float, int, float]], claims: list[tuple[int, float]], lots: int, want: float
) -> None:
    found = ladder(drivers, claims, lots)
    count, p = found.shortest(want, found.top)
    assert p == pytest.approx(odds_of(drivers[:count], claims, lots), abs=1e-9)
    if p >= want and count:
        assert odds_of(drivers[: count - 1], claims, lots) < want + 1e-9
    if p < want:
        assert count == len(drivers)


@given(people, st.lists(st.floats(0.0, 1.0), min_size=odds.LOTS_MAX + 1, max_size=odds.LOTS_MAX + 1))
def test_another_order_keeps_everybody_and_puts_the_best_gain_for_the_cost_first(
    drivers: list[tuple[float, int, float]], gain: list[float]
) -> None:
    value = np.array(gain)
    there = listed(drivers).best_first(value)
    assert sorted(there.rows.tolist()) == list(range(len(drivers)))
    index = there.useful * value[there.size] / there.cost
    assert index.tolist() == sorted(index.tolist(), reverse=True)


@given(people, promises, st.integers(1, 12))
def test_what_is_free_is_all_worth_it_and_what_is_too_dear_is_not(
    drivers: list[tuple[float, int, float]], claims: list[tuple[int, float]], lots: int
) -> None:
    found = ladder(drivers, claims, lots)
    prices = [0.0, 1e-4, 1e-2, 10.0]
    rungs = [found.worth(price) for price in prices]
    assert rungs == sorted(rungs, reverse=True)
    assert rungs[-1] == 0


@pytest.mark.parametrize(("gives", "sizes"), [((), {3: 1.0, 6: 2.0}), (((1, 0.5), (4, 0.5)), {1: 1.5, 4: 1.5})])
def test_where_the_size_of_a_gift_is_unknown_everybody_may_bring_any(gives: Gives, sizes: dict[int, float]) -> None:
    rates = rates_of(np.array([1.0, 0.5, 1.5]), np.array([3, 6, 6]), gives)
    assert {int(n): rates[n] for n in np.flatnonzero(rates)} == pytest.approx(sizes)
