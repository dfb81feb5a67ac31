"""Passing a call on, as rules: through three hands at most, never longer than the link it came by, ended as a whole."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.errors import NoMorePasses
from dispatch.domain.relay import (
    Passing,
    Relay,
    alive,
    chain,
    depth_of,
    lasts_until,
    passed,
    room,
    with_descendants,
)
from dispatch.domain.standing import REACHES, Backing, Reached

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
BEGINNING = Passing(asked=True, by=None, mine=0, this_week=0, of_call=0)


def link(number: int, parent: Relay | None = None, **fields: object) -> Relay:
    given: dict[str, object] = {
        "id": number, "public_id": f"r{number}", "request_id": 1, "person_id": number, "created_at": NOW,
        "parent": parent.id if parent else None, "depth": parent.depth + 1 if parent else 1,
        "expires_at": lasts_until(parent, NOW),
    } | fields  # fmt: skip
    return Relay(**given)  # type: ignore[arg-type]  # a table of fields


@st.composite
def forests(draw: st.DrawFn) -> list[Relay]:
    """Links as people make them: each by somebody who was asked, or from one that is there, at some later time."""
    links: list[Relay] = []
    at = NOW
    for number in range(1, draw(st.integers(1, 20)) + 1):
        at += draw(st.timedeltas(timedelta(0), timedelta(hours=3)))
        parent = draw(st.none() | st.sampled_from(links)) if links else None
        try:
            depth = depth_of(Passing(asked=parent is None, by=parent, mine=0, this_week=0, of_call=len(links)), at)
        except NoMorePasses:
            continue
        until = lasts_until(parent, at)
        links.append(link(number, parent, depth=depth, created_at=at, expires_at=until))
    return links


@given(forests())
def test_no_call_goes_through_more_than_three_hands(links: list[Relay]) -> None:
    assert all(len(chain(links, each.id)) == each.depth <= limits.RELAY_DEPTH for each in links)


@given(forests())
def test_no_link_outlives_the_one_it_came_by(links: list[Relay]) -> None:
    by_id = {each.id: each for each in links}
    for each in links:
        assert each.expires_at <= each.created_at + limits.RELAY_KEPT
        assert each.parent is None or each.expires_at <= by_id[each.parent].expires_at


@given(forests(), st.data())
def test_ending_a_link_ends_all_that_came_from_it_and_nothing_else(links: list[Relay], data: st.DataObject) -> None:
    root = data.draw(st.sampled_from(links))
    ended = set(with_descendants(links, [root.id]))
    for each in links:
        assert (each.id in ended) == (root.id in {hand.id for hand in chain(links, each.id)})


@pytest.mark.parametrize(
    ("name", "limit"),
    [("mine", limits.RELAYS_A_PERSON), ("this_week", limits.RELAYS_A_WEEK), ("of_call", limits.RELAYS_A_CALL)],
)
def test_each_bound_of_passing_on_holds_at_the_limit(name: str, limit: int) -> None:
    counts = {"mine": 0, "this_week": 0, "of_call": 0}
    assert depth_of(Passing(asked=True, by=None, **(counts | {name: limit - 1})), NOW) == 1
    with pytest.raises(NoMorePasses):
        depth_of(Passing(asked=True, by=None, **(counts | {name: limit})), NOW)


def test_whoever_was_neither_asked_nor_sent_a_living_link_can_pass_nothing_on() -> None:
    ended = link(1, ended_at=NOW)
    late = NOW + limits.RELAY_KEPT
    for by, at in ((None, NOW), (ended, NOW), (link(1), late)):
        with pytest.raises(NoMorePasses):
            depth_of(Passing(asked=False, by=by, mine=0, this_week=0, of_call=0), at)
    assert depth_of(Passing(asked=False, by=link(1), mine=0, this_week=0, of_call=0), NOW) == 2
    assert depth_of(Passing(asked=True, by=link(1), mine=0, this_week=0, of_call=0), NOW) == 1


def test_a_link_lives_until_it_is_ended_or_over_its_time() -> None:
    assert alive(link(1), NOW)
    assert not alive(link(1, ended_at=NOW), NOW)
    assert not alive(link(1), NOW + limits.RELAY_KEPT)


@pytest.mark.parametrize("who", list(Backing))
def test_being_passed_on_spends_what_the_call_may_reach_and_no_more(who: Backing) -> None:
    bound = REACHES[who]
    free = Reached(by_call=0, strangers=0, lately=0)
    assert room(bound, free) == min(bound.a_call, bound.strangers, bound.lately)
    assert room(bound, Reached(by_call=0, strangers=bound.strangers, lately=0)) == 0
    assert room(bound, Reached(by_call=bound.a_call, strangers=0, lately=0)) == 0
    assert room(bound, Reached(by_call=0, strangers=0, lately=bound.lately + 5)) == 0


def test_counts_are_of_people_and_of_browsers_never_of_links() -> None:
    first = link(1, opened=2)
    counts = passed([first, link(2, person_id=1, opened=1), link(3, first, opened=4)])
    assert counts.as_json() == {"people": 2, "opened": 7}
    assert passed([]).as_json() == {"people": 0, "opened": 0}
    assert chain([first], 99) == ()
