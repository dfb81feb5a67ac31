"""Who may: bearer tokens for programs, one cookie for browsers, and no page of another site.

A token travels in a header or a cookie, never in a path or query. Invariant: a call that a cookie
or nobody vouches for is refused when it comes from a foreign page (tests/web/test_origin.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from dispatch.actions.sign_in import viewer_of_session, viewer_of_token
from dispatch.domain import limits
from dispatch.domain.errors import ForeignOrigin, SignIn
from dispatch.domain.visibility import NOBODY, Viewer
from dispatch.ports import Tx
from dispatch.settings import Settings
from web.visitor import Visitor

TOKEN: Final = re.compile(r"fl[movhirt]_[A-Za-z0-9_-]{22}")
COOKIE: Final = re.compile(r"fls_[A-Za-z0-9_-]{22}")
SECURE_NAME: Final = "__Host-flare"
PLAIN_NAME: Final = "flare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a call was signed with, unchecked: a bearer token, a cookie, or neither."""

    token: str | None = None
    cookie: str | None = None


def cookie_name(settings: Settings) -> str:
    """What our cookie is called: without TLS from other devices a browser would drop the secure one."""
    return PLAIN_NAME if settings.insecure_http else SECURE_NAME


def credential_of(headers: Mapping[bytes, bytes], settings: Settings) -> Credential:
    """What the headers carry.

    Raises: SignIn for an Authorization header that is no bearer token of ours.
    """
    cookie = _cookie(headers.get(b"cookie", b"").decode("latin-1"), cookie_name(settings))
    if b"authorization" not in headers:
        return Credential(cookie=cookie)
    scheme, _, token = headers[b"authorization"].decode("latin-1").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not TOKEN.fullmatch(token):
        raise SignIn("That token is not one of ours, or is not complete.")
    return Credential(token=token)


def _cookie(header: str, name: str) -> str | None:
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and COOKIE.fullmatch(value):
            return value
    return None


def viewer_in(tx: Tx, now: datetime, credential: Credential) -> Viewer:
    """Who that is.

    Raises: SignIn for a bearer token that has ended; an ended cookie is simply nobody.
    """
    if credential.token is not None:
        return viewer_of_token(tx, now, credential.token)
    if credential.cookie is not None:
        return viewer_of_session(tx, now, credential.cookie)
    return NOBODY


def set_cookie(value: str, settings: Settings) -> str:
    """The Set-Cookie header that signs a browser in."""
    return _cookie_header(value, int(limits.SESSION_KEPT.total_seconds()), settings)


def drop_cookie(settings: Settings) -> str:
    """The Set-Cookie header that signs a browser out."""
    return _cookie_header("", 0, settings)


def _cookie_header(value: str, seconds: int, settings: Settings) -> str:
    secure = "" if settings.insecure_http else "; Secure"
    return f"{cookie_name(settings)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def origins(visitor: Visitor, settings: Settings) -> frozenset[str]:
    """Whose pages may act here: this server's as the caller names it, and the public address."""
    known = {visitor.origin}
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        known.add(f"{parts.scheme}://{parts.netloc}".lower())
    return frozenset(known)


def check_origin(headers: Mapping[bytes, bytes], visitor: Visitor, settings: Settings) -> None:
    """Lets a change through that comes from our own page, or from no page at all.

    Raises: ForeignOrigin.
    """
    site = headers.get(b"sec-fetch-site")
    origin = headers.get(b"origin")
    if site is not None and site not in (b"same-origin", b"none"):
        raise ForeignOrigin
    if origin is not None and origin.decode("latin-1").lower() not in origins(visitor, settings):
        raise ForeignOrigin


def counted_as(viewer: Viewer, credential: Credential, visitor: Visitor) -> str:
    """Whom limits count: a person, a session, a link, or a program at an address; the same on every channel."""
    return _signed(viewer, credential) or f"{visitor.prefix} {visitor.agent}"


def scraping_as(viewer: Viewer, credential: Credential, visitor: Visitor) -> str:
    """Whom the budget of cells counts: as `counted_as`, but another name for a browser is no other reader.

    Neighbours share it: what one of them was shown costs the others nothing.
    """
    return _signed(viewer, credential) or visitor.prefix


def _signed(viewer: Viewer, credential: Credential) -> str | None:
    if viewer.person_id is not None:
        return f"p{viewer.person_id}"
    mark = credential.token or viewer.session
    return mark[:64] if mark else None


def base_url(visitor: Visitor, settings: Settings) -> str:
    """What links begin with."""
    return settings.public_url.rstrip("/") if settings.public_url else visitor.origin
