"""Pranks stay small: how many people a call reaches depends on who stands behind the one who asks."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.actions import desk
from dispatch.actions.change_request import SetReach, Vouch, set_reach, vouch
from dispatch.actions.reach import bound_of
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.people import Duty
from dispatch.domain.request import Reach, Request, Urgency
from dispatch.domain.standing import REACHES, Backing, Bound, FlagKind
from dispatch.domain.visibility import Viewer
from dispatch.store import SqlStore
from tests.support.world import BAKER, Night, night_on

LOOK = timedelta(minutes=4)


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def crowd(night: Night, count: int) -> None:
    for number in range(count):
        night.person(f"S{number}", duty=Duty.AVAILABLE, place=BAKER, alerts_per_week_max=50)


def rings(night: Night, request: int) -> list[str]:
    return sorted({str(alert.ring) for alert in night.alerts(request)})


def an_hour(night: Night) -> None:
    for _ in range(14):
        night.settle()
        night.wait(LOOK)


def taken(night: Night, public_id: str) -> None:
    """A coordinator takes it over."""
    dora = night.person("Dora")
    name = night.see(lambda tx: tx.people.by_ids([dora])[dora].public_id)
    night.do(desk.appoint, name, may=True)
    night.do(desk.take, Viewer(person_id=dora, coordinator=True), public_id)


def test_a_guests_call_at_its_ceiling_is_shown_to_a_coordinator_and_goes_on_once_taken(night: Night) -> None:
    crowd(night, 60)
    posted = night.post(None, 60, contact_phone="555", urgency=Urgency.UNSAFE).request
    an_hour(night)
    assert night.request(posted.id).alerted == limits.GUEST_ALERTS_MAX
    assert [flag.kind for flag in night.see(lambda tx: tx.safety.flags_of(posted.id))] == [FlagKind.GUEST_CAP]
    taken(night, posted.public_id)
    an_hour(night)
    reached = night.request(posted.id).alerted
    assert limits.GUEST_ALERTS_MAX < reached <= limits.LOOKED_AT_ALERTS_HOUR + limits.GUEST_ALERTS_MAX


def test_a_member_by_invite_reaches_ten_strangers_and_no_third_ring_until_somebody_vouches(night: Night) -> None:
    asker = night.person("Robert")
    friend = night.person("Ana", friend_of=asker)
    second = night.person("Bo", friend_of=friend)
    night.person("Cy", friend_of=second)
    crowd(night, 30)
    posted = night.post(asker, 60, urgency=Urgency.UNSAFE).request
    wide = SetReach(request=posted.public_id, viewer=Viewer(person_id=asker), reach=Reach(open=True))
    night.do(set_reach, wide)
    an_hour(night)
    assert rings(night, posted.id) == ["1", "2", "open"]
    assert sum(alert.ring == "open" for alert in night.alerts(posted.id)) == limits.GUEST_ALERTS_MAX
    taken(night, posted.public_id)
    an_hour(night)
    assert "3" in rings(night, posted.id)


def test_whoever_is_tied_to_somebody_the_operator_knows_reaches_the_third_ring(night: Night) -> None:
    def call(**known: Any) -> list[str]:
        asker = night.person("Robert")
        friend = night.person("Ana", friend_of=asker, **known)
        second = night.person("Bo", friend_of=friend)
        night.person("Cy", friend_of=second)
        posted = night.post(asker, 60, urgency=Urgency.UNSAFE).request
        night.settle()
        night.wait(LOOK)
        night.settle()
        return rings(night, posted.id)

    assert call() == ["1", "2"]
    assert call(external="row 7 of the operator's file") == ["1", "2", "3"]


def test_a_sock_puppets_word_lifts_no_bound_and_a_known_members_does(night: Night) -> None:
    asker = night.person("Robert")
    puppet = night.person("Sock", friend_of=asker)
    far = night.person("Far", friend_of=puppet)
    night.person("Cy", friend_of=far)
    posted = night.post(asker, 60, urgency=Urgency.UNSAFE).request

    def lends(person: int) -> Any:
        word = Vouch(request=posted.public_id, viewer=Viewer(person_id=person), ring="1", lends=True)
        night.do(vouch, word)
        return night.see(lambda tx: bound_of(tx, night.now(), posted))

    assert lends(puppet) == REACHES[Backing.INVITED]
    an_hour(night)
    assert "3" not in rings(night, posted.id)
    assert lends(night.person("Ana", friend_of=asker, external="row 7")) == REACHES[Backing.KNOWN]


def test_whoever_cried_wolf_reaches_fewer_for_a_while_unless_a_coordinator_has_looked(night: Night) -> None:
    asker = night.person("Robert", external="row 1")
    known = REACHES[Backing.KNOWN]

    def bound(request: Request) -> Bound:
        return night.see(lambda tx: bound_of(tx, night.now(), request))

    first = night.post(asker, 2).request
    night.close(night.post(asker, 1).request.public_id, asker, Disposition.UNFOUNDED)  # one's own word is honest
    assert bound(first) == known
    dora = night.person("Dora")
    desk_of = Viewer(person_id=dora, coordinator=True)
    night.do(desk.close, desk_of, first.public_id, Disposition.UNFOUNDED)
    again = night.post(asker, 2).request
    assert bound(again).a_call == known.a_call // limits.MARK_DIVIDES
    later = night.now() + limits.MARK_HALVES
    assert 0.3 < night.see(lambda tx: bound_of(tx, later, again)).a_call / known.a_call < 0.33
    never = night.now() + limits.MARKS_KEPT + timedelta(days=1)
    assert night.see(lambda tx: bound_of(tx, never, again)) == known
    night.do(desk.take, desk_of, again.public_id)
    assert bound(again) == known


def test_what_all_calls_of_a_person_reached_in_the_hour_counts_together(night: Night) -> None:
    crowd(night, 40)
    first, second = (night.post(None, 60, contact_phone=str(number)).request for number in range(2))
    an_hour(night)
    asked, since = night.request(first.id), night.now() - timedelta(hours=2)
    assert night.see(lambda tx: tx.alerts.reached(first.id, asked.requester, since)) == (10, 10)
    assert night.see(lambda tx: tx.alerts.reached(first.id, asked.requester, night_end(tx))) == (10, 0)
    assert night.request(second.id).alerted == 10


def night_end(tx: Any) -> Any:
    """After everything that was sent."""
    return max(alert.created_at for request in (1, 2) for alert in tx.alerts.of_request(request)) + timedelta(hours=1)
