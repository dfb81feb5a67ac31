"""From the ask to everyone safe, told on both sides, without script."""

import re
from datetime import timedelta

from tests.pages.conftest import Browser, asked, step, taken
from tests.web.conftest import Play, World


def test_from_the_ask_to_safe_both_sides_read_true_words(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        await ana.get(f"/r/{ask}")
        assert "We are asking people near you" in ana.words()
        ben = await taken(world, "ben", ask)
        assert "You have 4 seats. Here is where they are." in ben.words()
        assert "Zephyrine" in ben.words()
        await ana.get(f"/r/{ask}")
        assert "4 of 9 seats found" in ana.words()
        assert "Ben has promised 4 seats. We are looking for 5 more." in ana.words()
        assert "is on the way" not in ana.words()
        await step(ben, "en_route")
        assert "Pull over before you use the phone." in ben.words()
        await ana.get(f"/r/{ask}")
        assert "Ben is on the way with 4 seats." in ana.words()
        await step(ben, "on_scene")
        await ana.get(f"/r/{ask}")
        assert "Ben is there" in ana.words()
        tell = re.search(r"Tell them <b class=num>(\d{3})</b>", ana.page)
        assert tell
        await step(ben, "met", code=tell[1])
        assert "Everyone where they wanted to be?" in ben.words()
        await ana.get(f"/r/{ask}/close?as=resolved")
        assert "1 person is coming. We will tell them now." in ana.words()
        await ana.post(f"/r/{ask}/close", {"as": "resolved"})
        assert "You are safe. Good." in ana.words()
        assert "Thanks went to the person who came." in ana.words()
        await ana.get(f"/r/{ask}/report")
        assert "first yes" in ana.words()

    play(story)


def test_a_wrong_code_says_how_many_tries_are_left(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        await world.turn()
        ben = await taken(world, "ben", ask)
        await step(ben, "en_route")
        await step(ben, "on_scene")
        await step(ben, "met", code="xyz")
        assert ben.status == 409
        assert "That is not the code. 4 tries left." in ben.words()

    play(story)


def test_whoever_comes_second_reads_what_is_left(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world, quantity="5")
        await world.turn()
        ben, cem = await Browser(world).sign_in("ben"), await Browser(world).sign_in("cem")
        await cem.get(f"/r/{ask}/take")
        key = cem.key(f"/r/{ask}/take")
        await ben.get(f"/r/{ask}/take")
        await ben.post(f"/r/{ask}/take", {"seats": "4", "eta": "30"})
        await cem.post(f"/r/{ask}/take", {"seats": "3", "eta": "30"}, key)
        assert cem.status == 409
        assert "Someone was faster. 1 seat is left." in cem.words()

    play(story)


def test_money_that_lapsed_is_taken_again_as_much_as_it_was(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask(kind="funds", quantity=40_00, place=None)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        await ben.get(f"/r/{ask['id']}/take")
        await ben.post(f"/r/{ask['id']}/take", {"seats": "25", "eta": "30"})
        await world.turn(timedelta(minutes=13))
        await ben.get("/help")
        assert "Your seats went back at" in ben.words()
        form = re.search(r'name="seats" value="(\d+)"', ben.page)
        assert form
        await ben.post(f"/r/{ask['id']}/take", {"seats": form[1]})
        ana = await Browser(world).sign_in("ana")
        await ana.get(f"/r/{ask['id']}")
        assert "25 of 40 USD found" in ana.words()

    play(story)


def test_after_a_quarter_of_an_hour_the_alternatives_are_named(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        world.clock.step(timedelta(minutes=16))
        await ana.get(f"/r/{ask}")
        assert "Nobody yet" in ana.words()
        assert "a tow truck, a taxi, 911 if it gets unsafe" in ana.words()

    play(story)


def test_a_withdrawn_promise_is_told_with_its_seats(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await taken(world, "ben", ask)
        await step(ben, "withdraw")
        await ana.get(f"/r/{ask}")
        assert "Ben can't make it" in ana.words()
        assert "4 seats open again. We are asking more people now." in ana.words()

    play(story)


def test_a_volunteer_whom_nobody_needs_reads_so(play: Play) -> None:
    async def story(world: World) -> None:
        dora = await Browser(world).sign_in("dora")
        assert "Nobody needs you right now." in dora.words()
        await dora.post("/help", {"duty": "off_duty"})
        assert 'value="off_duty" aria-pressed="true"' in dora.page

    play(story)


def test_a_declined_alert_leaves_the_page(play: Play) -> None:
    async def story(world: World) -> None:
        await asked(world)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        assert "Ana asks: a ride for 9, near" in ben.words()
        assert "You know Ana." in ben.words()
        alert = re.search(r'action="(/help/[\w-]+/answer)"', ben.page)
        assert alert
        await ben.post(alert[1], {"answer": "declined"})
        assert "Nobody needs you right now." in ben.words()

    play(story)


def test_a_shared_link_opens_the_ask_without_names(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        await taken(world, "ben", ask)
        await ana.get(f"/r/{ask}")
        await ana.post(f"/r/{ask}/share")
        token = re.search(r"#(flv_[\w-]+)", ana.page)
        assert token
        viewer = Browser(world)
        await viewer.get(f"/r/{ask}")
        assert viewer.status == 404
        assert "Open your link" in viewer.words()
        await viewer.post("/open", {"token": token[1], "to": f"/r/{ask}"})
        assert "4 of 9 seats found" in viewer.words()
        assert "Ben" not in viewer.words()

    play(story)


def test_a_stranger_with_the_link_for_helpers_takes_seats(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await ana.post(f"/r/{ask}/share")
        token = re.search(r"#(flh_[\w-]+)", ana.page)
        assert token
        guest = Browser(world)
        await guest.get(f"/r/{ask}")
        await guest.post("/open", {"token": token[1], "to": f"/r/{ask}"})
        await guest.get(f"/r/{ask}/take")
        await guest.post(f"/r/{ask}/take", {"seats": "2", "eta": "30", "name": "Gus", "phone": "+1 555 0199"})
        assert "You have 2 seats. Here is where they are." in guest.words()
        await ana.get(f"/r/{ask}")
        assert "Gus has promised 2 seats." in ana.words()

    play(story)


def test_an_invited_friend_is_ready_after_one_form(play: Play) -> None:
    async def story(world: World) -> None:
        token = await (await Browser(world).sign_in("ana")).invite()
        friend = Browser(world)
        await friend.get("/join")
        await friend.post("/join", {"token": token, "name": "Eva", "town": "Barstow, CA", "seats": "3", "reach": "60"})
        assert "Done. This link is your key." in friend.words()
        await friend.get("/help")
        assert 'value="Eva"' in friend.page
        assert "near Barstow, CA" in friend.page

    play(story)


def test_a_cancelled_ask_can_be_asked_again_with_the_same_words(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await ana.get(f"/r/{ask}/close?as=cancelled")
        await ana.post(f"/r/{ask}/close", {"as": "cancelled"})
        assert "This ask has ended" in ana.words()
        await ana.get(f"/?again={ask}")
        assert "Zephyrine" in ana.page
        assert 'name="quantity" inputmode="numeric" pattern="[0-9]*" autocomplete="off" value="9"' in ana.page
        other = await Browser(world).sign_in("dora")
        assert "Zephyrine" not in await other.get(f"/?again={ask}")

    play(story)


def test_what_an_ask_needs_is_read_by_whoever_is_asked_whoever_comes_and_its_owner(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world, needs="two_people")
        await world.turn()
        assert "Whoever comes reads Two of you, please" in ana.words()
        ben = await Browser(world).sign_in("ben")
        assert "Two of you, please" in ben.words()
        alert = re.search(r'href="(/help/[\w-]+)"', ben.page)
        assert alert
        await ben.get(alert[1])
        assert "Two of you, please" in ben.words()
        await ben.post(f"/r/{ask}/take", {"seats": "2", "eta": "30"})
        assert "Two of you, please" in ben.words()
        assert "You have 2 seats" in ben.words()

    play(story)


def test_a_need_in_somebodys_own_words_goes_where_their_note_goes(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask(needs=["pet", "a ramp at Quarlow Street 7"])
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        assert "Room for a pet" in ben.words()
        assert "Quarlow" not in ben.page
        await world.claim("ben", ask["id"])
        await ben.get("/help")
        assert "a ramp at Quarlow Street 7" in ben.words()

    play(story)


def test_who_may_ask_me_is_chosen_in_the_settings_and_stays(play: Play) -> None:
    async def story(world: World) -> None:
        cem = await Browser(world).sign_in("cem")
        assert cem.page.count('name="asks"') == 3
        assert len(re.findall(r'name="asks" value="\w+" checked', cem.page)) == 3
        await cem.keep_settings(asks="communities")
        assert re.findall(r'name="asks" value="(\w+)" checked', cem.page) == ["communities"]
        await asked(world)
        await world.turn()
        await cem.get("/help")
        assert "Nobody needs you right now." in cem.words()
        async with world.client("cem") as program:
            assert (await program.get("/v1/me")).json()["asked_by"] == ["communities"]
            wrong = await program.put("/v1/me", json={"asked_by": ["everybody"]})
            assert wrong.status_code == 422
            again = await program.put("/v1/me", json={"asked_by": None})
            assert len(again.json()["asked_by"]) == 3

    play(story)


def test_whoever_asked_blocks_who_comes_from_the_card_and_takes_it_back(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await taken(world, "ben", ask)
        await ana.get(f"/r/{ask}")
        claim = re.search(r'action="/claims/([\w-]+)/block"', ana.page)
        assert claim
        await ana.post(f"/claims/{claim[1]}/block")
        assert ana.path == f"/r/{ask}"
        assert "Ben has promised 4 seats. We" not in ana.words()
        await ben.get("/help")
        assert "You have 4 seats." not in ben.words()
        await ben.get("/help/blocked")
        assert "You blocked nobody." in ben.words()
        await ana.get("/help/blocked")
        assert "Ben" in ana.words()
        person = re.search(r'name="person" value="([\w-]+)"', ana.page)
        assert person
        await ana.post("/help/blocked", {"person": person[1]})
        assert "You blocked nobody." in ana.words()

    play(story)


def test_whoever_comes_blocks_who_asked_and_nobody_else_can(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        await world.turn()
        ben = await taken(world, "ben", ask)
        claim = re.search(r'action="/claims/([\w-]+)/block"', ben.page)
        assert claim
        cem = await Browser(world).sign_in("cem")
        await cem.post(f"/claims/{claim[1]}/block", key="k" * 22)
        assert cem.status == 404
        await ben.post(f"/claims/{claim[1]}/block")
        assert "Ana" in ben.words()
        async with world.client("ben") as program:
            told = (await program.get("/v1/me/blocked")).json()["blocked"]
        assert [each["name"] for each in told] == ["Ana"]

    play(story)


def test_whoever_was_asked_an_hour_ago_reads_that_they_are_not_needed_any_more(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        for _ in range(12):
            await world.turn(timedelta(minutes=5))
        async with world.client("ana") as ana:
            await world.post(ana, f"/v1/requests/{ask}/close", {"disposition": "resolved"})
        await world.turn(timedelta(seconds=5))
        ben = await Browser(world).sign_in("ben")
        assert "You are not needed any more." in ben.words(), ben.words()

    play(story)
