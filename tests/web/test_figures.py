"""A worker's figures: one look tells all of them, and a disk that is full for a while stops nothing for good."""

import asyncio
from pathlib import Path

import pytest

from tests.support.site import until
from tests.web.conftest import Play, World
from web import metrics
from web.figures import Board, Figures


def test_one_look_tells_the_sum_of_all_workers_and_the_gauges_of_each(tmp_path: Path) -> None:
    Board(tmp_path, 0).write(Figures(counters={"n_total": 2}, gauges={"now": 5}, copies={"asks": [3]}))
    (tmp_path / "1-1").write_text('{"counters": {"n_total": 40}, "gauges": {"now": 6}, "copies": {"asks": [4]}}')
    fleet = Board(tmp_path, 0).exchange(Figures(counters={"n_total": 3}, gauges={"now": 7}, copies={"asks": [4]}))
    assert fleet.counters == {"n_total": 43}
    assert fleet.gauges == {"0": {"now": 7}, "1": {"now": 6}}
    assert fleet.copies == {"asks": [4]}


def test_figures_are_written_again_once_the_disk_takes_them(
    play: Play, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "later"

    async def story(world: World) -> None:
        assert world.app.api is not None
        keeping = asyncio.create_task(metrics.keep(world.app.api.state, Board(folder, 0), each_s=0.01))
        await until(lambda: "figures could not be written" in caplog.text)
        folder.mkdir()
        await until(lambda: bool(list(folder.glob("0-*"))))
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    play(story)
