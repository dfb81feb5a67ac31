"""An older backup is put back under somebody who follows: they start over from a snapshot and believe nothing old."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.test_workers import following
from tests.support.site import ROOT, SECRET, Site, site, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def flare(folder: Path, *words: str) -> None:
    """The command, as an operator types it."""
    environ = {**os.environ, "FLARE_SECRET": SECRET, "FLARE_DATABASE_URL": f"sqlite:///{folder / 'flare.db'}"}
    subprocess.run([sys.executable, "-m", "dispatch", *words], cwd=ROOT, env=environ, check=True, capture_output=True)


def test_a_follower_of_a_restored_server_gets_a_snapshot_with_a_new_epoch_and_goes_on_from_there(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy.db"

    async def note(here: Site, public_id: str, text: str) -> None:
        async with here.client("ana") as ana:
            told = await here.post(ana, f"/v1/requests/{public_id}/notes", {"text": text})
            assert told.status_code == 201

    async def story(before: Any) -> None:
        with before as here:
            port = urlsplit(here.base).port
            async with here.client("ana") as ana:
                public_id = (await here.ask(ana, 9))["id"]
            async with following(here, public_id, 2) as heard:
                await note(here, public_id, "kept")
                await asyncio.to_thread(flare, tmp_path, "backup", str(copy))
                for text in ("lost", "lost too", "and this"):
                    await note(here, public_id, text)
                await until(lambda: all(seen[-1].off >= 5 for seen in heard))
                furthest = [seen[-1].off for seen in heard]
                assert await asyncio.to_thread(here.stop) == 0
                await asyncio.to_thread(flare, tmp_path, "restore", str(copy))
                again = site(tmp_path, tokens=here.tokens, port=port or 0)
                with again as there:
                    await until(lambda: all(seen[-1].off < most for seen, most in zip(heard, furthest, strict=True)))
                    await note(there, public_id, "after")
                    await until(lambda: all(seen[-1].kind == "event" for seen in heard))
                    for seen in heard:
                        snapshots = [update for update in seen if update.kind == "snapshot"]
                        assert len({update.frame["epoch"] for update in snapshots}) == len(snapshots) == 2
                        after = seen[seen.index(snapshots[1]) :]
                        assert [update.off for update in after] == list(
                            range(snapshots[1].off, snapshots[1].off + len(after))
                        )
                    states = [seen[-1].state for seen in heard]
                    async with there.client("ana") as ana:
                        fresh = (await there.get(ana, f"/v1/requests/{public_id}")).json()
                    assert all(state["status"] == fresh["status"] for state in states)
                    assert all(state["notes"] == fresh["notes"] for state in states)

    asyncio.run(story(site(tmp_path)))
