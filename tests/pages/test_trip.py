"""Sharing a trip without script: the link is made, opened by hand, tells the truth in words, and is taken back."""

import re
from datetime import timedelta

from dispatch.domain import limits
from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World

SECRETS = ("35.2123", "116.1234", "Zephyrine", "555 0142", "Lastname")


async def linked(browser: Browser, ask: str) -> str:
    """The link that stands on the page after it was made."""
    await browser.get(f"/r/{ask}/trip")
    await browser.post(f"/r/{ask}/trip")
    found = re.search(r'id="trip"[^>]*value="([^"]+)"', browser.page)
    assert found, browser.words()
    return found[1]


async def follower(world: World, link: str) -> Browser:
    """Somebody trusted who opened it by hand."""
    friend = Browser(world)
    await friend.get("/help")
    await friend.post("/open", {"token": link, "to": "/"})
    return friend


def test_a_driver_shares_a_trip_and_somebody_trusted_reads_how_far_they_are(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        claim = await world.claim("ben", ask)
        ben = await Browser(world).sign_in("ben")
        assert f'href="/r/{ask}/trip"' in ben.page
        friend = await follower(world, await linked(ben, ask))
        assert (friend.status, friend.path) == (200, f"/trip/{ask}")
        assert "Ben has promised to come and has not left yet." in friend.words()
        async with world.client("ben") as client:
            steps = f"/v1/claims/{claim['id']}/steps"
            for step, says in (
                ("en_route", "Ben is on the way."),
                ("on_scene", "Ben is there"),
                ("met", "Ben has met"),
            ):
                await world.post(client, steps, {"step": step})
                await friend.get(f"/trip/{ask}")
                assert says in friend.words()
                assert [secret for secret in SECRETS if secret in friend.page] == []
        assert "Ben has met them." in Browser.words(friend)
        await friend.get(f"/trip/{ask}/live")
        assert (friend.status, "has met them." in friend.words()) == (200, True)
        await ben.get(f"/r/{ask}/trip")
        assert "1 link shows it now." in ben.words()
        await ben.post(f"/r/{ask}/trip/end")
        assert "shows it now" not in ben.words()
        for path in (f"/trip/{ask}", f"/trip/{ask}/live"):
            await friend.get(path)
            assert friend.status == 404

    play(story)


def test_silence_on_the_road_and_a_missed_arrival_say_whom_to_call(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        async with world.client("ben") as client:
            promise = {"seats": 2, "eta_minutes": 30}
            claim = (await world.post(client, f"/v1/requests/{ask}/claims", promise)).json()
            await world.post(client, f"/v1/claims/{claim['id']}/steps", {"step": "en_route"})
            friend = await follower(world, await linked(await Browser(world).sign_in("ben"), ask))
            world.clock.step(timedelta(minutes=30) + limits.CHECK_LATE + timedelta(seconds=1))
        await friend.get(f"/trip/{ask}")
        assert "They wanted to be there by" in friend.words()
        assert "call 911" in friend.words()
        await world.turn(timedelta(hours=1))
        await friend.get(f"/trip/{ask}")
        assert "No sign of life from Ben" in friend.words()
        assert "call 911" in friend.words()

    play(story)


def test_the_one_who_waits_shares_theirs_from_their_own_page(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        assert f'href="/r/{ask}/trip"' in await ana.get(f"/r/{ask}")
        friend = await follower(world, await linked(ana, ask))
        await world.claim("ben", ask)
        await friend.get(f"/trip/{ask}")
        assert "asked for help" in friend.words()
        assert "Ben" not in friend.words()

    play(story)


def test_nobody_else_finds_the_page_that_shares(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        for who in ("cem", "dora"):
            other = await Browser(world).sign_in(who)
            await other.get(f"/r/{ask}/trip")
            assert other.status == 404

    play(story)
