"""Idempotency: under which name a change is remembered, so that repeating it has one effect and one answer.

A member's key is the member's, on every device. Whoever is no member yet shares one namespace for
keys too long to guess; a shorter key is bound to the neighbourhood and program it came from, or a
guess would be handed somebody's owner link (tests/web/test_idempotency.py).
"""

import hashlib
import hmac
import re
from typing import Final

from dispatch.domain import limits
from dispatch.domain.errors import KeyMissing
from dispatch.domain.visibility import Viewer
from dispatch.ports import IdemKey
from web.auth import Credential
from web.strict_json import canonical
from web.visitor import Visitor

_KEY: Final = re.compile(rf"[\x21-\x7e]{{{limits.KEY_MIN},{limits.KEY_MAX}}}")


def check_key(key: str | None) -> str:
    """The key as sent.

    Raises: KeyMissing, also for one that is too short, too long or not visible ASCII.
    """
    if key is None or not _KEY.fullmatch(key):
        raise KeyMissing
    return key


def actor_of(viewer: Viewer, credential: Credential, visitor: Visitor, key: str) -> str:
    """Whose key it is. A guest's stays theirs when their first ask gives them a session: it is not in the name."""
    if viewer.person_id is not None and not viewer.guest:
        return f"p{viewer.person_id}"
    if credential.token is not None:
        return "t" + _short(credential.token)
    if len(key) >= limits.ANONYMOUS_KEY_MIN:
        return "anon"
    return "anon:" + _short(f"{visitor.prefix} {visitor.agent}")


def fingerprint(secret: bytes, method: str, path: str, value: object) -> bytes:
    """What tells the same call from another one under the same key."""
    text = f"{method} {path}\n".encode("utf-8", "replace") + canonical(value)
    return hmac.new(secret, text, hashlib.sha256).digest()


def idem_key(key: str, viewer: Viewer, credential: Credential, visitor: Visitor, print_: bytes) -> IdemKey:
    """The name under which the store keeps the answer."""
    return IdemKey(actor=actor_of(viewer, credential, visitor, key), key=key, fingerprint=print_)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
