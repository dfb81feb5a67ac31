"""The way the word takes is a real way, and as short as any."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.roster.worlds import Plain, somebody, worlds


@given(worlds(), st.data(), st.integers(0, 9))
def test_a_path_is_a_shortest_way_through_real_ties(plain: Plain, data: st.DataObject, hops: int) -> None:
    everybody = [*plain.people, 999]
    start, end = data.draw(st.sampled_from(everybody)), data.draw(st.sampled_from(everybody))
    found = plain.roster().path(start, end, hops)
    distance = plain.hops(start).get(end) if start in plain.people else None
    if distance is None or distance > hops:
        assert found is None
        return
    assert found is not None
    assert len(found) == max(0, distance - 1)
    way = [start, *found, end]
    if start != end:
        assert all(b in plain.neighbours(a) for a, b in pairwise(way))


def test_of_two_go_betweens_the_one_with_fewer_ties_is_named() -> None:
    people = {number: somebody(number) for number in range(1, 9)}
    busy, quiet = 2, 3
    ties = {(1, busy), (1, quiet), (busy, 4), (quiet, 4), (busy, 5), (busy, 6)}
    assert Plain(people=people, ties=ties).roster().path(1, 4) == (quiet,)


def test_friends_have_nobody_between_them() -> None:
    plain = Plain(people={1: somebody(1), 2: somebody(2)}, ties={(1, 2)})
    assert plain.roster().path(1, 2) == ()


def test_four_hops_are_too_far_for_three() -> None:
    plain = Plain(people={n: somebody(n) for n in range(1, 6)}, ties={(n, n + 1) for n in range(1, 5)})
    assert plain.roster().path(1, 5) is None
    assert plain.roster().path(1, 5, hops=4) == (2, 3, 4)
