"""The night of the bus by HTTP, on one process with SQLite and on two workers with PostgreSQL and Redis alike.

Nine people are stranded; one asks, friends hear of it, four seats and three and two are taken, a tenth is refused,
everybody who is not needed is told so, and whoever follows reads every event once and in order.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.support.site import Site, journal_of, opened, site, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
SHAPES = ["one process on SQLite", pytest.param("two workers on PostgreSQL and Redis", marks=pytest.mark.engines)]


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Site, str]]:
    """A running server and the address of its database."""
    if request.param.startswith("one"):
        with site(tmp_path, friends=8) as here:
            yield here, ""
        return
    url = make_url(request.getfixturevalue("migrated_url")).set(drivername="postgresql")
    database, redis = url.render_as_string(hide_password=False), request.getfixturevalue("redis_url")
    with site(tmp_path, database, workers=2, friends=8, FLARE_REDIS_URL=redis) as here:
        yield here, database


async def told(here: Site, client: Any, path: str, kind: str) -> list[dict[str, Any]]:
    """Every event up to the first of that kind, by long poll."""
    answer = (await here.get(client, f"{path}/events?after=0")).json()
    events, epoch, head = list(answer["events"]), answer["epoch"], answer["head"]
    while not any(event["kind"] == kind for event in events):
        answer = (await here.get(client, f"{path}/events?epoch={epoch}&after={head}&wait=10")).json()
        events, head = events + answer["events"], answer["head"]
    return events


async def drive(here: Site, who: str, claim: str) -> None:
    """On the way, there, met."""
    async with here.client(who) as client:
        for step in ("en_route", "on_scene", "met"):
            answer = await here.post(client, f"/v1/claims/{claim}/steps", {"step": step})
            assert answer.status_code == 200, answer.text


def test_the_night_of_the_bus_is_the_same_on_both_shapes(shape: tuple[Site, str], tmp_path: Path) -> None:
    here, database = shape

    async def story() -> None:
        names = [name for name in here.tokens if name != "ana"]
        async with here.client("ana") as ana:
            asked = await here.ask(ana, 9)
            path = f"/v1/requests/{asked['id']}"
            await told(here, ana, path, "wave_sent")
            claims: dict[str, str] = {}
            for who, seats in zip(names, (4, 3, 2), strict=False):
                async with here.client(who) as friend:

                    async def heard(friend: Any = friend) -> bool:
                        return bool((await here.get(friend, "/v1/me/alerts")).json()["alerts"])

                    await until(heard)
                    made = await here.post(friend, f"{path}/claims", {"seats": seats})
                    assert made.status_code == 201, made.text
                    claims[who] = made.json()["id"]
            async with here.client(names[3]) as late:
                refused = await here.post(late, f"{path}/claims", {"seats": 1})
                assert (refused.status_code, refused.json()["seats_open"]) == (409, 0)
            await asyncio.gather(*(drive(here, who, claim) for who, claim in claims.items()))
            closed = await here.post(ana, f"{path}/close", {"disposition": "resolved"})
            assert closed.json()["status"] == "resolved"
            events = await told(here, ana, path, "closed")
        offs = [event["off"] for event in events]
        assert offs == list(range(offs[0], offs[0] + len(offs)))
        kinds = [event["kind"] for event in events]
        assert kinds.count("claimed") == 3
        assert kinds.count("covered") == kinds.count("closed") == 1
        assert kinds.count("claim_stepped") >= 9

        if database:
            # Every worker's ticker looked at the same due work: nobody was alerted twice.
            with opened(database) as store:

                def alerted(tx: Any, now: Any) -> list[int]:
                    request = tx.requests.by_public(asked["id"])
                    return [alert.person_id for alert in tx.alerts.of_request(request.id)]

                people = store.read_now(alerted)
                assert len(people) == len(set(people)) == len(names)
                written = [off for off, _ in journal_of(store, asked["id"])]
                assert written == list(range(1, len(written) + 1))

    asyncio.run(story())
