"""Changes over a base answer like a base built anew, before and after they are folded in."""

import threading
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dispatch.ports import Search
from dispatch.roster import MemoryRoster
from geo.point import Point
from tests.roster.test_roster import BAKER, NO_TIES, asked, on_the_rim
from tests.roster.worlds import Plain, persons, questions, somebody, worlds

IDS = (3, 5, 6, 7, 8, 9, 20, 21, 22, 40, 41)


def change(plain: Plain, roster: MemoryRoster, data: st.DataObject) -> None:
    """One change of any kind, to both."""
    one, other = data.draw(st.sampled_from(IDS)), data.draw(st.sampled_from(IDS))
    community = data.draw(st.sampled_from([1, 2, 3]))
    what = data.draw(st.sampled_from(["put", "put", "tie", "tie", "untie", "join", "leave", "fold"]))
    pair = (min(one, other), max(one, other))
    known = one in plain.people and other in plain.people
    match what:
        case "put":
            person = data.draw(persons(one))
            plain.people[one] = person
            roster.put_person(person)
        case "tie" if known and one != other:
            plain.ties.add(pair)
            roster.tie(one, other)
        case "untie":
            plain.ties -= {pair, pair[::-1]}  # a world's ties stand in either direction
            roster.untie(one, other)
        case "join" if one in plain.people:
            plain.members.setdefault(community, set()).add(one)
            roster.join(community, one)
        case "leave":
            plain.members.setdefault(community, set()).discard(one)
            roster.leave(community, one)
        case "fold":
            roster.fold()


@given(st.data())
def test_after_any_changes_it_answers_like_one_built_anew(data: st.DataObject) -> None:
    plain = data.draw(worlds(ids=IDS))
    roster = plain.roster(fold_after=data.draw(st.sampled_from([3, 5, 10_000])))
    if data.draw(st.booleans()):
        roster.cell_counts(4)
    for _ in range(data.draw(st.integers(0, 12))):
        change(plain, roster, data)
    anew = plain.roster()
    question = data.draw(questions(plain))
    assume(question.radius_km == 0 or not on_the_rim(plain, question))
    assert asked(roster, question) == plain.search(question)
    assert dict(roster.cell_counts(4)) == dict(anew.cell_counts(4))
    origin = question.origin or BAKER
    one, other = data.draw(st.sampled_from(IDS)), data.draw(st.sampled_from(IDS))
    assert roster.counts_by_hop(one, origin, 300) == anew.counts_by_hop(one, origin, 300)
    lengths = [None if way is None else len(way) for way in (roster.path(one, other), anew.path(one, other))]
    assert lengths[0] == lengths[1]
    assert len(roster) == len(plain.people)


def test_a_tie_that_comes_before_its_people_counts_as_soon_as_they_come() -> None:
    roster = MemoryRoster()
    roster.tie(1, 2)
    question = Search(requester=1, origin=None, radius_km=0, rings_max=1)
    assert asked(roster, question) == {}
    roster.put_person(somebody(2))
    assert asked(roster, question) == {2: (1, 0)}


@pytest.mark.parametrize(("changes", "kept"), [(10, 10), (11, 1)])
def test_the_base_is_built_anew_at_the_limit_and_not_before(changes: int, kept: int) -> None:
    roster = MemoryRoster(fold_after=12)
    for number in range(changes):
        roster.put_person(somebody(number, seen_at=datetime.fromtimestamp(number, UTC)))
    assert roster.unfolded == kept
    assert len(roster) == changes


def test_the_go_between_with_fewer_ties_is_named_after_changes_too() -> None:
    people = {number: somebody(number) for number in range(1, 9)}
    roster = Plain(people=people, ties={(1, 2), (1, 3), (2, 4), (3, 4), (3, 5)}).roster()
    assert roster.path(1, 4) == (2,)
    roster.tie(2, 6)
    roster.tie(2, 7)
    assert roster.path(1, 4) == (3,)
    roster.untie(2, 6)
    roster.untie(2, 7)
    assert roster.path(1, 4) == (2,)


def test_readers_see_whole_people_while_a_writer_moves_them() -> None:
    """Two homes, and seats that say which: a reader who sees one's place with the other's seats has seen half."""
    homes = {1: Point(35.0, -116.0), 2: Point(-33.0, 151.0)}
    roster = MemoryRoster(fold_after=50)
    roster.put_person(somebody(1))
    for number in range(2, 12):
        roster.put_person(somebody(number, place=homes[1], seats=1))
        roster.tie(1, number)
    stop, torn, seen = threading.Event(), [], [0]

    def read() -> None:
        while not stop.is_set():
            found = roster.search(Search(requester=1, origin=None, radius_km=0, rings_max=1))
            seen[0] += 1
            expected = np.where(found.seats == 1, np.float32(35.0), np.float32(-33.0))
            if len(found) != 10 or (found.lat != expected).any():
                torn.append(found)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(3_000):
        side = 1 + turn % 2
        roster.put_person(somebody(2 + turn % 10, place=homes[side], seats=side))
    stop.set()
    for reader in readers:
        reader.join()
    assert not torn
    assert seen[0] > 0


def test_a_hub_that_loses_a_friend_keeps_the_others() -> None:
    people = {number: somebody(number, place=BAKER) for number in range(1, 30)}
    plain = Plain(people=people, ties={(1, number) for number in range(2, 30)})
    roster = plain.roster()
    roster.untie(1, 15)
    roster.untie(1, 16)
    roster.tie(1, 16)
    assert roster.counts_by_hop(1, BAKER, 1) == (27, 0, 0)
    assert roster.path(1, 15) is None
    assert roster.path(16, 29) == (1,)


def test_a_roster_is_filled_from_nothing_by_changes_alone() -> None:
    roster = MemoryRoster(fold_after=4)
    roster.load(Plain().columns(), NO_TIES, NO_TIES)
    for number in range(1, 9):
        roster.put_person(somebody(number, place=BAKER))
    for number in range(1, 8):
        roster.tie(number, number + 1)
    assert roster.counts_by_hop(1, BAKER, 1) == (1, 1, 1)
    assert roster.path(1, 4) == (2, 3)
