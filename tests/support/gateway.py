"""A gateway for text messages on loopback, and the codes that came out of it."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dispatch.notify.texts import TextSender
from tests.support.receiver import Handed, Receiver, receiving
from web.pages import texted

PATH = "/texts"
SECRET = "a-secret-of-the-gateway"


@dataclass
class Gateway:
    """What was handed in."""

    receiver: Receiver

    @property
    def settings(self) -> dict[str, Any]:
        """Of a Flare that hands its texts in here."""
        return {
            "sms_url": self.receiver.address + PATH,
            "sms_headers": (("Authorization", f"Bearer {SECRET}"),),
            "sms_countries": ("1", "34"),
        }

    @property
    def handed(self) -> list[Handed]:
        """Every try, in order."""
        return [each for each in self.receiver.got if each.path == PATH]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """(to, text) of each."""
        return [(each["to"], each["text"]) for each in (json.loads(handed.body) for handed in self.handed)]

    @property
    def code(self) -> str:
        """The code in the newest one."""
        found = re.search(r"[0-9]{6}", self.texts[-1][1])
        assert found, self.texts[-1]
        return found[0]


@contextmanager
def gateway() -> Iterator[Gateway]:
    """A gateway that listens until the block ends."""
    with receiving() as receiver:
        yield Gateway(receiver)


async def sent(sender: TextSender | None) -> None:
    """Sends all that is due."""
    assert sender is not None
    while await sender.turn(texted.write):
        pass
    await sender.close()


def send(sender: TextSender | None) -> None:
    """As `sent`, outside of a loop."""
    asyncio.run(sent(sender))
