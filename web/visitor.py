"""Who is calling, as far as the network tells: address, scheme, host; forwarded headers from listed proxies only.

Pure over an ASGI scope. A forged header from anybody else moves nothing (tests/web/test_limits.py).
The address is used for limits and never stored whole: only its prefix is (/24, /56).
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FORWARDED: Final = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"x-forwarded-host", b"x-forwarded-proto")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_NOWHERE: Final = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One caller. `at_home`: reached us directly over loopback, so it is the operator's own machine.

    `known`: it is, or one of the listed proxies stands between. `veiled`: somebody stands between who is not listed,
    so that the address is not the caller's.
    """

    address: Address | None
    scheme: str
    host: str
    agent: str
    at_home: bool
    known: bool = False
    veiled: bool = False

    @property
    def prefix(self) -> str:
        """The neighbourhood of the address: what limits count by, and all that is ever kept of it."""
        if self.address is None:
            return "local"
        bits = 24 if self.address.version == 4 else 56
        return str(ipaddress.ip_network((self.address, bits), strict=False))

    @property
    def origin(self) -> str:
        """This server as the caller names it."""
        return f"{self.scheme}://{self.host}"


def trusted_networks(listed: Iterable[str]) -> tuple[Network, ...]:
    """The proxies of the settings, ready to be compared."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in listed)


def visitor_of(scope: Mapping[str, Any], trusted: Sequence[Network]) -> Visitor:
    """The caller behind this scope."""
    headers = headers_of(scope)
    peer = _address((scope.get("client") or ("", 0))[0])
    scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "http"), scope.get("scheme", "http"))
    address = peer
    forwarded = any(name in headers for name in FORWARDED)
    at_home = not forwarded and (peer is None or peer.is_loopback)
    if forwarded and _listed(peer, trusted):
        address = _first_stranger(headers.get(b"x-forwarded-for", b"").decode("latin-1"), trusted) or peer
        told = headers.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()
        scheme = told if told in ("http", "https") else scheme
    host = headers.get(b"host", b"").decode("latin-1")
    return Visitor(
        address=address,
        scheme=scheme,
        host=host.lower() if _HOST.fullmatch(host) else _NOWHERE,
        agent=headers.get(b"user-agent", b"").decode("latin-1")[:200],
        at_home=at_home,
        known=at_home or _listed(peer, trusted),
        veiled=forwarded and not _listed(peer, trusted),
    )


def headers_of(scope: Mapping[str, Any]) -> dict[bytes, bytes]:
    """The headers by name; of a repeated one the last."""
    return dict(scope.get("headers", ()))


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None  # a unix socket, or a test's client
    return getattr(found, "ipv4_mapped", None) or found


def _listed(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted if network.version == address.version)


def _first_stranger(chain: str, trusted: Sequence[Network]) -> Address | None:
    """From the right, the first address that is no listed proxy: what stands further left anybody can write."""
    for part in reversed(chain.split(",")):
        address = _address(part.strip())
        if address is None:
            return None
        if not _listed(address, trusted):
            return address
    return None
