"""Where a volunteer usually is: a town that could be several, or none, is asked about and never guessed."""

import re

from tests.pages.conftest import Browser
from tests.web.conftest import Play, World


async def invited(world: World) -> tuple[Browser, dict[str, str]]:
    token = await (await Browser(world).sign_in("ana")).invite()
    friend = Browser(world)
    await friend.get("/join")
    return friend, {"token": token, "name": "Eva", "seats": "3", "reach": "60", "quiet": "1"}


def test_a_friend_who_types_a_town_of_several_is_asked_which_and_loses_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        friend, typed = await invited(world)
        await friend.post("/join", typed | {"town": "Baker"}, friend.key("/join"))
        assert friend.status == 422
        assert "Which Baker?" in friend.words()
        assert f'name="token" value="{typed["token"]}"' in friend.page
        chosen = re.search(r'name="choice" value="([^"]+)">Baker, CA', friend.page)
        assert chosen is not None
        await friend.post("/join", typed | {"town": "Baker", "choice": chosen[1]}, friend.key("/join"))
        assert "We ask you for people near Baker, CA" in friend.words()

    play(story)


def test_a_misspelt_town_never_puts_a_friend_on_another_continent_in_silence(play: Play) -> None:
    async def story(world: World) -> None:
        friend, typed = await invited(world)
        await friend.post("/join", typed | {"town": "Bakr"}, friend.key("/join"))
        assert "Which Bakr?" in friend.words()
        await friend.post("/join", typed | {"town": "Qqxqzz"}, friend.key("/join"))
        assert "We could not find that place. Add the state." in friend.words()

    play(story)


def test_settings_with_an_unclear_town_ask_which_and_keep_the_rest_typed(play: Play) -> None:
    async def story(world: World) -> None:
        cem = await Browser(world).sign_in("cem")
        await cem.keep_settings(town="Baker", car="White van")
        assert "Which Baker?" in cem.words()
        assert 'name="car" value="White van"' in cem.page
        await cem.post("/help", {"all": "1", "town": "Baker, CA", "car": "White van"}, cem.key("/help"))
        assert "Now: near Baker, CA." in (await cem.get("/help?lang=en"))
        assert "Ahora: cerca de Baker, CA." in (await cem.get("/help?lang=es"))

    play(story)


def test_whoever_named_no_town_is_told_that_nobody_near_can_ask_them(play: Play) -> None:
    async def story(world: World) -> None:
        friend, typed = await invited(world)
        await friend.post("/join", typed, friend.key("/join"))
        await friend.get("/help")
        assert "We do not know where you usually are" in friend.words()
        await friend.keep_settings(town="Baker, CA")
        assert "We do not know where you usually are" not in friend.words()

    play(story)
