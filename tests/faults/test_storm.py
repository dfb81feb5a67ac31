"""A worker dies with everybody on it: all of them come back, resume by offset and have missed nothing."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import LONG
from tests.faults.test_workers import following, holes
from tests.support.site import Site, journal_of, opened, site, until

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(240)]
WATCHERS = 1_000 if LONG else 120
BACK_WITHIN_S = 30.0


def test_everybody_on_a_worker_that_was_killed_is_back_within_half_a_minute_and_has_missed_nothing(
    tmp_path: Path, database: str
) -> None:
    async def story(here: Site) -> None:
        async with here.client("ana") as ana:
            public_id = (await here.ask(ana, 9))["id"]
            async with following(here, public_id, WATCHERS) as heard:
                os.kill(here.workers()[0], signal.SIGKILL)
                note = await here.post(ana, f"/v1/requests/{public_id}/notes", {"text": "still here"})
                assert note.status_code == 201
                with opened(database) as store:
                    head = journal_of(store, public_id)[-1][0]
                await until(lambda: all(seen[-1].off >= head for seen in heard), BACK_WITHIN_S)
                assert not any(holes(seen) for seen in heard)
                assert all([update.kind for update in seen].count("snapshot") == 1 for seen in heard)

    with site(tmp_path, database, workers=2) as here:
        asyncio.run(story(here))
