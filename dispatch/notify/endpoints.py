"""Where a push may go: addresses that browsers hand us are foreign, so each is held against a list, then looked up.

An endpoint is checked when it is registered and again before each message: https, a host the operator allows, no
password and no port of its own in it; and every address its name resolves to must be public. The connection then
goes to the address that was checked, not to the name. Knows no message and no person.
Invariant: nothing is ever sent to this machine or its network (tests/notify/test_endpoints.py), unless the operator
says `FLARE_PUSH_LOOPBACK=on`, which a developer's own receiver needs.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from dispatch.domain import limits

HTTPS: Final = 443
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → its addresses, the one to try first first."""


class NotThere(ValueError):
    """An address no push may go to; says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one device's messages are handed in."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """For whom the signature is made."""
        usual = self.port == HTTPS and self.scheme == "https"
        return f"{self.scheme}://{self._bracketed(self.host)}" + ("" if usual else f":{self.port}")

    def at(self, address: str) -> str:
        """The address to call, with the machine that was looked up in the place of the name."""
        return f"{self.scheme}://{self._bracketed(address)}:{self.port}{self.path}"

    @staticmethod
    def _bracketed(host: str) -> str:
        return f"[{host}]" if ":" in host else host


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Which push services may be called."""

    hosts: tuple[str, ...]
    """Names; `*.example.net` stands for everything below it."""
    loopback: bool = False

    def endpoint(self, url: str) -> Endpoint:
        """The endpoint behind a browser's address.

        Raises: NotThere.
        """
        if len(url) > limits.PUSH_ENDPOINT_CHARS or not url.isascii() or not url.isprintable() or " " in url:
            raise NotThere("is no address of a push service")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise NotThere("is no address of a push service") from None
        host = (parts.hostname or "").lower().rstrip(".")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if self.loopback and host in LOOPBACK and parts.scheme in ("http", "https"):
            return Endpoint(parts.scheme, host, port or (HTTPS if parts.scheme == "https" else 80), path)
        if parts.scheme != "https" or parts.username is not None or port not in (None, HTTPS):
            raise NotThere("is no https address of a push service")
        if not any(_fits(host, allowed) for allowed in self.hosts):
            raise NotThere(f"belongs to no push service this server may call: {host[:80]}")
        return Endpoint("https", host, HTTPS, path)

    def checked(self, endpoint: Endpoint, addresses: Sequence[str]) -> str:
        """The address to call.

        Raises: NotThere when one of them is not public: a name that leads inside is not used at all.
        """
        if not addresses:
            raise NotThere("has no address")
        if not (self.loopback and endpoint.host in LOOPBACK) and not all(is_public(each) for each in addresses):
            raise NotThere("leads to a network that is not public")
        return addresses[0]


def _fits(host: str, allowed: str) -> bool:
    if allowed.startswith("*."):
        return host.endswith(allowed[1:]) and len(host) > len(allowed) - 1
    return host == allowed


def is_public(address: str) -> bool:
    """Is it an address of the open internet?"""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or inner.is_global)


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as this machine's resolver gives them.

    Raises: OSError.
    """
    import asyncio
    import socket

    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))
