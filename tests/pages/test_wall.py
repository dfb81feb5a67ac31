"""The wall: counts in bands, nothing of a few people, and how a call travels only when its owner says so."""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from geo import cells
from geo.point import Point
from tests.pages.conftest import Browser, asked
from tests.pages.test_follow_and_help import taken
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
