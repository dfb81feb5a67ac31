"""A call that is passed on: who may, how far it goes, who sees whom, what ends it; on both engines."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from dispatch.actions import look, pass_on
from dispatch.actions.account import erase_me
from dispatch.actions.change_request import ChangeRequest, SetReach, change_request, set_reach
from dispatch.actions.decide_claim import DecideClaim, Decision, decide_claim
from dispatch.actions.pass_on import PassOn
from dispatch.actions.sign_in import OpenLink, open_link, viewer_of_session, viewer_of_token
from dispatch.actions.tend_network import block, freeze
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.errors import NoMorePasses, NotAllowed, NotFound, OnHold, RequestOver, SignIn
from dispatch.domain.events import request_topic
from dispatch.domain.lifecycle import Step
from dispatch.domain.people import Duty
from dispatch.domain.request import Reach, Request
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Tx
from dispatch.store import SqlStore
from tests.support.world import BAKER, Follower, InboxFollower, Night, night_on


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


class Call:
    """Robert's call, and Ana and Bo, who were asked."""

    def __init__(self, night: Night, quantity: int = 4) -> None:
        self.night = night
        self.owner = night.person("Robert Surname")
        self.ana, self.bo = (night.person(f"{name} Surname", friend_of=self.owner) for name in ("Ana", "Bo"))
        self.posted = night.post(self.owner, quantity)
        night.settle()
        self.mine = Viewer(person_id=self.owner)

    @property
    def request(self) -> Request:
        return self.night.request(self.posted.request.id)

    def passes(self, viewer: Viewer, **fields: Any) -> dict[str, Any]:
        return self.night.do(pass_on.pass_on, PassOn(request=self.request.public_id, viewer=viewer, **fields))

    def opens(self, link: dict[str, Any], cookie: str | None = None) -> Viewer:
        _, fresh = self.night.do(open_link, OpenLink(token=link["token"], cookie=cookie))
        return self.viewer(fresh)

    def viewer(self, cookie: str) -> Viewer:
        return self.night.store.read_now(lambda tx, now: viewer_of_session(tx, now, cookie))

    def shown(self, viewer: Viewer) -> dict[str, Any]:
        public_id = self.request.public_id
        return self.night.store.read_now(lambda tx, now: look.show_request(tx, now, viewer, public_id))

    def links(self, viewer: Viewer) -> dict[str, Any]:
        public_id = self.request.public_id
        return self.night.store.read_now(lambda tx, now: pass_on.show_links(tx, now, viewer, public_id))

    def claims(self, viewer: Viewer, name: str = "Gus Guest") -> dict[str, Any]:
        return self.night.claim(self.request.public_id, 0, 2, viewer=viewer, ring=None, name=name, phone="555 1234")


def by(person: int) -> Viewer:
    return Viewer(person_id=person)


def test_a_guest_by_a_passed_link_waits_for_the_owners_tap_before_the_place(night: Night) -> None:
    call = Call(night)
    guest = call.opens(call.passes(by(call.ana), named=True))
    before = call.shown(guest)
    assert (before["role"], before["place"]["resolution"], before["carried"]) == ("public", 4, ["Ana"])
    claim = call.claims(guest)
    assert "lat" not in claim["place"]
    person = Viewer(person_id=night.claims(call.request.id)[0].person_id, guest=True)
    night.do(decide_claim, DecideClaim(claim=claim["id"], viewer=call.mine, decision=Decision.SHOW))
    assert "lat" in call.shown(person)["place"]


def test_the_owner_reads_who_carried_it_and_only_those_who_want_to_be_read(night: Night) -> None:
    call = Call(night)
    first = call.opens(call.passes(by(call.ana), named=True))
    second = call.passes(first, name="Maryam Surname", named=True)
    third = call.passes(call.opens(second), name="Nobody Surname")
    guest = call.opens(third)
    assert call.shown(guest)["carried"] == ["Ana", "Maryam", None]
    call.claims(guest)
    owner = call.shown(call.mine)
    assert owner["claims"][0]["carried"] == ["Ana", "Maryam", None]
    assert owner["passed"] == {"people": 3, "opened": 3}
    assert "carried" not in call.shown(by(call.bo))["claims"][0]
    assert call.shown(by(call.bo))["passed"] is None
    assert "Surname" not in str(owner["claims"][0]["carried"])


def test_a_call_goes_through_three_hands_and_not_through_a_fourth(night: Night) -> None:
    call = Call(night)
    link = call.passes(by(call.ana))
    for depth in (2, 3):
        link = call.passes(call.opens(link), name=f"Hand {depth}")
        assert link["depth"] == depth
    last = call.opens(link)
    with night.no_trace(), pytest.raises(NoMorePasses):
        call.passes(last, name="Hand 4")


