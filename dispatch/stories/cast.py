"""Who plays in the demo: the made network in the server's own store, the hub's link, and who they are.

The operator's part: this is the only file of the demo that touches the store. It brings the network
in, gives people their tokens as an operator would, and plays the push that wakes a phone: it sees
whom a wave has told. Everything people then do goes over HTTP (dispatch/stories/demo.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from dispatch.actions.words import hashed
from dispatch.domain import limits
from dispatch.domain.alert import Alert
from dispatch.ports import Grant, Power, Tx
from dispatch.runtime import Flare
from dispatch.stories.behaviour import SHOW_WEEK_LATER_H, Behaviour
from dispatch.stories.stage import HUB, network_of
from dispatch.stories.tales import Story, StoryRefused, story_named
from dispatch.stories.world import FOLLOWERS, WORLD_SEED, World, build
from geo import distance
from geo.point import Point

WILLING: Final = 4.0
"""The demo's people say yes that much more often than docs/simulation.md assumes: a visitor has minutes, not hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Somebody a wave has told, whose phone is about to be looked at."""

    person: int
    row: int
    name: str
    token: str
    ring: str


@dataclass(slots=True, kw_only=True)
class Cast:
    """The network, and the tokens given out so far."""

    flare: Flare
    story: Story
    world: World
    hub_id: int
    hub_token: str
    tokens: dict[int, str]
    willing: float = WILLING

    def behaviour(self, seed: int) -> Behaviour:
        """How people are in the night of that seed."""
        return Behaviour(
            seed,
            lat=self.world.lat,
            lon=self.world.lon,
            seats=self.world.seats,
            duty=self.world.duty,
            place=self.story.place,
            later_h=SHOW_WEEK_LATER_H,
            willingness=self.willing,
        )

    def home(self, row: int) -> Point:
        """Where that person sets out from."""
        return Point(float(self.world.lat[row]), float(self.world.lon[row]))

    async def told(self, public_id: str, known: set[int]) -> list[Told]:
        """Whom the waves of that ask have told since; `known` grows by them. Their phones have tokens now."""
        alerts = await self.flare.store.read(lambda tx, _: _alerts(tx, public_id))
        fresh = [alert for alert in alerts if alert.person_id not in known]
        known.update(alert.person_id for alert in fresh)
        if not fresh:
            return []
        rows = await self.flare.store.write(lambda tx, _: self._given(tx, [alert.person_id for alert in fresh]))
        return [
            Told(
                person=alert.person_id,
                row=rows[alert.person_id],
                name=self.world.names[rows[alert.person_id]],
                token=self.tokens[alert.person_id],
                ring=alert.ring,
            )
            for alert in fresh
            if alert.person_id in rows
        ]

    def _given(self, tx: Tx, people: list[int]) -> dict[int, int]:
        """Person to row of the made network; a MEMBER token for each who has none yet."""
        rows = {}
        for person in tx.people.by_ids(people).values():
            if person.external is None or not person.external.startswith("s"):
                continue
            rows[person.id] = int(person.external[1:])
            if person.id not in self.tokens:
                self.tokens[person.id] = member_token(tx, person.id)
        return rows

    def leftovers(self) -> list[str]:
        """Asks of the hub that an earlier demo left open: their public ids."""
        mine = self.flare.store.read_now(lambda tx, _: tx.requests.of_person(self.hub_id, limits.PAGE))
        return [request.public_id for request in mine if not request.over]


def member_token(tx: Tx, person: int) -> str:
    """A new token that signs that person in; the store keeps its hash alone."""
    token = tx.ids.token("flm_")
    tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person))
    return token


def _alerts(tx: Tx, public_id: str) -> list[Alert]:
    request = tx.requests.by_public(public_id)
    return sorted(tx.alerts.of_request(request.id), key=lambda alert: alert.id) if request else []


def prepare(flare: Flare, seed: int = WORLD_SEED, people: int = FOLLOWERS, *, willing: float = WILLING) -> Cast:
    """The cast, with the made network in the store: brought in once, found again afterwards.

    Cost: about five seconds for 48,000 people the first time.
    Raises: StoryRefused for a database with somebody else's network in it.
    """
    story = story_named("bus")
    world = build(seed, followers=people, show_week=story.show_week)
    hub, count = flare.store.read_now(lambda tx, _: (tx.people.by_external(HUB), len(tx.network.people_columns())))
    if hub is None:
        if count:
            raise StoryRefused("the demo needs a database of its own and this one holds people: name a new --data")
        network_of(flare).import_people_and_ties(world.arrivals())
        flare.store.submit(lambda tx, now: _patient(tx, now, world, story)).result()
    elif count < people + 1:
        raise StoryRefused(
            f"this demo's network has {count - 1:,} followers: use --people {count - 1}, or a new --data"
        )
    flare.feed.catch_up()
    hub_id = flare.store.read_now(lambda tx, _: _hub(tx))
    token = flare.store.submit(lambda tx, _: member_token(tx, hub_id)).result()
    return Cast(flare=flare, story=story, world=world, hub_id=hub_id, hub_token=token, tokens={}, willing=willing)


def _hub(tx: Tx) -> int:
    hub = tx.people.by_external(HUB)
    if hub is None:
        raise RuntimeError("the demo's network was brought in without its hub")
    return hub.id


def _patient(tx: Tx, now: datetime, world: World, story: Story) -> None:
    """Everybody in reach may be asked a hundred times a week: a demo plays its night again and again."""
    near = distance.chord_km(story.place, distance.unit_vectors(world.lat, world.lon)) <= limits.RADIUS_KM[-1]
    ids = tx.network.people_columns().id
    for person in ids[np.flatnonzero(near)].tolist():
        tx.people.set(person, alerts_per_week_max=limits.ALERTS_PER_WEEK_MAX)
