"""How far a call goes is decided by who stands behind the one who asks, and by nothing they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.network import CODE, RINGS
from dispatch.domain.standing import REACHES, Backing, Reached, backing, within

RING = st.lists(st.sampled_from(sorted(RINGS)), max_size=60)
COUNT = st.integers(0, 400)
NONE = Reached(by_call=0, strangers=0, lately=0)


@pytest.mark.parametrize(
    ("guest", "known", "looked_at", "found"),
    [
        (True, False, False, Backing.NOBODY),
        (True, True, False, Backing.NOBODY),
        (True, False, True, Backing.LOOKED_AT),
        (False, False, False, Backing.INVITED),
        (False, True, False, Backing.KNOWN),
        (False, False, True, Backing.KNOWN),
    ],
)
def test_a_guest_stays_one_and_a_member_is_known_by_a_word_for_them(
    guest: bool, known: bool, looked_at: bool, found: Backing
) -> None:
    assert backing(guest=guest, known=known, looked_at=looked_at) is found


def test_a_member_by_invite_reaches_friends_theirs_and_communities_and_no_third_ring() -> None:
    rings = [CODE[word] for word in ("1", "3", "2", "community", "3", "vouched")]
    assert within(REACHES[Backing.INVITED], NONE, rings) == [0, 2, 3, 5]
    assert within(REACHES[Backing.KNOWN], NONE, rings) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("one", list(Backing))
def test_the_last_one_that_fits_is_asked_and_the_next_is_not(one: Backing) -> None:
    bound = REACHES[one]
    for spent in (
        Reached(by_call=bound.a_call - 1, strangers=0, lately=0),
        Reached(by_call=0, strangers=0, lately=bound.lately - 1),
    ):
        assert within(bound, spent, [1, 1, 1]) == [0]
    strangers = [CODE["open"]] * 3 + [1]
    spent = Reached(by_call=0, strangers=bound.strangers - 1, lately=0)
    assert within(bound, spent, strangers)[:1] == [0]
    assert sum(strangers[place] == CODE["open"] for place in within(bound, spent, strangers)) == 1


@given(st.sampled_from(list(Backing)), COUNT, COUNT, COUNT, RING)
def test_no_bound_is_ever_passed(one: Backing, by_call: int, strangers: int, lately: int, rings: list[int]) -> None:
    bound = REACHES[one]
    kept = within(bound, Reached(by_call=by_call, strangers=strangers, lately=lately), rings)
    assert kept == sorted(set(kept))
    assert by_call + len(kept) <= max(by_call, bound.a_call)
    assert lately + len(kept) <= max(lately, bound.lately)
    assert strangers + sum(rings[at] == CODE["open"] for at in kept) <= max(strangers, bound.strangers) + 0
    assert {rings[at] for at in kept} <= bound.rings


def test_the_bounds_are_those_written_down() -> None:
    assert (limits.GUEST_ALERTS_MAX, limits.GUEST_ALERTS_HOUR) == (10, 30)
    assert (limits.LOOKED_AT_ALERTS_MAX, limits.LOOKED_AT_ALERTS_HOUR) == (150, 50)
    assert limits.INVITED_ALERTS_HOUR == 300
    assert (limits.SOON_ALERTS_MAX, limits.REQUEST_ALERTS_MAX) == (5_000, 10_000)
