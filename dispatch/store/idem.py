"""Answers kept under their idempotency key, so that a repeated write has one effect and one answer.

An answer holds links and places: it is stored encrypted (AES-GCM, a key derived from the
server's secret and the day's key of the keyring, bound to its actor and key), so a copy of the
database gives nobody a link, and an old copy nobody a place (tests/contract/test_idempotency.py).
"""

import json
import struct
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, null, select, update

from dispatch.domain import limits
from dispatch.domain.errors import KeyReused, Refused, Replayed
from dispatch.ports import IdemKey
from dispatch.store.build import adding, given
from dispatch.store.keyring import Keyring, day_of, seal, unseal
from dispatch.store.link import Link, as_json
from dispatch.store.tables import idem

_i = idem.c
_DAY = struct.Struct(">I")
_CIPHERS = 8

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
    """Stores and reads answers; thread-safe, holds only keys."""

    def __init__(self, secret: str, keyring: Keyring) -> None:
        self._secret, self._keyring = secret, keyring
        self._keys: dict[int, bytes] = {}

    def _key(self, day: int, *, make: bool) -> bytes:
        """The key of that day's answers. Raises: KeyGone."""
        if day not in self._keys:
            if len(self._keys) >= _CIPHERS:
                self._keys.clear()
            self._keys[day] = self._keyring.salted(day, self._secret, b"flare stored answers 2", make=make)
        return self._keys[day]

    def begin(self, link: Link, key: IdemKey, now: int) -> Kept | None:
        """None if the key is new and now ours; else what it stands for. A concurrent twin is waited for."""
        if link.run(_BEGIN, actor=key.actor, key=key.key, fingerprint=key.fingerprint, at=now) > 0:
            return None
        row = link.row(_FIND, actor=key.actor, key=key.key)
        if row is None or row[1] is None:
            raise RuntimeError("a key without an answer was committed")
        if bytes(row[0]) != key.fingerprint:
            return Kept(refusal=KeyReused())
        sealed = bytes(row[1])
        (day,) = _DAY.unpack(sealed[: _DAY.size])
        held = json.loads(unseal(self._key(day, make=False), sealed[_DAY.size :], _bound(key)))
        if "r" in held:
            return Kept(refusal=Replayed(*held["r"]))
        return Kept(answer=held["a"])

    def finish(self, link: Link, key: IdemKey, answer: object, now: int) -> None:
        """Keeps the answer, or the refusal. Raises: TypeError for what is no JSON."""
        held = {"r": [answer.code, answer.says, answer.facts()]} if isinstance(answer, Refused) else {"a": answer}
        day = day_of(now)
        sealed = _DAY.pack(day) + seal(self._key(day, make=True), as_json(held).encode(), _bound(key))
        link.run(_FINISH, w_actor=key.actor, w_key=key.key, answer=sealed)

    def sweep(self, link: Link, now: int) -> None:
        """Forgets answers past their time."""
        link.run(_SWEEP, before=now - _KEPT)


def _bound(key: IdemKey) -> bytes:
    return as_json([key.actor, key.key]).encode()
