"""Makes the calls of a trial: the network, who is in reach by the real roster, and the truth of one seed.

A network is built once per process and kept. Every policy of one seed gets the same calls and people.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.actions.plan_wave import pool_from, with_minutes
from dispatch.domain import limits, matching
from dispatch.domain.network import CODE
from dispatch.domain.request import Urgency
from dispatch.ports import Search
from dispatch.runtime import MemoryRoster  # type: ignore[attr-defined]  # the room a story may build from
from dispatch.stories.behaviour import SHOW_WEEK_LATER_H
from dispatch.stories.trial import real
from dispatch.stories.trial.crowd import Crowd
from dispatch.stories.trial.play import Call
from dispatch.stories.trial.settings import (
    AT_HOME_SPREAD,
    BAKER,
    PARTIES,
    PARTIES_SHARE,
    ROADS,
    Trial,
)
from dispatch.stories.world import WORLD_SEED, World, build
from geo import distance, travel
from geo.cells import MEMBER, cell_of
from geo.point import Point

GRAPHS: Final = 5
"""Networks drawn; a seed plays on seed mod GRAPHS."""
COMMUNITY: Final = 1
MEMBER_TIES: Final = (5, 60)
NEAR_KM: Final = 50.0
"""In a flood nobody is fetched from further away."""
OFTEN: Final = 20
"""Whoever volunteers for a flood is asked that often in a week at most."""
INDIA_H: Final = 5.5


@dataclass(frozen=True, slots=True)
class Net:
    """A network and its roster. `degree` counts the ties there really are."""

    world: World
    roster: MemoryRoster
    degree: NDArray[np.int64]


@lru_cache(maxsize=3)
def network(graph: int, show_week: bool, by_hub: bool, people: int, only_metro: str | None) -> Net:
    """That network, in a real roster."""
    world = build(WORLD_SEED + graph, followers=people, show_week=show_week, hub_tied=by_hub)
    if only_metro is not None:
        world = _one_town(world, only_metro)
    return _in_a_roster(world, community=True)


@lru_cache(maxsize=2)
def real_network(trial: Trial, seed: int) -> Net:
    """The network of files, or of people made around the requests of files.

    Raises: StoryRefused if they are not there.
    """
    folder = trial.real or real.FOLDER
    world = real.volunteers(folder, seed) if trial.together else real.network(folder)
    return _in_a_roster(world, community=trial.community)


def _in_a_roster(world: World, *, community: bool) -> Net:
    roster = MemoryRoster()
    count = len(world)
    members = np.stack([np.full(count - 1, COMMUNITY), np.arange(2, count + 1)], axis=1)
    roster.load(world.columns(), world.ties + 1, members if community else members[:0])
    degree = np.bincount(world.ties.ravel(), minlength=count)
    return Net(world, roster, degree)


def _one_town(world: World, name: str) -> World:
    """The same people, all of them moved into one town."""
    towns = world.towns
    home = towns.names.index(name)
    luck = np.random.default_rng([len(world), 11])
    spread = towns.spread_km[home] / 111.0
    count = len(world) - 1
    lat = towns.lat[home] + luck.standard_normal(count) * spread
    lon = towns.lon[home] + luck.standard_normal(count) * spread * 1.22
    return replace(
        world,
        lat=np.concatenate([[np.nan], lat]),
        lon=np.concatenate([[np.nan], lon]),
        metro=np.concatenate([[-1], np.full(count, home)]),
    )


def net_of(trial: Trial, seed: int) -> Net:
    """The network that seed plays on."""
    if trial.real is not None:
        return real_network(trial, seed % GRAPHS if trial.together else 0)
    people = 3_000 if trial.only_metro else trial.people
    return network(seed % GRAPHS, trial.show_week, trial.by_hub, people, trial.only_metro)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One call as it is drawn, before anybody is asked."""

    number: int
    day: float
    asker: int
    place: Point
    party: int
    at: datetime
    urgency: Urgency = Urgency.STRANDED


def posted(trial: Trial, net: Net, seed: int) -> list[Posted]:
    """The calls of that seed, in the order they are posted."""
    if trial.calls == 1:
        asker = 0
        if not trial.by_hub:
            ordinary = np.flatnonzero((net.degree >= MEMBER_TIES[0]) & (net.degree <= MEMBER_TIES[1]))
            asker = int(np.random.default_rng([seed, 7]).choice(ordinary))
        return [Posted(number=0, day=0.0, asker=asker, place=trial.place or BAKER, party=trial.party, at=trial.at)]
    luck = np.random.default_rng([seed, 17])
    if trial.together:
        return list(_night_of(trial, luck))
    days = np.sort(luck.random(trial.calls) * trial.days)
    roads = [r for r in ROADS if trial.only_metro is None or (36.1, -115.2) in r]
    calls = []
    for number, day in enumerate(days.tolist()):
        asker = int(luck.integers(1, len(net.world)))
        party = int(luck.choice(PARTIES, p=PARTIES_SHARE))
        near, dlat, dlon = luck.random() < trial.at_home, *luck.standard_normal(2)
        (lat0, lon0), (lat1, lon1) = roads[int(luck.integers(len(roads)))]
        along = luck.random()
        place = Point(lat0 + along * (lat1 - lat0), lon0 + along * (lon1 - lon0))
        if near:
            place = Point(
                float(net.world.lat[asker]) + AT_HOME_SPREAD[0] * dlat,
                float(net.world.lon[asker]) + AT_HOME_SPREAD[1] * dlon,
            )
        calls.append(
            Posted(number=number, day=day, asker=asker, place=place, party=party, at=trial.at + timedelta(days=day))
        )
    return calls


