"""Takes what must be pushed from the outbox and sends it, until it is done or too old. One thread a worker.

Every worker runs one; a message is leased, so exactly one of them sends it. Killed in between, another takes it up
when the lease is over: nothing is lost, and what was sent twice replaces itself on the phone (same tag, no second
sound). It works on its own thread and its own loop, and its writes wait behind people's.
Invariants: a service that says no to our key is left alone and the operator is told; an address that is gone is
forgotten at once; what could not be sent is not taken for sent (tests/contract/test_push.py).
"""

import asyncio
import json
import logging
import secrets
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from dispatch.domain import limits
from dispatch.domain.errors import Invalid
from dispatch.notify.endpoints import Allowed, NotThere, Resolve, look_up
from dispatch.notify.post import Postman, Unreachable, wait_of
from dispatch.notify.web_push import Vapid, encrypt, read_point, topic_of, unb64
from dispatch.ports import Clock, Compose, Lane, Later, Letter, OutboxItem, Store, Tx

log = logging.getLogger("flare.push")

FLOOR_S: Final = 5.0
GATHER_S: Final = 0.05
"""After a commit: what is written together is sent together, and a burst of claims is not looked at one by one."""
READ_AT_ONCE: Final = 16
"""Messages put into words together, right before there is room for them."""
AUTH_BYTES: Final = 16


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


