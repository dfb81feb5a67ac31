"""The wall: counts in bands, nothing of a few people, and how a call travels only when its owner says so."""

import re
from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.visibility import Viewer
from geo import cells
from geo.point import Point
from tests.pages.conftest import Browser, asked, taken
from tests.web.conftest import Play, World
from web.pages import wall

CELLS = cells.disk(cells.cell_of(Point(35.0, -116.0), 4), 3)


@given(st.dictionaries(st.sampled_from(CELLS), st.integers(1, 30)))
def test_no_cell_on_the_wall_stands_for_fewer_than_five_people(counts: dict[str, int]) -> None:
    shown = wall.folded(Counter(counts))
    assert all(n >= wall.FEWEST for n in shown.values())
    assert sum(shown.values()) <= sum(counts.values())


def test_a_count_is_told_as_the_band_it_reaches() -> None:
    assert [wall.band(n) for n in (4, 5, 9, 10, 49, 50, 199, 5_000)] == [0, 5, 5, 10, 20, 50, 100, 200]


def test_the_wall_names_nobody_and_shows_no_travel_unless_switched_on(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        await world.turn()
        await taken(world, "ben", ask)
        wall_page = Browser(world)
        await wall_page.get("/watch")
        assert "9 people near" in wall_page.words()
        assert "4 seats promised" in wall_page.words()
        assert "Ben" not in wall_page.words()
        assert "asked so far" not in wall_page.words()
        scene = (await wall_page.client.get("/watch/scene")).json()
        assert not [name for name in scene["put"] if name.startswith(("p:", "r:"))]
        assert ask not in str(scene)

    play(story)


def test_an_empty_wall_says_that_nobody_waits(play: Play) -> None:
    async def story(world: World) -> None:
        wall_page = Browser(world)
        await wall_page.get("/watch")
        assert "Nobody is waiting." in wall_page.words()

    play(story)


def test_the_live_part_is_sent_when_something_changed_and_not_before(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        first = await ana.client.get(f"/r/{ask}/live?after=x:0")
        position = first.headers["x-position"]
        same = await ana.client.get(f"/r/{ask}/live?after={position}")
        assert same.status_code == 204
        await world.claim("ben", ask, 4)
        fresh = await ana.client.get(f"/r/{ask}/live?after={position}&wait=5")
        assert fresh.status_code == 200
        assert re.search(r"4 of 9 seats found", fresh.text)

    play(story)


def test_money_and_repairs_are_not_counted_as_so_many_people(play: Play) -> None:
    async def story(world: World) -> None:
        await world.ask("ana")
        await world.ask("ana", kind="repair", quantity=2, similar_ok=True)
        await world.ask("ana", kind="supplies", quantity=40, similar_ok=True)
        wall_page = Browser(world)
        await wall_page.get("/watch")
        assert "11 people waiting" in wall_page.words()
        assert "0 of 9 seats found" in wall_page.words()

    play(story)


def test_whoever_is_covered_or_has_been_met_waits_no_more(play: Play) -> None:
    async def story(world: World) -> None:
        covered, partly = await world.ask("ana"), await world.ask("dora", similar_ok=True)
        await world.claim("ben", covered["id"], 9)
        claim = await world.claim("cem", partly["id"], 4)
        wall_page = Browser(world)
        await wall_page.get("/watch")
        assert "9 people waiting" in wall_page.words()
        async with world.client("cem") as cem:
            for step in ("en_route", "on_scene", "met"):
                await world.post(cem, f"/v1/claims/{claim['id']}/steps", {"step": step})
        await wall_page.get("/watch")
        assert "5 people waiting" in wall_page.words()
        assert "13 of 18 seats found" in wall_page.words()

    play(story)


def test_beyond_their_budget_of_cells_a_viewer_sees_no_ask_neither_going_on_nor_ended(play: Play) -> None:
    async def story(world: World) -> None:
        places = [{"lat": 35.2, "lon": lon} for lon in (-116.1, -113.0, -110.0)]
        asks = [await world.ask(place=place, show_travel=True, similar_ok=True) for place in places]
        async with world.client("ana") as ana:
            await world.post(ana, f"/v1/requests/{asks[2]['id']}/close", {"disposition": "resolved"})

        def read(*allowed: wall.Ask | wall.Ended, wanted: str | None = None) -> wall.Wall:
            held = {cells.parent(each.entry["cell"], cells.MAP) for each in allowed}

            def may(asked: Iterable[str]) -> set[str]:
                return {cell for cell in asked if cell in held or not allowed}

            looker = wall.Looker(viewer=Viewer(), secret=world.flare.secret, may=may)
            store, book = world.flare.store, wall.Book()
            return store.read_now(lambda tx, now: wall.read(tx, now, looker, wanted, {}, book))

        whole = read()
        assert (len(whole.asks), len(whole.ended)) == (2, 1)
        second = read(whole.asks[1])
        assert [ask.id for ask in second.asks] == [whole.asks[1].id]
        assert second.hero is not None, "who may see another ask is not told that nobody waits"
        assert (second.hero.id, bool(second.events), second.ended) == (whole.asks[1].id, True, [])
        assert read(whole.asks[0], wanted=whole.ended[0].id).past is None
        assert read(whole.ended[0], wanted=whole.ended[0].id).past is not None

    play(story)


def test_the_members_of_the_map_are_compared_once_a_look_and_not_once_an_ask() -> None:
    book, counts = wall.Book(), Counter(dict.fromkeys(CELLS, 7))
    first = book.same(counts)
    assert book.same(+counts) is first
    assert book.same(counts + Counter(CELLS[:1])) is not first


def test_a_wall_in_a_room_turns_through_those_who_still_need_somebody_danger_first(play: Play) -> None:
    async def story(world: World) -> None:
        asks = [await world.ask(quantity=n, similar_ok=True) for n in (2, 3, 4)]
        await world.claim("ben", asks[0]["id"], 2)
        await world.claim("ben", asks[1]["id"], 1)
        danger = await world.ask("dora", quantity=5, urgency="danger", similar_ok=True)
        scene = (await Browser(world).client.get("/watch/scene")).json()["put"]
        named = {part["total"]: name[2:] for name, part in scene.items() if name.startswith("a:")}
        assert scene["turns"] == [named[5], named[4], named[3]]
        assert danger["id"] not in str(scene)

    play(story)
