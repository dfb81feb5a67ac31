"""The made network is the one docs/simulation.md describes, from one seed."""

import numpy as np
import pytest

from dispatch.domain.people import Duty
from dispatch.roster.memory import MemoryRoster
from dispatch.stories.metros import metros
from dispatch.stories.world import DEGREE_MAX, World, build, degrees


@pytest.fixture(scope="module")
def world() -> World:
    return build()


def among_followers(world: World) -> np.ndarray:
    return world.ties[world.ties[:, 0] > 0]


def test_everybody_follows_the_hub_and_nobody_is_tied_twice_or_to_themselves(world: World) -> None:
    assert len(world) == 48_001
    assert (world.ties[:, 0] == 0).sum() == 48_000
    assert (world.ties[:, 0] < world.ties[:, 1]).all()
    assert len(np.unique(world.ties, axis=0)) == len(world.ties)


def test_a_network_without_a_hub_has_the_same_ties_among_its_people(world: World) -> None:
    lone = build(hub_tied=False)
    assert np.array_equal(lone.ties, among_followers(world))


def test_39_percent_of_the_ties_lie_in_one_metro(world: World) -> None:
    ties = among_followers(world)
    assert (world.metro[ties[:, 0]] == world.metro[ties[:, 1]]).mean() == pytest.approx(0.39, abs=0.02)


def test_most_people_have_a_few_ties_and_a_few_have_very_many(world: World) -> None:
    meant = degrees(np.random.default_rng(5), 200_000)
    assert meant.min() == 5
    assert meant.max() == DEGREE_MAX
    # P(at least k ties) = (5 / k) ^ 1.28
    for ties in (10, 50, 500):
        assert (meant >= ties).mean() == pytest.approx((5 / ties) ** 1.28, rel=0.05, abs=4e-4)
    found = np.bincount(among_followers(world).ravel(), minlength=len(world))[1:]
    assert found.mean() == pytest.approx(world.degree[1:].mean(), rel=0.06)
    assert np.median(found) == pytest.approx(np.median(world.degree[1:]), abs=1)


@pytest.mark.parametrize("show_week", [True, False])
def test_every_metro_holds_its_share_and_las_vegas_more_in_the_week_of_the_show(show_week: bool) -> None:
    made = build(followers=48_000, show_week=show_week)
    share = np.bincount(made.metro[1:], minlength=len(made.towns.names)) / 48_000
    assert np.abs(share - made.towns.weight).max() < 0.006
    vegas = metros(show_week=show_week).names.index("LasVegas")
    assert share[vegas] == pytest.approx(0.081 if show_week else 0.034, abs=0.005)


def test_people_live_around_their_town(world: World) -> None:
    for town in ("LasVegas", "LosAngeles"):
        row = world.towns.names.index(town)
        here = world.metro == row
        sigma = world.towns.spread_km[row] / 111.0
        assert world.lat[here].mean() == pytest.approx(world.towns.lat[row], abs=0.02)
        assert world.lat[here].std() == pytest.approx(sigma, rel=0.05)
        assert world.lon[here].std() == pytest.approx(sigma * 1.22, rel=0.05)


def test_cars_and_readiness_are_spread_as_stated(world: World) -> None:
    shares = {seats: float((world.seats[1:] == seats).mean()) for seats in (1, 2, 3, 4, 6)}
    assert shares == pytest.approx({1: 0.05, 2: 0.10, 3: 0.45, 4: 0.28, 6: 0.12}, abs=0.01)
    assert (world.duty == list(Duty).index(Duty.AVAILABLE)).mean() == pytest.approx(0.08, abs=0.005)


def test_one_seed_gives_one_network(world: World) -> None:
    again = build()
    assert np.array_equal(again.ties, world.ties)
    assert np.array_equal(again.lat, world.lat, equal_nan=True)
    assert again.names == world.names
    assert not np.array_equal(build(7, followers=1_000).lat, build(8, followers=1_000).lat)


def test_the_same_arrays_fill_a_roster() -> None:
    small = build(followers=2_000)
    roster = MemoryRoster()
    roster.load(small.columns(), small.ties + 1, np.zeros((0, 2), dtype=np.int64))
    assert len(roster) == 2_001
    assert roster.path(1, 77) == ()
