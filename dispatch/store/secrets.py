"""What only the people of one request may read, sealed under a key of its own; and how that key is destroyed.

Each request has a data key (AES-GCM), which lies beside what it seals, wrapped by a day key of the
keyring: outside the database and its backups. Shredding deletes the row; old copies end with their
day key. Notes and the reasons of answers and reports are sealed under the same key.
Invariant: after `shred` nothing of it is readable, from the file, its log or a restored backup
(tests/safety/test_erasure.py).
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Select, delete, literal_column, null, or_, select, update

from dispatch.domain.request import Secrets
from dispatch.store.build import adding, given
from dispatch.store.errors import StoreUnavailable
from dispatch.store.keyring import KEPT_DAYS, KEY, KeyGone, Keyring, Ring, day_of, seal, unseal
from dispatch.store.link import Link, Row, as_json
from dispatch.store.state import State
from dispatch.store.tables import alert, log_head, note, person, report, request_secret
from geo.point import Point

_s, _n, _a, _r, _p = request_secret.c, note.c, alert.c, report.c, person.c

_ADD = adding(request_secret)
_ROW = select(_s.day, _s.wrapped, _s.sealed).where(_s.request_id == given("id"))
_KEY: Select[Any] = select(_s.day, _s.wrapped).where(_s.request_id == given("id"))
_WRITE = update(request_secret).values(sealed=given("sealed"), contact_mark=given("mark"))
_WRITE = _WRITE.where(_s.request_id == given("w_id"))
_GONE = delete(request_secret).where(_s.request_id == given("id"))
_NOTES_GONE = delete(note).where(_n.request_id == given("id"))
_REASONS_GONE = update(alert).values(reason=null()).where(_a.request_id == given("w_id"), _a.reason.is_not(None))
_REPORTS_GONE = update(report).values(reason=literal_column("''")).where(_r.request_id == given("w_id"))

_OLD = select(_s.request_id, _s.day, _s.wrapped, _s.sealed).where(or_(_s.day.is_(None), _s.day < given("day")))
_OLD = _OLD.order_by(_s.request_id).limit(given("limit")).with_for_update(skip_locked=True)
_REWRAP = update(request_secret).values(day=given("day"), wrapped=given("wrapped"), sealed=given("sealed"))
_REWRAP = _REWRAP.where(_s.request_id == given("w_id"))
_NOTES = select(_n.id, _n.public_id, _n.text).where(_n.request_id == given("id"))
_NOTE = update(note).values(text=given("text")).where(_n.id == given("w_id"))
_REASONS = select(_a.id, _a.public_id, _a.reason).where(_a.request_id == given("id"), _a.reason.is_not(None))
_REASON = update(alert).values(reason=given("text")).where(_a.id == given("w_id"))
_REPORTS = select(_r.id, _r.at, _r.reason).where(_r.request_id == given("id"))
_REPORT = update(report).values(reason=given("text")).where(_r.id == given("w_id"))
_OLD_PHONES = select(_p.id, _p.public_id, _p.phone, _p.phone_mark).where(
    _p.phone.is_not(None), _p.phone.not_like(given("today"))
)
_OLD_PHONES = _OLD_PHONES.order_by(_p.id).limit(given("limit")).with_for_update(skip_locked=True)
_PHONE = update(person).values(phone=given("phone"), phone_mark=given("mark")).where(_p.id == given("w_id"))
_KEYRING = select(log_head.c.keyring)

WRONG_KEYS: Final = (
    "What is sealed in this database can't be opened with the keys of this process. Start every worker with the same "
    "FLARE_KEYRING and FLARE_SECRET. If the keys are lost for good, `flare migrate --restored` goes on without them: "
    "what they sealed is then erased."
)
_TEXT: Final = "fl1:{day}:"
_WRAPPED: Final = KEY + 12 + 16
"""Bytes of a wrapped key: itself, a nonce, a tag."""

Read = Callable[[str, str], str | None]
"""(sealed text, what it is bound to) -> the text; None when it can't be read."""


def closed(keyring: Keyring, day: int, text: str, bound: str) -> str:
    """A text of a person sealed under a key of its own, with that key wrapped beside it."""
    key, name = os.urandom(KEY), bound.encode()
    both = keyring.wrap(Ring.PERSON, day, key, name) + seal(key, text.encode("utf-8", "surrogatepass"), name)
    return _TEXT.format(day=day) + base64.b64encode(both).decode()


def opened(keyring: Keyring, held: str, bound: str) -> str | None:
    """The text; None when its key was destroyed. What was written before there were keys is plain."""
    mark, _, rest = held.partition(":")
    if mark != "fl1":
        return held
    day, _, coded = rest.partition(":")
    both, name = base64.b64decode(coded), bound.encode()
    try:
        key = keyring.unwrap(Ring.PERSON, int(day), both[:_WRAPPED], name)
        return unseal(key, both[_WRAPPED:], name).decode("utf-8", "surrogatepass")
    except KeyGone:
        return None


