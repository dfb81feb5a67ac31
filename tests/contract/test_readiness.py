"""What would raise the odds, on a real network and both engines: each lever is true once it is pulled."""

from datetime import datetime
from typing import Any

import pytest

from dispatch.actions.change_request import Vouch, vouch
from dispatch.actions.readiness import band, readiness
from dispatch.clock import SteppedClock
from dispatch.domain.levers import COMMUNITY_MIN
from dispatch.domain.people import Community, Duty
from dispatch.domain.visibility import Viewer
from dispatch.domain.waves import POLICIES
from dispatch.ports import Tx
from dispatch.store import SqlStore
from geo import cells
from tests.support.world import BAKER, Night, night_on

CENTRE = cells.centre(cells.cell_of(BAKER, cells.PUBLIC))


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def asked(night: Night, person: int) -> dict[str, Any]:
    policy = POLICIES["nearest"]  # the one that asks at any hour
    # Noon there: an engine with a clock of its own may have midnight, when a friend more helps little.
    return night.store.read_now(
        lambda tx, now: readiness(tx, now.replace(hour=20, minute=0), night.roster, policy, person, CENTRE)
    )


def lever(found: dict[str, Any], what: str) -> dict[str, Any] | None:
    return next((each for each in found["levers"] if each["what"] == what), None)


def test_somebody_alone_is_told_that_friends_near_there_would_help(night: Night) -> None:
    found = asked(night, night.person("Robert"))
    assert found["rings"] == {"1": "0", "2": "0", "3": "0"}
    assert found["forecast"]["9"]["p"] == 0.0
    assert [(each["what"], each["party"]) for each in found["levers"]] == [("invite", 1)]


def test_a_friends_friend_with_many_friends_who_vouches_is_worth_what_it_says(night: Night) -> None:
    robert = night.person("Robert")
    ana = night.person("Ana", friend_of=robert)
    maya = night.person("Maya", friend_of=ana)
    for number in range(40):
        night.person(f"T{number}", friend_of=maya, duty=Duty.AVAILABLE)
    before = lever(asked(night, robert), "vouch")
    assert before is not None
    assert before["then"] > before["now"]
    call = night.post(robert, 9).request
    maya_vouches = Vouch(request=call.public_id, viewer=Viewer(person_id=maya), ring="2", lends=True)
    night.do(vouch, maya_vouches)
    night.settle()
    assert "vouched" in {alert.ring for alert in night.alerts(call.id)}


def test_a_group_of_a_friend_is_a_lever_and_true_once_one_is_in_it(night: Night) -> None:
    robert = night.person("Robert")
    ana = night.person("Ana", friend_of=robert)
    members = [night.person(f"M{number}", duty=Duty.AVAILABLE) for number in range(40)]

    def found(tx: Tx, now: datetime) -> int:
        new = Community(id=0, public_id=tx.ids.public_id(), name="Burners of Baker", owner=ana)
        community = tx.network.add_community(new)
        for person in (ana, *members):
            tx.network.join(community.id, person)
        return community.id

    group = night.do(found)
    for person in (ana, *members):
        night.roster.join(group, person)
    told = asked(night, robert)
    before = lever(told, "community")
    assert before is not None
    assert before["then"] > before["now"]
    party = str(before["party"])
    assert "Burners" not in str(told)
    night.do(lambda tx, now: tx.network.join(group, robert))
    night.roster.join(group, robert)
    after = asked(night, robert)
    assert after["forecast"][party]["p"] == before["then"]
    assert lever(after, "community") is None


def test_a_small_group_is_not_hinted_at(night: Night) -> None:
    robert = night.person("Robert")
    ana = night.person("Ana", friend_of=robert)
    few = [night.person(f"M{number}", duty=Duty.AVAILABLE, seats=9) for number in range(COMMUNITY_MIN - 2)]

    def found(tx: Tx, now: datetime) -> int:
        new = Community(id=0, public_id=tx.ids.public_id(), name="Three of us", owner=ana)
        community = tx.network.add_community(new)
        for person in (ana, *few):
            tx.network.join(community.id, person)
        return community.id

    group = night.do(found)
    for person in (ana, *few):
        night.roster.join(group, person)
    assert lever(asked(night, robert), "community") is None


def test_levers_come_the_best_first_and_change_nothing(night: Night) -> None:
    robert = night.person("Robert")
    for number in range(4):
        night.person(f"F{number}", friend_of=robert)
    with night.no_trace():
        found = asked(night, robert)
    gains = [each["then"] - each["now"] for each in found["levers"]]
    assert gains == sorted(gains, reverse=True)
    assert all(gain > 0.05 for gain in gains)


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0"), (1, "1–4"), (4, "1–4"), (5, "5–9"), (19, "10–19"), (99, "50–99"), (250, "200–299")]
)
def test_counts_leave_in_bands(count: int, told: str) -> None:
    assert band(count) == told
