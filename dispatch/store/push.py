"""Devices that are told: address and keys as one sealed text, found by the address's hash. Implements ports.Devices.

Sealed as a person's phone number is, under a key of its own that a day key wraps (secrets.py).
Invariant: neither the database nor a backup without its keys names an address (tests/contract/test_push.py).
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, delete, select, update

from dispatch.domain import limits
from dispatch.ports import Device
from dispatch.store.build import adding, given
from dispatch.store.dialect import Among
from dispatch.store.keyring import Keyring, day_of
from dispatch.store.link import Link, Row, as_json
from dispatch.store.secrets import closed, opened
from dispatch.store.state import State
from dispatch.store.tables import push_subscription
from dispatch.store.times import moment

_NOBODY = 0
_d = push_subscription.c
_ALL = tuple(push_subscription.c)

_ADD = adding(push_subscription, "id")
_PUT = _ADD.on_conflict_do_update(
    index_elements=["mark"],
    set_={name: getattr(_ADD.excluded, name) for name in ("person_id", "session", "sealed", "lang", "at")},
).returning(*_ALL)
_BY_ID = select(*_ALL).where(_d.id == given("id"))
_OF_PERSON = select(*_ALL).where(_d.person_id == given("id")).order_by(_d.id)
_OF_PEOPLE: Select[Any] = select(_d.person_id, _d.id).where(Among(_d.person_id, "people")).order_by(_d.id)
_SESSIONS: Select[Any] = select(_d.id, _d.session).where(_d.person_id == given("id")).order_by(_d.id)
_DROP = delete(push_subscription).where(_d.id == given("id"))
_DROP_SESSION = delete(push_subscription).where(_d.session == given("session"), _d.person_id != given("keep"))
_DROP_PERSON = delete(push_subscription).where(_d.person_id == given("id"))
_DROP_PROGRAMS = _DROP_PERSON.where(_d.session.is_(None))
_CARRY = update(push_subscription).values(session=given("after")).where(_d.session == given("before"))
_OLD = select(*_ALL).where(_d.sealed.not_like(given("today"))).order_by(_d.id).limit(given("limit"))
_OLD = _OLD.with_for_update(skip_locked=True)
_SEAL = update(push_subscription).values(sealed=given("sealed")).where(_d.id == given("w_id"))


def mark_of(endpoint: str) -> bytes:
    """What an address is found by."""
    return hashlib.sha256(endpoint.encode()).digest()


class StoredDevices:
    """ports.Devices over one link."""

    def __init__(self, link: Link, state: State, keyring: Keyring) -> None:
        self._link, self._state, self._keyring = link, state, keyring

    @property
    def _day(self) -> int:
        return day_of(self._state.now)

    def put(
        self, person_id: int, session: str | None, endpoint: str, p256dh: bytes, auth: bytes, lang: str | None
    ) -> Device:
        """The device, now this person's and no other's. Beyond PUSH_DEVICES their oldest one goes."""
        mark = mark_of(endpoint)
        plain = as_json([endpoint, _text(p256dh), _text(auth)])
        sealed = closed(self._keyring, self._day, plain, mark.hex())
        row = self._link.one(
            _PUT, person_id=person_id, session=session, mark=mark, sealed=sealed, lang=lang, at=self._state.now
        )
        theirs = [held[0] for held in self._link.rows(_OF_PERSON, id=person_id) if held[0] != row[0]]
        for old in theirs[: max(0, len(theirs) + 1 - limits.PUSH_DEVICES)]:
            self.drop(old)
        device = self._device(row)
        assert device is not None  # noqa: S101 - sealed a line above
        return device

    def by_id(self, device_id: int) -> Device | None:
        """None when it is gone, or its key is."""
        row = self._link.row(_BY_ID, id=device_id)
        return self._device(row) if row else None

    def of_person(self, person_id: int) -> list[Device]:
        """Oldest first."""
        rows = self._link.rows(_OF_PERSON, id=person_id)
        return [device for row in rows if (device := self._device(row)) is not None]

    def of_people(self, person_ids: Iterable[int]) -> list[tuple[int, int]]:
        """(person id, device id) of everybody who has one."""
        people = as_json([int(person_id) for person_id in person_ids])
        return [(row[0], row[1]) for row in self._link.rows(_OF_PEOPLE, people=people)]

    def sessions(self, person_id: int) -> list[tuple[int, str | None]]:
        """(device id, the session it was made in) of each of theirs; no secret is opened for it."""
        return [(row[0], row[1]) for row in self._link.rows(_SESSIONS, id=person_id)]

    def drop(self, device_id: int) -> None:
        """It answers no more."""
        self._link.run(_DROP, id=device_id)

    def drop_session(self, session: str, *, keep: int | None = None) -> int:
        """How many were that browser's; with `keep` only those of anybody but that person."""
        return self._erased(self._link.run(_DROP_SESSION, session=session, keep=keep or _NOBODY))

    def drop_person(self, person_id: int, *, programs_only: bool = False) -> int:
        """How many were theirs; with programs_only those that belong to no browser's session."""
        return self._erased(self._link.run(_DROP_PROGRAMS if programs_only else _DROP_PERSON, id=person_id))

    def _erased(self, count: int) -> int:
        self._state.tidy = self._state.tidy or count > 0
        return count

    def carry(self, session: str, to: str) -> None:
        """The browser has a new session: what it wanted to be told of goes on."""
        self._link.run(_CARRY, before=session, after=to)

    def rewrap(self, limit: int) -> int:
        """Wraps the keys of earlier days with today's; how many there were. One without its key is gone."""
        rows = self._link.rows(_OLD, today=f"fl1:{self._day}:%", limit=limit)
        for row in rows:
            bound = bytes(row[3]).hex()
            plain = opened(self._keyring, row[4], bound)
            if plain is None:
                self.drop(row[0])
            else:
                self._link.run(_SEAL, w_id=row[0], sealed=closed(self._keyring, self._day, plain, bound))
        return len(rows)

    def _device(self, row: Row) -> Device | None:
        """The row, in the table's order, as the ports know it."""
        plain = opened(self._keyring, row[4], bytes(row[3]).hex())
        if plain is None:
            return None
        endpoint, p256dh, auth = json.loads(plain)
        return Device(
            id=row[0], person_id=row[1], session=row[2], endpoint=endpoint, p256dh=base64.b64decode(p256dh),
            auth=base64.b64decode(auth), lang=row[5], at=moment(row[6]),
        )  # fmt: skip


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()