class StoredSecrets:
    """The secrets of requests over one link."""

    def __init__(self, link: Link, state: State, keyring: Keyring) -> None:
        self._link, self._state, self._keyring = link, state, keyring

    @property
    def day(self) -> int:
        """Today."""
        return day_of(self._state.now)

    def add(self, request_id: int, secrets: Secrets, origin: str | None = None) -> None:
        """Sealed under a new key."""
        key, bound = os.urandom(KEY), _bound(request_id)
        wrapped = self._keyring.wrap(Ring.REQUEST, self.day, key, bound)
        sealed = seal(key, _plain(secrets), bound)
        self._link.run(
            _ADD, request_id=request_id, day=self.day, wrapped=wrapped, sealed=sealed,
            contact_mark=self._mark(secrets.contact_phone), origin_mark=self._mark(origin and f"from {origin}"),
        )  # fmt: skip

    def read(self, request_id: int) -> Secrets:
        """Its secrets; empty ones for an unknown request, after they were erased, or without their key."""
        row = self._link.row(_ROW, id=request_id)
        if row is None:
            return Secrets()
        if row[0] is None:
            return _secrets(bytes(row[2]))
        bound = _bound(request_id)
        try:
            key = self._keyring.unwrap(Ring.REQUEST, row[0], bytes(row[1]), bound)
            return _secrets(unseal(key, bytes(row[2]), bound))
        except KeyGone:
            return Secrets()

    def change(self, request_id: int, changes: Mapping[str, object]) -> None:
        """Changes named like the fields of Secrets. Raises: KeyError once they were erased."""
        row = self._link.row(_ROW, id=request_id)
        if row is None:
            raise KeyError(f"no request {request_id}")
        held = self.read(request_id)
        after = Secrets(**{**{name: getattr(held, name) for name in Secrets.__slots__}, **changes})
        plain = _plain(after)
        if row[0] is not None:
            try:
                key = self._keyring.unwrap(Ring.REQUEST, row[0], bytes(row[1]), _bound(request_id))
            except KeyGone:
                # A restored copy without its keys: what is said now begins anew.
                self._link.run(_GONE, id=request_id)
                self.add(request_id, after)
                return
            plain = seal(key, plain, _bound(request_id))
        self._link.run(_WRITE, w_id=request_id, sealed=plain, mark=self._mark(after.contact_phone))

    def marks(self, phone: str | None) -> list[bytes | None]:
        """What a number is found by: today's mark and yesterday's."""
        found: list[bytes | None] = list(self._keyring.marks(self.day, phone)) if phone else []
        return [*found, None, None][:2]

    def close(self, request_id: int, text: str, bound: str) -> str | None:
        """A text sealed under the request's key; None when that is gone."""
        row = self._link.row(_KEY, id=request_id)
        if row is None:
            return None
        if row[0] is None:
            return text
        key = self._unwrapped(request_id, row)
        return None if key is None else _coded(key, text, bound)

    def reader(self, request_id: int) -> Read | None:
        """Reads texts sealed under the request's key; None when that is gone."""
        row = self._link.row(_KEY, id=request_id)
        if row is None:
            return None
        if row[0] is None:
            return lambda text, bound: text
        key = self._unwrapped(request_id, row)
        return None if key is None else lambda text, bound: _uncoded(key, text, bound)

    def token(self, request_id: int, prefix: str) -> str | None:
        """`prefix` + 22 characters (132 bits) that only the request's key gives; None when that is gone."""
        row = self._link.row(_KEY, id=request_id)
        key = self._unwrapped(request_id, row) if row is not None and row[0] is not None else None
        if key is None:
            return None
        drawn = hmac.new(key, b"token:" + prefix.encode(), hashlib.sha256).digest()
        return prefix + base64.urlsafe_b64encode(drawn).decode()[:22]

    def _unwrapped(self, request_id: int, row: Any) -> bytes | None:  # noqa: ANN401 - a row
        try:
            return self._keyring.unwrap(Ring.REQUEST, row[0], bytes(row[1]), _bound(request_id))
        except KeyGone:
            return None

    def shred(self, request_id: int) -> bool:
        """Destroys the key and everything sealed under it; False if it was gone already."""
        self._state.tidy = True
        self._link.run(_NOTES_GONE, id=request_id)
        self._link.run(_REASONS_GONE, w_id=request_id)
        self._link.run(_REPORTS_GONE, w_id=request_id)
        return self._link.run(_GONE, id=request_id) > 0

    def rewrap(self, limit: int) -> int:
        """Wraps the keys of earlier days with today's; how many there were."""
        today = self.day
        rows = self._link.rows(_OLD, day=today, limit=limit)
        for request_id, day, wrapped, sealed in rows:
            bound = _bound(request_id)
            if day is None:
                self._seal_old(request_id, bytes(sealed))
                continue
            try:
                key = self._keyring.unwrap(Ring.REQUEST, day, bytes(wrapped), bound)
            except KeyGone:
                self.shred(request_id)  # nobody can read it any more
                continue
            anew = self._keyring.wrap(Ring.REQUEST, today, key, bound)
            self._link.run(_REWRAP, w_id=request_id, day=today, wrapped=anew, sealed=bytes(sealed))
        return len(rows)

    def _seal_old(self, request_id: int, plain: bytes) -> None:
        """Seals what was written before there were keys."""
        key, bound = os.urandom(KEY), _bound(request_id)
        wrapped = self._keyring.wrap(Ring.REQUEST, self.day, key, bound)
        self._link.run(_REWRAP, w_id=request_id, day=self.day, wrapped=wrapped, sealed=seal(key, plain, bound))
        for number, public_id, text in self._link.rows(_NOTES, id=request_id):
            self._link.run(_NOTE, w_id=number, text=_coded(key, text, public_id))
        for number, public_id, text in self._link.rows(_REASONS, id=request_id):
            self._link.run(_REASON, w_id=number, text=_coded(key, text, public_id))
        for number, at, text in self._link.rows(_REPORTS, id=request_id):
            self._link.run(_REPORT, w_id=number, text=_coded(key, text, str(at)))
        self._state.tidy = True

    def rewrap_people(self, limit: int) -> int:
        """Wraps the keys of people's numbers with today's; how many there were."""
        rows = self._link.rows(_OLD_PHONES, today=_TEXT.format(day=self.day) + "%", limit=limit)
        for person_id, public_id, held, proven in rows:
            text = opened(self._keyring, held, public_id)
            phone = None if text is None else closed(self._keyring, self.day, text, public_id)
            mark = self._keyring.lasting_mark(self.day, text) if proven is not None and text is not None else None
            self._link.run(_PHONE, w_id=person_id, phone=phone, mark=mark)
            self._state.tidy = self._state.tidy or not held.startswith("fl1:")
        return len(rows)

    def _mark(self, phone: str | None) -> bytes | None:
        return self._keyring.mark(self.day, phone) if phone else None


