"""An alert that is committed reaches its phone, whatever process dies in between; of several workers one sends it."""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dispatch.notify.web_push import b64
from dispatch.store.backup import back_up, put_back
from tests.contract.worlds import new_person
from tests.support.receiver import Phone, receiving
from tests.support.site import Site, opened, site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LOOPBACK: dict[str, Any] = {"FLARE_PUSH_LOOPBACK": "on"}


async def subscribed(running: Site, who: str, phone: Phone) -> None:
    """That person is told on that phone."""
    keys = {"p256dh": b64(phone.reader.p256dh), "auth": b64(phone.reader.auth)}
    async with running.client(who) as client:
        answer = await client.put("/v1/me/push", json={"endpoint": phone.endpoint, "keys": keys})
    assert answer.status_code == 200, answer.text


async def asked(running: Site) -> dict[str, Any]:
    """Ana's ask."""
    async with running.client("ana") as client:
        return await running.ask(client)


def lease_is_over(file: Path) -> None:
    """The minute has passed for which a worker that is gone keeps what it took to send."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE outbox SET leased_until = 0 WHERE leased_until IS NOT NULL")


def test_a_server_killed_between_commit_and_delivery_delivers_after_its_restart(tmp_path: Path) -> None:
    with receiving() as receiver:
        phone = Phone(receiver, "/bens-phone")
        receiver.say(phone.path, "503 Busy\r\nRetry-After: 1")
        with site(tmp_path, **LOOPBACK) as running:
            tokens = running.tokens
            asyncio.run(subscribed(running, "ben", phone))
            asyncio.run(asked(running))
            receiver.wait_for(1)
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()
        lease_is_over(tmp_path / "flare.db")
        with site(tmp_path, tokens=tokens, **LOOPBACK):
            receiver.wait_for(2)
        shown = phone.shows()
        assert [each["title"] for each in shown] == ["Ana asks: a ride for 9, near Baker, CA"] * 2
        assert shown[0]["tag"] == shown[1]["tag"]


def test_a_phone_that_was_unsubscribed_stays_so_when_an_older_backup_is_put_back(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path / 'flare.db'}", tmp_path / "copy.db"
    with receiving() as receiver:
        kept, gone = Phone(receiver, "/kept"), Phone(receiver, "/gone")
        with opened(url) as store:
            ben = store.submit(lambda tx, now: new_person(tx, now).id).result()
            for phone in (kept, gone):
                store.submit(phone.wants(ben)).result()
        back_up(url, copy)
        with opened(url) as store:
            store.submit(lambda tx, now: tx.devices.drop_session(f"session of {gone.path}")).result()
        put_back(url, copy)
        with opened(url) as store:
            left = store.read_now(lambda tx, now: [device.endpoint for device in tx.devices.of_person(ben)])
        assert left == [kept.endpoint]


def test_a_phone_that_has_another_owner_since_keeps_that_one_when_an_older_backup_is_put_back(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path / 'flare.db'}", tmp_path / "copy.db"
    with receiving() as receiver:
        phone = Phone(receiver, "/sold")
        with opened(url) as store:
            ben, cem = (store.submit(lambda tx, now: new_person(tx, now).id).result() for _ in range(2))
            store.submit(phone.wants(ben)).result()
        back_up(url, copy)
        with opened(url) as store:
            store.submit(phone.wants(cem)).result()
        put_back(url, copy)
        with opened(url) as store:
            told = store.read_now(lambda tx, now: tx.devices.of_people([ben, cem]))
    assert told == []


@pytest.mark.engines
def test_of_three_workers_one_tells_each_phone_and_each_once(tmp_path: Path, database: str) -> None:
    with receiving() as receiver, site(tmp_path, database, workers=3, friends=6, **LOOPBACK) as running:
        phones = {who: Phone(receiver, f"/{who}") for who in ("ben", "cem", "p3", "p4", "p5", "p6")}

        async def story() -> None:
            for who, phone in phones.items():
                await subscribed(running, who, phone)
            await asked(running)

        asyncio.run(story())
        receiver.wait_for(1)
        running.stop()
        assert receiver.got
        assert all(len(phone.handed) <= 1 for phone in phones.values())
