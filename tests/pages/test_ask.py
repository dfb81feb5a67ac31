"""Asking, as a phone without script does it."""

import re

from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World


def test_a_guest_asks_with_three_inputs_and_follows_on_the_same_browser(play: Play) -> None:
    async def story(world: World) -> None:
        guest = Browser(world)
        await guest.get("/")
        await guest.post("/", {"kind": "ride", "quantity": "9", "place": "I-15 near Baker, CA"})
        assert guest.path.startswith("/r/")
        assert "9 people near Baker, CA" in guest.words()
        assert "Your ask is up" in guest.words()
        await guest.get("/")
        assert "Follow your ask" in guest.words()

    play(story)


def test_a_form_that_is_sent_twice_has_one_effect(play: Play) -> None:
    async def story(world: World) -> None:
        guest = Browser(world)
        await guest.get("/")
        key = guest.key("/")
        form = {"kind": "ride", "quantity": "2", "place": "Baker, CA"}
        await guest.post("/", form, key)
        first = guest.path
        await guest.post("/", form, key)
        assert guest.path == first
        assert world.rows()["asks"] == 1

    play(story)


def test_a_lost_answer_still_gives_the_phone_its_ask_back(play: Play) -> None:
    async def story(world: World) -> None:
        form = {"kind": "ride", "quantity": "2", "place": "Baker, CA"}
        before = Browser(world)
        await before.get("/")
        key = before.key("/")
        await before.post("/", form, key)
        again = Browser(world)  # the cookie was lost with the answer
        await again.get("/")
        await again.post("/", form, key)
        assert again.path == before.path
        assert "Your ask is up" in again.words()

    play(story)


def test_a_place_nobody_finds_keeps_what_was_typed_and_can_be_sent_as_it_is(play: Play) -> None:
    async def story(world: World) -> None:
        guest = Browser(world)
        await guest.get("/")
        form = {"kind": "ride", "quantity": "3", "place": "zzqqvv nowhere at all", "note": "two kids"}
        await guest.post("/", form)
        assert guest.status == 422
        assert "We could not find that place. Add the nearest town." in guest.words()
        assert "zzqqvv nowhere at all" in guest.page
        assert "two kids" in guest.page
        await guest.post("/", form | {"as_is": "1"})
        assert guest.path.startswith("/r/")

    play(story)


def test_a_phone_number_nobody_can_dial_is_said_at_its_field_and_the_rest_is_kept(play: Play) -> None:
    async def story(world: World) -> None:
        ana = await Browser(world).sign_in("ana")
        await ana.get("/")
        form = {"kind": "ride", "quantity": "2", "lat": "35.212345", "lon": "-116.123456", "note": "by the sign"}
        await ana.post("/", form | {"phone": "call me"})
        assert ana.status == 422
        assert "Type the phone number as you would dial it." in ana.words()
        assert '<div class="who bad"><label for="phone">' in ana.page
        assert "by the sign" in ana.page
        await ana.post("/", form | {"phone": "760 555 0142"})
        assert ana.path.startswith("/r/")

    play(story)


def test_two_towns_of_one_name_are_a_choice_in_the_same_form(play: Play) -> None:
    async def story(world: World) -> None:
        guest = Browser(world)
        await guest.get("/")
        await guest.post("/", {"kind": "ride", "quantity": "3", "place": "Baker"})
        assert "Which Baker?" in guest.words()
        assert 'name="choice"' in guest.page
        assert not re.search('name="choice"[^>]*checked', guest.page), "nobody is sent to another state"
        await guest.post("/", {"kind": "ride", "quantity": "3", "place": "Baker"})
        assert "Which Baker?" in guest.words()
        value = guest.page.split('name="choice" value="')[1].split('"')[0]
        await guest.post("/", {"kind": "ride", "quantity": "3", "place": "Baker", "choice": value})
        assert guest.path.startswith("/r/")

    play(story)


def test_danger_names_the_number_before_anything_is_sent(play: Play) -> None:
    async def story(world: World) -> None:
        guest = Browser(world)
        await guest.get("/")
        form = {"kind": "ride", "quantity": "3", "place": "Baker, CA", "urgency": "danger"}
        await guest.post("/", form)
        assert "Call 911" in guest.words()
        assert world.rows()["asks"] == 0
        await guest.post("/", form | {"called": "1"})
        assert world.rows()["asks"] == 1

    play(story)


def test_a_second_ask_from_the_same_place_is_offered_the_first(play: Play) -> None:
    async def story(world: World) -> None:
        ana, first = await asked(world)
        await ana.get("/")
        form = {"kind": "ride", "quantity": "9", "lat": "35.212345", "lon": "-116.123456"}
        await ana.post("/", form)
        assert "There is already an ask from here: 9 people, just now." in ana.words()
        assert f"/r/{first}" in ana.page
        await ana.post("/", form | {"similar_ok": "1"})
        assert ana.path != f"/r/{first}"
        assert world.rows()["asks"] == 2

    play(story)


def test_every_page_names_the_number_to_dial_first(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        for path in (
            "/",
            "/help",
            "/watch",
            "/join",
            "/ready",
            "/status",
            "/offline",
            f"/r/{ask}",
            "/r/unknown",
            "/nothing",
        ):
            await ana.get(path)
            first = ana.words().split("Flare is not an emergency service.")[0]
            assert "In danger? Call" in first, path
            assert 'href="tel:911"' in ana.page, path

    play(story)


def test_without_signal_the_ask_may_go_as_a_text_message_where_the_house_has_a_number(play: Play) -> None:
    async def form_of(world: World) -> str:
        page = await Browser(world).get("/")
        assert ("data-sms=" in page) is ("Send by SMS" in page), "a link without words is no link"
        return page

    assert "data-sms" not in play(form_of)
    assert 'data-sms="+15550100"' in play(form_of, sms_number="+15550100")