class StoredKeys:
    """ports.Keys: every kind of sealed row brings its own `rewrap`."""

    def __init__(self, link: Link, state: State, keyring: Keyring, rewraps: tuple[Callable[[int], int], ...]) -> None:
        self._link, self._state, self._keyring, self._rewraps = link, state, keyring, rewraps

    def rewrap(self, limit: int) -> int:
        """Keys wrapped anew for today, at most so many of each kind; 0 = all are.

        Raises: StoreUnavailable in a process that has not the keys of this database: whatever it can't open would be
        taken for destroyed, and deleted.
        """
        house = self._link.row(_KEYRING)
        if house and house[0] and bytes(house[0]) != self._keyring.name:
            raise StoreUnavailable(WRONG_KEYS)
        return sum(rewrap(limit) for rewrap in self._rewraps)

    def destroy_old(self) -> list[str]:
        """Destroys day keys past their time; their names. Only when a `rewrap` before found nothing left."""
        gone = []
        for ring, kept in KEPT_DAYS.items():
            gone += [f"{ring} {day}" for day in self._keyring.destroy(ring, day_of(self._state.now) - kept)]
        return gone


def opens(keyring: Keyring, row: Row) -> bool:
    """Has that keyring the key of this ask? `row`: its id, day and wrapped key."""
    request_id, day, wrapped = row
    try:
        keyring.unwrap(Ring.REQUEST, day, bytes(wrapped), _bound(request_id))
    except KeyGone:
        return False
    return True


def _bound(request_id: int) -> bytes:
    return b"request %d" % request_id


def _coded(key: bytes, text: str, bound: str) -> str:
    return base64.b64encode(seal(key, text.encode("utf-8", "surrogatepass"), bound.encode())).decode()


def _uncoded(key: bytes, coded: str, bound: str) -> str | None:
    try:
        return unseal(key, base64.b64decode(coded), bound.encode()).decode("utf-8", "surrogatepass")
    except (KeyGone, ValueError):
        return None


def _plain(secrets: Secrets) -> bytes:
    held = {name: getattr(secrets, name) for name in Secrets.__slots__}
    point = held.pop("point")
    held["lat"], held["lon"] = (point.lat, point.lon) if point else (None, None)
    return as_json(held).encode("utf-8", "surrogatepass")


def _secrets(plain: bytes) -> Secrets:
    held = json.loads(plain)
    lat, lon = held.pop("lat"), held.pop("lon")
    return Secrets(point=None if lat is None else Point(lat, lon), **held)
