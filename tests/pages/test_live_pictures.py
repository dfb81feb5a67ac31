"""The live part of a page: what ends its stream and what does not, who shares a picture, how many may wait."""

import asyncio
from typing import Any

from fastapi import Request

from dispatch.domain import limits
from dispatch.domain.errors import Busy
from tests.pages.conftest import Browser, asked
from tests.web.conftest import FAR, Play, World
from web.pages import live


def test_a_stream_ends_quietly_when_the_house_is_busy_and_the_browser_comes_back(play: Play) -> None:
    async def story(world: World) -> list[bytes]:
        api = world.app.api
        assert api is not None

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def busy() -> str:
            raise Busy

        async def picture() -> live.Picture:
            return "e:2", "<p>new</p>"

        request = Request({"type": "http", "app": api}, receive)
        pulse = live.pulse_of(api, world.flare)
        return [block async for block in live.pictures(request, pulse, busy, picture, "e:1")]

    assert play(story) == [b"event: beat\ndata:\n\n"]


def test_all_holders_of_the_view_link_are_sent_the_same_bytes_with_nothing_of_their_own(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await ana.post(f"/r/{ask}/share")
        token = ana.page.partition("#flv_")[2][:22]
        shown, readers = [], [Browser(world) for _ in range(3)]
        for reader in readers:
            await reader.get(f"/r/{ask}")
            await reader.post("/open", {"token": f"flv_{token}", "to": f"/r/{ask}"})
            shown.append(await reader.get(f"/r/{ask}/live"))
        assert shown[0] == shown[1] == shown[2]
        assert "The ask went up" in shown[0]
        assert 'name="key"' not in shown[0]
        assert await ana.get(f"/r/{ask}/live") != shown[0]
        assert await readers[0].get(f"/r/{ask}/live?lang=es") != shown[0]

    play(story)


def test_a_picture_many_see_alike_is_drawn_once_and_again_after_it_failed(play: Play) -> None:
    async def story(world: World) -> list[str]:
        api = world.app.api
        assert api is not None
        pulse, drawn, late = live.pulse_of(api, world.flare), list[str](), asyncio.Event()

        async def draw() -> live.Picture:
            drawn.append("once")
            await late.wait()
            if len(drawn) == 1:
                raise Busy
            return "e:2", "<p>new</p>"

        first = asyncio.ensure_future(pulse.picture("ask", draw))
        others = [asyncio.ensure_future(pulse.picture("ask", draw)) for _ in range(5)]
        await asyncio.wait([first], timeout=0)
        first.cancel()  # whoever came first and went away takes nothing from the others
        late.set()
        told = await asyncio.gather(*others, return_exceptions=True)
        assert [type(each) for each in told] == [Busy] * 5
        assert [await pulse.picture("ask", draw) for _ in range(5)] == [("e:2", "<p>new</p>")] * 5
        return drawn

    assert play(story) == ["once", "once"]


def test_one_caller_has_ten_pages_waiting_and_the_next_one_is_told_to_come_later(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        path = f"/r/{ask['id']}/live"
        async with world.client("ana", address=FAR) as ana, world.client("ben", address=FAR) as ben:
            at = (await ana.get(path)).headers["x-position"]
            waiting = [
                asyncio.ensure_future(ana.get(f"{path}?after={at}&wait=25")) for _ in range(limits.PAGES_WAITING)
            ]
            seen = [(await ana.get(f"{path}?after={at}")).status_code for _ in range(40)]
            refused = await ana.get(path)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, str(limits.PAGES_AGAIN_S)), seen
            assert (await ben.get(path)).status_code == 200
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            assert (await ana.get(f"{path}?after={at}")).status_code == 204

    play(story)


def test_a_page_that_waits_for_news_does_not_hold_up_the_end_of_the_server(play: Play) -> None:
    async def story(world: World) -> None:
        api = world.app.api
        assert api is not None
        ana, ask = await asked(world)
        await ana.get(f"/r/{ask}/live")
        assert ana.answer is not None
        at = ana.answer.headers["x-position"]
        api.state.hub.draining = True
        async with asyncio.timeout(5):
            await ana.get(f"/r/{ask}/live?after={at}&wait=25")
        assert ana.status == 204

    play(story)
