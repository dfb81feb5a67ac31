"""Web push: hands one encrypted message to a push service, and judges what it answers.

What was sent twice, after a worker was killed, replaces itself on the phone (same tag, no second sound).
Invariants: a service that says no to our key is left alone and the operator is told; an address that is gone is
forgotten at once (tests/contract/test_push.py).
"""

import json
from datetime import datetime, timedelta
from typing import Final

from dispatch.domain import limits
from dispatch.domain.errors import Invalid
from dispatch.notify.courier import Courier, Outcome, Result
from dispatch.notify.endpoints import Allowed, NotThere, Resolve, look_up
from dispatch.notify.post import Postman, wait_of
from dispatch.notify.web_push import Vapid, encrypt, read_point, topic_of, unb64
from dispatch.ports import Clock, Letter, OutboxItem, Store, Tx

AUTH_BYTES: Final = 16


class PushSender(Courier[Letter]):
    """Web push for one worker."""

    channel = "push"

    def __init__(
        self, store: Store, clock: Clock, vapid: Vapid, allowed: Allowed, secret: bytes, resolve: Resolve = look_up
    ) -> None:
        super().__init__(store, clock)
        self._vapid, self._allowed, self._secret, self._resolve = vapid, allowed, secret, resolve
        self._left_alone: dict[str, datetime] = {}
        self._refused: dict[str, set[int]] = {}
        self._accepted: set[str] = set()
        self._postman: Postman | None = None

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

    # -- one message -----------------------------------------------------------------------------------------------

    def _settled(self, tx: Tx, result: Result) -> None:
        if result.outcome is Outcome.GONE:
            tx.devices.drop(result.item.target)

    async def close(self) -> None:
        """Ends the connections; the next turn makes new ones."""
        if self._postman is not None:
            await self._postman.close()
            self._postman = None

    async def _send(self, item: OutboxItem, letter: Letter) -> Result:
        now = self._clock.now()
        try:
            endpoint = self._allowed.endpoint(letter.device.endpoint)
        except NotThere as reason:
            return self._nowhere(item, reason)
        if (until := self._left_alone.get(endpoint.origin, now)) > now:
            return Result(item=item, outcome=Outcome.WAITED, wait=until - now)
        text = json.dumps(letter.text, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        if len(text) > limits.PUSH_BYTES:
            self._log.error("a push of %d bytes was not sent: at most %d", len(text), limits.PUSH_BYTES)
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
        self._postman = self._postman or Postman(self._allowed, self._resolve)
        body = encrypt(text, letter.device.p256dh, letter.device.auth)
        try:
            status, retry_after = await self._postman.hand_in(endpoint, body, headers)
        except NotThere as reason:
            return self._nowhere(item, reason)
        if status in (401, 403):
            return self._no(item, letter, endpoint.origin)
        return self._judged(item, endpoint.origin, status, wait_of(retry_after))

    def _nowhere(self, item: OutboxItem, reason: NotThere) -> Result:
        self._log.warning("a push was not sent: its address %s", reason)
        return Result(item=item, outcome=Outcome.DROPPED)

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
        self._log.error("%s answered a push with %d: a bug of ours; it is not sent again", origin, status)
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
        self._log.error("%s refuses our push key for %d people; it is left alone for a while", origin, len(refused))
        self._left_alone[origin] = self._clock.now() + limits.PUSH_REFUSED_PAUSE
        return Result(item=item, outcome=Outcome.REFUSED, wait=limits.PUSH_REFUSED_PAUSE)