class PushSender:
    """Web push for one worker. `turn` is all of it; `run` calls it until told to stop."""

    def __init__(
        self, store: Store, clock: Clock, vapid: Vapid, allowed: Allowed, secret: bytes, resolve: Resolve = look_up
    ) -> None:
        self._store, self._clock, self._vapid = store, clock, vapid
        self._allowed, self._secret, self._resolve = allowed, secret, resolve
        self._worker = secrets.token_hex(8)
        self._left_alone: dict[str, datetime] = {}
        self._refused: dict[str, set[int]] = {}
        self._accepted: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._compose: Compose | None = None
        self._ending = False
        self._postman: Postman | None = None
        self.tries: Counter[Outcome] = Counter()
        """How often each outcome was met since this worker started."""

    @property
    def public_key(self) -> str:
        """What browsers need in order to subscribe."""
        return self._vapid.public_key

    @property
    def trouble(self) -> str | None:
        """What the operator has to look at; None while there is nothing."""
        now = self._clock.now()
        named = sorted(origin for origin, until in self._left_alone.items() if until > now)
        return (
            f"{', '.join(named)} refuses our push key: is FLARE_VAPID_PRIVATE_KEY another one now?" if named else None
        )

    def check(self, endpoint: str, p256dh: str, auth: str) -> tuple[bytes, bytes]:
        """Both keys of a subscription that messages may be sent to; they come in base64url.

        Raises: Invalid with the reason.
        """
        try:
            self._allowed.endpoint(endpoint)
        except NotThere as reason:
            raise Invalid([{"field": "endpoint", "says": str(reason)}]) from None
        try:
            key, shared = unb64(p256dh), unb64(auth)
            read_point(key)
        except ValueError:
            raise Invalid([{"field": "keys.p256dh", "says": "is no public key of a browser, in base64url"}]) from None
        if len(shared) != AUTH_BYTES:
            raise Invalid([{"field": "keys.auth", "says": "has 16 bytes, in base64url"}])
        return key, shared

    # -- running ---------------------------------------------------------------------------------------------------

    def start(self, compose: Compose) -> None:
        """Sends from now on, in `compose`'s words. `stop` ends it."""
        self._compose, self._ending = compose, False
        self._store.on_commit(self.wake)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="flare-push", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was committed. From any thread; never blocks."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._woken.set)

    def stop(self) -> None:
        """Finishes the messages that are on their way; what it had taken besides is free for others at once."""
        self._compose, self._ending = None, True
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout=limits.PUSH_TIMEOUT_S * 2)
            self._thread = None

    async def _run(self) -> None:
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        try:
            while (compose := self._compose) is not None:
                self._woken.clear()
                try:
                    pause = await self._pause()
                    if pause <= 0:
                        # Due, and another worker was faster: it is not asked for again and again.
                        pause = 0.0 if await self.turn(compose) else GATHER_S
                except Exception:
                    log.exception("a turn of pushing failed; the next one follows")
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
                await asyncio.sleep(GATHER_S)
        except TimeoutError:
            pass

    async def _pause(self) -> float:
        """Seconds until something may be due; nothing or less: something is."""
        due, now = await self._store.read(lambda tx, now: (tx.outbox.next_at(), now))
        return FLOOR_S if due is None else min(FLOOR_S, (due - now).total_seconds())

    async def close(self) -> None:
        """Ends the connections; the next turn makes new ones."""
        if self._postman is not None:
            await self._postman.close()
            self._postman = None

    # -- one turn --------------------------------------------------------------------------------------------------

    async def turn(self, compose: Compose) -> int:
        """Sends what is due; answers how many messages were taken up."""
        items = await self._store.write(self._lease, lane=Lane.BULK)
        if not items:
            return 0
        self._postman = self._postman or Postman(self._allowed, self._resolve)
        room = asyncio.Semaphore(limits.PUSH_AT_ONCE)
        results: list[Result] = []

        async def one(item: OutboxItem, letter: Letter | Later | None) -> None:
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
        self, compose: Compose, items: Sequence[OutboxItem]
    ) -> AsyncIterator[list[tuple[OutboxItem, Letter | Later | None]]]:
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
        return tx.outbox.lease(self._worker, now, now + limits.PUSH_LEASE, limits.PUSH_BATCH)

    def _letters(
        self, compose: Compose, items: Sequence[OutboxItem], tx: Tx, now: datetime
    ) -> list[Letter | Later | None]:
        found: list[Letter | Later | None] = []
        for item in items:
            try:
                found.append(compose(tx, now, item))
            except (ValueError, KeyError, LookupError):
                # One message that can't be written must not hold up those behind it.
                log.exception("a push could not be written", extra={"item": item.id})
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
            elif tx.outbox.done(item.id, self._worker, now) and result.outcome is Outcome.GONE:
                tx.devices.drop(item.target)

    # -- one message -----------------------------------------------------------------------------------------------

    async def _deal_with(self, item: OutboxItem, letter: Letter | Later | None) -> Result:
        if self._ending or isinstance(letter, Later):
            wait = letter.wait if isinstance(letter, Later) else timedelta(0)
            return Result(item=item, outcome=Outcome.WAITED, wait=wait)
        if letter is None or item.attempts > limits.OUTBOX_TRIES:
            return Result(item=item, outcome=Outcome.DROPPED)
        try:
            return await self._send(item, letter)
        except NotThere as reason:
            log.warning("a push was not sent: its address %s", reason)
            return Result(item=item, outcome=Outcome.DROPPED)
        except Unreachable:
            return self._again(item, timedelta(0))

    async def _send(self, item: OutboxItem, letter: Letter) -> Result:
        now = self._clock.now()
        endpoint = self._allowed.endpoint(letter.device.endpoint)
        if (until := self._left_alone.get(endpoint.origin, now)) > now:
            return Result(item=item, outcome=Outcome.WAITED, wait=until - now)
        text = json.dumps(letter.text, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        if len(text) > limits.PUSH_BYTES:
            log.error("a push of %d bytes was not sent: at most %d", len(text), limits.PUSH_BYTES)
            return Result(item=item, outcome=Outcome.FAILED)
        headers = {
            "Authorization": self._vapid.authorization(endpoint.origin, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(0, int(letter.life.total_seconds()))),
            "Urgency": "high" if letter.urgent else "normal",
        }
        if letter.topic is not None:
            headers["Topic"] = topic_of(self._secret, letter.topic)
        assert self._postman is not None  # noqa: S101 - made by the turn this is part of
        body = encrypt(text, letter.device.p256dh, letter.device.auth)
        status, retry_after = await self._postman.hand_in(endpoint, body, headers)
        if status in (401, 403):
            return self._no(item, letter, endpoint.origin)
        return self._judged(item, endpoint.origin, status, wait_of(retry_after))

    def _judged(self, item: OutboxItem, origin: str, status: int, wait: timedelta) -> Result:
        if 200 <= status < 300:
            self._accepted.add(origin)
            self._refused.pop(origin, None)
            self._left_alone.pop(origin, None)
            return Result(item=item, outcome=Outcome.SENT)
        if status in (404, 410):
            return Result(item=item, outcome=Outcome.GONE)
        if status == 429 or status >= 500:
            return self._again(item, wait)
        log.error("%s answered a push with %d: a bug of ours; it is not sent again", origin, status)
        return Result(item=item, outcome=Outcome.FAILED)

    def _no(self, item: OutboxItem, letter: Letter, origin: str) -> Result:
        """The service does not accept our key for this device.

        It registered with another key, perhaps on purpose: however many do, they must not silence the others, so
        they are forgotten where our key is known to be good. When several are refused and none accepted, it is ours.
        """
        if origin in self._accepted:
            return Result(item=item, outcome=Outcome.GONE)
        refused = self._refused.setdefault(origin, set())
        refused.add(letter.device.person_id)
        if len(refused) < limits.PUSH_REFUSED_PEOPLE:
            return Result(item=item, outcome=Outcome.FAILED)
        log.error("%s refuses our push key for %d people; it is left alone for a while", origin, len(refused))
        self._left_alone[origin] = self._clock.now() + limits.PUSH_REFUSED_PAUSE
        return Result(item=item, outcome=Outcome.REFUSED, wait=limits.PUSH_REFUSED_PAUSE)

    def _again(self, item: OutboxItem, wait: timedelta) -> Result:
        """Later: when the service says so, or after 1, 2, 4 … seconds. Too old by then, it is dropped then."""
        backed_off = min(timedelta(seconds=2 ** min(item.attempts - 1, 10)), limits.PUSH_BACK_OFF_MAX)
        return Result(item=item, outcome=Outcome.RETRIED, wait=max(wait, backed_off))
