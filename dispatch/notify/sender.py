"""Takes what must be pushed from the outbox and sends it, until it is done or too old. One thread a worker.

Every worker runs one; a message is leased, so exactly one of them sends it. Killed in between, another takes it up
when the lease is over: nothing is lost, and what was sent twice replaces itself on the phone (same tag, no second
sound). It works on its own thread and its own loop, and its writes wait behind people's.
Invariants: a service that says no to our key is left alone and the operator is told; an address that is gone is
forgotten at once (tests/contract/test_push.py).
"""

import asyncio
import json
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Sequence
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
READ_AT_ONCE: Final = 32
AUTH_BYTES: Final = 16


class Outcome(StrEnum):
    """What became of one try."""

    SENT = "sent"
    DROPPED = "dropped"
    """No longer true, nobody there to read it, or too old."""
    GONE = "gone"
    """The browser has unsubscribed."""
    RETRIED = "retried"
    FAILED = "failed"
    """A service calls it nonsense: a bug of ours, logged."""
    REFUSED = "refused"
    """A service does not accept our key: the operator has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What to write down about one message."""

    item: OutboxItem
    outcome: Outcome
    again: datetime | None = None


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
        self._compose = compose
        self._store.on_commit(self.wake)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="flare-push", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was committed. From any thread; never blocks."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._woken.set)

    def stop(self) -> None:
        """Finishes the messages that are on their way."""
        self._compose = None
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
                    worked = await self.turn(compose)
                    pause = 0.0 if worked else await self._pause()
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
        """Seconds until something may be due."""
        due, now = await self._store.read(lambda tx, now: (tx.outbox.next_at(), now))
        return min(FLOOR_S, max((due - now).total_seconds(), GATHER_S)) if due is not None else FLOOR_S

    async def close(self) -> None:
        """Ends the connections; the next turn makes new ones."""
        if self._postman is not None:
            await self._postman.close()
            self._postman = None

    # -- one turn --------------------------------------------------------------------------------------------------

    async def turn(self, compose: Compose) -> int:
        """Sends what is due; answers how many messages were taken up."""
        due, now = await self._store.read(lambda tx, now: (tx.outbox.next_at(), now))
        if due is None or due > now:
            return 0
        items = await self._store.write(self._lease, lane=Lane.BULK)
        if not items:
            return 0
        self._postman = self._postman or Postman(self._allowed, self._resolve)
        room = asyncio.Semaphore(limits.PUSH_AT_ONCE)

        async def one(item: OutboxItem, letter: Letter | Later | None) -> Result:
            async with room:
                return await self._deal_with(item, letter, now)

        results: list[Result] = []
        for start in range(0, len(items), READ_AT_ONCE):
            part = items[start : start + READ_AT_ONCE]
            letters = await self._store.read(partial(self._letters, compose, part))
            results += await asyncio.gather(*(one(*each) for each in zip(part, letters, strict=True)))
        await self._store.write(lambda tx, at: self._settle(tx, at, results), lane=Lane.BULK)
        self.tries.update(result.outcome for result in results)
        return len(items)

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
            if result.again is not None:
                tx.outbox.retry(item.id, self._worker, result.again)
            elif result.outcome is Outcome.DROPPED:
                tx.outbox.drop(item.id, self._worker)
            elif tx.outbox.done(item.id, self._worker, now) and result.outcome is Outcome.GONE:
                tx.devices.drop(item.target)

    # -- one message -----------------------------------------------------------------------------------------------

    async def _deal_with(self, item: OutboxItem, letter: Letter | Later | None, now: datetime) -> Result:
        if isinstance(letter, Later):
            return Result(item=item, outcome=Outcome.RETRIED, again=letter.at)
        if letter is None or item.attempts > limits.OUTBOX_TRIES:
            return Result(item=item, outcome=Outcome.DROPPED)
        try:
            return await self._send(item, letter, now)
        except NotThere as reason:
            log.warning("a push was not sent: its address %s", reason)
            return Result(item=item, outcome=Outcome.DROPPED)
        except Unreachable:
            return self._again(item, now, timedelta(0))

    async def _send(self, item: OutboxItem, letter: Letter, now: datetime) -> Result:
        endpoint = self._allowed.endpoint(letter.device.endpoint)
        if (until := self._left_alone.get(endpoint.origin, now)) > now:
            return Result(item=item, outcome=Outcome.REFUSED, again=until)
        text = json.dumps(letter.text, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        if len(text) > limits.PUSH_BYTES:
            log.error("a push of %d bytes was not sent: at most %d", len(text), limits.PUSH_BYTES)
            return Result(item=item, outcome=Outcome.FAILED)
        headers = {
            "Authorization": self._vapid.authorization(endpoint.origin, self._clock.now()),
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
            return self._no(item, letter, endpoint.origin, now)
        return self._judged(item, endpoint.origin, status, wait_of(retry_after), now)

    def _judged(self, item: OutboxItem, origin: str, status: int, wait: timedelta, now: datetime) -> Result:
        if 200 <= status < 300:
            self._accepted.add(origin)
            self._refused.pop(origin, None)
            return Result(item=item, outcome=Outcome.SENT)
        if status in (404, 410):
            return Result(item=item, outcome=Outcome.GONE)
        if status == 429 or status >= 500:
            return self._again(item, now, wait)
        log.error("%s answered a push with %d: a bug of ours; it is not sent again", origin, status)
        return Result(item=item, outcome=Outcome.FAILED)

    def _no(self, item: OutboxItem, letter: Letter, origin: str, now: datetime) -> Result:
        """The service does not accept our key for this device.

        One such device registered with somebody else's key, perhaps on purpose: it must not silence the others, so it
        is forgotten where our key is known to be good. When several people's are refused and none accepted, it is ours.
        """
        refused = self._refused.setdefault(origin, set())
        refused.add(letter.device.person_id)
        if len(refused) < limits.PUSH_REFUSED_PEOPLE:
            return Result(item=item, outcome=Outcome.GONE if origin in self._accepted else Outcome.FAILED)
        log.error("%s refuses our push key for %d people; it is left alone for a while", origin, len(refused))
        self._left_alone[origin] = until = now + limits.PUSH_REFUSED_PAUSE
        return Result(item=item, outcome=Outcome.REFUSED, again=until)

    def _again(self, item: OutboxItem, now: datetime, wait: timedelta) -> Result:
        """Later: when the service says so, or after 1, 2, 4 … seconds. Too old by then, it is dropped then."""
        backed_off = min(timedelta(seconds=2 ** min(item.attempts - 1, 10)), limits.PUSH_BACK_OFF_MAX)
        return Result(item=item, outcome=Outcome.RETRIED, again=now + max(wait, backed_off))
