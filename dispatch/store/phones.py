"""Codes that prove a phone: the number as a keyed mark and a sealed text, the code as one bound to its row.

Implements ports.PhoneCodes. A row lives for a day. Between the asking and the sending the code is sealed as a number
is, under a key of its own that a day key of the keyring wraps; afterwards only its mark is left.
Invariant: five guesses, however many come at once; a right one works once (tests/safety/test_phone.py).
"""

import hmac
import json
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, literal_column, or_, select, update

from dispatch.domain import limits
from dispatch.domain.phone import PhoneCode
from dispatch.store.build import adding_all, given
from dispatch.store.dialect import Among
from dispatch.store.keyring import KeyGone, Keyring, day_of
from dispatch.store.link import Link, as_json
from dispatch.store.secrets import closed, opened
from dispatch.store.state import State
from dispatch.store.tables import phone_code
from dispatch.store.times import micros, moment

_c = phone_code.c
_DEAD: ColumnElement[int] = literal_column(str(limits.CODE_TRIES))

_ADD = adding_all(phone_code)
_END = update(phone_code).values(tries=_DEAD).where(Among(_c.number_mark, "marks"), _c.typed_at.is_(None))
_MARKED = update(phone_code).values(code_mark=given("mark"), sealed=given("sealed")).where(_c.id == given("w_id"))
_BY_ID = select(_c.number_mark, _c.sealed, _c.person_id, _c.lang, _c.at).where(_c.id == given("id"))
_ASKED = select(_c.at).where(Among(_c.number_mark, "marks"), _c.at > given("since"))
_TEXTED = select(func.count()).select_from(phone_code).where(_c.prefix == given("prefix"), _c.at > given("since"))
_LAST = (
    select(_c.typed_at)
    .where(
        _c.prefix == given("prefix"),
        _c.at > given("since"),
        or_(_c.typed_at.is_not(None), _c.at <= given("before")),
    )
    .order_by(_c.id.desc())
    .limit(given("limit"))
    .subquery()
)
_TYPED = select(func.count(), func.count(_LAST.c.typed_at)).select_from(_LAST)
_OF_PERSON = (
    select(_c.id)
    .where(_c.person_id == given("person"), _c.signs_in.is_(False), _c.at > given("since"))
    .order_by(_c.id.desc())
    .limit(1)
)
_OF_NUMBER = (
    select(_c.id)
    .where(Among(_c.number_mark, "marks"), _c.signs_in.is_(True), _c.at > given("since"))
    .order_by(_c.id.desc())
    .limit(1)
)
# One statement counts the guess: however many come at once, no more than CODE_TRIES get through.
_GUESS = (
    update(phone_code)
    .values(tries=_c.tries + literal_column("1"))
    .where(_c.id == given("w_id"), _c.tries < _DEAD, _c.typed_at.is_(None))
    .returning(_c.tries, _c.day, _c.code_mark)
)
_RIGHT = update(phone_code).values(typed_at=given("at")).where(_c.id == given("w_id"), _c.typed_at.is_(None))
_SENT = update(phone_code).values(sealed=given("sealed")).where(_c.id == given("w_id"))
_FORGET = delete(phone_code).where(
    _c.id.in_(select(_c.id).where(_c.at <= given("before")).order_by(_c.id).limit(given("limit")))
)


class StoredPhoneCodes:
    """ports.PhoneCodes over one link."""

    def __init__(self, link: Link, state: State, keyring: Keyring) -> None:
        self._link, self._state, self._keyring = link, state, keyring

    def _marks(self, number: str) -> str:
        return as_json(self._keyring.lasting_marks(day_of(self._state.now), number))

    def asked(self, number: str, since: datetime) -> list[datetime]:
        """When that number was asked a code for since then."""
        return [moment(row[0]) for row in self._link.rows(_ASKED, marks=self._marks(number), since=micros(since))]

    def texted(self, prefix: str, since: datetime) -> int:
        """Texts that were let out to that prefix since then."""
        return int(self._link.one(_TEXTED, prefix=prefix, since=micros(since))[0])

    def typed(self, prefix: str, since: datetime, before: datetime, limit: int) -> tuple[int, int]:
        """(how many, how many of them were typed in), of the last `limit` to that prefix."""
        given_ = {"prefix": prefix, "since": micros(since), "before": micros(before), "limit": limit}
        row = self._link.one(_TYPED, **given_)
        return int(row[0]), int(row[1])

    def add(
        self, number: str, code: str, *, person_id: int | None, signs_in: bool, prefix: str | None, lang: str | None
    ) -> int:
        """The id of the new code; whatever that number had before is dead."""
        day = day_of(self._state.now)
        mark = self._keyring.lasting_mark(day, number)
        self._link.run(_END, marks=self._marks(number))
        (code_id,) = self._link.one(
            _ADD, person_id=person_id, signs_in=signs_in, day=day, number_mark=mark, code_mark=b"", sealed="",
            prefix=prefix, lang=lang, tries=0, at=self._state.now, typed_at=None,
        )  # fmt: skip
        sealed = closed(self._keyring, day, as_json([number, code]), mark)
        self._link.run(_MARKED, w_id=code_id, mark=self._code_mark(day, code_id, code), sealed=sealed)
        return int(code_id)

    def _code_mark(self, day: int, code_id: int, code: str) -> bytes:
        return bytes.fromhex(self._keyring.lasting_mark(day, f"code {code_id} {code}"))

    def by_id(self, code_id: int) -> PhoneCode | None:
        """None when it is gone, or its key is."""
        row = self._link.row(_BY_ID, id=code_id)
        plain = opened(self._keyring, row[1], row[0]) if row else None
        if row is None or plain is None:
            return None
        number, code = json.loads(plain)
        return PhoneCode(id=code_id, number=number, code=code, person_id=row[2], lang=row[3], at=moment(row[4]))

    def of_person(self, person_id: int, since: datetime) -> int | None:
        """The newest code since then by which that person proves a phone."""
        row = self._link.row(_OF_PERSON, person=person_id, since=micros(since))
        return int(row[0]) if row else None

    def of_number(self, number: str, since: datetime) -> int | None:
        """The newest code since then that signs in whoever has that number."""
        row = self._link.row(_OF_NUMBER, marks=self._marks(number), since=micros(since))
        return int(row[0]) if row else None

    def guess(self, code_id: int, code: str) -> tuple[bool, int]:
        """(is it that code, guesses left); it counts, and a right one works once."""
        row = self._link.row(_GUESS, w_id=code_id)
        if row is None:
            return False, 0
        tries, day, mark = row
        try:
            right = hmac.compare_digest(bytes(mark), self._code_mark(day, code_id, code))
        except KeyGone:
            right = False
        if right:
            right = self._link.run(_RIGHT, w_id=code_id, at=self._state.now) > 0
        return right, limits.CODE_TRIES - tries

    def sent(self, code_id: int) -> None:
        """The text has gone out, or never will: the code is kept in clear no longer."""
        held = self.by_id(code_id)
        if held is not None and held.code is not None:
            day = day_of(self._state.now)
            (mark, *_) = self._link.one(_BY_ID, id=code_id)
            self._link.run(_SENT, w_id=code_id, sealed=closed(self._keyring, day, as_json([held.number, None]), mark))

    def forget(self, before: datetime, limit: int) -> int:
        """How many from that moment or before are gone now, at most so many."""
        return self._link.run(_FORGET, before=micros(before), limit=limit)
