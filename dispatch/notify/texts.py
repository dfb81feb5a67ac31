"""Text messages, through a gateway that the operator names: one POST of `{to, text}`, with the operator's headers.

Sends nothing that nobody put into the outbox, and decides nothing about who may have one (actions/prove_phone.py).
The same message carries the same Idempotency-Key on every try. No number, text, header or answer is ever logged.
How a gateway is bridged to a carrier: docs/operations.md, "Text messages".
Invariant: what the gateway has taken is sent once; what it has not is tried until the code is over
(tests/safety/test_phone.py).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dispatch.domain import limits
from dispatch.notify.courier import Courier, Outcome, Result, Unreachable
from dispatch.notify.post import wait_of
from dispatch.notify.web_push import topic_of
from dispatch.ports import Clock, OutboxItem, Store, Text, Tx

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where texts are handed in."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What it asks for to know us: secrets."""


class TextSender(Courier[Text]):
    """Text messages for one worker."""

    channel = "text"

    def __init__(self, store: Store, clock: Clock, gateway: Gateway, secret: bytes) -> None:
        super().__init__(store, clock)
        self.gateway = gateway
        self._secret = secret
        self._client: httpx.AsyncClient | None = None

    async def _send(self, item: OutboxItem, letter: Text) -> Result:
        import httpx

        if self._client is None:
            # The environment's proxies and redirects are none of ours: the secret goes to the operator's address only.
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                headers=dict(self.gateway.headers),
                timeout=limits.TEXT_TIMEOUT_S,
            )
        once = {"Idempotency-Key": topic_of(self._secret, f"text {item.id}")}
        body = {"to": letter.to, "text": letter.text}
        try:
            async with asyncio.timeout(limits.TEXT_TIMEOUT_S):
                answer = await self._client.post(self.gateway.url, json=body, headers=once)
        except (httpx.HTTPError, OSError, TimeoutError) as fault:
            raise Unreachable(type(fault).__name__) from None
        if answer.is_success:
            return Result(item=item, outcome=Outcome.SENT)
        if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
            return self._again(item, wait_of(answer.headers.get("retry-after")))
        self._log.error("the gateway of FLARE_SMS_URL answered a text with %d; not sent again", answer.status_code)
        return Result(item=item, outcome=Outcome.FAILED)

    def _settled(self, tx: Tx, result: Result) -> None:
        tx.phone_codes.sent(result.item.target)

    async def close(self) -> None:
        """Ends the connections; the next turn makes new ones."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
