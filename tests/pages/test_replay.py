"""A call that is over is replayed step by step, as its viewer may see it and no finer."""

from typing import Any

from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World

EXACT = ("35.212", "116.123")


async def ended(world: World, how: str = "resolved", **changes: Any) -> tuple[Browser, str]:
    """Ana's browser after four of nine seats were promised and her ask was closed so, and the ask's id."""
    ana, ask = await asked(world)
    if changes:
        async with world.client("ana") as client:
            await client.patch(f"/v1/requests/{ask}", json=changes, headers={"Idempotency-Key": world.key()})
    await world.turn()
    await world.claim("ben", ask, 4)
    async with world.client("ana") as client:
        await world.post(client, f"/v1/requests/{ask}/close", {"disposition": how})
    return ana, ask


def states(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The ask at every step."""
    held: dict[str, Any] = {}
    found = []
    for step in told["steps"]:
        held = ({} if step["all"] else {k: v for k, v in held.items() if k not in step["del"]}) | step["put"]
        found.append(next(part for name, part in held.items() if name.startswith("a:")))
    return found


def test_a_replay_goes_from_the_call_to_how_it_ended(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await ended(world)
        told = (await ana.client.get(f"/r/{ask}/replay")).json()
        assert told["steps"][0]["says"] == "The ask went up"
        assert told["steps"][-1]["says"] == "Everyone is safe"
        assert [part["open"] for part in states(told)][-3:] == [9, 5, 0]
        assert states(told)[-1]["chip"][1] == "resolved"

    play(story)


def test_a_replay_gives_no_exact_place_to_anybody_and_names_to_its_owner_alone(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await ended(world)
        cem = await Browser(world).sign_in("cem")
        for browser, names in ((ana, True), (cem, False)):
            text = (await browser.client.get(f"/r/{ask}/replay")).text
            assert ("Ben" in text) is names
            assert not [place for place in EXACT if place in text]
            assert '"p:' not in text

    play(story)


def test_a_stranger_replays_only_what_the_owner_lets_viewers_see(play: Play) -> None:
    async def story(world: World) -> None:
        await ended(world)
        wall = Browser(world)
        await wall.get("/watch")
        assert "Nobody is waiting." in wall.words()
        assert "Ended lately" not in wall.words()
        member = await Browser(world).sign_in("cem")
        await member.get("/watch")
        assert "Ended lately" in member.words()
        assert "Last: 9 people near" in member.words()
        assert (await wall.client.get("/watch/replay?ask=nothing-of-that-name")).status_code == 404

    play(story)


def test_without_script_an_ended_call_is_a_list_on_the_wall(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await ended(world)
        member = await Browser(world).sign_in("cem")
        await member.get(f"/watch?ask={ask}")
        words = member.words()
        assert words.index("Everyone is safe") < words.index("4 seats promised") < words.index("The ask went up")
        assert "Back to now" in words
        report = await Browser(world).sign_in("ana")
        assert "What happened" in await report.get(f"/r/{ask}/report")

    play(story)


def test_a_call_that_was_cancelled_is_not_drawn_as_if_everything_had_been_found(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await ended(world, "cancelled")
        told = (await ana.client.get(f"/r/{ask}/replay")).json()
        assert states(told)[-1]["chip"][1] == "cancelled"
        assert states(told)[-1]["open"] == 9

    play(story)
