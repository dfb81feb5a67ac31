"""The desk without script: a coordinator looks, takes over, merges, ends, decides; nobody else finds it."""

import re
from datetime import timedelta

import pytest

from dispatch.domain import limits
from tests.pages.conftest import Browser, asked
from tests.safety.test_desk import deeds, make
from tests.web.conftest import Play, World
from web.pages import desk

SECRETS = ("35.2123", "116.1234", "Zephyrine", "555 0142", "Lastname")


async def at_the_desk(world: World, who: str = "dora") -> Browser:
    """Dora, who looks after the network, at her desk; or whoever is made a coordinator besides."""
    make(world, who)
    dora = await Browser(world).sign_in(who)
    await dora.get("/desk")
    return dora


def test_for_everybody_else_the_page_does_not_exist(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await ana.get("/desk")
        assert ana.status == 404
        nobody = Browser(world)
        missing = await nobody.get("/nothing-here")
        same = await nobody.get("/desk")
        assert re.sub(r"nothing-here|desk", "", missing) == re.sub(r"nothing-here|desk", "", same)
        for path in (f"asks/{ask}/take", f"asks/{ask}/close", f"asks/{ask}/merge", f"asks/{ask}/glass", "reports/1"):
            fields = {"as": "referred", "into": ask, "reason": "curious"} | ({"as": "upheld"} if "rep" in path else {})
            await ana.post(f"/desk/{path}", fields, key=world.key())
            assert ana.status == 404, path

    play(story)


def test_an_ask_nobody_comes_to_is_taken_over_with_one_tap_and_shows_no_secret(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        dora = await at_the_desk(world)
        assert "Nothing waits for you." in dora.words()
        assert 'href="/desk"' in await dora.get("/help")
        world.clock.step(timedelta(minutes=11))
        await dora.get("/desk")
        assert "9 people near Baker, CA" in dora.words()
        assert "Nobody is coming" in dora.words()
        assert [secret for secret in SECRETS if secret in dora.page] == []
        await dora.post(f"/desk/asks/{ask}/take")
        assert (dora.status, dora.path) == (200, "/desk")
        assert deeds(world, ask)[-1] == ("decided", "taken")

    play(story)


def test_the_glass_is_broken_only_for_a_typed_reason_that_the_owner_reads(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        world.clock.step(timedelta(minutes=11))
        dora = await at_the_desk(world)
        key = dora.key(f"/desk/asks/{ask}/glass")
        await dora.post(f"/desk/asks/{ask}/glass", {"reason": "  "}, key=key)
        assert dora.status == 422
        assert "Type why you have to see it" in dora.words()
        assert not [deed for deed, _ in deeds(world, ask) if deed == "glass_broken"]
        await dora.get("/desk")
        await dora.post(f"/desk/asks/{ask}/glass", {"reason": "the sheriff asks"})
        assert "35.21234, -116.12346" in dora.words()
        assert "Zephyrine" in dora.words()
        await ana.get(f"/r/{ask}")
        assert "The reason given: the sheriff asks" in ana.words()
        assert deeds(world, ask)[-1] == ("glass_broken", "the sheriff asks")

    play(story)


def test_whoever_broke_the_glass_looks_again_for_fifteen_minutes_and_nobody_else_does(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        world.clock.step(timedelta(minutes=11))
        dora = await at_the_desk(world)
        behind = f"/desk/asks/{ask}/glass"
        await dora.get(behind)
        assert dora.path == "/desk"
        await dora.post(behind, {"reason": "the sheriff asks"})
        other = await at_the_desk(world, "cem")
        await other.get(behind)
        assert other.path == "/desk"
        world.clock.step(limits.GLASS - timedelta(seconds=1))
        await dora.get(f"{behind}?lang=es")
        assert "35.21234, -116.12346" in dora.words()
        world.clock.step(timedelta(seconds=1))
        await dora.get(behind)
        assert dora.path == "/desk"
        assert [deed for deed, _ in deeds(world, ask)].count("glass_broken") == 1
        ben = await Browser(world).sign_in("ben")
        await ben.get(behind)
        assert ben.status == 404

    play(story)


def test_two_asks_that_are_one_are_merged_and_an_ask_is_referred(play: Play) -> None:
    async def story(world: World) -> None:
        _, keep = await asked(world)
        double = (await world.ask(None, quantity=8, similar_ok=True))["id"]
        dora = await at_the_desk(world)
        assert "same place" in dora.words()
        await dora.post(f"/desk/asks/{double}/merge", {"into": keep})
        assert "Probably one and the same" not in dora.words()
        world.clock.step(timedelta(minutes=11))
        await dora.get("/desk")
        await dora.post(f"/desk/asks/{keep}/close", {"as": "referred"})
        assert "Nothing waits for you." in dora.words()

    play(story)


def test_a_report_is_read_and_decided(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        async with world.client("ana") as ana:
            await world.post(ana, "/v1/reports", {"claim": claim["id"], "reason": "he <b>shouted</b>"})
        dora = await at_the_desk(world)
        assert "he &lt;b&gt;shouted&lt;/b&gt;" in dora.page
        await dora.post("/desk/reports/1", {"as": "perhaps"}, key=world.key())
        assert dora.status == 422
        await dora.get("/desk")
        await dora.post("/desk/reports/1", {"as": "unfounded"})
        assert "shouted" not in dora.page
        assert deeds(world, ask["id"])[-1] == ("decided", "unfounded")

    play(story)


def test_the_most_pressing_stands_first_with_all_its_reasons() -> None:
    def row(name: str, at: str, **more: str) -> dict[str, str]:
        return {"request": name, "created_at": at, **more}

    queue = {
        "flags": [row("a", "03:00", kind="reported"), row("b", "03:10", kind="help")],
        "unowned": [row("a", "03:00"), row("c", "02:00")],
        "stalled": [row("d", "01:00")],
    }
    found = desk.gathered(queue)
    assert [(each.row["request"], each.why) for each in found] == [
        ("b", ["help"]), ("a", ["reported", "unowned"]), ("c", ["unowned"]), ("d", ["stalled"]),
    ]  # fmt: skip


@pytest.mark.parametrize("lang", ["es", "ar"])
def test_a_desk_with_everything_on_it_speaks_other_languages(play: Play, lang: str) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.ask(None, quantity=8, similar_ok=True)
        claim = await world.claim("ben", ask["id"])
        async with world.client("ana") as ana:
            await world.post(ana, "/v1/reports", {"claim": claim["id"], "reason": "rude"})
        world.clock.step(timedelta(minutes=31))
        dora = await at_the_desk(world)
        page = await dora.get(f"/desk?lang={lang}")
        assert f'lang="{lang}"' in page
        assert '<span lang="en"' not in page

    play(story)
