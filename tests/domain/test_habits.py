"""What people here are like is learned from calls that are over: nothing known changes nothing, much known is true."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain import attention, matching
from dispatch.domain.habits import (
    BINS,
    CURVE_LEAST,
    KEPT_LEAST,
    LOOKED_LEAST,
    OPENS,
    OUTCOMES_LEAST,
    TEXTBOOK,
    WILLING,
    Past,
    habits_of,
)
from tests.domain.test_waves import crowd

NOON = 1_800_000_000.0
ALERTS = ("sent_s", "looked_s", "until_s", "answered_s", "claimed", "hears", "usual")
seeds = st.integers(0, 2**32 - 1)


def past(
    seed: int, alerts: int, *, willing: float = 1.0, slower: float = 1.0, reached: float = 1.0, stands: float = 1e5
) -> Past:
    """Alerts to people that many times as willing, as slow and as reachable; nobody is needed after `stands` min."""
    luck = np.random.default_rng(seed)
    usual = luck.choice([0.02, 0.08, 0.2], alerts)
    hears = np.full(alerts, attention.REACHABLE)
    soon = luck.random(alerts) < attention.LOOKS_SOON
    median, sigma = (np.where(soon, *each) for each in zip(attention.SOON, attention.LATER, strict=True))
    looks = slower * median * np.exp(sigma * luck.standard_normal(alerts))
    looks = np.where(luck.random(alerts) < hears * reached, looks, np.inf)
    decides = looks + attention.DECIDES[0] * np.exp(attention.DECIDES[1] * luck.standard_normal(alerts))
    until = stands * (0.2 + 0.8 * luck.random(alerts))
    yes = luck.random(alerts) < np.minimum(matching.MOST, willing * usual)
    answered = (decides <= until) & (yes | (luck.random(alerts) < 0.45))
    sent = NOON + 60 * np.arange(alerts, dtype=np.float64)
    return Past(
        sent_s=sent, looked_s=np.where(looks <= until, sent + 60 * np.minimum(looks, 1e7), np.nan),
        until_s=sent + 60 * until, answered_s=np.where(answered, sent + 60 * np.minimum(decides, 1e7), np.nan),
        claimed=answered & yes, hears=hears, usual=usual,
    )  # fmt: skip


def outcomes(said: np.ndarray, came: np.ndarray, kind: str = "ride") -> Past:
    return Past(kinds=(kind,) * len(said), said=said, came=came)


def test_where_nothing_is_known_people_are_as_the_textbook_says_to_the_last_bit() -> None:
    assert habits_of(Past()) == TEXTBOOK
    assert TEXTBOOK.kept == 0.78
    assert TEXTBOOK.early("ride")
    assert TEXTBOOK.honest("ride", 0.123456789) == 0.123456789


@given(seeds, st.integers(0, LOOKED_LEAST - 1))
def test_a_few_alerts_and_promises_change_nothing(seed: int, alerts: int) -> None:
    few = replace(past(seed, alerts, willing=8.0), kept=np.zeros(KEPT_LEAST - 1, dtype=np.bool_))
    found = habits_of(few)
    assert (found.willing, found.opens, found.kept, found.curve, found.reliable) == (1.0, 1.0, TEXTBOOK.kept, None, {})


@settings(max_examples=20)
@given(seeds, st.sampled_from([0.5, 1.0, 2.0, 6.0, 12.0]), st.sampled_from([12.0, 1e5]))
def test_how_willing_people_are_is_found_however_soon_help_came(seed: int, willing: float, stands: float) -> None:
    found = habits_of(past(seed, 20_000, willing=willing, stands=stands)).willing
    assert found == pytest.approx(willing, rel=0.15)


@settings(max_examples=10)
@given(seeds)
def test_what_was_learned_before_does_not_bend_what_is_learned_next(seed: int) -> None:
    # Alerts keep the textbook's word: whoever is asked because much was learned is held against the same ruler.
    believed = 1.0
    for night in range(3):
        found = past(seed + night, 20_000, willing=3.0)
        chance = np.minimum(matching.MOST, found.usual * believed)
        asked = chance >= np.median(chance)
        believed = habits_of(replace(found, **{name: getattr(found, name)[asked] for name in ALERTS})).willing
    assert believed == pytest.approx(3.0, rel=0.15)


@given(seeds, st.floats(0.0, 1.0))
def test_how_many_promises_are_kept_is_found(seed: int, kept: float) -> None:
    held = np.random.default_rng(seed).random(4_000) < kept
    assert habits_of(Past(kept=held)).kept == pytest.approx(kept, abs=0.05)


@settings(max_examples=10)
@given(seeds, st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([60.0, 1e5]))
def test_how_soon_people_answer_is_found_though_help_ended_the_wait_of_some(
    seed: int, slower: float, stands: float
) -> None:
    curve = habits_of(past(seed, 20_000, slower=slower, stands=stands)).curve
    assert curve is not None
    # A curve tells how soon, and not how many: so it is held against itself at 40 minutes.
    everybody = past(seed + 1, 40_000, slower=slower)
    done = np.where(np.isfinite(everybody.answered_s), everybody.answered_s, everybody.looked_s + 72.0)
    took = (done - everybody.sent_s)[np.isfinite(everybody.looked_s)] / 60
    true = np.array([(took <= minute).mean() / (took <= 40.0).mean() for minute in (3.0, 8.0, 20.0)])
    drawn = np.interp([3.0, 8.0, 20.0], attention.CURVE_MINUTES, curve) / np.interp(
        40.0, attention.CURVE_MINUTES, curve
    )
    assert drawn == pytest.approx(true, abs=0.04)
    assert list(curve) == sorted(curve)


@settings(max_examples=10)
@given(seeds, st.sampled_from([0.5, 0.8, 1.0, 1.3]))
def test_how_many_look_at_all_is_found(seed: int, reached: float) -> None:
    assert habits_of(past(seed, 20_000, reached=reached, stands=90.0)).opens == pytest.approx(reached, rel=0.1)


def test_before_five_hundred_looked_there_is_no_curve_of_their_own() -> None:
    def curve(looked: int) -> tuple[float, ...] | None:
        many = past(1, 4 * CURVE_LEAST)
        rows = np.flatnonzero(np.isfinite(many.looked_s))[:looked]
        return habits_of(replace(many, **{name: getattr(many, name)[rows] for name in ALERTS})).curve

    assert curve(CURVE_LEAST - 1) is None
    assert curve(CURVE_LEAST) is not None


def test_from_two_hundred_outcomes_of_a_kind_on_its_forecasts_are_held_to_them() -> None:
    said, came = np.full(OUTCOMES_LEAST, 0.75), np.arange(OUTCOMES_LEAST) % 2 == 0
    few, enough = habits_of(outcomes(said[1:], came[1:])), habits_of(outcomes(said, came))
    assert few.early("ride")
    assert few.honest("ride", 0.75) == 0.75
    assert not enough.early("ride")
    assert enough.early("repair")
    assert enough.honest("ride", 0.75) == pytest.approx(0.5, abs=0.05)
    assert enough.honest("repair", 0.75) == 0.75


@given(seeds)
def test_a_forecast_that_is_always_too_high_comes_true_once_it_is_held_to_outcomes(seed: int) -> None:
    luck = np.random.default_rng(seed)
    said = luck.random(4_000)
    came = luck.random(4_000) < said**2
    found = habits_of(outcomes(said, came))
    mended = [found.honest("ride", p) for p in (0.2, 0.5, 0.8)]
    assert mended == pytest.approx([0.04, 0.25, 0.64], abs=0.1)


@given(seeds, st.integers(0, 600), st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_better_odds_are_never_told_as_worse_ones_and_stay_odds(seed: int, calls: int, ps: list[float]) -> None:
    luck = np.random.default_rng(seed)
    found = habits_of(outcomes(luck.random(calls), luck.random(calls) < luck.random()))
    told = [found.honest("ride", p) for p in sorted(ps)]
    assert told == sorted(told)
    assert all(0 <= p <= 1 for p in told)
    assert all(len(table) == BINS for table in found.reliable.values())


@given(seeds, st.integers(0, 1_500), st.floats(0, 40), st.floats(0.01, 10), st.floats(0, 1.4), st.floats(1, 1e4))
def test_whatever_happened_every_number_is_within_its_bounds(
    seed: int, alerts: int, willing: float, slower: float, reached: float, stands: float
) -> None:
    found = habits_of(past(seed, alerts, willing=willing, slower=slower, reached=reached, stands=stands))
    assert WILLING[0] <= found.willing <= WILLING[1]
    assert OPENS[0] <= found.opens <= OPENS[1]
    assert 0 <= found.kept <= 1
    if found.curve is not None:
        assert np.isfinite(found.curve).all()
        assert list(found.curve) == sorted(found.curve)
        assert found.curve[0] >= 0
        assert found.curve[-1] <= 1
    assert "people here" in found.words()


@settings(max_examples=20)
@given(seeds)
def test_the_order_of_what_happened_does_not_matter(seed: int) -> None:
    luck = np.random.default_rng(seed)
    found = replace(
        past(seed, 1_200, stands=50.0), kept=luck.random(90) < 0.6, kinds=("ride",) * 250 + ("repair",) * 50,
        said=luck.random(300), came=luck.random(300) < 0.5,
    )  # fmt: skip
    sent, calls = luck.permutation(1_200), luck.permutation(300)
    turned = {name: getattr(found, name)[sent] for name in ALERTS}
    turned |= {"kept": luck.permutation(found.kept), "said": found.said[calls], "came": found.came[calls]}
    assert {each.name for each in fields(Past)} == {*turned, "kinds"}
    assert habits_of(replace(found, kinds=tuple(found.kinds[at] for at in calls), **turned)) == habits_of(found)


@given(st.floats(0.2, 10), st.floats(0.5, 1.4))
def test_whoever_is_like_people_here_counts_exactly_as_they_do(willing: float, opens: float) -> None:
    seen = crowd(2, accepts=200.0 * willing, expected=200.0, opened=90.0 * opens, expected_opened=90.0)
    usual = np.array([0.01, 0.2])
    chance = matching.learned(seen, usual, willing=willing, opens=opens)
    assert chance == pytest.approx(np.minimum(matching.MOST, usual * willing * opens), rel=0.1)
    unknown = matching.learned(crowd(2), usual, willing=willing, opens=opens)
    assert unknown == pytest.approx(np.minimum(matching.MOST, usual * willing * opens))
    assert matching.learned(crowd(2), usual).tolist() == usual.tolist()


def test_what_was_learned_can_be_read_in_plain_words() -> None:
    assert "nothing yet" in TEXTBOOK.words()
    found = replace(past(3, 8_000, willing=2.0), kept=np.arange(100) % 2 == 0)
    words = habits_of(found).words()
    assert "people here say yes 2." in words or "people here say yes 1.9" in words
    assert "41% of promises are not kept" in words
    assert "half of those who look have answered within" in words
    assert "8,000 alerts, 100 promises" in words
