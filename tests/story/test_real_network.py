"""On a real network from files: only its own people are asked, the soonest first, and nine seats are found
when nine seats are there. What the network can't give is said, not hidden.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.actions.plan_wave import pool_from, with_minutes
from dispatch.domain.network import ORDER, RINGS
from dispatch.domain.waves import nearest_first
from dispatch.ports import Search
from dispatch.stories.bus import play_on
from dispatch.stories.figures import Night
from dispatch.stories.stage import Stage, stage
from dispatch.stories.tales import story_named
from dispatch.stories.telling import WILLING_FROM_FILES
from geo import cells

pytestmark = pytest.mark.slow

HUB = "40"


def files(folder: Path) -> tuple[Path, Path]:
    return folder / "bk_i15_users.csv.gz", folder / "bk_i15_edges.csv.gz"


@pytest.fixture(scope="module")
def ready(shared_data: Path) -> Iterator[Stage]:
    people, ties = files(shared_data)
    with stage(story_named("bus"), "nearest", people=people, ties=ties, hub=HUB) as made:
        yield made


@pytest.fixture(scope="module")
def night(ready: Stage) -> Night:
    return play_on(ready, 0)


def test_the_network_is_imported_whole(night: Night) -> None:
    assert (night.people, night.ties) == (12_777, 76_974)


def test_only_people_within_three_steps_are_asked_and_nobody_twice(night: Night) -> None:
    assert night.alerts > 0
    assert {each.ring for each in night.asked} <= {"1", "2", "3", "community"}
    assert len({each.person for each in night.asked}) == night.alerts
    assert night.faults == ()


def test_who_can_be_there_soonest_is_asked_first_within_neighbourhood_and_ring(ready: Stage, night: Night) -> None:
    with ready.night() as (flare, _):
        hub = flare.store.read_now(lambda tx, _: tx.people.by_external(HUB))
        assert hub is not None
        found = flare.roster.search(Search(requester=hub.id, origin=ready.story.place, radius_km=350.0, rings_max=3))
        cell = cells.cell_of(ready.story.place, cells.MEMBER)
        pool = with_minutes(pool_from(found), cell)
    ring = {int(person): RINGS[int(code)] for person, code in zip(pool.person, pool.ring, strict=True)}
    place = {int(pool.person[row]): rank for rank, row in enumerate(nearest_first(pool).tolist())}
    assert all(each.ring == ring[each.person] for each in night.asked)
    ranks = [place[each.person] for each in night.asked]
    assert ranks == sorted(ranks)
    assert min(ORDER) == 1


def test_nobody_is_nearer_than_100_km_in_ring_1_so_the_circle_widens_by_itself(night: Night) -> None:
    assert night.waves[0].rings.keys() >= {"1", "2"}


def test_nine_seats_are_covered_whenever_enough_people_would_come(ready: Stage) -> None:
    nights = [play_on(ready, seed, WILLING_FROM_FILES) for seed in range(2)]
    able = [each for each in nights if sum(each.would_come) >= 2 * each.party]
    assert able, "the willingness of this test no longer makes cars; raise it"
    assert all(each.full < 360 for each in able)
    assert all(each.faults == () for each in nights)


def test_without_a_name_the_best_connected_person_asks(shared_data: Path) -> None:
    people, ties = files(shared_data)
    with stage(story_named("bus"), "nearest", people=people, ties=ties) as made:
        assert made.hub == HUB
