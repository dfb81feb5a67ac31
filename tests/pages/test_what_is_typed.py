"""What people really type into a form, and what they may have forgotten: nothing is read as something else."""

import re
from datetime import datetime, timedelta

import pytest

from dispatch.ports import Tx
from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World
from web.pages.door import Form


@pytest.mark.parametrize(
    ("typed", "read"),
    [("9", 9), ("1,000", 1_000), ("1.000", 1_000), ("٩", 9), ("١٢", 12), ("20.50", None), ("2.5", None), ("²", None)],
)
def test_a_number_is_whole_in_every_digit_people_write_and_a_part_is_never_ten_times_as_much(
    typed: str, read: int | None
) -> None:
    assert Form((("quantity", typed),)).number("quantity") == read


def test_an_old_link_to_ask_again_opens_the_empty_form_and_no_dead_end(play: Play) -> None:
    async def story(world: World) -> None:
        guest = Browser(world)
        for gone in ("nothing-of-that-name", "!"):
            await guest.get(f"/?again={gone}")
            assert guest.status == 200
            assert "What do you need?" in guest.words()

    play(story)


def test_a_town_nobody_can_read_costs_nobody_their_invite(play: Play) -> None:
    async def story(world: World) -> None:
        token = await (await Browser(world).sign_in("ana")).invite()
        friend = Browser(world)
        await friend.get("/join")
        key, typed = friend.key("/join"), {"token": token, "name": "Eva"}
        await friend.post("/join", typed | {"town": "x" * 501}, key)
        assert friend.status == 422
        await friend.post("/join", typed | {"town": "Barstow, CA"}, key)
        assert "Done. This link is your key." in friend.words()

    play(story)


def test_settings_beyond_what_anybody_drives_are_kept_at_the_most_there_is(play: Play) -> None:
    async def story(world: World) -> None:
        cem = await Browser(world).sign_in("cem")
        await cem.keep_settings(**dict.fromkeys(("reach", "alerts", "seats"), "99999999999"))
        assert cem.status == 200
        async with world.client("cem") as program:
            me = (await program.get("/v1/me")).json()
        assert (me["reach_minutes"], me["alerts_per_week_max"], me["seats"]) == (240, 100, 60)

    play(story)


def test_whoever_wants_no_alerts_at_all_gets_none(play: Play) -> None:
    async def story(world: World) -> None:
        cem = await Browser(world).sign_in("cem")
        await cem.keep_settings(alerts="0")
        async with world.client("cem") as program:
            assert (await program.get("/v1/me")).json()["alerts_per_week_max"] == 0

    play(story)


def test_whoever_keeps_settings_during_a_break_stays_on_it_with_the_quiet_hours_said_elsewhere(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("cem") as program:
            quiet = {"from": "21:00", "to": "06:00"}
            set_so = await program.put("/v1/me/duty", json={"duty": "on_break", "quiet_hours": quiet})
            assert set_so.is_success, set_so.text
            cem = await Browser(world).sign_in("cem")
            await cem.keep_settings(quiet="1", seats="3")
            me = (await program.get("/v1/me")).json()
        assert (me["duty"], me["quiet_hours"], me["seats"]) == ("on_break", quiet, 3)

    play(story)


def test_money_on_a_report_is_counted_in_what_it_is_named_in(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask(kind="funds", quantity=40_00, place=None)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        await ben.get(f"/r/{ask['id']}/take")
        await ben.post(f"/r/{ask['id']}/take", {"seats": "25", "eta": "30"})
        ana = await Browser(world).sign_in("ana")
        await ana.get(f"/r/{ask['id']}/report")
        assert "25/40" in ana.words()
        assert "4000" not in ana.words()

    play(story)


def test_another_language_is_the_same_page_with_the_same_question(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await ana.get(f"/r/{ask}/close?as=cancelled")
        spanish = re.search(r'href="([^"]+)" lang="es"', ana.page)
        assert spanish
        await ana.get(spanish[1].replace("&amp;", "&"))
        assert 'name="as" value="cancelled"' in ana.page
        assert 'lang="es"' in ana.page

    play(story)


def test_a_guest_whose_number_was_wrong_need_not_type_the_rest_again(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await ana.get(f"/r/{ask}")
        await ana.post(f"/r/{ask}/share")
        link = re.search(r"#(flh_[\w-]+)", ana.page)
        assert link
        gus = Browser(world)
        await gus.get(f"/r/{ask}")
        await gus.post("/open", {"token": f"#{link[1]}", "to": f"/r/{ask}"})
        await gus.get(f"/r/{ask}/take")
        await gus.post(f"/r/{ask}/take", {"seats": "2", "eta": "30", "name": "Gus", "phone": "call me"})
        assert "Type the phone number as you would dial it." in gus.words()
        assert 'value="Gus"' in gus.page
        assert 'value="call me"' in gus.page
        assert re.search(r'name="seats"[^>]*value="2"', gus.page)
        assert re.search(r'name="eta" value="30" checked', gus.page)

    play(story)


def test_after_hours_of_looks_the_page_still_tells_the_newest(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)

        def looked(tx: Tx, now: datetime) -> None:
            request = tx.requests.by_public(ask)
            assert request is not None
            for seen in range(500):
                tx.journal.append(f"r{request.id}", "alert_seen", {"heard": {"alerted": 600, "seen": seen}})

        world.flare.store.submit(looked).result()
        await world.turn(timedelta(minutes=1))
        await world.claim("ben", ask, 4)
        await ana.get(f"/r/{ask}")
        assert "Ben has promised 4 seats" in ana.words().split("What happened")[1]

    play(story)


def test_whoever_is_asked_whether_they_are_safe_can_say_so_or_call_for_help_without_a_word(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        claim = (await world.claim("ben", ask, 9))["id"]
        async with world.client("ben") as ben:
            for step in ("en_route", "on_scene", "met"):
                await world.post(ben, f"/v1/claims/{claim}/steps", {"step": step})
        await world.turn(timedelta(minutes=21))
        await ana.get(f"/r/{ask}")
        assert "Are you safe?" in ana.words()
        await ana.post(f"/r/{ask}/safe", {"answer": "safe"})
        assert "Are you safe?" not in ana.words()
        await ana.post(f"/r/{ask}/safe", {"answer": "help"}, world.key())
        assert "Coordinators see it now. In danger, call 911." in ana.words()
        flags = world.flare.store.read_now(lambda tx, now: [str(flag.kind) for flag in tx.safety.flags(9)])
        assert flags == ["help"]

    play(story)
