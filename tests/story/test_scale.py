"""What `flare bench scale` rests on: exact waits in a queue, and neighbourhoods shared out evenly."""

import numpy as np
import pytest

from bench import scale


def one_by_one(rate: float, seconds: float, luck: np.random.Generator) -> list[float]:
    """The same queue as somebody standing in it sees it."""
    came = np.sort(luck.uniform(0, seconds, luck.poisson(rate * seconds)))
    taken = luck.uniform(*scale.WRITE_S, len(came))
    free, waited = 0.0, []
    for at, takes in zip(came, taken, strict=True):
        waited.append(max(0.0, free - at))
        free = max(free, at) + takes
    return waited


@pytest.mark.parametrize("rate", [0.0, 5.0, 900.0, 1_500.0])
def test_a_write_waits_until_those_before_it_are_done(rate: float) -> None:
    known = scale.waits(rate, 2.0, np.random.default_rng(1))
    assert known == pytest.approx(one_by_one(rate, 2.0, np.random.default_rng(1)), abs=1e-9)


@pytest.mark.parametrize("databases", [1, 8, 128])
def test_everybody_is_in_one_database_and_none_is_much_fuller_than_it_must_be(databases: int) -> None:
    parts = scale.shares()
    held = scale.grouped(parts, databases)
    assert held.sum() == pytest.approx(1.0)
    assert held.max() <= max(parts[0], 1 / databases + parts[0] / 2)


def test_a_disaster_among_a_hundred_million_is_too_much_for_one_database_and_not_for_a_few() -> None:
    row = scale.night(100_000_000, scale.DISASTER, scale.shares(), np.random.default_rng(2009))
    assert row["one_p99_ms"] > 60_000
    assert 2 <= row["databases"] <= 32
    assert row["p99_ms"] <= scale.PATIENCE_S * 1e3
