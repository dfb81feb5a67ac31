"""Nobody is asked by people they did not agree to be asked by: ring by ring, when planned and when written."""

from datetime import datetime
from typing import Any

import pytest

from dispatch.actions.change_request import SetReach, Vouch, set_reach, vouch
from dispatch.actions.plan_wave import look_at, parts, planned
from dispatch.actions.send_wave import send
from dispatch.actions.set_me import SetMe, set_me, show_me
from dispatch.clock import SteppedClock
from dispatch.domain.network import Asks, closed_to
from dispatch.domain.people import Community, Duty
from dispatch.domain.request import Reach, Urgency
from dispatch.domain.visibility import Viewer
from dispatch.ports import Tx
from dispatch.store import SqlStore
from tests.support.world import Night, night_on

EVERYBODY = list(Asks)


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


class People:
    """Robert, and somebody in each ring around him; each agrees to be asked by those who are named."""

    def __init__(self, night: Night, agreed: list[Asks]) -> None:
        self.night = night
        closed: dict[str, Any] = {"closed": closed_to(agreed), "duty": Duty.AVAILABLE}
        self.robert = night.person("Robert", external="row 1")
        self.rings = {"1": night.person("Ana", friend_of=self.robert, **closed)}
        self.rings["2"] = night.person("Bo", friend_of=self.rings["1"], **closed)
        self.rings["3"] = night.person("Cy", friend_of=self.rings["2"], **closed)
        far = night.person("Far", friend_of=self.rings["3"], duty=Duty.OFF_DUTY)
        self.rings["community"] = night.person("Mia", **closed)
        self.rings["open"] = night.person("Sam", friend_of=far, **closed)
        group = night.do(self._group)
        for person in (self.robert, self.rings["community"]):
            night.roster.join(group, person)

    def _group(self, tx: Tx, now: datetime) -> int:
        new = Community(id=0, public_id=tx.ids.public_id(), name="Burners", owner=self.robert)
        group = tx.network.add_community(new)
        for person in (self.robert, self.rings["community"]):
            tx.network.join(group.id, person)
        return group.id

    def asked(self) -> set[str]:
        """From which rings people were asked by a call that asks everybody it may."""
        call = self.night.post(self.robert, 60, urgency=Urgency.UNSAFE).request
        wide = SetReach(request=call.public_id, viewer=Viewer(person_id=self.robert), reach=Reach(open=True))
        self.night.do(set_reach, wide)
        self.night.settle()
        by_person = {person: ring for ring, person in self.rings.items()}
        return {by_person[alert.person_id] for alert in self.night.alerts(call.id) if alert.person_id in by_person}


@pytest.mark.parametrize(
    ("agreed", "asked"),
    [
        (EVERYBODY, {"1", "2", "3", "community", "open"}),
        ([], {"1"}),
        ([Asks.FRIENDS_OF_FRIENDS], {"1", "2", "3"}),
        ([Asks.COMMUNITIES], {"1", "community"}),
        ([Asks.STRANGERS], {"1", "open"}),
    ],
    ids=lambda each: "+".join(each) or "friends alone" if isinstance(each, list) else "",
)
def test_people_are_asked_by_those_they_agreed_to_and_by_friends(
    night: Night, agreed: list[Asks], asked: set[str]
) -> None:
    assert People(night, agreed).asked() == asked


def test_somebody_lent_by_a_friend_is_asked_only_if_friends_of_friends_may(night: Night) -> None:
    people = People(night, [Asks.COMMUNITIES])
    fred = night.person("Fred", friend_of=people.rings["2"], closed=closed_to([]))
    call = night.post(people.robert, 60, urgency=Urgency.UNSAFE).request
    lends = Vouch(request=call.public_id, viewer=Viewer(person_id=people.rings["2"]), ring="2", lends=True)
    night.do(vouch, lends)
    night.settle()
    assert fred not in {alert.person_id for alert in night.alerts(call.id)}


def test_consent_taken_back_after_the_plan_still_counts_when_it_is_written(night: Night) -> None:
    people = People(night, EVERYBODY)
    call = night.post(people.robert, 60, urgency=Urgency.UNSAFE).request

    def plan(tx: Tx, now: datetime) -> Any:
        look = look_at(tx, now, night.roster, call.id)
        assert look is not None
        return [planned(tx, now, night.roster, look, part) for part in parts(night.policy(look))]

    waves = night.store.read_now(plan)
    assert sum(len(wave.ask) for wave in waves) > 1
    for ring in ("2", "3", "community"):
        viewer = Viewer(person_id=people.rings[ring])
        night.do(set_me, SetMe(viewer=viewer, changes={"closed": closed_to([])}))
    for wave in waves:
        night.do(send, wave)
    assert {alert.ring for alert in night.alerts(call.id)} == {"1"}


def test_what_was_agreed_to_is_read_back_and_the_roster_hears_of_it_at_once(night: Night) -> None:
    people = People(night, EVERYBODY)
    viewer = Viewer(person_id=people.rings["2"])
    assert night.do(show_me, viewer)["asked_by"] == [str(each) for each in EVERYBODY]
    told = night.do(set_me, SetMe(viewer=viewer, changes={"closed": closed_to([Asks.COMMUNITIES])}))
    assert told["asked_by"] == ["communities"]
    assert "2" not in people.asked()
