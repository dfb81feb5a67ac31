"""Rings: which may be asked for which call, and never `open` unless the requester said so."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.network import CLOSES, CODE, ORDER, RINGS, TRUST, TRUSTED, Asks, asked_by, closed_to, rings_allowed
from dispatch.domain.request import Reach, Request, Urgency
from tests.support.strategies import requests

CALM = (Urgency.COMFORT, Urgency.WAITING)


@given(requests())
def test_strangers_are_asked_only_when_the_requester_said_so(request: Request) -> None:
    assert (CODE["open"] in rings_allowed(request)) is request.reach.open


@given(requests())
def test_friends_are_always_asked_and_their_friends_unless_narrowed(request: Request) -> None:
    rings = rings_allowed(request)
    assert CODE["1"] in rings
    assert (CODE["2"] in rings) is (CODE["vouched"] in rings) is (request.reach.rings_max >= 2)


@given(requests(urgency=Urgency.STRANDED), st.sampled_from(list(Urgency)))
def test_the_third_ring_and_communities_wait_for_a_stranded_call(request: Request, urgency: Urgency) -> None:
    rings = rings_allowed(replace(request, urgency=urgency))
    assert (CODE["3"] in rings) is (urgency not in CALM and request.reach.rings_max >= 3)
    assert (CODE["community"] in rings) is (urgency not in CALM)
    named = replace(request, urgency=urgency, reach=Reach(communities=("c",)))
    assert CODE["community"] in rings_allowed(named)


def test_every_ring_has_a_word_an_order_and_a_trust() -> None:
    assert set(RINGS) == set(ORDER) == set(TRUST)
    assert {CODE[word]: word for word in CODE} == RINGS
    assert all(0 < trust <= 1 for trust in TRUST.values())
    assert TRUST[CODE["1"]] > TRUST[CODE["2"]] > TRUST[CODE["3"]] > TRUST[CODE["open"]]


def test_everybody_but_a_stranger_sees_the_place_with_the_claim() -> None:
    assert set(RINGS.values()) - TRUSTED == {"open"}


@given(st.sets(st.sampled_from(Asks)))
def test_who_may_ask_is_read_back_as_it_was_said_and_friends_always_may(said: set[Asks]) -> None:
    closed = closed_to(said)
    assert set(asked_by(closed)) == {str(each) for each in said}
    assert not closed & CLOSES[1]
    assert CLOSES.keys() == RINGS.keys()
