"""The roster answers like the plain definitions, everywhere on Earth."""

from datetime import UTC, datetime

import numpy as np
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
