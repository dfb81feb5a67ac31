"""Answers kept under their idempotency key, so that a repeated write has one effect and one answer.

An answer holds links and places: it is stored encrypted (AES-GCM, a key derived from the
server's secret, bound to its actor and key), so a copy of the database gives nobody a link
(tests/contract/test_idempotency.py).
"""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import bindparam, delete, null, select, update

from dispatch.domain import limits
from dispatch.domain.errors import KeyReused, Refused, Replayed
from dispatch.ports import IdemKey
from dispatch.store.build import adding, given
from dispatch.store.link import Link, as_json
from dispatch.store.tables import idem

_i = idem.c
_NONCE = 12

_BEGIN = adding(idem, "answer").values(answer=null()).on_conflict_do_nothing()
_FIND = select(_i.fingerprint, _i.answer).where(_i.actor == given("actor"), _i.key == given("key"))
_FINISH = update(idem).values(answer=bindparam("answer")).where(_i.actor == given("w_actor"), _i.key == given("w_key"))
_SWEEP = delete(idem).where(_i.at < given("before"))
_KEPT = limits.IDEM_KEPT // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a key stands for already: an answer, or the refusal to raise again."""

    answer: object = None
    refusal: Refused | None = None


class Answers:
    """Stores and reads answers; thread-safe, holds only the key."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"flare stored answers 1").derive(secret.encode())
        self._cipher = AESGCM(derived)

    def begin(self, link: Link, key: IdemKey, now: int) -> Kept | None:
        """None if the key is new and now ours; else what it stands for. A concurrent twin is waited for."""
        if link.run(_BEGIN, actor=key.actor, key=key.key, fingerprint=key.fingerprint, at=now) > 0:
            return None
        row = link.row(_FIND, actor=key.actor, key=key.key)
        if row is None or row[1] is None:
            raise RuntimeError("a key without an answer was committed")
        if bytes(row[0]) != key.fingerprint:
            return Kept(refusal=KeyReused())
        held = json.loads(self._cipher.decrypt(row[1][:_NONCE], row[1][_NONCE:], _bound(key)))
        if "r" in held:
            return Kept(refusal=Replayed(*held["r"]))
        return Kept(answer=held["a"])

    def finish(self, link: Link, key: IdemKey, answer: object) -> None:
        """Keeps the answer, or the refusal. Raises: TypeError for what is no JSON."""
        held = {"r": [answer.code, answer.says, answer.facts()]} if isinstance(answer, Refused) else {"a": answer}
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, as_json(held).encode(), _bound(key))
        link.run(_FINISH, w_actor=key.actor, w_key=key.key, answer=sealed)

    def sweep(self, link: Link, now: int) -> None:
        """Forgets answers past their time."""
        link.run(_SWEEP, before=now - _KEPT)


def _bound(key: IdemKey) -> bytes:
    return as_json([key.actor, key.key]).encode()
