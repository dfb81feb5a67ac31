"""Without script: a guest proves a phone and is asked for further, a member proves one and signs in by it elsewhere."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.pages.conftest import Browser
from tests.support.gateway import Gateway, gateway
from tests.web.conftest import Play, World

NUMBER = "+1 760 555 0199"


@pytest.fixture
def texts() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


async def guest_with_an_ask(world: World) -> Browser:
    guest = Browser(world)
    await guest.get("/")
    await guest.post("/", {"kind": "ride", "quantity": "2", "lat": "35.212345", "lon": "-116.123456"})
    assert guest.path.startswith("/r/"), guest.words()
    return guest


def test_a_guest_proves_a_phone_on_the_way_from_the_asks_page_and_back(play: Play, texts: Gateway) -> None:
    async def story(world: World) -> None:
        guest = await guest_with_an_ask(world)
        ask = guest.path
        assert f'href="/phone?to={ask}"' in guest.page
        await guest.get(f"/phone?to={ask}")
        await guest.post("/phone", {"phone": "760 555 0199", "to": ask})
        assert (guest.status, "Type it with + and the country code." in guest.words()) == (422, True)
        await guest.post("/phone", {"phone": NUMBER, "to": ask})
        texts.receiver.wait_for(1)
        assert "If that number can get our texts" in guest.words()
        wrong = f"{(int(texts.code) + 1) % 10**6:06}"
        await guest.post("/phone/check", {"code": wrong, "to": ask})
        assert (guest.status, "That is not the code. 4 tries left." in guest.words()) == (409, True)
        await guest.post("/phone/check", {"code": "12", "to": ask})
        assert "The code has six digits." in guest.words()
        await guest.post("/phone/check", {"code": f"{texts.code[:3]} {texts.code[3:]}", "to": ask})
        assert (guest.status, guest.path) == (200, ask)
        assert "Your phone is checked." in guest.words()
        assert "/phone?to=" not in guest.page

    play(story, **texts.settings)


def test_a_member_proves_a_phone_and_signs_in_by_it_in_another_browser(play: Play, texts: Gateway) -> None:
    async def story(world: World) -> None:
        ben = await Browser(world).sign_in("ben")
        assert "Phone not checked" in ben.words()
        await ben.get("/phone")
        await ben.post("/phone", {"phone": NUMBER})
        texts.receiver.wait_for(1)
        await ben.post("/phone/check", {"code": texts.code})
        assert (ben.path, "Checked." in ben.words()) == ("/help", True)
        world.clock.step(timedelta(minutes=2))
        anew, fishing = (Browser(world, **{"accept-language": "es"}) for _ in range(2))
        pages = []
        for browser, number in ((fishing, "+1 760 555 0198"), (anew, NUMBER)):
            await browser.get("/help")
            pages.append(await browser.post("/phone/in", {"phone": number}))
        bare = [re.sub(r'value="[^"]*"', "", each) for each in pages]
        assert bare[0] == bare[1]
        texts.receiver.wait_for(2)
        assert "es tu código de Flare" in texts.texts[-1][1]
        assert len(texts.texts) == 2
        await anew.post("/phone/in/check", {"phone": NUMBER, "code": texts.code})
        assert (anew.status, anew.path) == (200, "/help")
        assert 'value="Ben Lastname"' in anew.page

    play(story, **texts.settings)


def test_where_no_texts_are_sent_the_pages_say_that_the_phone_is_not_checked(play: Play) -> None:
    async def story(world: World) -> None:
        guest = await guest_with_an_ask(world)
        assert "Phone not checked" in guest.words()
        await guest.get("/phone")
        assert "this server sends no text messages" in guest.words()
        nobody = Browser(world)
        await nobody.get("/help")
        assert "Sign in with your phone" not in nobody.words()

    play(story)


def test_the_way_back_leads_to_no_other_site(play: Play, texts: Gateway) -> None:
    async def story(world: World) -> None:
        ben = await Browser(world).sign_in("ben")
        for to in ("//evil.test", "https://evil.test", "/\\evil.test"):
            await ben.get(f"/phone?to={to}")
            assert "evil.test" not in re.sub(r'href="/phone\?[^"]*lang=', "", ben.page)

    play(story, **texts.settings)
