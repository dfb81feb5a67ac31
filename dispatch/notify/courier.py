"""Takes what must leave the house from the outbox and hands it on, until it is done or too old. One thread a channel.

Every worker runs one for each channel; a message is leased, so exactly one of them sends it. Killed in between, another
takes it up when the lease is over: nothing is lost. It works on its own thread and its own loop, and its writes wait
behind people's. How one message is handed on is the channel's own: sender.py (pushes), texts.py (text messages).
Invariant: what could not be sent is not taken for sent (tests/contract/test_push.py, tests/safety/test_phone.py).
"""

import asyncio
import logging
import secrets
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import ClassVar, Final, Generic, TypeVar

from dispatch.domain import limits
from dispatch.ports import Clock, Compose, Lane, Later, OutboxItem, Store, Tx

L = TypeVar("L")
"""What a message is once it is put into words."""

FLOOR_S: Final = 5.0
GATHER_S: Final = 0.05
"""After a commit: what is written together is sent together, and a burst of claims is not looked at one by one."""
READ_AT_ONCE: Final = 16
"""Messages put into words together, right before there is room for them."""


class Unreachable(Exception):
    """The service could not be talked to, this time."""


class Outcome(StrEnum):
    """What became of one try."""

    SENT = "sent"
    DROPPED = "dropped"
    """No longer true, nobody there to read it, or too old."""
    GONE = "gone"
    """The browser has unsubscribed."""
    RETRIED = "retried"
    WAITED = "waited"
    """Nothing was tried: its turn has not come, its service is left alone, or this worker is ending."""
    FAILED = "failed"
    """A service calls it nonsense: a bug of ours, logged."""
    REFUSED = "refused"
    """A service does not accept our key: the operator has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What to write down about one message."""

    item: OutboxItem
    outcome: Outcome
    wait: timedelta | None = None
    """After which it is tried again."""


