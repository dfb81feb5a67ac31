"""Whichever worker is asked tells what the whole fleet has counted, also after some of it has died."""

import asyncio
import os
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.support.site import Site, site, until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(180)]

ANSWERS = 'flare_http_answers_total{status="4xx"}'
POSTED = "flare_asks_posted_total"
OPEN = "flare_live_connections"


async def scraped(here: Site) -> dict[str, float]:
    """One scrape, on a connection of its own: the kernel hands it to either worker."""
    async with httpx.AsyncClient(base_url=here.base, timeout=20) as machine:
        text = (await machine.get("/metrics")).text
    samples = re.findall(r"^([^#\s]+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
    assert len({name for name, _ in samples}) == len(samples), "one sample twice"
    families = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(set(families)) == len(families), "one family twice"
    return {name: float(value) for name, value in samples}


async def knock(here: Site, times: int) -> None:
    """So many answers 404, over the workers."""
    for _ in range(times):
        async with httpx.AsyncClient(base_url=here.base) as stranger:
            assert (await stranger.get("/v1/requests/nobody")).status_code == 404


async def seen(here: Site, name: str, value: float) -> None:
    """Every worker says so: twelve scrapes in a row."""

    async def all_say() -> bool:
        return all([(await scraped(here)).get(name) == value for _ in range(12)])

    await until(all_say, 30)


def kept(folder: Path) -> int:
    """How many files of figures there are."""
    return len([path for path in folder.glob("flare-figures-*/*") if not path.suffix])


def test_any_worker_tells_what_all_have_counted_and_the_dead_ones_too(tmp_path: Path, database: str) -> None:
    async def story(here: Site) -> None:
        await knock(here, 30)
        async with here.client("ana") as ana:
            await here.ask(ana)
        await seen(here, ANSWERS, 30)
        await seen(here, POSTED, 1)
        samples = await scraped(here)
        assert {f'{OPEN}{{worker="{number}"}}' for number in (0, 1)} <= set(samples)
        assert OPEN not in samples

        victim = here.workers()[0]
        os.kill(victim, signal.SIGKILL)
        await until(lambda: victim not in here.workers() and len(here.workers()) == 2)
        await seen(here, ANSWERS, 30)
        before = set(here.workers())
        here.process.send_signal(signal.SIGHUP)
        await until(lambda: not before & set(here.workers()) and len(here.workers()) == 2, 90)
        await knock(here, 5)
        await seen(here, ANSWERS, 35)
        async with here.client("ana") as ana:
            await here.ask(ana)
        await seen(here, POSTED, 2)
        assert len([name for name in await scraped(here) if name.startswith(OPEN)]) == 2
        await until(lambda: kept(tmp_path) == 3)  # the living and the gone

    with site(tmp_path, database, workers=2, TMPDIR=str(tmp_path)) as here:
        asyncio.run(story(here))
        assert here.stop() == 0
        assert not list(tmp_path.glob("flare-figures-*"))
