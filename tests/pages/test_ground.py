"""The drawn ground: nobody waits for it but who asked, few may ask, and a cache keeps its forms apart."""

import asyncio

from geo.point import Point
from tests.pages.conftest import Browser
from tests.web.conftest import FAR, Play, World
from web.limiter import GROUND_NEAR
from web.pages import ground
from web.visitor import visitor_of


def test_the_server_goes_on_while_a_new_piece_is_drawn_once_for_all_who_want_it() -> None:
    async def story() -> None:
        shelf, frame = ground.Shelf(), ground.frame_at(Point(-30, 140))
        both = asyncio.gather(shelf.drawn(frame), shelf.drawn(frame))
        turns = 0
        while not both.done():
            turns += 1
            await asyncio.sleep(0)
        one, other = await both
        assert one is other is shelf.held(frame)
        assert turns > 10

    asyncio.run(story())


def test_no_more_pieces_are_kept_than_the_bound() -> None:
    async def story() -> None:
        shelf = ground.Shelf(most=1)
        first, second = (ground.frame_at(Point(lat, -140)) for lat in (-40, -50))
        await shelf.drawn(first)
        await shelf.drawn(second)
        assert (shelf.held(first) is None, shelf.held(second) is None) == (True, False)

    asyncio.run(story())


def test_strangers_have_few_new_pieces_drawn_and_any_number_of_drawn_ones(play: Play) -> None:
    async def story(world: World) -> None:
        assert world.app.api is not None
        (near,), stranger_of = GROUND_NEAR, visitor_of({"client": (FAR, 1), "headers": []}, ())
        for _ in range(near.count - 1):
            assert world.app.api.state.limiter.take([(near, stranger_of.prefix)]) == 0
        async with world.client(address=FAR) as stranger:
            asked = ["lat=-60&lon=-130"] * 3 + ["lat=-60&lon=-110"]
            got = [(await stranger.get(f"/watch/ground?{where}")).status_code for where in asked]
        assert got == [200, 200, 200, 429]

    play(story)


def test_a_cache_between_never_hands_a_packed_answer_to_who_can_not_unpack_it(play: Play) -> None:
    async def story(world: World) -> None:
        client = Browser(world).client
        for path in ("/watch/ground?lat=-60&lon=-130", "/watch/scene"):
            assert "Accept-Encoding" in (await client.get(path)).headers["vary"]

    play(story)
