"""People on the way: latest wins, once a second, to those they may be shown to, between claim and meeting."""

from pathlib import Path
from typing import Any

from dispatch.domain.lifecycle import Step
from dispatch.domain.visibility import Viewer
from tests.live.world import Listener, World, play


async def moves(here: World, ask: Any, who: str, viewer: Viewer, lat: float) -> None:
    here.bus.publish(
        "pos",
        {
            "request": ask.public_id, "who": who, "person": viewer.person_id,
            "lat": lat, "lon": -116.0, "accuracy_m": 10, "at": "2026-07-04T03:00:00.000Z",
        },
    )  # fmt: skip
    await here.settled()


def places(listener: Listener) -> list[tuple[str, float]]:
    return [(frame["who"], frame["lat"]) for frame in listener.heard() if frame["f"] == "pos"]


def test_the_owner_sees_everyone_and_a_claimer_only_the_one_who_waits(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob, cyd, eve = [await here.person(name) for name in ("Ada", "Bob", "Cyd", "Eve")]
        ask = await here.ask(ada)
        claims = {viewer.person_id: await here.claim(ask, viewer) for viewer in (bob, cyd)}
        listeners = {viewer.person_id: Listener(here, viewer) for viewer in (ada, bob, eve)}
        for listener in listeners.values():
            await here.follow(listener, f"pos:{ask.public_id}")
        owner, claimer, stranger = listeners.values()
        assert [listener.heard()[0]["mode"] for listener in listeners.values()] == ["snapshot", "snapshot", "denied"]
        await moves(here, ask, "requester", ada, 35.0)
        await moves(here, ask, claims[bob.person_id]["id"], bob, 35.1)
        await moves(here, ask, claims[cyd.person_id]["id"], cyd, 35.2)
        await moves(here, ask, claims[cyd.person_id]["id"], cyd, 35.3)
        here.later(1)
        assert sorted(lat for _, lat in places(owner)) == [35.0, 35.1, 35.3]
        assert sorted(lat for _, lat in places(claimer)) == [35.0, 35.1]
        assert stranger.heard() == []
        here.later(1)
        assert places(owner) == []
        late = Listener(here, bob)
        await here.follow(late, f"pos:{ask.public_id}")
        assert sorted(place["lat"] for place in late.heard()[0]["state"]["positions"]) == [35.0, 35.1]

    play(tmp_path, scene, serve=False)


def test_once_they_have_met_or_gone_nobody_follows_anybody(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob = await here.person(), await here.person("Bob")
        ask = await here.ask(ada)
        claim = await here.claim(ask, bob)
        owner, claimer = Listener(here, ada), Listener(here, bob)
        for listener in (owner, claimer):
            await here.follow(listener, f"pos:{ask.public_id}")
        await moves(here, ask, claim["id"], bob, 35.1)
        for step in (Step.EN_ROUTE, Step.ON_SCENE):
            await here.step(claim, bob, step)
        await here.settled()
        assert [frame["mode"] for frame in claimer.heard()] == ["snapshot"]
        await here.step(claim, bob, Step.MET)
        await here.settled()
        assert [frame["mode"] for frame in claimer.heard()] == ["denied"]
        again = Listener(here, ada)
        await here.follow(again, f"pos:{ask.public_id}")
        assert again.heard()[0]["state"] == {"positions": []}

    play(tmp_path, scene, serve=False)


def test_a_place_that_is_a_quarter_of_an_hour_old_is_forgotten(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob = await here.person(), await here.person("Bob")
        ask = await here.ask(ada)
        claim = await here.claim(ask, bob)
        await moves(here, ask, claim["id"], bob, 35.1)
        here.later(901)
        owner = Listener(here, ada)
        await here.follow(owner, f"pos:{ask.public_id}")
        assert owner.heard()[0]["state"] == {"positions": []}

    play(tmp_path, scene, serve=False)
