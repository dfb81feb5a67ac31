"""An alert that is committed reaches its phone, whatever process dies in between; of several workers one sends it."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from dispatch.notify.web_push import b64
from tests.support.receiver import Phone, receiving
from tests.support.site import Site, site

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
        with site(tmp_path, tokens=tokens, **LOOPBACK):
            receiver.wait_for(2)
        shown = phone.shows()
        assert [each["title"] for each in shown] == ["Ana asks: a ride for 9, near Baker, CA"] * 2
        assert shown[0]["tag"] == shown[1]["tag"]


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
