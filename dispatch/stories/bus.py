"""Plays a story: a copy of its network, the people of one seed, one night, and what came of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from dispatch.domain.alert import Alert
from dispatch.domain.lifecycle import HOLDS_SEATS, ClaimState
from dispatch.ports import PeopleColumns, Tx
from dispatch.runtime import Flare
from dispatch.stories.behaviour import SHOW_WEEK_LATER_H, Behaviour
from dispatch.stories.figures import INF, Asked, Car, Moment, Night, WaveSent
from dispatch.stories.night import BEAT, Player
from dispatch.stories.stage import Stage, stage
from dispatch.stories.tales import Story, StoryRefused, story_named
from dispatch.stories.world import FOLLOWERS
from geo import cells
from geo.point import Point

MEMBER_TIES: Final = (5, 60)
CELL_PEOPLE: Final = 5
"""A cell is drawn from that many people asked in it."""


def play(
    seed: int = 0,
    policy: str = "paced",
    people: Path | None = None,
    ties: Path | None = None,
    *,
    story: str = "bus",
    hub: str | None = None,
    followers: int = FOLLOWERS,
    willingness: float = 1.0,
) -> Night:
    """One night of a story, on the made network or on one from files.

    `willingness` multiplies everybody's chance of a yes; the policy is not told.
    Raises: StoryRefused.
    """
    with stage(story_named(story), policy, people=people, ties=ties, hub=hub, followers=followers) as ready:
        return play_on(ready, seed, willingness)


def play_on(ready: Stage, seed: int, willingness: float = 1.0, beat: timedelta = BEAT) -> Night:
    """One night on a network that stands ready. The network stays as it was.

    `beat`: what is due is looked at that often; 0 = at its moment, as the trials do.
    """
    with ready.night() as (flare, clock):
        everybody = flare.store.read_now(lambda tx, _: tx.network.people_columns())
        asker = flare.store.read_now(lambda tx, _: _asker(tx, ready, seed))
        player = Player(
            flare,
            clock,
            ready.story,
            _behaviour(seed, everybody, ready.story, willingness),
            {int(person): row for row, person in enumerate(everybody.id)},
            asker,
            beat,
        )
        player.play()
        return _told(ready, seed, willingness, flare, player, everybody)


def _behaviour(seed: int, everybody: PeopleColumns, story: Story, willingness: float) -> Behaviour:
    return Behaviour(
        seed,
        lat=everybody.lat,
        lon=everybody.lon,
        seats=everybody.seats,
        duty=everybody.duty,
        place=story.place,
        later_h=SHOW_WEEK_LATER_H if story.show_week else 0.0,
        willingness=willingness,
    )


def _asker(tx: Tx, ready: Stage, seed: int) -> int:
    """The person who asks: the hub, or a member drawn by the seed."""
    if ready.hub is not None:
        person = tx.people.by_external(ready.hub)
        if person is None:
            raise StoryRefused(f"nobody in this network is called {ready.hub!r}")
        return person.id
    ids, ties = np.unique(tx.network.ties_array(), return_counts=True)
    ordinary = ids[(ties >= MEMBER_TIES[0]) & (ties <= MEMBER_TIES[1])]
    if not len(ordinary):
        raise StoryRefused("nobody in this network has 5 to 60 ties")
    return int(np.random.default_rng([seed, 7]).choice(ordinary))


def _told(ready: Stage, seed: int, willing: float, flare: Flare, player: Player, everybody: PeopleColumns) -> Night:
    """What happened, in minutes since the request was posted."""
    story, request, alerts, claims = ready.story, player.request, player.alerts(), player.claims()

    def minute(at: datetime | None) -> float:
        return INF if at is None else round((at - story.at) / timedelta(minutes=1), 3)

    party = story.party
    reach, would_come = player.everyone_at_once()
    coverage = tuple((minute(at), claimed) for at, claimed in player.seats)
    within = [(at, claimed) for at, claimed in coverage if at <= story.horizon / timedelta(minutes=1)]
    full = next((at for at, claimed in within if claimed >= party), INF)
    secured = INF
    if within[-1][1] >= party:
        opened = max((at for at, claimed in within if claimed < party), default=-1.0)
        secured = next(at for at, claimed in within if at >= opened and claimed >= party)
    cars = tuple(
        Car(
            minute=minute(claim.created_at),
            seats=claim.seats,
            ended=str(claim.status),
            stood_by=claim.id in player.waited,
            there=minute(player.there.get(claim.id)),
        )
        for claim in claims
    )
    night_ends = story.at + story.horizon
    seen = [r.sees for r in player.reactions.values() if r.sees is not None and r.sees <= night_ends]
    met = sum(c.seats for c in claims if c.status in (ClaimState.MET, ClaimState.DONE))
    waves = _waves(alerts, minute)
    night = Night(
        story=story.name,
        seed=seed,
        policy=ready.policy,
        willing=willing,
        people=len(everybody),
        ties=flare.store.read_now(lambda tx, _: len(tx.network.ties_array())),
        party=party,
        waves=waves,
        asked=tuple(Asked(person=a.person_id, wave=a.wave, ring=a.ring) for a in alerts),
        cells=_cells([a.person_id for a in alerts], everybody),
        cars=cars,
        coverage=coverage,
        timeline=(),
        seen=len(player.looked),
        declined=sum(a.answer == "declined" for a in alerts),
        heard=minute(min(player.looked, default=None)),
        first_claim=min((car.minute for car in cars), default=INF),
        full=full,
        secured=secured,
        woken=sum(reaction.woken for reaction in player.reactions.values()),
        late=sum(minute(at) > secured for at in seen),
        served=sum(c.seats for c in claims if c.status in HOLDS_SEATS) / party,
        met=met,
        in_reach=reach,
        would_come=would_come,
        ended=str(request.disposition or request.status),
        closed=minute(request.closed_at),
        faults=tuple(player.faults()),
    )
    return _with_timeline(night)


def _waves(alerts: list[Alert], minute: Callable[[datetime], float]) -> tuple[WaveSent, ...]:
    by_wave: dict[int, list[Alert]] = {}
    for alert in alerts:
        by_wave.setdefault(alert.wave, []).append(alert)
    return tuple(
        WaveSent(
            minute=minute(wave[0].created_at),
            count=len(wave),
            rings=dict(sorted(Counter(a.ring for a in wave).items())),
        )
        for wave in by_wave.values()
    )


def _cells(asked: list[int], everybody: PeopleColumns) -> dict[str, int]:
    """How many were asked per cell; nobody can be told from a cell with fewer than CELL_PEOPLE."""
    rows = np.searchsorted(everybody.id, np.asarray(asked, dtype=np.int64))
    counts = Counter(
        cells.cell_of(Point(lat, lon), cells.EMPTY_LAND)
        for lat, lon in zip(everybody.lat[rows].tolist(), everybody.lon[rows].tolist(), strict=True)
        if lat == lat
    )
    return {cell: count for cell, count in sorted(counts.items()) if count >= CELL_PEOPLE}


def _with_timeline(night: Night) -> Night:
    """The night with its story in lines: what a watcher would have noted."""
    party = night.party
    lines = [(0.0, 0, f"the call goes out for {party} {'seats' if party > 1 else 'seat'}")]
    if night.waves:
        first, rest = night.waves[0], night.waves[1:]
        lines.append((first.minute, 1, f"the first {first.count:,} people are asked"))
        if rest:
            more = sum(wave.count for wave in rest)
            lines.append((rest[-1].minute, 1, f"the last of {len(rest)} more waves, in which {more:,} more were asked"))
    lines.append((night.heard, 2, "somebody looks: the call is heard"))
    for car in night.cars:
        waits = " stands by with" if car.stood_by else " takes"
        lines.append((car.minute, 3, f"a car{waits} {car.seats}"))
        lines.append((car.there, 5, f"a car is there, {car.seats} get in"))
    for before, after in pairwise(night.coverage):
        if after[1] < before[1] and after[0] < night.closed:
            lines.append((after[0], 2, f"{before[1] - after[1]} seats come back; {party - after[1]} open"))
    lines.append((night.full, 4, "every seat is taken"))
    if night.secured not in (INF, night.full):
        lines.append((night.secured, 4, "every seat is taken again, and this time for good"))
    lines.append((night.closed, 6, f"closed: {night.ended.replace('_', ' ')}"))
    told = sorted(line for line in lines if line[0] < INF)
    return replace(night, timeline=tuple(Moment(minute=at, says=says) for at, _, says in told))
