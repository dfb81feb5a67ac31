"""Who would hear whom: ties take two, communities have a founder, a block works both ways and at once."""

import pytest

from dispatch.actions.tend_network import (
    Join,
    Report,
    Tie,
    add_community,
    block,
    invite,
    join_community,
    report,
    tie,
    unblock,
    untie,
)
from dispatch.clock import SteppedClock
from dispatch.domain.errors import NotAllowed, NotFound, SignIn
from dispatch.domain.events import inbox_topic
from dispatch.domain.lifecycle import ClaimState, RequestState, Step
from dispatch.domain.visibility import NOBODY, Viewer
from dispatch.store import SqlStore
from tests.support.world import Night, night_on


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def me(person: int) -> Viewer:
    return Viewer(person_id=person)


def public_id(night: Night, person: int) -> str:
    return night.see(lambda tx: tx.people.by_ids([person])[person].public_id)


def tied(night: Night, one: int, other: int) -> bool:
    night.feed.catch_up()
    stored = night.see(lambda tx: tx.network.tied(one, other))
    assert (night.roster.path(one, other, hops=1) == ()) is stored  # the roster heard of it
    return stored


def test_a_tie_needs_an_invite_or_a_common_community(night: Night) -> None:
    ana, bo = night.person("Ana"), night.person("Bo")
    with night.no_trace(), pytest.raises(NotAllowed):
        night.do(tie, Tie(viewer=me(ana), person=public_id(night, bo)))
    group = night.do(add_community, me(ana), "Caltech")["id"]
    night.do(join_community, Join(viewer=me(ana), community=group, person=public_id(night, bo)))
    night.do(tie, Tie(viewer=me(bo), person=public_id(night, ana)))
    assert tied(night, ana, bo)


def test_an_invite_ties_whoever_opens_it_and_twice_is_once(night: Night) -> None:
    ana, bo = night.person("Ana"), night.person("Bo")
    token = night.do(invite, me(ana))["token"]
    for _ in range(2):
        answer = night.do(tie, Tie(viewer=me(bo), invite=token))
        assert answer == {"person": public_id(night, ana), "name": "Ana", "tied": True}
    assert tied(night, ana, bo)
    with night.no_trace(), pytest.raises(NotFound):
        night.do(tie, Tie(viewer=me(ana), invite=token))  # one's own
    with night.no_trace(), pytest.raises(NotFound):
        night.do(tie, Tie(viewer=me(bo), invite="fli_" + "x" * 22))


def test_either_side_may_end_a_tie_and_ending_it_twice_changes_nothing(night: Night) -> None:
    ana = night.person("Ana")
    bo = night.person("Bo", friend_of=ana)
    night.do(untie, me(bo), public_id(night, ana))
    assert not tied(night, ana, bo)
    with night.no_trace():
        night.do(untie, me(ana), public_id(night, bo))


def test_members_bring_in_their_friends_and_the_founder_brings_in_anybody(night: Night) -> None:
    founder, ana = night.person("Founder"), night.person("Ana")
    friend, stranger = night.person("Friend", friend_of=ana), night.person("Stranger")
    group = night.do(add_community, me(founder), "Neighbours")["id"]
    with night.no_trace(), pytest.raises(NotFound):
        night.do(join_community, Join(viewer=me(ana), community=group))  # nobody lets themselves in
    night.do(join_community, Join(viewer=me(founder), community=group, person=public_id(night, ana)))
    night.do(join_community, Join(viewer=me(ana), community=group, person=public_id(night, friend)))
    with night.no_trace(), pytest.raises(NotAllowed):
        night.do(join_community, Join(viewer=me(ana), community=group, person=public_id(night, stranger)))
    with night.no_trace(), pytest.raises(NotFound):
        night.do(join_community, Join(viewer=me(ana), community="x" * 22))


def test_a_community_is_asked_for_a_stranded_member(night: Night) -> None:
    owner, neighbour = night.person("Robert"), night.person("Nell")
    group = night.do(add_community, me(owner), "Neighbours")["id"]
    night.do(join_community, Join(viewer=me(owner), community=group, person=public_id(night, neighbour)))
    posted = night.post(owner, 1).request
    night.settle()
    (alert,) = night.alerts(posted.id)
    assert (alert.person_id, alert.ring, alert.reasons.community) == (neighbour, "community", group)


