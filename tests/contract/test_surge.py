"""When asks compete: few drivers are offered to one ask at a time, danger first, and it ends by itself."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dispatch.actions import send_wave, share_drivers, words
from dispatch.clock import MachineClock, SteppedClock
from dispatch.domain import surge
from dispatch.domain.alert import Answer
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.looking import Decision, Look, Policy
from dispatch.domain.people import Duty
from dispatch.domain.request import Request, Urgency
from dispatch.feed import Feed
from dispatch.ports import Candidates, Search
from dispatch.roster.memory import MemoryRoster
from dispatch.rounds import Rounds
from dispatch.store import SqlStore
from dispatch.ticker import Ticker
from tests.support.world import Night, night_on

STEP = timedelta(seconds=30)


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


@pytest.fixture
def stepped(open_sqlite_again: Callable[[], SqlStore], clock: SteppedClock) -> Iterator[Night]:
    """A night whose rounds follow each other: on a server's clock they would have to be waited for."""
    store = open_sqlite_again()
    yield night_on(store, clock)
    store.close()


def under(night: Night, policy: Policy) -> None:
    """The night's ticker asks that policy."""
    night.ticker = Ticker(night.store, night.roster, policy, night.clock or MachineClock())


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
    assert not night.ticker._rounds._switches
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


@pytest.mark.parametrize(
    ("first", "second", "told"), [(True, True, 0), (True, False, 0), (False, True, 0), (False, False, 3)]
)
def test_whoever_holds_an_exclusive_offer_hears_of_nothing_else_while_it_is_fresh(
    night: Night, first: bool, second: bool, told: int
) -> None:
    one, two = flood(night, 2, 3)
    night.feed.catch_up()
    wave, other = (night.planned(ask.id, exclusive=exclusive) for ask, exclusive in ((one, first), (two, second)))
    assert [night.do(send_wave.send, plan) for plan in (wave, other)] == [3, told]
    if not told:
        night.wait(surge.OFFER + STEP)
        night.do(send_wave.send, other)
    if night.clock is not None:  # on a server's clock offers never grow old in a test
        assert len(night.alerts(two.id)) == 3


def test_one_broken_call_does_not_stop_the_calls_around_it(stepped: Night) -> None:
    night = stepped
    broken: list[int] = []

    def policy(look: Look) -> Decision:
        if look.request.id in broken:
            raise ArithmeticError("this call can't be decided")
        return night.policy(look)

    under(night, policy)
    asks = flood(night, 7, 3)
    night.settle()
    heard = {ask.id: len(night.alerts(ask.id)) for ask in asks}
    assert any(switch.on for switch in night.ticker._rounds._switches.values())
    broken.append(next(ask.id for ask in asks if not heard[ask.id]))
    for _ in range(9):
        night.wait(STEP)
        night.feed.catch_up()
        night.ticker.turn()
    more = [ask.id for ask in asks if len(night.alerts(ask.id)) > heard[ask.id]]
    assert more
    assert broken[0] not in more


@pytest.mark.parametrize("most", [2, 6, 7])
def test_a_round_looks_at_no_more_calls_than_it_may_and_each_call_has_its_turn(stepped: Night, most: int) -> None:
    night = stepped
    asks = flood(night, 7, 1)
    rounds: list[list[int]] = []

    def policy(look: Look) -> Decision:
        rounds[-1].append(look.request.id)
        return night.policy(look)

    under(night, policy)
    night.ticker._rounds = Rounds(night.store, night.roster, policy, night.clock or MachineClock(), most)
    for _ in range(9):
        rounds.append([])
        night.settle()
        night.wait(STEP)
    in_surge = [each for each in rounds[1:] if each]
    assert all(len(each) <= most for each in in_surge)
    assert max(map(len, in_surge)) == most
    assert {ask for each in in_surge for ask in each} == {ask.id for ask in asks}


def test_a_call_that_has_to_wait_for_the_round_is_put_off_without_a_look(stepped: Night) -> None:
    night, looked = stepped, []

    class Counting(MemoryRoster):
        def search(self, search: Search) -> Candidates:
            looked.append(search.requester)
            return super().search(search)

    night.roster = Counting()
    night.feed = Feed(night.store, night.roster)
    night.feed.load()
    under(night, night.policy)
    asks = flood(night, 6, 3)
    night.settle()
    looked.clear()
    for ask in asks:
        night.do(lambda tx, now, ask=ask: tx.due.put(words.WAVE, ask.id, now))  # type: ignore[misc]
    night.settle()
    assert looked == []
    night.wait(STEP)
    night.settle()
    assert sorted(looked) == sorted(ask.requester for ask in asks)


def test_a_call_that_has_enough_under_way_is_offered_nobody(stepped: Night) -> None:
    asks = flood(stepped, 2, 3)
    stepped.feed.catch_up()
    bids = [share_drivers.bid(look, stepped.policy(look)) for look in map(stepped.looked, (ask.id for ask in asks))]
    assert sum(len(each.ask) for each in share_drivers.shared(bids, set())) == 3
    nobody = np.zeros(0, dtype=np.intp)
    enough = replace(bids[0], decision=replace(bids[0].decision, ask=nobody, worth=nobody))
    assert [len(each.ask) for each in share_drivers.shared([enough, bids[1]], set())] == [0, 3]
    assert share_drivers.shared([], set()) == []


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
