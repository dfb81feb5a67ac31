"""The roster answers like the plain definitions, everywhere on Earth."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dispatch.domain.people import Duty
from dispatch.ports import Search
from dispatch.roster import MemoryRoster
from geo.distance import great_circle_km
from geo.point import Point
from tests.roster.worlds import NOW, Plain, questions, somebody, worlds

BAKER = Point(35.265, -116.074)
NO_TIES = np.zeros((0, 2), dtype=np.int64)


def asked(roster: MemoryRoster, question: Search) -> dict[int, tuple[int, int]]:
    found = roster.search(question)
    people = [int(person) for person in found.person]
    assert len(set(people)) == len(people), "somebody stands there twice"
    return dict(zip(people, zip(found.ring.tolist(), found.community.tolist(), strict=True), strict=True))


def on_the_rim(plain: Plain, question: Search) -> bool:
    return question.origin is not None and any(
        person.place and abs(great_circle_km(question.origin, person.place) - question.radius_km) < 1e-6
        for person in plain.people.values()
    )


@given(st.data())
def test_a_search_finds_exactly_whom_the_definition_finds(data: st.DataObject) -> None:
    plain = data.draw(worlds())
    question = data.draw(questions(plain))
    assume(question.radius_km == 0 or not on_the_rim(plain, question))
    assert asked(plain.roster(), question) == plain.search(question)


@given(st.data())
def test_distances_are_great_circles(data: st.DataObject) -> None:
    plain = data.draw(worlds())
    question = data.draw(questions(plain))
    found = plain.roster().search(question)
    for person, km in zip(found.person.tolist(), found.km.tolist(), strict=True):
        place = plain.people[person].place
        if question.origin is None:
            assert km == 0
        else:
            assert place is not None
            assert abs(km - great_circle_km(question.origin, place)) < 0.01


@given(worlds(), st.data())
def test_hops_are_counted_whatever_the_duty(plain: Plain, data: st.DataObject) -> None:
    question = data.draw(questions(plain))
    origin = question.origin or BAKER
    assume(
        not any(
            p.place and abs(great_circle_km(origin, p.place) - question.radius_km) < 1e-6 for p in plain.people.values()
        )
    )
    hops = plain.hops(question.requester)
    near = [
        hops.get(p.id, 0)
        for p in plain.people.values()
        if p.place and not p.guest and great_circle_km(origin, p.place) <= question.radius_km
    ]
    expected = tuple(near.count(hop) for hop in (1, 2, 3))
    assert plain.roster().counts_by_hop(question.requester, origin, question.radius_km) == expected


def test_a_candidate_carries_what_the_store_says() -> None:
    seen = datetime(2026, 1, 2, tzinfo=UTC)
    friend = somebody(
        2, place=BAKER, seats=4, duty=Duty.DELAYED, reach_minutes=30, quiet_from=1320, quiet_to=420, seen_at=seen
    )
    plain = Plain(people={1: somebody(1), 2: friend}, ties={(1, 2)})
    found = plain.roster().search(Search(requester=1, origin=BAKER, radius_km=5, rings_max=1))
    assert found.person.tolist() == [2]
    assert (found.lat[0], found.lon[0]) == (np.float32(BAKER.lat), np.float32(BAKER.lon))
    assert found.seats.tolist() == [4]
    assert found.duty.tolist() == [list(Duty).index(Duty.DELAYED)]
    assert (found.reach_minutes[0], found.quiet_from[0], found.quiet_to[0]) == (30, 1320, 420)
    assert found.weekly_max.tolist() == [4]
    assert found.seen_at.tolist() == [seen.timestamp()]


def test_a_break_that_is_over_counts_as_available_and_one_that_lasts_does_not() -> None:
    back = somebody(2, duty=Duty.ON_BREAK, duty_until=datetime.fromtimestamp(NOW - 1, UTC))
    away = somebody(3, duty=Duty.ON_BREAK, duty_until=datetime.fromtimestamp(NOW + 1, UTC))
    plain = Plain(people={1: somebody(1), 2: back, 3: away}, ties={(1, 2), (1, 3)})
    question = Search(requester=1, origin=None, radius_km=0, rings_max=1, now=NOW)
    found = plain.roster().search(question)
    assert found.person.tolist() == [2]
    assert found.duty.tolist() == [list(Duty).index(Duty.AVAILABLE)]


def test_a_break_is_over_the_moment_it_was_said_to_end() -> None:
    back = somebody(2, duty=Duty.ON_BREAK, duty_until=datetime.fromtimestamp(NOW, UTC))
    plain = Plain(people={1: somebody(1), 2: back}, ties={(1, 2)})
    assert asked(plain.roster(), Search(requester=1, origin=None, radius_km=0, rings_max=1, now=NOW)) == {2: (1, 0)}


def test_off_duty_until_a_time_that_has_passed_counts_as_never_said() -> None:
    home = somebody(2, duty=Duty.OFF_DUTY, duty_until=datetime.fromtimestamp(NOW - 1, UTC))
    plain = Plain(people={1: somebody(1), 2: home}, ties={(1, 2)})
    question = Search(requester=1, origin=None, radius_km=0, rings_max=1, now=NOW)
    assert plain.roster().search(question).duty.tolist() == [-1]


def test_everybody_stands_in_the_nearest_of_their_rings() -> None:
    """1 knows 2 and 5, 2 knows 3 and 5 knows 6, 3 knows 4, 4 knows 7; 3, 4, 6, 7 are in community 8."""
    people = {number: somebody(number) for number in range(1, 10)}
    ties = {(1, 2), (1, 5), (2, 3), (5, 6), (3, 4), (4, 7), (2, 5)}
    plain = Plain(people=people, ties=ties, members={8: {3, 4, 6, 7}})
    question = Search(requester=1, origin=None, radius_km=0, rings_max=3, communities=(8,), open=True)
    assert asked(plain.roster(), question) == {
        2: (1, 0), 5: (1, 0), 3: (2, 0), 6: (2, 0), 4: (3, 0), 7: (4, 8), 8: (5, 0), 9: (5, 0),
    }  # fmt: skip
    lent = Search(requester=1, origin=None, radius_km=0, rings_max=3, communities=(8,), vouchers=(3,), open=True)
    assert asked(plain.roster(), lent)[4] == (6, 0), "lent reach comes before the third hop"


def test_the_radius_is_exact_to_centimetres() -> None:
    """Both stand within the rounding of the fast distance; one is 5 cm inside, the other 5 cm outside."""
    for bearing in np.linspace(0, 2 * np.pi, 24):
        place = Point(35 + 1.3 * np.cos(bearing), -116 + 1.3 * np.sin(bearing))
        exact = great_circle_km(BAKER, place)
        plain = Plain(people={1: somebody(1), 2: somebody(2, place=place)}, ties={(1, 2)})
        roster = plain.roster()
        assert roster.counts_by_hop(1, BAKER, exact + 5e-5, 1) == (1,)
        assert roster.counts_by_hop(1, BAKER, exact - 5e-5, 1) == (0,)


def test_on_the_other_side_of_the_earth_distances_are_still_right() -> None:
    for east in (63.926, 63.94, 64.5, 70.0):
        plain = Plain(people={1: somebody(1), 2: somebody(2, place=Point(-35.265, east))}, ties={(1, 2)})
        found = plain.roster().search(Search(requester=1, origin=BAKER, radius_km=21_000, rings_max=1))
        assert found.km[0] == pytest.approx(great_circle_km(BAKER, Point(-35.265, east)), abs=0.002)


def test_a_voucher_tied_to_themselves_does_not_vouch_for_themselves() -> None:
    people = {1: somebody(1), 2: somebody(2)}
    roster = MemoryRoster()
    roster.load(Plain(people=people).columns(), np.array([(2, 2)]), NO_TIES)
    question = Search(requester=1, origin=None, radius_km=0, rings_max=3, vouchers=(2,))
    assert asked(roster, question) == {}


def test_a_tie_given_twice_or_to_oneself_or_to_nobody_counts_once_or_not_at_all() -> None:
    plain = Plain(people={1: somebody(1, place=BAKER), 2: somebody(2, place=BAKER)})
    roster = MemoryRoster()
    roster.load(plain.columns(), np.array([(1, 2), (2, 1), (1, 1), (1, 77)]), NO_TIES)
    assert roster.counts_by_hop(1, BAKER, 1) == (1, 0, 0)


def test_an_empty_roster_answers() -> None:
    roster = MemoryRoster()
    question = Search(requester=1, origin=BAKER, radius_km=100, rings_max=3, communities=(1,), vouchers=(2,), open=True)
    assert len(roster.search(question)) == 0
    assert roster.counts_by_hop(1, BAKER, 100) == (0, 0, 0)
    assert roster.path(1, 2) is None
    assert roster.cell_counts(4) == {}
    assert len(roster) == 0


def test_loading_again_replaces_everything() -> None:
    before = Plain(people={1: somebody(1), 2: somebody(2, place=BAKER)}, ties={(1, 2)}, members={7: {2}})
    after = Plain(people={1: somebody(1), 3: somebody(3, place=BAKER)}, ties={(1, 3)})
    roster = before.roster()
    roster.cell_counts(4)
    roster.load(after.columns(), np.array([(1, 3)]), NO_TIES)
    question = Search(requester=1, origin=None, radius_km=0, rings_max=3, communities=(7,), open=True)
    assert asked(roster, question) == {3: (1, 0)}
    assert sum(roster.cell_counts(4).values()) == 1