class Courier(ABC, Generic[L]):
    """One channel of one worker. `turn` is all of it; `start` calls it on a thread until told to stop."""

    channel: ClassVar[str]

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._worker = secrets.token_hex(8)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken, self._stopped = asyncio.Event(), asyncio.Event()
        self._thread: threading.Thread | None = None
        self._compose: Compose[L] | None = None
        self._ending = False
        self._log = logging.getLogger(f"flare.{self.channel}")
        self.tries: Counter[Outcome] = Counter()
        """How often each outcome was met since this worker started."""

    # -- what a channel brings -------------------------------------------------------------------------------------

    @abstractmethod
    async def _send(self, item: OutboxItem, letter: L) -> Result:
        """What became of one try.

        Raises: Unreachable.
        """

    def _settled(self, tx: Tx, result: Result) -> None:
        """What else is written down with a message that is over, whatever became of it."""

    async def close(self) -> None:
        """Ends the connections; the next turn makes new ones."""

    # -- running ---------------------------------------------------------------------------------------------------

    def start(self, compose: Compose[L]) -> None:
        """Sends from now on, in `compose`'s words. `stop` ends it."""
        self._compose, self._ending = compose, False
        self._store.on_commit(self.wake)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name=f"flare-{self.channel}", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Something was committed. From any thread; never blocks."""
        self._soon(self._woken)

    def _soon(self, event: asyncio.Event) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(event.set)

    def stop(self) -> None:
        """Finishes the messages that are on their way; what it had taken besides is free for others at once."""
        self._compose, self._ending = None, True
        self._soon(self._stopped)
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout=limits.PUSH_TIMEOUT_S * 2)
            self._thread = None

    async def _run(self) -> None:
        self._woken, self._stopped = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        try:
            while (compose := self._compose) is not None:
                self._woken.clear()
                try:
                    pause = await self._pause()
                    if pause <= 0:
                        # Due, and another worker was faster: it is not asked for again and again.
                        pause = 0.0 if await self.turn(compose) else GATHER_S
                except Exception:  # noqa: BLE001 - logged a line below, under the channel's own name
                    self._log.exception("a turn of sending failed; the next one follows")
                    pause = FLOOR_S
                if pause > 0:
                    await self._wait(pause)
        finally:
            self._loop = None
            await self.close()

    async def _wait(self, pause: float) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._woken.wait()
                async with asyncio.timeout(GATHER_S):
                    await self._stopped.wait()
        except TimeoutError:
            pass

    async def _pause(self) -> float:
        """Seconds until something may be due; nothing or less: something is."""
        due, now = await self._store.read(lambda tx, now: (tx.outbox.next_at(self.channel), now))
        return FLOOR_S if due is None else min(FLOOR_S, (due - now).total_seconds())

    # -- one turn --------------------------------------------------------------------------------------------------

    async def turn(self, compose: Compose[L]) -> int:
        """Sends what is due; answers how many messages were taken up."""
        items = await self._store.write(self._lease, lane=Lane.BULK)
        if not items:
            return 0
        room = asyncio.Semaphore(limits.PUSH_AT_ONCE)
        results: list[Result] = []

        async def one(item: OutboxItem, letter: L | Later | None) -> None:
            try:
                results.append(await self._deal_with(item, letter))
            finally:
                room.release()

        async with asyncio.TaskGroup() as sending:
            async for part in self._in_words(compose, items):
                for each in part:
                    # One slow service holds up its own messages, not those of the others behind them.
                    await room.acquire()
                    sending.create_task(one(*each))
                await self._write_down(results)
        await self._write_down(results)
        return len(items)

    async def _in_words(
        self, compose: Compose[L], items: Sequence[OutboxItem]
    ) -> AsyncIterator[list[tuple[OutboxItem, L | Later | None]]]:
        for start in range(0, len(items), READ_AT_ONCE):
            part = items[start : start + READ_AT_ONCE]
            letters = await self._store.read(partial(self._letters, compose, part))
            yield list(zip(part, letters, strict=True))

    async def _write_down(self, results: list[Result]) -> None:
        """What has become of some; they are taken off the list."""
        done, results[:] = list(results), []
        if done:
            await self._store.write(lambda tx, now: self._settle(tx, now, done), lane=Lane.BULK)
            self.tries.update(result.outcome for result in done)

    def _lease(self, tx: Tx, now: datetime) -> list[OutboxItem]:
        return tx.outbox.lease(self.channel, self._worker, now, now + limits.PUSH_LEASE, limits.PUSH_BATCH)

    def _letters(
        self, compose: Compose[L], items: Sequence[OutboxItem], tx: Tx, now: datetime
    ) -> list[L | Later | None]:
        found: list[L | Later | None] = []
        for item in items:
            try:
                found.append(compose(tx, now, item))
            except (ValueError, KeyError, LookupError):
                # One message that can't be written must not hold up those behind it.
                self._log.exception("a message could not be written", extra={"item": item.id})
                found.append(None)
        return found

    def _settle(self, tx: Tx, now: datetime, results: Sequence[Result]) -> None:
        for result in results:
            item = result.item
            if result.wait is not None:
                again = tx.outbox.put_back if result.outcome is Outcome.WAITED else tx.outbox.retry
                again(item.id, self._worker, now + result.wait)
            elif result.outcome in (Outcome.DROPPED, Outcome.FAILED):
                tx.outbox.drop(item.id, self._worker)
                self._settled(tx, result)
            elif tx.outbox.done(item.id, self._worker, now):
                self._settled(tx, result)

    # -- one message -----------------------------------------------------------------------------------------------

    async def _deal_with(self, item: OutboxItem, letter: L | Later | None) -> Result:
        if self._ending or isinstance(letter, Later):
            wait = letter.wait if isinstance(letter, Later) else timedelta(0)
            return Result(item=item, outcome=Outcome.WAITED, wait=wait)
        if letter is None or item.attempts > limits.OUTBOX_TRIES:
            return Result(item=item, outcome=Outcome.DROPPED)
        try:
            return await self._send(item, letter)
        except Unreachable:
            return self._again(item)

    def _again(self, item: OutboxItem, wait: timedelta = timedelta(0)) -> Result:
        """Later: when the service says so, or after 1, 2, 4 … seconds. Too old by then, it is dropped then."""
        backed_off = min(timedelta(seconds=2 ** min(item.attempts - 1, 10)), limits.PUSH_BACK_OFF_MAX)
        return Result(item=item, outcome=Outcome.RETRIED, wait=max(wait, backed_off))
