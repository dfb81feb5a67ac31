"""A watcher with a budget of cells: never a light too few of those they may see, never a word of the others."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dispatch.actions.close_request import CloseRequest, close_request
from dispatch.client import Follower
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.request import Request
from dispatch.domain.visibility import NOBODY, Viewer
from geo import cells
from geo.point import Point
from tests.live.world import BAKER, Listener, World, play

RENO, SALT_LAKE, BOISE = Point(39.53, -119.81), Point(40.76, -111.89), Point(43.61, -116.2)
PLACES = [BAKER, RENO, SALT_LAKE, BOISE]


class Budget:
    """So many cells, and more of them when a test says so."""

    def __init__(self, left: int) -> None:
        self.left, self.known = left, set[str]()

    def __call__(self, wanted: Iterable[str]) -> set[str]:
        """As the limiter answers."""
        for cell in sorted(set(wanted) - self.known)[: self.left]:
            self.known.add(cell)
            self.left -= 1
        return self.known & set(wanted)


async def watching(here: World, budget: Budget, topic: str = "map:*") -> Listener:
    """A stranger who follows that map with that budget."""
    stranger = Listener(here, NOBODY)
    stranger.cells = budget
    await here.follow(stranger, topic)
    return stranger


async def over(here: World, ask: Request, by: Viewer) -> None:
    command = CloseRequest(request=ask.public_id, viewer=by, disposition=Disposition.CANCELLED)
    await here.store.write(lambda tx, now: close_request(tx, now, command))


async def ticked(here: World) -> None:
    await here.settled()
    here.later(1)


def lights(listener: Listener) -> int:
    return sum(len(frame.get("put", ())) for frame in listener.heard())


def test_a_slow_watcher_with_a_budget_loses_no_light(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        stranger = await watching(here, Budget(2))
        stranger.heard()
        stranger.wire.held = 16 * 1024 + 1
        await here.ask(ada)
        await ticked(here)
        stranger.wire.held = 0
        await here.ask(ada, at=RENO)
        await ticked(here)
        assert lights(stranger) == 2

    play(tmp_path, scene, serve=False)


def test_a_cell_that_comes_into_view_comes_with_all_its_lights(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        first, _ = await here.ask(ada), await here.ask(ada)
        await ticked(here)
        budget = Budget(0)
        stranger = await watching(here, budget)
        assert stranger.heard()[0]["state"]["entries"] == []
        budget.left = 1
        await here.note(first)
        await ticked(here)
        assert lights(stranger) == 2

    play(tmp_path, scene, serve=False)


def test_nobody_hears_that_an_ask_is_over_which_they_were_not_let_see(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        known, hidden = await here.ask(ada), await here.ask(ada, at=RENO)
        await ticked(here)
        budget = Budget(0)
        budget.known.add(cells.cell_of(BAKER, cells.MAP))
        strangers = [await watching(here, budget), await watching(here, budget)]
        for stranger in strangers:
            assert len(stranger.heard()[0]["state"]["entries"]) == 1
        await here.note(hidden)
        await ticked(here)
        await over(here, hidden, ada)
        await ticked(here)
        assert [stranger.heard() for stranger in strangers] == [[], []]
        await over(here, known, ada)
        await ticked(here)
        assert [len(frame["del"]) for stranger in strangers for frame in stranger.heard()] == [1, 1]

    play(tmp_path, scene, serve=False)


def test_whatever_happens_a_budgeted_map_is_the_fresh_map_of_what_may_be_seen(tmp_path: Path) -> None:
    luck = random.Random(11)

    async def scene(here: World) -> None:
        ada = await here.person()
        budget = Budget(2)
        stranger, follower = await watching(here, budget), Follower()
        follower.follow("map:*")
        heard: list[dict[str, Any]] = stranger.heard()
        asks: list[Request] = []
        for _ in range(60):
            if not asks or luck.random() < 0.4:
                asks.append(await here.ask(ada, at=luck.choice(PLACES)))
            elif luck.random() < 0.5:
                await over(here, asks.pop(luck.randrange(len(asks))), ada)
            else:
                await here.note(luck.choice(asks))
            if luck.random() < 0.3:
                stranger.wire.held = luck.choice([0, 16 * 1024 + 1])
            if luck.random() < 0.1:
                budget.left = 1
            if luck.random() < 0.4:
                await ticked(here)
                heard += stranger.heard()
        stranger.wire.held = 0
        await ticked(here)
        told: set[str] = set()
        for frame in heard + stranger.heard():
            told |= {entry["id"] for entry in frame.get("put", ())}
            told |= {entry["id"] for entry in frame.get("state", {}).get("entries", ())}
            assert {entry["id"] for entry in frame.get("del", ())} <= told
            follower.received(frame, 0.0)
        budget.left = 0
        fresh = await watching(here, budget)
        assert follower.state(1) == {entry["id"]: entry for entry in fresh.heard()[0]["state"]["entries"]}

    play(tmp_path, scene, serve=False)
