"""The report: how long it took beside what is usual here, and how the call travelled; counts, never people."""

from datetime import timedelta
from typing import Any

from dispatch.domain import limits
from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World


async def over(world: World, seconds: int) -> str:
    """A call of Ana's that Ben said yes to after so long, and that is resolved; its id."""
    ask: str = (await world.ask(similar_ok=True))["id"]
    await world.turn(timedelta(seconds=seconds))
    await world.claim("ben", ask, 2)
    async with world.client("ana") as ana:
        await world.post(ana, f"/v1/requests/{ask}/close", {"disposition": "resolved"})
    return ask


async def told(world: World, ask: str) -> dict[str, dict[str, dict[str, float]]]:
    """The report as its owner's program reads it."""
    async with world.client("ana") as ana:
        found: dict[str, dict[str, dict[str, float]]] = (await ana.get(f"/v1/requests/{ask}/report")).json()
    return found


def test_a_report_sets_its_times_beside_the_usual_ones_once_enough_calls_tell(play: Play) -> None:
    async def story(world: World) -> None:
        for tens in range(1, limits.USUAL_LEAST + 1):
            assert (await told(world, await over(world, 10 * tens)))["usual"] == {}
        ask = await over(world, 25)
        assert (await told(world, ask))["usual"]["first_claim"] == {"p50": 50.0, "p90": 90.0}
        ana = await Browser(world).sign_in("ana")
        await ana.get(f"/r/{ask}/report")
        assert "first yes 0:25 0:50 1:30" in ana.words()
        world.clock.step(limits.USUAL_WITHIN)
        assert (await told(world, ask))["usual"] == {}, "longer ago than that is not told"

    play(story)


def test_whoever_says_yes_has_seen_the_call_by_then(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await over(world, 25)
        await world.turn(timedelta(minutes=1))
        phases: Any = (await told(world, ask))["phases"]
        assert phases["first_seen"] == phases["first_claim"] == 25.0

    play(story)


def test_a_report_says_how_its_call_travelled_in_counts_and_to_its_owner_alone(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        for _ in range(4):
            await world.turn(timedelta(minutes=5))
        await world.claim("ben", ask, 2)
        await ana.get(f"/r/{ask}/report")
        assert (
            "The one who asked 1 friend asked: 1 said yes 1 friend of a friend asked, through 1 person" in ana.words()
        )
        tree = ana.page.split('class="tree"')[1].split("</section>")[0]
        assert "Ben" not in tree
        assert "Cem" not in tree
        ben = await Browser(world).sign_in("ben")
        await ben.get(f"/r/{ask}/report")
        assert "How long it took" in ben.words()
        assert "How the call travelled" not in ben.words()

    play(story)
