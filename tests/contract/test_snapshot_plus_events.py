"""Snapshot + events = a fresh snapshot, told as stories; the same at random in test_lifecycle_machine.py."""

import pytest

from dispatch.actions.change_request import AddNote, ChangeRequest, SetReach, add_note, change_request, set_reach
from dispatch.actions.close_request import CloseRequest, close_request
from dispatch.actions.decide_claim import DecideClaim, Decision, decide_claim
from dispatch.actions.set_me import SetMe, set_me
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.events import request_topic
from dispatch.domain.lifecycle import Disposition, Step
from dispatch.domain.request import Reach
from dispatch.domain.visibility import Role, Viewer
from dispatch.domain.whereabouts import from_point
from dispatch.store import SqlStore
from tests.support.world import BAKER, Follower, InboxFollower, Night, night_on


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def in_step(*followers: Follower | InboxFollower) -> None:
    for follower in followers:
        if isinstance(follower, Follower):
            follower.follow()
            assert follower.state == follower.fresh(), follower.role
        else:
            assert follower.follow() == follower.fresh()


def test_everybody_who_follows_a_whole_night_ends_with_the_same_picture(night: Night) -> None:
    owner = night.person("Robert")
    ana, bo = (night.person(name, friend_of=owner) for name in ("Ana", "Bo"))
    posted = night.post(owner, 3).request
    mine = Viewer(person_id=owner)
    everybody: list[Follower | InboxFollower] = [Follower(night, posted.id, role) for role in Role]
    everybody += [InboxFollower(night, person) for person in (ana, bo)]
    night.settle()
    in_step(*everybody)
    claim = night.claim(posted.public_id, ana, 3)["id"]
    in_step(*everybody)
    night.claim(posted.public_id, bo, 1, standby=True)
    night.step(claim, ana, Step.EN_ROUTE)
    night.do(add_note, AddNote(request=posted.public_id, viewer=mine, text="red jackets"))
    night.settle()
    in_step(*everybody)
    night.step(claim, ana, Step.WITHDRAW)
    night.settle()
    in_step(*everybody)
    night.do(change_request, ChangeRequest(request=posted.public_id, viewer=mine, quantity=1))
    night.close(posted.public_id, owner, Disposition.SELF_RESOLVED)
    night.settle()
    in_step(*everybody)
    newcomers = [Follower(night, posted.id, role) for role in Role]
    old = [follower for follower in everybody if isinstance(follower, Follower)]
    assert [follower.state for follower in newcomers] == [follower.state for follower in old]


def test_a_driver_on_the_road_reads_the_new_place_in_their_own_inbox(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    inbox = InboxFollower(night, ana)
    command = ChangeRequest(
        request=posted.public_id, viewer=Viewer(person_id=owner), where=from_point(BAKER), place_text="at the pump",
        secrets={"note": "blue van now", "contact_phone": "556"},
    )  # fmt: skip
    night.do(change_request, command)
    (claim,) = inbox.follow()["claims"].values()
    assert (claim["place"]["lat"], claim["note"], claim["contact"]["phone"]) == (BAKER.lat, "blue van now", "556")
    in_step(inbox)


def test_whoever_waits_reads_the_new_number_of_whoever_is_coming(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    follower = Follower(night, posted.id, Role.OWNER)
    night.do(set_me, SetMe(viewer=Viewer(person_id=ana), changes={"phone": "999", "car": "white Corolla"}))
    follower.follow()
    claims = follower.state["claims"]
    assert isinstance(claims, list)
    assert (claims[0]["phone"], claims[0]["car"]) == ("999", "white Corolla")
    in_step(follower)


def test_how_the_call_travels_comes_and_goes_with_the_owners_switch(night: Night) -> None:
    owner = night.person("Robert")
    night.person("Ana", friend_of=owner)
    posted = night.post(owner, 9).request
    public = Follower(night, posted.id, Role.PUBLIC)
    mine = Viewer(person_id=owner)
    for shown in (True, False, True):
        night.do(change_request, ChangeRequest(request=posted.public_id, viewer=mine, show_travel=shown))
        night.settle()
        in_step(public)
        assert bool(public.state["heard"]) is shown
        assert bool(public.state["wave"]) is shown


def test_the_owner_reads_the_reach_they_set_at_once(night: Night) -> None:
    owner = night.person("Robert")
    posted = night.post(owner, 9).request
    follower = Follower(night, posted.id, Role.OWNER)
    command = SetReach(request=posted.public_id, viewer=Viewer(person_id=owner), reach=Reach(rings_max=1, open=True))
    night.do(set_reach, command)
    in_step(follower)
    assert follower.state["reach"] == {"rings_max": 1, "communities": None, "open": True}


def test_more_notes_than_a_page_shows_leave_the_newest_for_everybody(night: Night) -> None:
    owner = night.person("Robert")
    posted = night.post(owner, 9).request
    early = Follower(night, posted.id, Role.OWNER)
    for number in range(limits.NOTES_SHOWN + 3):
        night.do(add_note, AddNote(request=posted.public_id, viewer=Viewer(person_id=owner), text=f"note {number}"))
    in_step(early)
    notes = early.state["notes"]
    assert isinstance(notes, list)
    assert [note["text"] for note in notes] == [f"note {n}" for n in range(3, limits.NOTES_SHOWN + 3)]


def test_the_word_said_while_closing_is_read_with_the_closing(night: Night) -> None:
    owner = night.person("Robert")
    posted = night.post(owner, 9).request
    follower = Follower(night, posted.id, Role.OWNER)
    command = CloseRequest(
        request=posted.public_id, viewer=Viewer(person_id=owner), disposition=Disposition.RESOLVED, note="home, thanks"
    )
    night.do(close_request, command)
    in_step(follower)
    notes = follower.state["notes"]
    assert isinstance(notes, list)
    assert [note["text"] for note in notes] == ["home, thanks"]
    assert night.kinds_of(request_topic(posted.id))[-1] == "closed"


@pytest.mark.parametrize("decision", list(Decision))
def test_the_owners_word_on_a_stranger_reaches_everybody_who_follows(night: Night, decision: Decision) -> None:
    owner, sam = night.person("Robert"), night.person("Sam")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, sam, ring=None)["id"]
    followers: list[Follower | InboxFollower] = [Follower(night, posted.id, role) for role in Role]
    followers.append(InboxFollower(night, sam))
    decide = DecideClaim(claim=claim, viewer=Viewer(person_id=owner), decision=decision)
    night.do(decide_claim, decide)
    in_step(*followers)
    once = night.everything()
    if decision is Decision.SHOW:
        night.do(decide_claim, decide)
        assert night.everything() == once  # showing twice is showing once


def test_more_seats_bring_the_standby_in_and_say_covered_once(night: Night) -> None:
    owner, ana, bo = (night.person(name) for name in ("Robert", "Ana", "Bo"))
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    night.claim(posted.public_id, bo, 2, standby=True)
    follower = Follower(night, posted.id, Role.PUBLIC)
    night.do(change_request, ChangeRequest(request=posted.public_id, viewer=Viewer(person_id=owner), quantity=3))
    in_step(follower)
    assert follower.state["status"] == "claimed"
    kinds = night.kinds_of(request_topic(posted.id))
    assert kinds == ["posted", "claimed", "covered", "claimed", "note_added", "claim_stepped", "covered"]
