"""What a wall is told leads from the picture it has to the picture there is, and never further than one ask needs."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World
from web.pages.scene import REMEMBERED, Memory

PARTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3).map(str), max_size=8)


def follow(held: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What a browser makes of it."""
    kept = {} if told["all"] else {name: part for name, part in held.items() if name not in told["del"]}
    return kept | told["put"]


@given(st.lists(PARTS, min_size=1, max_size=12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_whatever_changes_a_wall_that_looks_now_and_then_has_the_newest_picture(
    scenes: list[dict[str, str]], looks: list[bool]
) -> None:
    memory = Memory()
    held: dict[str, Any] = {}
    mark: str | None = None
    for scene, look in zip(scenes, looks, strict=False):
        if not look:
            memory.told(scene, None)
            continue
        told = json.loads(memory.told(scene, mark))
        held, mark = follow(held, told), told["mark"]
        assert held == {name: json.loads(part) for name, part in scene.items()}


def test_a_wall_that_was_away_for_long_is_told_everything() -> None:
    memory = Memory()
    first = json.loads(memory.told({"a": "0"}, None))["mark"]
    for number in range(REMEMBERED):
        memory.told({"a": str(number + 1)}, None)
    told = json.loads(memory.told({"a": "99"}, first))
    assert told["all"] is True
    assert told["put"] == {"a": 99}


def test_one_more_seat_is_told_without_the_rest_of_the_map(play: Play) -> None:
    async def story(world: World) -> None:
        _, ask = await asked(world)
        for _ in range(8):
            await world.ask("ana", similar_ok=True)
        wall = Browser(world)
        first = (await wall.client.get("/watch/scene")).json()
        assert first["all"] is True
        await world.claim("ben", ask, 4)
        told = (await wall.client.get(f"/watch/scene?since={first['mark']}")).json()
        asks = [name for name in told["put"] if name.startswith("a:")]
        assert told["all"] is False
        assert len(asks) == 1
        same = (await wall.client.get(f"/watch/scene?since={told['mark']}")).json()
        assert not [name for name in same["put"] if name != "panel"]

    play(story)
