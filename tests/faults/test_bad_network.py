"""Everybody is on a bad line: packets late, lost for a while, connections cut; no claim is lost, none is made twice."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import LONG
from tests.faults.test_workers import claiming, following, holes, seats_right
from tests.support.bad_line import Badness, bad_line
from tests.support.site import Site, opened, site, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

CLAIMS = 1_000 if LONG else 60


def test_on_a_bad_line_every_claim_is_made_once_and_every_follower_hears_all_in_order(tmp_path: Path) -> None:
    seed = int(os.environ.get("FLARE_TEST_SEED", "11"))

    async def story(here: Site) -> tuple[str, int, list[str]]:
        address = urlsplit(here.base)
        acked: list[str] = []
        stop = asyncio.Event()
        async with bad_line((str(address.hostname), int(address.port or 0)), Badness(), seed) as line:
            afar = replace(here, base=line.address)
            async with afar.client("ana") as ana:
                public_id = (await afar.ask(ana, 9))["id"]
                async with following(afar, public_id, 4) as heard:
                    async with asyncio.TaskGroup() as group:
                        for who in ("ben", "cem", "p3", "p4"):
                            group.create_task(claiming(afar, who, public_id, stop, acked))
                        await until(lambda: len(acked) >= CLAIMS, 200)
                        stop.set()
                    await afar.post(ana, f"/v1/requests/{public_id}/close", {"disposition": "cancelled"})
                    head = (await afar.get(ana, f"/v1/requests/{public_id}")).json()["off"]
                    await until(lambda: all(seen[-1].off >= head for seen in heard), 60)
                    assert not any(holes(seen) for seen in heard)
        assert line.struck["cut"] >= 3
        assert line.struck["lost"] >= 3
        sys.stderr.write(f"\nseed {seed}: {len(acked)} claims, {head} events to 4 followers over {dict(line.struck)}\n")
        return public_id, head, acked

    with site(tmp_path, friends=6) as here:
        public_id, head, acked = asyncio.run(story(here))
    database = f"sqlite:///{tmp_path / 'flare.db'}"
    seats_right(database, public_id, acked, [head])
    with opened(database) as store:
        made = store.read_now(lambda tx, now: claims_of(tx, public_id))
    assert sorted(made) == sorted(acked), "a claim was made that nobody was told of, or twice"


def claims_of(tx: Any, public_id: str) -> list[str]:
    """The names of all claims of an ask."""
    return [claim.public_id for claim in tx.claims.of_request(tx.requests.by_public(public_id).id)]
