"""A drill without script: started in calm, answered by a tap, read by its owner; never taken for a real ask."""

import re
from datetime import timedelta

from tests.pages.conftest import Browser
from tests.web.conftest import Play, World


async def started(world: World, town: str = "Baker, CA") -> tuple[Browser, str]:
    """Ana's browser after she began a drill, and its id."""
    ana = await Browser(world).sign_in("ana")
    await ana.get("/ready")
    await ana.post("/ready/drill", {"where": town, "party": "2"})
    return ana, ana.path.removeprefix("/r/")


async def says(world: World, who: str, answer: str) -> Browser:
    """Somebody who answers the drill on their page."""
    helper = await Browser(world).sign_in(who)
    alert = re.search(r'action="/help/([\w-]+)/answer"', helper.page)
    assert alert, helper.words()
    await helper.get(f"/help/{alert[1]}")
    assert "If it were real, could you come?" in helper.words()
    await helper.post(f"/help/{alert[1]}/answer", {"answer": "acknowledged"}, "a" * 21 + who[0])
    await helper.get(f"/help/{alert[1]}")
    assert "You said" not in helper.words()
    await helper.post(f"/help/{alert[1]}/answer", {"answer": answer})
    await helper.get(f"/help/{alert[1]}")
    return helper


def test_a_drill_is_begun_answered_and_read(play: Play) -> None:
    async def story(world: World) -> None:
        ana, drill = await started(world)
        assert "Drill: 2 people near Baker, CA" in ana.words()
        assert "This is a drill. Nobody drives." in ana.words()
        await world.turn(timedelta(seconds=5))
        ben = await Browser(world).sign_in("ben")
        assert "Drill: Ana asks" in ben.words()
        assert "I can help" not in ben.words()
        world.clock.step(timedelta(minutes=3))
        ben = await says(world, "ben", "could")
        assert "You said that you could come." in ben.words()
        cem = await says(world, "cem", "declined")
        assert "You said that you could not." in cem.words()
        await ana.get(f"/r/{drill}")
        assert "1 of 2 said they could come; the first after 3 min." in ana.words()
        assert "seats found" not in ana.words()
        assert "Share this ask" not in ana.words()
        await ana.post(f"/r/{drill}/close", {"as": "cancelled"})
        assert "The drill is over" in ana.words()
        assert "Ask again" not in ana.words()
        await ana.get(f"/r/{drill}/report")
        assert "Drill: nobody drove." in ana.words()
        assert "1 of 2 said they could come; the first after 3 min." in ana.words()
        assert "promises" not in ana.words()

    play(story)


def test_whoever_did_not_answer_reads_that_the_drill_is_over(play: Play) -> None:
    async def story(world: World) -> None:
        ana, drill = await started(world)
        await world.turn(timedelta(seconds=5))
        await ana.post(f"/r/{drill}/close", {"as": "cancelled"}, "k" * 22)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        assert "The drill is over. Thank you." in ben.words()
        assert "cancelled" not in ben.words()

    play(story)


def test_a_drill_is_not_on_the_wall_and_nobody_waits_because_of_it(play: Play) -> None:
    async def story(world: World) -> None:
        ana, drill = await started(world)
        await world.turn(timedelta(seconds=5))
        await ana.get("/watch")
        assert "Nobody is waiting." in ana.words()
        assert drill not in ana.page
        await ana.post(f"/r/{drill}/close", {"as": "cancelled"}, "k" * 22)
        await ana.get("/watch")
        assert "Ended lately" not in ana.words()

    play(story)


def test_a_second_drill_and_a_town_nobody_knows_are_refused_in_words(play: Play) -> None:
    async def story(world: World) -> None:
        ana, _ = await started(world, "zzqqvv nowhere at all")
        assert "We could not find that place." in ana.words()
        ana, _ = await started(world)
        world.clock.step(timedelta(hours=2))
        await world.turn()
        ana, _ = await started(world)
        assert "You ran a drill lately." in ana.words()

    play(story)


def test_taking_seats_of_a_drill_by_its_address_leads_back_to_its_page(play: Play) -> None:
    async def story(world: World) -> None:
        _, drill = await started(world)
        await world.turn(timedelta(seconds=5))
        ben = await Browser(world).sign_in("ben")
        await ben.get(f"/r/{drill}/take")
        assert ben.path == f"/r/{drill}"
        await ben.post(f"/r/{drill}/take", {"seats": "2"}, "k" * 22)
        assert ben.path == f"/r/{drill}"
        assert "You have" not in ben.words()

    play(story)


def test_the_ready_page_says_what_would_raise_the_odds_and_by_how_much(play: Play) -> None:
    async def story(world: World) -> None:
        dora = await Browser(world).sign_in("dora")
        await dora.get("/ready?town=Baker,+CA")
        said = re.search(r"5 friends who live near there and join: for 1 from (.+?) to (.+?)[.]", dora.words())
        assert said, dora.words()
        assert said[1] == "fewer than 1 in 10"
        await dora.get("/ready?town=Baker,+CA&lang=es")
        assert "5 amistades que vivan cerca y se unan: para 1" in dora.words()

    play(story)
