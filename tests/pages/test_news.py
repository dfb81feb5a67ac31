"""An ask's headline is the newest news and never contradicts its bar: after a hand-over, a step, the last arrival."""

import re
from datetime import UTC, datetime

import pytest

from tests.pages.conftest import Browser, asked, step, taken
from tests.web.conftest import Play, World
from web.pages import story
from web.pages.speech import Speaker
from web.pages.take import arrival


async def brought(ana: Browser, who: Browser, ask: str) -> None:
    """They leave, arrive, meet by the digits, and say that it is done."""
    await step(who, "en_route")
    await step(who, "on_scene")
    tell = re.search(r"Tell them <b class=num>(\d{3})</b>", await ana.get(f"/r/{ask}"))
    assert tell
    await step(who, "met", code=tell[1])
    await step(who, "done")


def test_when_all_are_brought_the_owner_is_asked_whether_everyone_is_safe(play: Play) -> None:
    async def night(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        await brought(ana, await taken(world, "ben", ask, "9"), ask)
        await ana.get(f"/r/{ask}")
        assert "Is everyone safe?" in ana.words()
        assert "Whoever came says that everyone is where they wanted to be." in ana.words()
        assert "Yes, we are safe" in ana.words()
        assert "nobody has seen it" not in ana.words()

    play(night)


def test_when_some_are_brought_and_nobody_else_comes_the_rest_is_what_is_looked_for(play: Play) -> None:
    async def night(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        await brought(ana, await taken(world, "ben", ask, "4"), ask)
        await ana.get(f"/r/{ask}")
        assert "4 of 9 seats found" in ana.words()
        assert "We are looking for 5 more." in ana.words()
        assert "We are asking people near you" not in ana.words()

    play(night)


def test_whoever_stood_by_takes_only_the_seats_they_have_and_the_rest_is_said(play: Play) -> None:
    async def night(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        alert = re.search(r'href="(/help/[\w-]+)"', ben.page)
        assert alert
        await ben.get(alert[1])
        cem = await taken(world, "cem", ask, "9")
        await ben.post(f"/r/{ask}/take", {"seats": "3", "eta": "60", "standby": "1"})
        await step(cem, "withdraw")
        await ana.get(f"/r/{ask}")
        assert "Ben was standing by and takes 3 seats. We are looking for 6 more." in ana.words()

    play(night)


def test_a_broken_promise_is_no_headline_any_more_once_somebody_else_has_left(play: Play) -> None:
    async def night(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben, cem = await taken(world, "ben", ask, "4"), await taken(world, "cem", ask, "3")
        await step(cem, "withdraw")
        await ana.get(f"/r/{ask}")
        assert "Cem can't make it" in ana.words()
        await step(ben, "en_route")
        await ana.get(f"/r/{ask}")
        assert "Ben is on the way with 4 seats. We are looking for 5 more." in ana.words()

    play(night)


def test_one_who_has_seen_it_is_one() -> None:
    assert story.heard_line(Speaker("en"), {"alerted": 76, "seen": 1}) == "76 people asked, 1 has seen it."


def test_whoever_cant_come_after_all_is_thanked_and_may_come_back(play: Play) -> None:
    async def night(world: World) -> None:
        _, ask = await asked(world)
        await world.turn()
        ben = await taken(world, "ben", ask, "4")
        await step(ben, "withdraw")
        assert "You can't come after all. Thank you for saying so: others are asked." in ben.words()
        assert "Nobody needs you right now." not in ben.words()
        assert "I can come, take me back" in ben.words()
        await ben.post(f"/r/{ask}/take", {"seats": "4"})
        assert "You have 4 seats. Here is where they are." in ben.words()
        assert "You can't come after all" not in ben.words()

    play(night)


def test_whoever_is_not_needed_any_more_reads_for_what(play: Play) -> None:
    async def night(world: World) -> None:
        _, ask = await asked(world)
        await world.turn()
        cem = await Browser(world).sign_in("cem")
        assert "I can help" in cem.words()
        await taken(world, "ben", ask, "9")
        await world.turn()
        await cem.get("/help")
        assert "You are not needed any more. Ana asks: a ride for 9, near Baker, CA" in cem.words()

    play(night)


@pytest.mark.parametrize(("band", "minutes"), [(2, 30), (25, 30), (50, 60), (100, 90), (None, 60)])
def test_the_arrival_chosen_beforehand_is_true_to_how_far_the_card_says_it_is(band: int | None, minutes: int) -> None:
    assert arrival(band) == minutes


def test_who_asks_as_a_stranger_is_not_told_of_people_further_out_while_nobody_new_is_asked() -> None:
    ask = {"kind": "ride", "role": "owner", "drill": False, "status": "open", "urgency": "stranded", "quantity": 9,
           "seats": {"total": 9, "claimed": 0, "open": 9}, "claims": [], "heard": {"alerted": 10, "seen": 2},
           "created_at": "2026-01-01T00:00:00+00:00"}  # fmt: skip
    later = datetime(2026, 1, 1, 1, tzinfo=UTC)
    says = [story.tell(Speaker("en"), ask | {"capped": capped}, [], later, "911").line for capped in (False, True)]
    rest = "Also worth a try: a tow truck, a taxi, 911 if it gets unsafe."
    assert [each.striptags() for each in says] == [
        f"We are asking people further out. {rest}",
        f"We have asked as many as we may until a coordinator has looked. {rest}",
    ]


def test_an_offer_that_waits_for_the_owners_word_is_the_headline_and_no_seat_that_is_found() -> None:
    offer = {"name": "Hugo", "status": "committed", "eta_at": None, "lease_until": None}
    claims = [offer | {"seats": 4, "shown": True}, offer | {"seats": 5, "shown": False}]
    ask = {"kind": "ride", "role": "owner", "drill": False, "status": "claimed", "urgency": "stranded", "quantity": 9,
           "seats": {"total": 9, "claimed": 9, "open": 0}, "claims": claims}  # fmt: skip
    told = story.tell(Speaker("en"), ask, [], datetime(2026, 1, 1, tzinfo=UTC), "911")
    assert told.headline.striptags() == "Hugo offers 5 seats"
    assert told.line == "Let them come, or say no: they wait for your word."


def test_whoever_is_there_is_not_on_the_way_while_others_have_been_met() -> None:
    driver = {"eta_at": None, "lease_until": None}
    claims = [driver | {"name": "Hugo", "seats": 4, "status": "met"}]
    claims += [driver | {"name": "Rosa", "seats": 5, "status": "on_scene"}]
    ask = {"kind": "ride", "role": "owner", "drill": False, "status": "claimed", "claims": claims,
           "seats": {"total": 9, "claimed": 9, "open": 0}}  # fmt: skip
    told = story.tell(Speaker("en"), ask, [], datetime(2026, 1, 1, tzinfo=UTC), "911")
    assert told.line.striptags() == "5 still waiting. Rosa is there."
