"""Who hears what: one event, the fields of each one's own role; and a role that is lost is lost now."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from dispatch.actions.words import tell_house
from dispatch.domain.events import ControlKind, EventKind, request_topic
from dispatch.domain.lifecycle import Step
from dispatch.domain.visibility import Viewer
from dispatch.ports import Tx
from tests.live.world import Listener, World, play, seats_of

NAME, PHONE, WORDS = "Ada", "+1 760 555 0100", "blue door"


async def everything(here: World, request: Any) -> None:
    """One event that holds every part that differs between roles."""
    body = seats_of(request) | {"place": True, "contact": True, "destination": True, "wave": {"waves": 3}}

    def job(tx: Tx, now: datetime) -> None:
        tx.journal.append(request_topic(request.id), EventKind.WAVE_SENT, body, request_id=request.id)

    await here.store.write(job)


def test_one_event_reaches_four_roles_each_with_its_own_fields_and_no_gap(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob, member = await here.person(NAME), await here.person("Bob"), await here.person("Eve")
        ask = await here.ask(ada, contact_name=NAME, contact_phone=PHONE, destination=WORDS)
        public = Viewer(powers={ask.id: "view"}, session="link")
        await here.claim(ask, bob)
        listeners = [Listener(here, viewer) for viewer in (ada, bob, member, public) for _ in range(5)]
        for number, listener in enumerate(listeners, 1):
            await here.follow(listener, f"req:{ask.public_id}", number * 11)
            listener.heard()
        for _ in range(3):
            await everything(here, ask)
        await here.settled()
        shown: dict[int, str] = {}
        for index, listener in enumerate(listeners):
            frames = listener.heard()
            assert [frame["off"] for frame in frames] == [3, 4, 5]
            assert {frame["id"] for frame in frames} == {(index + 1) * 11}
            body = frames[0]["body"]
            exact = index // 5 in (0, 1)
            assert ("contact" in body) == exact
            assert (WORDS in str(body)) == exact
            assert ("accuracy_m" in body["place"]) == exact
            assert ("wave" in body) == (index // 5 == 0)
            shown.setdefault(index // 5, str(body))
            assert shown[index // 5] == str(body)
        assert len(set(shown.values())) == 4

    play(tmp_path, scene, serve=False)


def lost(tmp_path: Path, lose: Callable[[World, Viewer, Any, Any], Awaitable[None]], after: str | None) -> None:
    """A claimer loses their place in some way; the very next frame says so, and nothing exact comes after."""

    async def scene(here: World) -> None:
        ada, bob = await here.person(NAME), await here.person("Bob")
        ask = await here.ask(ada, contact_name=NAME, contact_phone=PHONE, destination=WORDS)
        claim = await here.claim(ask, bob)
        listener = Listener(here, bob)
        await here.follow(listener, f"req:{ask.public_id}")
        assert WORDS in str(listener.heard())
        await lose(here, bob, ask, claim)
        await everything(here, ask)
        await here.settled()
        frames = listener.heard()
        assert frames[0]["f"] == ("bye" if after is None else "subbed")
        assert [frame["mode"] for frame in frames if frame["f"] == "subbed"][-1:] == ([after] if after else [])
        assert WORDS not in str(frames)
        assert PHONE not in str(frames)

    play(tmp_path, scene, serve=False)


def test_whoever_withdraws_hears_no_exact_word_more(tmp_path: Path) -> None:
    async def withdraw(here: World, bob: Viewer, ask: Any, claim: Any) -> None:
        await here.step(claim, bob, Step.WITHDRAW)

    lost(tmp_path, withdraw, "snapshot")


def test_a_guest_who_withdraws_has_nothing_to_look_at_any_more(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, guest = await here.person(), await here.person("Gus", guest=True)
        ask = await here.ask(ada)
        claim = await here.claim(ask, guest)
        listener = Listener(here, guest)
        await here.follow(listener, f"req:{ask.public_id}")
        listener.heard()
        await here.step(claim, guest, Step.WITHDRAW)
        await here.note(ask, 3)
        await here.settled()
        assert [(frame["f"], frame.get("mode")) for frame in listener.heard()] == [("subbed", "denied")]

    play(tmp_path, scene, serve=False)


def test_whoever_is_blocked_is_denied_at_once(tmp_path: Path) -> None:
    async def block(here: World, bob: Viewer, ask: Any, claim: Any) -> None:
        await here.step(claim, bob, Step.WITHDRAW)

        def job(tx: Tx, now: datetime) -> None:
            tx.network.block(ask.requester, bob.person_id or 0, now)
            tell_house(tx, ControlKind.BLOCKED, a=ask.requester, b=bob.person_id)

        await here.store.write(job)

    lost(tmp_path, block, "denied")


def test_an_ended_session_hears_nothing_more(tmp_path: Path) -> None:
    async def end(here: World, bob: Viewer, ask: Any, claim: Any) -> None:
        here.sessions_ended.add(str(bob.session))
        await here.store.write(lambda tx, now: tell_house(tx, ControlKind.ACCESS_ENDED, session=bob.session))

    lost(tmp_path, end, None)


def test_whoever_claims_is_shown_the_place_by_a_fresh_snapshot(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob, eve = await here.person(NAME), await here.person("Bob"), await here.person("Eve")
        ask = await here.ask(ada, destination=WORDS)
        claimer, onlooker = Listener(here, bob), Listener(here, eve)
        for listener in (claimer, onlooker):
            await here.follow(listener, f"req:{ask.public_id}")
            assert WORDS not in str(listener.heard())
        await here.claim(ask, bob)
        await here.note(ask)
        await here.settled()
        fresh, *events = claimer.heard()
        assert (fresh["mode"], fresh["state"]["destination"]) == ("snapshot", WORDS)
        assert [event["off"] for event in events] == list(range(fresh["off"] + 1, 4))
        assert [event["off"] for event in onlooker.heard()] == [2, 3]

    play(tmp_path, scene, serve=False)


def test_a_claimer_who_steps_on_misses_nothing_and_is_told_nothing_twice(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob = await here.person(), await here.person("Bob")
        ask = await here.ask(ada)
        claim = await here.claim(ask, bob)
        listener = Listener(here, bob)
        await here.follow(listener, f"req:{ask.public_id}")
        listener.heard()
        await asyncio.gather(here.step(claim, bob, Step.EN_ROUTE), here.note(ask, 20), here.note(ask, 300))
        await here.step(claim, bob, Step.ON_SCENE)
        await here.settled()
        frames = listener.heard()
        assert {frame["f"] for frame in frames} == {"ev"}
        assert [frame["off"] for frame in frames] == list(range(3, 325))

    play(tmp_path, scene, serve=False)
