"""What is believed of people: the check values of the matching page, and the laws every curve obeys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import attention

minutes = st.lists(st.floats(0, 5_000), min_size=2, max_size=20).map(lambda found: np.array(sorted(found)))
counts = st.floats(0, 500)


@pytest.mark.parametrize(
    ("online", "at", "share"),
    [
        (False, (5, 15, 30, 60, 240), (0.32, 0.61, 0.73, 0.83, 0.97)),
        (True, (1, 2, 5), (0.11, 0.50, 0.94)),
    ],
)
def test_people_look_and_decide_as_the_matching_page_says(
    online: bool, at: tuple[float, ...], share: tuple[float, ...]
) -> None:
    assert attention.answered_by(np.array(at, dtype=np.float64), online) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(
    ("hour", "share"), [(21, 0.98), (23, 0.68), (0, 0.38), (2, 0.03), (6, 0.16), (7, 0.50), (8, 0.84), (15, 1.0)]
)
def test_people_sleep_as_the_matching_page_says(hour: int, share: float) -> None:
    assert float(attention.awake(np.array([hour * 60.0]))[0]) == pytest.approx(share, abs=0.01)


@given(st.lists(st.floats(-3_000, 6_000), min_size=1))
def test_any_minute_is_counted_from_its_midnight_and_sleep_between_two_known_moments(found: list[float]) -> None:
    at = np.array(found)
    assert (attention.of_the_day(at) == np.mod(at, attention.DAY)).all()
    known = np.arange(0, attention.DAY + attention.STEP, attention.STEP)
    between = np.interp(np.mod(at, attention.DAY), known, attention.awake(known))
    assert attention.awake(at) == pytest.approx(between)


@given(minutes, st.booleans())
def test_more_time_never_means_fewer_answers(at: np.ndarray, online: bool) -> None:
    share = attention.answered_by(at, online)
    assert (np.diff(share) >= -1e-12).all()
    assert (share >= 0).all()
    assert (share <= 1 + 1e-9).all()


@given(st.floats(0, 1439), st.booleans(), st.booleans())
def test_quiet_hours_are_quiet_unless_the_inbox_is_open(minute: float, online: bool, quiet: bool) -> None:
    heard = float(attention.hears(np.array([minute]), np.array([online]), np.array([quiet]))[0])
    assert heard == 1.0 if online else heard <= attention.REACHABLE
    assert online or not quiet or heard == 0.0


@given(counts, counts)
def test_somebody_nothing_is_known_of_counts_as_the_crowd_does(some: float, more: float) -> None:
    nothing = np.zeros(1)
    assert attention.personal(nothing, nothing) == attention.opens(nothing, nothing) == attention.tired(nothing) == 1
    low, high = sorted((some, more))
    assert attention.personal(np.array([high]), nothing) >= attention.personal(np.array([low]), nothing)
    assert attention.opens(nothing, np.array([high])) <= attention.opens(nothing, np.array([low]))
    assert attention.opens(np.array([high]), nothing)[0] <= attention.OPENED_MOST


def test_weariness_of_alerts_fades_by_e_in_a_week() -> None:
    assert float(attention.decayed(2.0, 7.0)) == pytest.approx(2 / np.e)
    assert attention.halved(-5, 15, 0.02) == 1
    assert attention.halved(15, 15, 0.02) == pytest.approx(0.5)
    assert attention.halved(10_000, 15, 0.02) == 0.02


@given(st.floats(0, 5_000), st.floats(0, 600), st.floats(0, 600))
def test_open_inboxes_only_ever_say_that_more_people_are_up(up: float, some: float, more: float) -> None:
    few, many = sorted((some, more))
    assert 1.0 <= attention.stirring(up, few) <= attention.stirring(up, many)
    assert attention.stirring(up, attention.ONLINE_SHARE * up) == pytest.approx(1.0)


def test_in_a_week_when_all_the_town_is_up_late_more_are_expected_to_hear() -> None:
    night, nobody = np.full(4, 1_420.0), np.zeros(4, dtype=np.bool_)
    usual = attention.hears(night, nobody, nobody)
    assert (attention.hears(night, nobody, nobody, more=1.5) > usual).all()
    assert (attention.hears(night, nobody, nobody, more=50.0) <= attention.REACHABLE).all()


def test_whoever_looked_at_alerts_lately_is_less_likely_to_look_at_the_next() -> None:
    noon, nobody = np.full(3, 720.0), np.zeros(3, dtype=np.bool_)
    heard = attention.hears(noon, nobody, nobody, fatigue=np.array([0.0, 1.0, 3.0]))
    assert heard[0] > heard[1] > heard[2] > 0
    assert heard[1] == pytest.approx(heard[0] * (1 - attention.SILENCED))


def test_an_alert_sent_before_dawn_is_looked_at_when_its_sleeper_wakes() -> None:
    at = np.array([5 * 60.0])
    hears = attention.hears(at, np.array([False]), np.array([False]))
    soon, later = (attention.decided_by(hears, minutes, np.array([False]), at)[0] for minutes in (30, 240))
    assert soon < 0.1
    assert later == pytest.approx(attention.REACHABLE * 0.9, abs=0.07)


@given(minutes, st.floats(0, 1_439), st.booleans(), st.booleans())
def test_at_any_hour_more_time_never_means_fewer_answers_and_never_more_than_can_be_reached(
    at: np.ndarray, local: float, online: bool, quiet: bool
) -> None:
    hour, flag = np.array([local]), np.array([online])
    hears = attention.hears(hour, flag, np.array([quiet]), more=1.7)
    share = np.array([attention.decided_by(hears, each, flag, hour)[0] for each in at])
    assert (share >= 0).all()
    assert (share <= max(float(hears[0]), attention.REACHABLE) + 1e-9).all()
    assert (np.diff(share) >= -1e-9).all()


def test_a_networks_own_curve_takes_the_place_of_ours_as_far_as_it_goes() -> None:
    at = np.array([0.2, 1.0, 7.0, 60.0, 240.0, 1_000.0])
    ours = attention.answered_by(at)
    drawn = tuple(attention.answered_by(attention.CURVE_MINUTES).tolist())
    assert attention.answered_by(at, curve=drawn) == pytest.approx(ours, abs=0.01)
    slow = tuple(attention.answered_by(attention.CURVE_MINUTES / 3).tolist())
    assert attention.answered_by(7.0, curve=slow) == pytest.approx(attention.answered_by(7.0 / 3), abs=0.01)
    many = attention.answered_by(np.geomspace(0.05, 3_000, 200), curve=slow)
    assert (np.diff(many) >= 0).all()
    online = attention.answered_by(at, online=np.ones(len(at), dtype=np.bool_), curve=slow)
    assert online.tolist() == attention.answered_by(at, online=np.ones(len(at), dtype=np.bool_)).tolist()