def test_a_block_ends_the_claim_between_the_two_and_opens_the_seats(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    night.do(block, me(ana), public_id(night, owner))
    assert night.claims(posted.id)[0].status is ClaimState.STOOD_DOWN
    assert night.request(posted.id).status is RequestState.OPEN
    assert night.kinds_of(inbox_topic(ana))[-1] == "claim_changed"
    with night.no_trace(), pytest.raises(NotFound):
        night.claim(posted.public_id, ana)
    night.do(unblock, me(ana), public_id(night, owner))
    assert night.claim(posted.public_id, ana)["status"] == "committed"


@pytest.mark.parametrize("blocker", ["owner", "claimer"])
def test_a_block_works_both_ways_whoever_set_it(night: Night, blocker: str) -> None:
    owner = night.person("Robert")
    ana = night.person("Ana", friend_of=owner)
    who, whom = (owner, ana) if blocker == "owner" else (ana, owner)
    night.do(block, me(who), public_id(night, whom))
    posted = night.post(owner, 1).request
    night.settle()
    assert night.alerts(posted.id) == []
    with night.no_trace(), pytest.raises(NotFound):
        night.claim(posted.public_id, ana)
    with night.no_trace(), pytest.raises(NotFound):
        night.do(tie, Tie(viewer=me(whom), person=public_id(night, who)))


def test_whoever_was_met_stays_met_when_a_block_comes_later(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET):
        night.step(claim, ana, step)
    night.do(block, me(owner), public_id(night, ana))
    assert night.claims(posted.id)[0].status is ClaimState.MET


@pytest.mark.parametrize("by_link", [False, True])
def test_a_report_ends_the_claim_blocks_the_pair_and_keeps_the_words(*, night: Night, by_link: bool) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    viewer = Viewer(powers={posted.id: "owner"}) if by_link else me(owner)
    night.do(report, Report(viewer=viewer, claim=claim, request=None, reason="was rude"))
    assert night.claims(posted.id)[0].status is ClaimState.STOOD_DOWN
    assert night.see(lambda tx: tx.network.blocked_either_way(ana)) == {owner}
    assert len(night.everything()["report"]) == 1
    assert "was rude" not in str(night.everything())  # kept for an operator, readable by nobody who copies the file


def test_a_claimer_may_report_the_person_who_asked(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, ana)
    night.do(report, Report(viewer=me(ana), claim=None, request=posted.public_id, reason="not as said"))
    assert night.see(lambda tx: tx.network.blocked_either_way(owner)) == {ana}


def test_nobody_reports_a_claim_that_is_not_theirs(night: Night) -> None:
    owner, ana, eve = night.person("Robert"), night.person("Ana"), night.person("Eve")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    for viewer in (me(eve), NOBODY, Viewer(powers={posted.id: "view"})):
        with night.no_trace(), pytest.raises(NotFound):
            night.do(report, Report(viewer=viewer, claim=claim, request=posted.public_id, reason="spite"))


def test_a_report_of_what_is_not_theirs_is_answered_like_one_of_nothing(night: Night) -> None:
    owner, eve = night.person("Robert"), night.person("Eve")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, night.person("Ana"))["id"]

    def told(**about: str | None) -> str:
        with pytest.raises(NotFound) as refused:
            night.do(report, Report(viewer=me(eve), reason="spite", **{"claim": None, "request": None} | about))
        return refused.value.says

    assert told(claim=claim) == told(claim="nothing")
    assert told(request=posted.public_id) == told(request="nothing")


def test_nobody_signed_in_changes_nothing_in_the_network(night: Night) -> None:
    ana = public_id(night, night.person("Ana"))
    with night.no_trace():
        for refused in (
            lambda: night.do(invite, NOBODY),
            lambda: night.do(tie, Tie(viewer=NOBODY, person=ana)),
            lambda: night.do(untie, NOBODY, ana),
            lambda: night.do(add_community, NOBODY, "x"),
            lambda: night.do(block, NOBODY, ana),
            lambda: night.do(unblock, NOBODY, ana),
        ):
            with pytest.raises(SignIn):
                refused()


def test_nobody_blocks_themselves_or_somebody_unknown(night: Night) -> None:
    ana = night.person("Ana")
    for whom in (public_id(night, ana), "x" * 22):
        with night.no_trace(), pytest.raises(NotFound):
            night.do(block, me(ana), whom)
