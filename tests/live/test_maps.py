"""The live map: every watcher's entries are what a fresh look would give, at most one frame a second."""

import random
from pathlib import Path
from typing import Any

from dispatch.actions.close_request import CloseRequest, close_request
from dispatch.client import Follower
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.request import Request
from dispatch.domain.visibility import NOBODY, Viewer
from geo import cells
from geo.point import Point
from tests.live.world import BAKER, Listener, World, play, until
from web.live.maps import fingerprint

RENO = Point(39.53, -119.81)


async def close(here: World, ask: Request, by: Viewer) -> None:
    command = CloseRequest(request=ask.public_id, viewer=by, disposition=Disposition.CANCELLED)
    await here.store.write(lambda tx, now: close_request(tx, now, command))


def ids(entries: list[dict[str, Any]]) -> set[str]:
    return {entry["id"] for entry in entries}


def test_a_map_starts_with_what_there_is_and_hears_what_changes(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        first = await here.ask(ada)
        await here.settled()
        here.later(1)
        everywhere, reno = Listener(here, ada), Listener(here, ada)
        await here.follow(everywhere, "map:*")
        await here.follow(reno, f"map:{cells.cell_of(RENO, cells.MAP)}")
        assert ids(everywhere.heard()[0]["state"]["entries"]) == {first.public_id}
        assert reno.heard()[0]["state"]["entries"] == []
        await here.note(first)
        await here.settled()
        # After a quiet second the first change is told at once, the others when that second is over.
        await until(lambda: bool(everywhere.wire.frames))
        assert [entry["v"] for entry in everywhere.heard()[0]["put"]] == [2]
        second = await here.ask(ada, at=RENO)
        await here.note(first, 4)
        await here.settled()
        assert everywhere.heard() == []
        here.later(1)
        (frame,) = everywhere.heard()
        assert {(entry["id"], entry["v"]) for entry in frame["put"]} == {(first.public_id, 6), (second.public_id, 1)}
        assert ids(reno.heard()[0]["put"]) == {second.public_id}
        await close(here, second, ada)
        await here.settled()
        here.later(1)
        assert everywhere.heard()[0]["del"] == [{"id": second.public_id, "v": 2}]
        assert reno.heard()[0]["del"] == [{"id": second.public_id, "v": 2}]
        here.later(1)
        assert everywhere.heard() == []

    play(tmp_path, scene, serve=False)


def test_strangers_see_coarser_cells_under_names_they_can_not_compare(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        ask = await here.ask(ada)
        await here.settled()
        here.later(1)
        listeners = [Listener(here, Viewer(session=name)) for name in ("one", "two")]
        seen = []
        for listener in listeners:
            await here.follow(listener, "map:*")
            seen += listener.heard()[0]["state"]["entries"]
        assert len({entry["id"] for entry in seen} | {ask.public_id}) == 3
        assert {cells.resolution(entry["cell"]) for entry in seen} <= {cells.PUBLIC, cells.EMPTY_LAND}

    play(tmp_path, scene, serve=False)


def test_a_watcher_who_falls_behind_is_told_the_latest_when_it_can_hear_again(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada = await here.person()
        listener, second = Listener(here, ada), await here.ask(ada, at=RENO)
        await here.settled()
        here.later(1)
        await here.follow(listener, "map:*")
        listener.heard()
        listener.wire.held = 16 * 1024 + 1
        first, never_told = await here.ask(ada), await here.ask(ada, at=RENO)
        await here.settled()
        here.later(1)
        await here.note(first)
        for each in (second, never_told):
            await close(here, each, ada)
        await here.settled()
        here.later(1)
        assert listener.heard() == []
        assert here.hub.heads(listener)[1] == {}
        listener.wire.held = 16 * 1024
        here.later(1)
        (frame,) = listener.heard()
        assert [(entry["id"], entry["v"]) for entry in frame["put"]] == [(first.public_id, 2)]
        assert frame["del"] == [{"id": second.public_id, "v": 2}]

    play(tmp_path, scene, serve=False)


def test_whatever_happens_the_watchers_map_is_the_fresh_map_and_the_ping_agrees(tmp_path: Path) -> None:
    luck = random.Random(7)

    async def scene(here: World) -> None:
        ada = await here.person()
        watched = {viewer.session: Listener(here, viewer) for viewer in (ada, NOBODY)}
        followers = {name: Follower() for name in watched}
        for name, listener in watched.items():
            await here.follow(listener, "map:*")
            followers[name].follow("map:*")
        asks: list[Request] = []
        for _ in range(40):
            if not asks or luck.random() < 0.4:
                asks.append(await here.ask(ada, at=luck.choice([BAKER, RENO])))
            elif luck.random() < 0.4:
                await close(here, asks.pop(luck.randrange(len(asks))), ada)
            else:
                await here.note(luck.choice(asks))
            if luck.random() < 0.3:
                await here.settled()
                here.later(1)
        await here.settled()
        here.later(1)
        for name, listener in watched.items():
            for frame in listener.heard():
                followers[name].received(frame, 0.0)
            fresh = Listener(here, listener.viewer)
            await here.follow(fresh, "map:*")
            state = followers[name].state(1)
            assert state == {entry["id"]: entry for entry in fresh.heard()[0]["state"]["entries"]}
            mix = 0
            for entry_id, entry in state.items():
                mix ^= fingerprint(entry_id, entry["v"])  # type: ignore[index]
            assert here.hub.heads(listener)[1] == {"1": [len(asks), mix]}

    play(tmp_path, scene, serve=False)


def test_two_asks_that_both_move_on_do_not_cancel_each_other_out() -> None:
    names = [random.Random(seed).randbytes(11).hex() for seed in range(200)]
    moves = {fingerprint(name, 1) ^ fingerprint(name, 2) for name in names}
    assert len(moves) == len(names)
    assert fingerprint("AbCdEfGhIjKlMnOpQrStUv", 7) == 0xC3308F6D


def test_watchers_told_in_the_same_tick_read_only_their_own_names(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, ben = await here.person(), await here.person("Ben")
        ask = await here.ask(ada)
        viewers = [ada, ben, NOBODY, Viewer(session="s-one"), Viewer(session="s-two")]
        viewers += [Viewer(session="s-one", powers={ask.id: "view"}), NOBODY]
        watching = [Listener(here, viewer) for viewer in viewers]
        for each in watching:
            await here.follow(each, "map:*")
            each.heard()
        await here.note(ask)
        await here.settled()
        here.later(1)
        told = [each.heard()[0]["put"][0]["id"] for each in watching]
        assert told[0] == told[1] == told[5] == ask.public_id
        assert told[2] == told[6]
        assert len({ask.public_id, *told[2:5]}) == 4

    play(tmp_path, scene, serve=False)