def test_whoever_passes_it_on_is_replaced_at_once_and_may_come_after_all(night: Night) -> None:
    call = Call(night)
    call.passes(by(call.ana))
    alert = next(a for a in night.alerts(call.request.id) if a.person_id == call.ana)
    assert (alert.answer, alert.reason) == (Answer.DECLINED, pass_on.PASSED_ON)
    assert night.claim(call.request.public_id, call.ana)["status"] == "committed"
    call.passes(by(call.ana))
    answers = {a.person_id: a.answer for a in night.alerts(call.request.id)}
    assert answers[call.ana] is Answer.CLAIMED


def test_only_whoever_was_asked_or_got_a_link_passes_it_on(night: Night) -> None:
    call = Call(night)
    mia = night.person("Mia")
    for viewer, refusal in (
        (by(mia), NoMorePasses), (Viewer(), NotFound), (Viewer(powers={call.request.id: "view"}), NoMorePasses),
        (call.mine, NotAllowed), (Viewer(person_id=call.ana, held=True), OnHold),
    ):  # fmt: skip
        with night.no_trace(), pytest.raises(refusal):
            call.passes(viewer)


def test_a_link_is_opened_ten_times_however_many_try_at_once(night: Night) -> None:
    call = Call(night)
    imported(night, call.owner)
    link = call.passes(by(call.ana))

    def tries(_: int) -> bool:
        try:
            call.opens(link)
        except SignIn:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tries, range(limits.RELAY_OPENS + 8))) == limits.RELAY_OPENS
    assert call.links(call.mine)["relays"][0]["opens_left"] == 0


def imported(night: Night, person: int) -> None:
    """The operator knows that person: their calls may reach strangers."""
    night.do(lambda tx, now: tx.people.set(person, external=f"row {person}"))


def test_the_same_browser_opening_it_again_counts_once(night: Night) -> None:
    call = Call(night)
    link = call.passes(by(call.ana))
    _, cookie = night.do(open_link, OpenLink(token=link["token"], cookie=None))
    again = call.opens(link, cookie)
    assert again.relays.keys() == {call.request.id}
    assert call.shown(call.mine)["passed"] == {"people": 1, "opened": 1}


def test_a_passed_link_is_no_key_by_itself_and_no_copy_of_the_database_opens_it(night: Night) -> None:
    call = Call(night)
    link = call.passes(by(call.ana))
    with pytest.raises(SignIn):
        night.store.read_now(lambda tx, now: viewer_of_token(tx, now, link["token"]))
    assert link["token"].startswith("flr_")
    assert link["token"] not in str(night.everything())


def test_openings_spend_what_an_unknown_callers_ask_may_reach(night: Night) -> None:
    for number in range(30):
        night.person(f"S{number}", duty=Duty.AVAILABLE, place=BAKER, alerts_per_week_max=50)
    call = Call(night)
    link = call.passes(by(call.ana))
    for _ in range(limits.GUEST_ALERTS_MAX - 3):
        call.opens(link)
    wide = SetReach(request=call.request.public_id, viewer=call.mine, reach=Reach(open=True))
    night.do(set_reach, wide)
    for _ in range(4):
        night.settle()
        night.wait(limits.SOON)
    strangers = [alert for alert in night.alerts(call.request.id) if alert.ring == "open"]
    assert len(strangers) == 3
    for used in (lambda: call.passes(by(call.bo)), lambda: call.opens(link)):
        with pytest.raises((NoMorePasses, SignIn)):
            used()


@pytest.mark.parametrize("who", ["passer", "owner", "coordinator"])
def test_passer_owner_and_coordinator_end_a_link_with_all_that_came_from_it(night: Night, who: str) -> None:
    call = Call(night)
    link = call.passes(by(call.ana))
    first = call.opens(link)
    child = call.passes(first, name="Maryam")
    _, cookie = night.do(open_link, OpenLink(token=child["token"], cookie=None))
    other = call.passes(by(call.bo))
    ends = {"passer": by(call.ana), "owner": call.mine, "coordinator": Viewer(person_id=call.bo, coordinator=True)}
    night.do(pass_on.end_link, ends[who], link["id"])
    assert call.viewer(cookie).powers == {}
    for dead in (link, child):
        with night.no_trace(), pytest.raises(SignIn):
            call.opens(dead)
    assert call.opens(other).powers == {call.request.id: "relay"}
    with night.no_trace():
        night.do(pass_on.end_link, ends[who], link["id"])
    ended = [event for event in night.see(lambda tx: tx.journal.after(0, 1_000))[1] if event.kind == "access_ended"]
    assert len(ended) == 2


def test_nobody_else_ends_a_link_or_learns_that_it_is_there(night: Night) -> None:
    call = Call(night)
    link = call.passes(by(call.ana))
    guest = call.opens(link)
    for viewer in (by(call.bo), by(night.person("Mia")), guest, Viewer()):
        with night.no_trace(), pytest.raises(NotFound):
            night.do(pass_on.end_link, viewer, link["id"])
    assert call.links(by(call.bo)) == {"relays": [], "passed": None}
    assert [each["id"] for each in call.links(by(call.ana))["relays"]] == [link["id"]]
    with pytest.raises(NotFound):
        call.links(Viewer())


