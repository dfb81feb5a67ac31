"""The live part of a page: what ends its stream, and what does not."""

import asyncio
from typing import Any

from fastapi import Request

from dispatch.domain.errors import Busy
from tests.web.conftest import Play, World
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
