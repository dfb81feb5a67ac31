"""Following ties outwards and trying near people's ties inwards give the same marks."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.roster import hops
from dispatch.roster.base import build
from dispatch.roster.delta import Delta
from dispatch.roster.people import PERSON, row_of
from geo.point import Point
from tests.roster.worlds import Plain, persons, somebody, worlds

TRIED = 1e9
"""At this price the last hop is always tried from the near people's side."""
HERE, FAR = Point(35.0, -116.0), Point(-33.0, 151.0)


def delta_of(plain: Plain) -> Delta:
    rows = np.array([row_of(person) for person in plain.people.values()], dtype=PERSON)
    at = {person: number for number, person in enumerate(plain.people)}
    ties = np.array([(at[a], at[b]) for a, b in plain.ties], dtype=np.int64).reshape(-1, 2)
    base, _ = build(rows, ties[:, 0], ties[:, 1], spare=100)
    return Delta(base, 100)


@given(worlds(), st.data(), st.integers(1, 3))
def test_both_ways_give_the_same_marks(plain: Plain, data: st.DataObject, last: int) -> None:
    delta = delta_of(plain)
    ids = [*plain.people]
    for _ in range(data.draw(st.integers(0, 4))):
        a, b = (delta.number_of(data.draw(st.sampled_from(ids))) for _ in range(2))
        data.draw(st.sampled_from([delta.tie, delta.untie]))(a, b)
        moved = data.draw(st.sampled_from(ids))
        delta.put(moved, row_of(data.draw(persons(moved))))
    start = delta.number_of(data.draw(st.sampled_from(ids)))
    near = delta.base.near(Point(35, -116), data.draw(st.sampled_from([50.0, 5_000.0, 20_100.0])))
    everywhere = hops.marks_of(delta, start, last)
    # The choice is a price; at any price both must say the same of those who are asked about.
    some = hops.marks_of(delta, start, last, near, expand_cost=data.draw(st.sampled_from([0.0, TRIED])))
    asked_about = np.zeros(len(some), dtype=np.bool_)
    for low, high in near:
        asked_about[low:high] = True
    asked_about[delta.moved().numbers] = True
    assert (some[asked_about] == everywhere[asked_about]).all()
    assert ((some == everywhere) | (some == 0)).all()
    assert all(high <= low for (_, high), (low, _) in pairwise(sorted(near)))


@given(st.lists(st.lists(st.booleans(), max_size=200), min_size=1, max_size=12), st.integers(1, 255))
def test_whether_any_tie_of_a_row_is_marked_is_said_for_each_row_alone(rows: list[list[bool]], value: int) -> None:
    flags = np.array([flag for row in rows for flag in row], dtype=np.uint8) * np.uint8(value)
    cuts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    assert hops.any_between(flags, cuts).tolist() == [any(row) for row in rows]


def test_somebody_who_has_just_come_near_is_tried_too() -> None:
    people = {1: somebody(1, place=HERE), 2: somebody(2, place=FAR), 3: somebody(3, place=FAR)}
    delta = delta_of(Plain(people=people, ties={(1, 2), (2, 3)}))
    delta.put(3, row_of(somebody(3, place=HERE)))
    mark = hops.marks_of(delta, delta.number_of(1), 2, delta.base.near(HERE, 50), expand_cost=TRIED)
    assert mark[delta.number_of(3)] == 2


def test_a_tie_made_just_now_is_tried_too() -> None:
    people = {number: somebody(number, place=HERE) for number in (1, 2, 3)}
    delta = delta_of(Plain(people=people, ties={(1, 2)}))
    delta.tie(delta.number_of(2), delta.number_of(3))
    mark = hops.marks_of(delta, delta.number_of(1), 2, delta.base.near(HERE, 50), expand_cost=TRIED)
    assert mark[delta.number_of(3)] == 2


def test_of_people_far_away_the_last_hop_is_not_looked_for() -> None:
    people = {1: somebody(1, place=HERE), 2: somebody(2, place=HERE), 3: somebody(3, place=FAR)}
    delta = delta_of(Plain(people=people, ties={(1, 2), (2, 3)}))
    mark = hops.marks_of(delta, delta.number_of(1), 2, delta.base.near(HERE, 50), expand_cost=TRIED)
    assert mark[delta.number_of(3)] == 0
