"""How far a call goes is decided by who stands behind the one who asks, and by nothing they say."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.network import CODE, RINGS
from dispatch.domain.standing import REACHES, Backing, Reached, backing, within, worn

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


def test_each_mark_divides_by_ten_and_counts_half_after_a_month() -> None:
    known, fresh, month = REACHES[Backing.KNOWN], timedelta(0), limits.MARK_HALVES
    assert worn(known, []) == known
    assert worn(known, [fresh]).a_call == known.a_call // 10
    assert worn(known, [month, month]).a_call == known.a_call // 10
    assert worn(known, [month]).a_call == 3_162
    assert worn(known, [fresh, fresh]).lately == known.lately // 100


@given(st.sampled_from(list(Backing)), st.lists(st.timedeltas(timedelta(0), timedelta(days=180)), max_size=30))
def test_marks_only_ever_make_smaller_and_nobodys_reach_less_than_a_guests(
    one: Backing, marks: list[timedelta]
) -> None:
    bound, after, least = REACHES[one], worn(REACHES[one], marks), REACHES[Backing.NOBODY]
    assert (after.rings, after.span, after.nearby) == (bound.rings, bound.span, bound.nearby)
    for name in ("a_call", "strangers", "lately"):
        assert getattr(least, name) <= getattr(after, name) <= getattr(bound, name)


def test_neighbours_calls_count_together_for_guests_alone() -> None:
    spent = Reached(by_call=0, strangers=0, lately=0, nearby=limits.GUESTS_NEARBY_HOUR - 1)
    assert within(REACHES[Backing.NOBODY], spent, [1, 1, 1]) == [0]
    for one in (Backing.LOOKED_AT, Backing.INVITED, Backing.KNOWN):
        assert within(REACHES[one], spent, [1, 1, 1]) == [0, 1, 2]
