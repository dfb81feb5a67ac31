"""The bounds: whole, positive, in an order that makes sense, and each with a sentence behind it."""

from datetime import timedelta

import pytest

from dispatch.domain import limits
from dispatch.domain.kinds import KINDS
from dispatch.domain.looking import look_again
from dispatch.domain.people import Person
from tests.domain.test_waves import call
from tests.support.strategies import NOON

BOUNDS = {name: value for name, value in vars(limits).items() if name.isupper()}


@pytest.mark.parametrize("name", BOUNDS)
def test_every_bound_is_more_than_nothing(name: str) -> None:
    value = BOUNDS[name]
    if isinstance(value, timedelta):
        assert value > timedelta(0)
    elif isinstance(value, tuple):
        assert list(value) == sorted(set(value))
    else:
        assert value > 0


def test_bounds_that_lean_on_each_other_agree() -> None:
    assert limits.KEY_MIN < limits.ANONYMOUS_KEY_MIN <= limits.KEY_MAX
    assert limits.ALERTS_PER_WEEK <= limits.ALERTS_PER_WEEK_MAX
    assert limits.REACH_MAX_MINUTES <= limits.TRAVEL_MAX_MINUTES
    assert max(kind.wave_max for kind in KINDS.values()) <= limits.WAVE_CHUNK
    assert limits.WAVE_CHUNK <= limits.REQUEST_ALERTS_MAX
    assert limits.PONG_S < limits.HEARTBEAT_S < limits.LONG_POLL_S < limits.MAX_AGE_S
    assert limits.TICK_BUFFER_BYTES < limits.WRITE_BUFFER_BYTES
    assert limits.BATCH_S < limits.QUEUE_S
    assert limits.RESUME_MAX <= limits.PAGE
    assert limits.LEASE_MOVES_BY < limits.LEASE_COMMITTED < limits.LEASE_EN_ROUTE
    assert look_again(call(), NOON) - NOON > limits.SEEN_EVERY


def test_a_week_holds_four_alerts_unless_a_person_chose_otherwise() -> None:
    assert Person(id=1, public_id="p").alerts_per_week_max == limits.ALERTS_PER_WEEK == 4
