"""The collector of garbage does not stop a server full of sockets, and is as it was when the server has stopped."""

import gc
from pathlib import Path

from tests.live.world import World, play
from web.live.collector import THRESHOLDS


def test_a_server_looks_at_few_objects_at_a_time_and_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    async def scene(here: World) -> None:
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > frozen
        async with here.client(await here.person()) as client:
            await client.sub("inbox")

    play(tmp_path, scene)
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_a_served_process_still_collects_what_closed_connections_leave_behind() -> None:
    assert gc.isenabled()
    assert THRESHOLDS[0] * THRESHOLDS[1] * THRESHOLDS[2] <= 2_000_000
