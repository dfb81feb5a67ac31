"""A night whose phones can be reached: a receiver on loopback, and a sender beside the ticker."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from dispatch.clock import MachineClock
from dispatch.notify.endpoints import Allowed
from dispatch.notify.sender import PushSender
from dispatch.notify.web_push import Vapid, new_key
from dispatch.ports import Tx
from dispatch.settings import Settings
from dispatch.store.tx import StoreTx
from tests.support.receiver import Phone, Receiver
from tests.support.world import Night
from web.pages import pushed

COMPOSE = pushed.writer(Settings())


@dataclass
class Pushing:
    """A night, its receiver, and one worker's sender."""

    night: Night
    receiver: Receiver
    sender: PushSender = field(init=False)

    def __post_init__(self) -> None:
        self.sender = self.another_sender()

    def another_sender(self) -> PushSender:
        """As a second worker would run one."""
        clock = self.night.clock or MachineClock()
        return PushSender(
            self.night.store, clock, Vapid(new_key()), Allowed(hosts=(), loopback=True), b"s" * 32
        )  # fmt: skip

    def phone(self, person_id: int, lang: str | None = "en", path: str | None = None) -> Phone:
        """A phone that this person wants to be told on."""
        phone = Phone(self.receiver, path or f"/{person_id}")
        self.night.do(phone.wants(person_id, lang=lang))
        return phone

    def send(self, sender: PushSender | None = None) -> int:
        """Sends all that is due; how many messages were taken up."""
        chosen = sender or self.sender

        async def all_of_it() -> int:
            taken = 0
            while count := await chosen.turn(COMPOSE):
                taken += count
            await chosen.close()
            return taken

        return asyncio.run(all_of_it())

    def settle(self) -> None:
        """Everything that is due is done, and everybody told."""
        self.night.settle()
        self.send()

    def wait(self, by: timedelta) -> None:
        """Lets so much time pass, for the outbox as well."""
        self.night.wait(by)
        if self.night.clock is not None:
            return

        def shift(tx: Tx, now: datetime) -> None:
            assert isinstance(tx, StoreTx)
            micros = by // timedelta(microseconds=1)
            tx.link.run(text(f"UPDATE outbox SET due_at = due_at - {micros}, leased_until = leased_until - {micros}"))

        self.night.do(shift)

    def waiting(self) -> int:
        """Messages that are not done."""
        return sum(row[-1] is None for row in self.night.everything()["outbox"])
