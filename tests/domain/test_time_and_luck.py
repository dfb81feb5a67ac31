"""Clocks and names as the rules get them: time goes one way, names can't be guessed, a seed repeats them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.clock import MachineClock, SteppedClock
from dispatch.ids import SeededIds, SystemIds
from dispatch.ports import Ids
from tests.support.strategies import NOON


@given(st.lists(st.integers(0, 10_000_000), max_size=9))
def test_a_stepped_clock_moves_only_when_told_and_never_back(steps: list[int]) -> None:
    clock = SteppedClock(NOON)
    for step in steps:
        before = clock.now()
        assert clock.now() == before
        assert clock.step(timedelta(milliseconds=step)) == clock.now() >= before
    with pytest.raises(ValueError, match="time goes one way"):
        clock.set(clock.now() - timedelta(microseconds=1))
    clock.set(clock.now() + timedelta(days=1))


def test_the_machines_clock_is_aware_and_never_below_what_was_stored() -> None:
    clock = MachineClock()
    readings = [clock.now() for _ in range(50)]
    assert readings == sorted(readings)
    assert abs(readings[0] - datetime.now(UTC)) < timedelta(seconds=5)
    late = datetime.now(UTC) + timedelta(days=400)
    assert MachineClock(not_before=late).now() >= late


@pytest.mark.parametrize("ids", [SystemIds(), SeededIds(1)], ids=["system", "seeded"])
def test_names_are_long_enough_that_nobody_guesses_them(ids: Ids) -> None:
    names = [ids.public_id() for _ in range(500)] + [ids.token("flo_") for _ in range(500)]
    assert len(set(names)) == 1000
    assert all(re.fullmatch(r"(flo_)?[A-Za-z0-9_-]{22}", name) for name in names)
    digits = [ids.digits(3) for _ in range(2_000)]
    assert all(re.fullmatch(r"[0-9]{3}", text) for text in digits)
    assert any(text.startswith("0") for text in digits)


@given(st.integers())
def test_the_same_seed_gives_the_same_names(seed: int) -> None:
    one, two = SeededIds(seed), SeededIds(seed)
    assert [one.public_id(), one.token("flm_"), one.digits(3)] == [two.public_id(), two.token("flm_"), two.digits(3)]
