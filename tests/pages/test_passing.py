"""A call is passed on without script: the link in hand, the stranger at the door, the tap that lets them in."""

import re

from tests.pages.conftest import Browser, asked, step
from tests.web.conftest import NOTE, PHONE, Play, World


async def passed(helper: Browser, ask: str, **fields: str) -> str:
    """The link that stands on the page after it was made."""
    await helper.post(f"/r/{ask}/pass", fields)
    assert helper.status == 200, helper.words()
    link = re.search(r'id="link" dir="ltr" readonly value="([^"]+)"', helper.page)
    assert link, helper.words()
    return link[1]


async def alerted(world: World, who: str) -> Browser:
    """Somebody who was asked, with the alert's page open."""
    helper = await Browser(world).sign_in(who)
    alert = re.search(r'href="/help/([\w-]+)"', helper.page)
    assert alert, helper.words()
    await helper.get(f"/help/{alert[1]}")
    return helper


async def came(world: World, ask: str, link: str) -> Browser:
    """A browser that has opened a passed link by hand."""
    guest = Browser(world)
    await guest.get(f"/r/{ask}")
    await guest.post("/open", {"token": link, "to": f"/r/{ask}"})
    assert guest.path == f"/r/{ask}", guest.words()
    return guest


def test_a_call_goes_from_ben_to_a_guest_who_comes_and_ben_is_thanked(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await alerted(world, "ben")
        assert "I can't come, but I know somebody" in ben.words()
        link = await passed(ben, ask, named="1")
        assert f"/r/{ask}#flr_" in link
        assert "sms:?&amp;body=" in ben.page
        await ben.get("/help")
        assert "Nobody needs you right now." in ben.words()
        gus = await came(world, ask, link)
        assert "How it reached you: Ben → you" in gus.words()
        await gus.get(f"/r/{ask}/take")
        assert "When they let you come, you see the exact place." in gus.words()
        await gus.post(f"/r/{ask}/take", {"seats": "4", "eta": "30", "name": "Gus", "phone": "+1 555 0199"})
        assert "You offered 4 seats." in gus.words()
        assert "I have left" not in gus.words()
        assert not [secret for secret in (NOTE, PHONE, "35.2123") if secret in gus.page]
        await ana.get(f"/r/{ask}")
        assert "1 person passed it on. It was opened once." in ana.words()
        assert "Came by a link that was passed on: Ben" in ana.words()
        claim = re.search(r'name="claim" value="([\w-]+)"', ana.page)
        assert claim
        await ana.post(f"/r/{ask}/decide", {"claim": claim[1], "decision": "show"})
        assert "Let them come" not in ana.words()
        await gus.get("/help")
        assert NOTE in gus.words()
        for each in ("en_route", "on_scene", "met", "done"):
            await step(gus, each)
        await ana.post(f"/r/{ask}/close", {"as": "resolved"}, "k" * 22)
        await ben.get("/help")
        assert "They are safe. 4 people got there through the link you passed on. Thank you." in ben.words()

    play(story)


def test_whoever_passes_it_on_takes_it_back_and_the_guest_sees_nothing_any_more(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await alerted(world, "ben")
        link = await passed(ben, ask)
        gus = await came(world, ask, link)
        assert "Ben" not in gus.words()
        await gus.get(f"/r/{ask}/take")
        second = await passed(gus, ask, name="Maryam", named="1")
        hana = await came(world, ask, second)
        assert "How it reached you: somebody → Maryam → you" in hana.words()
        await ana.get(f"/r/{ask}/passed")
        assert "2 people passed it on. It was opened 2 times." in ana.words()
        assert "Maryam" in ana.words()
        await ben.get(f"/r/{ask}/passed")
        assert "Maryam" not in ben.words()
        end = re.search(r'name="link" value="([\w-]+)"', ben.page)
        assert end
        await ben.post(f"/r/{ask}/passed", {"link": end[1]})
        assert "ended" in ben.words()
        for guest in (gus, hana):
            await guest.get(f"/r/{ask}")
            assert "This page belongs to the people who have its link." in guest.words()

    play(story)


def test_a_stranger_who_is_not_wanted_is_thanked_and_the_seats_are_open_again(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        gus = await came(world, ask, await passed(await alerted(world, "ben"), ask))
        await gus.get(f"/r/{ask}/take")
        await gus.post(f"/r/{ask}/take", {"seats": "4", "eta": "30", "name": "Gus", "phone": "+1 555 0199"})
        await ana.get(f"/r/{ask}")
        claim = re.search(r'name="claim" value="([\w-]+)"', ana.page)
        assert claim
        await ana.post(f"/r/{ask}/decide", {"claim": claim[1], "decision": "refuse"})
        assert "0 of 9" in ana.words() or "9 needed" in ana.words()
        await gus.get(f"/r/{ask}/take")
        await gus.post(f"/r/{ask}/take", {"seats": "4", "eta": "30"})
        assert gus.status == 403
        assert "The person waiting has found help otherwise." in gus.words()

    play(story)
