"""Hands one encrypted message to a push service and reads what it says: the only file here that touches the network.

No redirect is followed, no proxy of the environment is used, the answer's body is not read beyond a few bytes, and
the connection goes to the address that was checked. Imports httpx when the first message goes out: a start does not
wait for it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from dispatch.domain import limits
from dispatch.notify.courier import Unreachable
from dispatch.notify.endpoints import Allowed, Endpoint, Resolve, look_up

if TYPE_CHECKING:
    import httpx

ADDRESS_KEPT_S: Final = 60.0
BODY_READ: Final = 4_096


class Postman:
    """Connections to push services. Lives on one event loop."""

    def __init__(self, allowed: Allowed, resolve: Resolve = look_up) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._addresses: dict[tuple[str, int], tuple[float, str]] = {}

    async def hand_in(self, endpoint: Endpoint, body: bytes, headers: dict[str, str]) -> tuple[int, str | None]:
        """Status and Retry-After of the answer.

        Raises: Unreachable; NotThere for a name that leads inside.
        """
        import httpx

        try:
            async with asyncio.timeout(limits.PUSH_TIMEOUT_S):
                address = await self._address(endpoint)
                told = {"Host": endpoint.origin.partition("://")[2], **headers}
                named = {"sni_hostname": endpoint.host} if endpoint.scheme == "https" else {}
                client = self._client(endpoint.host)
                asked = client.stream("POST", endpoint.at(address), content=body, headers=told, extensions=named)
                async with asked as answer:
                    length = answer.headers.get("content-length", "")
                    # A body that is read leaves the connection to the next message.
                    if length.isdigit() and int(length[:9]) <= BODY_READ:
                        await answer.aread()
                    return answer.status_code, answer.headers.get("retry-after")
        except (httpx.HTTPError, OSError, TimeoutError) as fault:
            self._addresses.pop((endpoint.host, endpoint.port), None)
            raise Unreachable(type(fault).__name__) from fault

    async def _address(self, endpoint: Endpoint) -> str:
        now = asyncio.get_running_loop().time()
        key = endpoint.host, endpoint.port
        until, address = self._addresses.get(key, (now, ""))
        if until <= now:
            literal = endpoint.host if ":" in endpoint.host or endpoint.host.replace(".", "").isdigit() else None
            found = [literal] if literal else await self._resolve(*key)
            address = self._allowed.checked(endpoint, found)
            self._addresses[key] = now + ADDRESS_KEPT_S, address
        return address

    def _client(self, host: str) -> "httpx.AsyncClient":
        """A pool for each service: two of them behind one address must not share a connection."""
        import httpx

        if host not in self._clients:
            if len(self._clients) >= limits.PUSH_HOSTS_MAX:
                # Dropped unclosed: messages may still be on it; it closes with the last of them.
                self._clients.pop(next(iter(self._clients)))
            bound = httpx.Limits(max_connections=limits.PUSH_AT_ONCE, max_keepalive_connections=limits.PUSH_AT_ONCE)
            self._clients[host] = httpx.AsyncClient(
                follow_redirects=False, trust_env=False, limits=bound, timeout=limits.PUSH_TIMEOUT_S
            )
        return self._clients[host]

    async def close(self) -> None:
        """Ends every connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


def wait_of(retry_after: str | None) -> timedelta:
    """How long a service asks us to wait, at most a day; nothing when it says nothing we understand."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return timedelta(0)
    asked = moment - datetime.now(UTC) if moment.tzinfo else timedelta(0)
    return min(max(asked, timedelta(0)), timedelta(days=1))