def test_links_end_with_the_ask_and_everybody_who_carried_it_is_thanked(night: Night) -> None:
    call = Call(night, quantity=2)
    link = call.passes(by(call.ana))
    inboxes = [InboxFollower(night, person) for person in (call.ana, call.bo)]
    claim = call.claims(call.opens(link))
    driver = night.claims(call.request.id)[0].person_id
    night.do(decide_claim, DecideClaim(claim=claim["id"], viewer=call.mine, decision=Decision.SHOW))
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET):
        night.step(claim["id"], driver, step)
    night.close(call.request.public_id, call.owner)
    with pytest.raises(SignIn):
        call.opens(link)
    with pytest.raises(RequestOver):
        call.passes(by(call.bo))
    for inbox in inboxes:
        inbox.follow()
    first, second = ([(each["seats"], each["request"]) for each in thanks(inbox)] for inbox in inboxes)
    assert (first, second) == ([(2, call.request.public_id)], [])


def thanks(inbox: InboxFollower) -> list[dict[str, Any]]:
    held = inbox.state["thanks"]
    assert isinstance(held, list)
    return held


def test_friends_only_frozen_and_drilled_calls_are_not_passed_on(night: Night) -> None:
    call = Call(night)
    link = call.passes(by(call.ana))
    night.do(freeze, call.request.id, "somebody looks")
    for used, refusal in ((lambda: call.passes(by(call.bo)), OnHold), (lambda: call.opens(link), SignIn)):
        with night.no_trace(), pytest.raises(refusal):
            used()
    night.do(lambda tx, now: tx.safety.thaw(call.request.id))
    narrow = SetReach(request=call.request.public_id, viewer=call.mine, reach=Reach(rings_max=1))
    guest = call.opens(link)
    night.do(set_reach, narrow)
    with pytest.raises(NotAllowed):
        call.passes(by(call.bo))
    with pytest.raises(NotAllowed):
        call.claims(guest)


def test_whoever_is_blocked_or_erased_leaves_no_living_link(night: Night) -> None:
    call = Call(night)
    links = [call.passes(by(person), named=True) for person in (call.ana, call.bo)]
    ana = night.see(lambda tx: tx.people.by_ids([call.ana])[call.ana].public_id)
    night.do(block, call.mine, ana)
    night.do(erase_me, by(call.bo))
    for link in links:
        with night.no_trace(), pytest.raises(SignIn):
            call.opens(link)
    assert [each["name"] for each in call.links(call.mine)["relays"]] == ["Ana", None]
    assert not any(each["going"] for each in call.links(call.mine)["relays"])


def test_somebody_the_asker_blocked_can_not_come_in_by_a_friends_link(night: Night) -> None:
    call = Call(night)
    link = call.passes(by(call.ana))
    mia = night.person("Mia")
    cookie = "fls_" + "c" * 22

    def block_and_sign_in(tx: Tx, now: datetime) -> None:
        from dispatch.actions.sign_in import add_to_session, session_of
        from dispatch.ports import Grant, Power

        tx.network.block(call.owner, mia, now)
        add_to_session(tx, now, session_of(cookie), Grant(token_hash=b"", power=Power.MEMBER, person_id=mia))

    night.do(block_and_sign_in)
    with night.no_trace(), pytest.raises(SignIn):
        call.opens(link, cookie)


def test_followers_keep_the_same_picture_while_a_call_is_passed_on(night: Night) -> None:
    call = Call(night)
    followers = [Follower(night, call.request.id, role) for role in Role]

    def in_step() -> None:
        for follower in followers:
            follower.follow()
            assert follower.state == follower.fresh(), follower.role

    link = call.passes(by(call.ana), named=True)
    in_step()
    guest = call.opens(link)
    in_step()
    call.claims(guest)
    in_step()
    for shown in (True, False):
        night.do(change_request, ChangeRequest(request=call.request.public_id, viewer=call.mine, show_travel=shown))
        in_step()
        assert bool(followers[-1].state["passed"]) is shown


def test_a_guest_who_carried_it_is_forgotten_with_the_ask(night: Night) -> None:
    from datetime import timedelta

    from dispatch.actions.erase import shred_request

    call = Call(night)
    first = call.opens(call.passes(by(call.ana)))
    call.passes(first, name="Maryam Surname", named=True)
    night.close(call.request.public_id, call.owner)
    night.do(shred_request, call.request.id, timedelta(0))
    assert "Maryam" not in str(night.everything())


def test_of_two_calls_read_together_each_claim_keeps_the_hands_it_came_through(night: Night) -> None:
    calls = [Call(night), Call(night)]
    for call in calls:
        call.claims(call.opens(call.passes(by(call.ana), named=True)))

    def carried(tx: Tx) -> Mapping[str, Sequence[str | None]]:
        tails = [tx.journal.topic(request_topic(call.request.id), 0, 100).events for call in calls]
        return look.context_for(tx, [event for tail in tails for event in tail]).carried

    found = night.see(carried)
    assert list(found.values()) == [["Ana"], ["Ana"]]
    assert found.keys() == {night.claims(call.request.id)[0].public_id for call in calls}
