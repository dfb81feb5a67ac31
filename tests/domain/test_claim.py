"""Leases: only a promise that somebody must keep can lapse, and never before its time."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.claim import Claim, lease_after, worth_renewing
from dispatch.domain.lifecycle import LEASED, STANDING, ClaimState
from tests.support.strategies import NOON, claims, moments


@given(st.sampled_from(list(ClaimState)), moments(), st.none() | moments())
def test_only_claims_that_can_lapse_have_a_lease(state: ClaimState, now: datetime, eta: datetime | None) -> None:
    lease = lease_after(state, now, eta)
    assert (lease is not None) == (state in LEASED)
    assert lease is None or lease > now


@given(moments(), st.none() | moments())
def test_a_driver_is_not_given_up_before_the_time_they_named(now: datetime, eta: datetime | None) -> None:
    lease = lease_after(ClaimState.EN_ROUTE, now, eta)
    assert lease is not None
    assert lease >= now + timedelta(minutes=20)
    assert eta is None or lease >= eta + timedelta(minutes=15)


def test_a_yes_stands_twelve_minutes_without_a_sign_of_life() -> None:
    assert lease_after(ClaimState.COMMITTED, NOON, NOON + timedelta(hours=5)) == NOON + timedelta(minutes=12)
    assert lease_after(ClaimState.ON_SCENE, NOON, None) == NOON + timedelta(minutes=30)


@pytest.mark.parametrize(("seconds", "written"), [(-60, False), (0, False), (60, False), (61, True)])
def test_a_lease_is_written_anew_only_when_it_moves_by_more_than_a_minute(*, seconds: int, written: bool) -> None:
    assert worth_renewing(NOON, NOON + timedelta(seconds=seconds)) is written


def test_a_lease_that_begins_or_ends_is_always_written() -> None:
    assert worth_renewing(None, NOON)
    assert worth_renewing(NOON, None)
    assert not worth_renewing(None, None)
    assert timedelta(seconds=60) == limits.LEASE_MOVES_BY


@given(claims())
def test_a_claim_stands_exactly_in_the_states_that_may_see_the_place(claim: Claim) -> None:
    assert claim.standing is (claim.status in STANDING)
    assert not Claim(**{n: getattr(claim, n) for n in Claim.__slots__} | {"status": ClaimState.STANDBY}).standing
    assert not Claim(**{n: getattr(claim, n) for n in Claim.__slots__} | {"status": ClaimState.DONE}).standing
