"""When asks compete: few drivers are offered to one ask at a time, danger first, and it ends by itself."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.actions import send_wave, share_drivers
from dispatch.clock import SteppedClock
from dispatch.domain import surge
from dispatch.domain.alert import Answer
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.people import Duty
from dispatch.domain.request import Request, Urgency
from dispatch.store import SqlStore
from tests.support.world import Night, night_on

STEP = timedelta(seconds=30)


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def flood(night: Night, asks: int, drivers: int) -> list[Request]:
    """So many parties of four beside the road, and so many drivers who are friends of all of them."""
    owners = [night.person(f"Owner{number}", duty=Duty.OFF_DUTY) for number in range(asks)]
    for number in range(drivers):
        driver = night.person(f"Driver{number}", friend_of=owners[0])
        for owner in owners[1:]:
            night.do(lambda tx, now, driver=driver, owner=owner: tx.network.tie(driver, owner))  # type: ignore[misc]
            night.roster.tie(driver, owner)
    return [night.post(owner, 4).request for owner in owners]


def fresh(night: Night, asks: list[Request]) -> Counter[int]:
    """How many fresh unanswered offers each driver holds."""
    now = night.now()
    return Counter(
        alert.person_id
        for ask in asks
        for alert in night.alerts(ask.id)
        if alert.answer is None and now - alert.created_at < surge.OFFER
    )


def test_in_a_flood_no_driver_holds_two_offers_and_every_driver_is_offered_somebody(night: Night) -> None:
    asks = flood(night, 6, 3)
    offered: set[int] = set()
    for _ in range(30):
        night.settle()
        held = fresh(night, asks)
        assert max(held.values(), default=0) <= 1, held
        offered |= held.keys()
        night.wait(STEP)
    assert len(offered) == 3
    if night.clock is not None:  # on a server's clock offers never grow old in a test
        assert len([ask for ask in asks if night.alerts(ask.id)]) > 1


@pytest.mark.parametrize("asks", [1, share_drivers.ASKS_LEAST - 1])
def test_a_few_calls_are_looked_at_as_ever_however_few_drivers_there_are(night: Night, asks: int) -> None:
    posted = flood(night, asks, 3)
    night.settle()
    assert not any(night.ticker._rounds.take(ask.id) for ask in posted)
    assert [len(night.alerts(ask.id)) for ask in posted] == [3] * min(asks, 4) + [0] * max(0, asks - 4)


def test_in_a_flood_danger_is_offered_drivers_before_everybody_else(night: Night) -> None:
    asks = flood(night, 6, 1)
    night.settle()
    ana = night.person("Ana", duty=Duty.OFF_DUTY)
    danger = night.post(ana, 4, urgency=Urgency.DANGER).request
    (driver,) = {alert.person_id for ask in asks for alert in night.alerts(ask.id)}
    night.do(lambda tx, now: tx.network.tie(driver, danger.requester))
    night.roster.tie(driver, danger.requester)
    for _ in range(20):
        night.settle()
        if night.alerts(danger.id):
            break
        night.wait(STEP)
    assert [alert.person_id for alert in night.alerts(danger.id)] == [driver]
    assert sum(bool(night.alerts(ask.id)) for ask in asks) == 1


def test_an_offer_planned_while_another_was_made_is_not_written(night: Night) -> None:
    asks = flood(night, 2, 3)
    night.feed.catch_up()
    plans = []
    for ask in asks:
        plan = night.store.read_now(
            lambda tx, now, ask=ask: send_wave.plan(tx, now, night.roster, night.policy, ask.id)  # type: ignore[misc]
        )
        assert plan is not None
        plans.append(replace(plan, exclusive=True))
    told = [night.do(send_wave.send, plan) for plan in plans]
    assert told == [3, 0]


def test_when_the_flood_is_over_the_rounds_end_by_themselves(night: Night) -> None:
    asks = flood(night, 6, 3)
    for _ in range(4):
        night.settle()
        night.wait(STEP)
    assert any(switch.on for switch in night.ticker._rounds._switches.values())
    for ask in asks[1:]:
        night.close(ask.public_id, ask.requester, Disposition.SELF_RESOLVED)
    night.ticker._rounds._read_at = None
    night.wait(STEP)
    night.settle()
    assert not night.ticker._rounds._switches
    assert {alert.answer for ask in asks[1:] for alert in night.alerts(ask.id)} <= {Answer.STOOD_DOWN}
