"""One caller of a running server: a token, fresh keys, JSON in and out. Over HTTP, like any other program.

A call that can't be made is tried again for a short while, under the same key, so that it counts once.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any, Final

import httpx

TRIES: Final = 5
PAUSE_S: Final = 0.4
AT_ONCE: Final = 16
"""Calls the demo has under way at a time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Was it done?"""
        return self.status < 300


class Server:
    """One server, and how many calls it gets at once."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._client = httpx.AsyncClient(base_url=base, timeout=30.0, limits=httpx.Limits(max_connections=2 * AT_ONCE))
        self._room = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        """Hangs up."""
        await self._client.aclose()

    async def call(
        self, method: str, path: str, token: str, body: dict[str, Any] | None = None, *, waits: bool = False
    ) -> Answer:
        """The server's answer, a refusal included. `waits`: a long poll, which takes no room of the others.

        Raises: httpx.HTTPError when it can't be reached for TRIES tries.
        """
        headers = {"Authorization": f"Bearer {token}"}
        if method in ("POST", "PATCH"):
            headers["Idempotency-Key"] = secrets.token_urlsafe(16)
        for attempt in range(1, TRIES + 1):
            try:
                if waits:
                    got = await self._client.request(method, path, headers=headers, json=body)
                else:
                    async with self._room:
                        got = await self._client.request(method, path, headers=headers, json=body)
            except httpx.TransportError:
                if attempt == TRIES:
                    raise
            else:
                if got.status_code not in (429, 503) or attempt == TRIES:
                    return Answer(got.status_code, got.json() if got.content else {})
            await asyncio.sleep(PAUSE_S * attempt)
        raise AssertionError("unreachable")


@dataclass(frozen=True, slots=True)
class Phone:
    """Somebody's phone: their token on a server."""

    server: Server
    token: str

    async def get(self, path: str, *, waits: bool = False) -> Answer:
        """Reads."""
        return await self.server.call("GET", path, self.token, waits=waits)

    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Does something once."""
        return await self.server.call("POST", path, self.token, body)

    async def put(self, path: str, body: dict[str, Any]) -> Answer:
        """Sets something."""
        return await self.server.call("PUT", path, self.token, body)