def _night_of(trial: Trial, luck: np.random.Generator) -> Iterator[Posted]:
    """The real night's requests; how many stand at each is drawn, as nobody wrote it down."""
    found = real.asks(trial.real or real.FOLDER)
    for number, ask in enumerate(found):
        yield Posted(
            number=number, day=(ask.at - found[0].at) / timedelta(days=1), asker=0, place=ask.place,
            party=int(luck.choice(PARTIES, p=PARTIES_SHARE)), at=ask.at, urgency=ask.urgency,
        )  # fmt: skip


def calls_of(
    trial: Trial, seed: int, *, willingness: float = 1.0, as_stored: bool = False
) -> Iterator[tuple[Posted, Call]]:
    """Every call of that seed with its people in reach and their truth; fatigue and silence are left out.

    Raises: StoryRefused if the trial's files are not there.
    """
    net = net_of(trial, seed)
    for one in posted(trial, net, seed):
        crowd = _crowd(trial, net.world, one, seed, willingness)
        found = net.roster.search(
            Search(
                requester=one.asker + 1,
                origin=one.place,
                radius_km=NEAR_KM if trial.together else limits.RADIUS_KM[-1],
                rings_max=trial.rings_max,
                communities=(COMMUNITY,) if trial.community else (),
                now=one.at.timestamp(),
            )
        )
        pool = pool_from(found)
        if trial.vouched:
            pool = replace(
                pool, ring=np.where(pool.ring == CODE["community"], CODE["vouched"], pool.ring).astype(np.int8)
            )
        if trial.together:
            pool = replace(pool, weekly_max=np.full(len(pool), OFTEN))
        if as_stored or trial.as_stored:
            pool = with_minutes(pool, cell_of(one.place, MEMBER))
        else:
            # Trials drive everybody along the freeway, as their truth does; where there is none, along roads.
            minutes = travel.minutes_array(pool.km, corridor=not trial.together)
            pool = replace(pool, minutes=minutes.astype(np.float64))
        allowed = frozenset({1, 2, 3, CODE["community"], CODE["vouched"]})
        pool = pool.only(matching.gate(pool, rings=allowed, never=frozenset()) & matching.in_reach(pool))
        yield one, Call(
            at=one.at, place=one.place, party=one.party, pool=pool, rows=(pool.person - 1).astype(np.intp),
            crowd=crowd, ties=int(net.degree[one.asker]), urgency=one.urgency, horizon=trial.horizon,
            degree=int(net.degree[one.asker]), region=_region(trial, net.world, one.place),
            as_stored=as_stored or trial.as_stored,
        )  # fmt: skip


def _crowd(trial: Trial, world: World, one: Posted, seed: int, willingness: float) -> Crowd:
    """The truth about everybody, on that call's day."""
    later = SHOW_WEEK_LATER_H if trial.show_week else 0.0
    crowd = Crowd(
        seed if trial.calls == 1 else seed * 2_000 + one.number if trial.together else seed * 1_000 + one.number,
        lat=world.lat, lon=world.lon, seats=world.seats, duty=world.duty, place=one.place, later_h=later,
        willingness=willingness * trial.willing,
    )  # fmt: skip
    crowd.later_h = later
    if trial.calls > 1:
        lasting(crowd, seed)
    if trial.together:
        km = distance.chord_km(one.place, distance.unit_vectors(world.lat, world.lon)).astype(np.float64)
        crowd.travel_minutes = travel.minutes_array(km, corridor=False)
        crowd.offset_h = np.full(len(world), INDIA_H)
    crowd.start_hour = one.at.hour + one.at.minute / 60 + one.at.second / 3600
    return crowd


def lasting(crowd: Crowd, seed: int) -> None:
    """What stays the same about a person all month: how willing they are, and when they sleep."""
    luck = np.random.default_rng([seed, len(crowd.seats), 5])
    for name in ("bed", "wake", "het"):
        crowd.redraw(name, luck.standard_normal(len(crowd.seats)))


def _region(trial: Trial, world: World, place: Point) -> str:
    """The town nearest to the place; in a flood, its degree of latitude."""
    if trial.together:
        return f"{int(place.lat)}° N"
    towns = world.towns
    far = (towns.lat - place.lat) ** 2 + ((towns.lon - place.lon) * 0.82) ** 2
    return towns.names[int(np.argmin(far))]
