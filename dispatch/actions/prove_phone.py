"""A phone is proved by a code that was sent to it; a member who proved one may sign in by another code.

Who asks for a code is answered alike whoever has that number, or nobody: the same row, the same message into the
outbox, and only the sender finds out that there is nobody to reach. Everything a text may cost is bounded here,
in one transaction and behind one lock a country (domain/phone.py); tests/safety/test_phone.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dispatch.actions.set_me import me, my_view
from dispatch.actions.words import TEXTS, hashed, look_soon, tell_house
from dispatch.domain import limits
from dispatch.domain.audit import Deed
from dispatch.domain.errors import WrongCode
from dispatch.domain.events import ControlKind
from dispatch.domain.people import Person
from dispatch.domain.phone import PhoneCode, listed, may_ask, may_text
from dispatch.domain.visibility import Viewer
from dispatch.ports import Grant, OutboxItem, Power, Tx

CHANNEL: Final = "text"
ASKED: Final = {
    "again_s": int(limits.PHONE_CODE_AGAIN.total_seconds()),
    "lasts_s": int(limits.PHONE_CODE_LIFE.total_seconds()),
}
"""The answer to everybody who asks for a code."""
ONCE_MORE: Final = "Ask for a new one."
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCode:
    """A code for that number, please. `viewer`: whose phone it is to prove; None: whoever has it wants to sign in."""

    number: str
    """E.164."""
    viewer: Viewer | None
    prefixes: Sequence[str]
    """Where the operator lets texts go."""
    lang: str | None = None


def ask_code(tx: Tx, now: datetime, command: AskCode) -> dict[str, Any]:
    """The same for everybody: from when one may ask again, and how long a code lasts.

    Raises: SignIn for somebody without a name who wants to prove a phone.
    """
    person_id = me(tx, command.viewer).id if command.viewer is not None else None
    prefix = listed(command.number, command.prefixes)
    # The row is locked until the end: two that come at once must not both find room for one more.
    tx.due.put(TEXTS, int(prefix or 0), now + limits.PHONE_CODES_KEPT, sooner_only=True)
    if command.viewer is None:
        person_id = _member(tx, command.number)
    if not may_ask(tx.phone_codes.asked(command.number, now - DAY), now) or not _room(tx, now, prefix):
        return dict(ASKED)
    code_id = tx.phone_codes.add(
        command.number,
        tx.ids.digits(limits.PHONE_CODE_DIGITS),
        person_id=person_id,
        signs_in=command.viewer is None,
        prefix=prefix if person_id is not None else None,
        lang=command.lang,
    )
    tx.outbox.put_all(CHANNEL, [(code_id, {}, f"text {code_id}")], now)
    return dict(ASKED)


def _member(tx: Tx, number: str) -> int | None:
    """Who is signed in by that number: the member who proved it last."""
    return next((person.id for person in tx.people.with_phone(number) if _signs_in(person)), None)


def _signs_in(person: Person) -> bool:
    return person.phone_proven and not person.guest


def _room(tx: Tx, now: datetime, prefix: str | None) -> bool:
    if prefix is None:
        return False
    since = now - DAY
    settled, typed = tx.phone_codes.typed(prefix, since, now - limits.TEXTS_SETTLE, limits.TEXTS_JUDGED)
    return may_text(tx.phone_codes.texted(prefix, since), settled, typed)


def still_to_send(tx: Tx, now: datetime, item: OutboxItem) -> PhoneCode | None:
    """The code that message is about; None when there is nobody to send it to, or it lasts no longer."""
    held = tx.phone_codes.by_id(item.target)
    if held is None or held.code is None or held.person_id is None or now - held.at >= limits.PHONE_CODE_LIFE:
        return None
    return held


def check_code(tx: Tx, now: datetime, viewer: Viewer, code: str) -> dict[str, Any] | WrongCode:
    """Me, with a phone that is proved; or the refusal, which counts.

    Raises: SignIn.
    """
    person = me(tx, viewer)
    found = tx.phone_codes.of_person(person.id, now - limits.PHONE_CODE_LIFE)
    held = _guessed(tx, found, code)
    if isinstance(held, WrongCode):
        return held
    for other in tx.people.with_phone(held.number):
        if not person.guest and other.id != person.id and _signs_in(other):
            # A number signs in one member: whoever showed last that they have it. The other one's proof ends.
            tx.people.set(other.id, phone=other.phone, phone_proven=False)
    person = tx.people.set(person.id, phone=held.number, phone_proven=True)
    tx.audit.add(Deed.PHONE_PROVED, actor=person.id, person=person.id)
    tell_house(tx, ControlKind.PERSON_CHANGED, person=person.id)
    for request in tx.requests.of_person(person.id, limits.INBOX_ALERTS):
        if not request.over:
            look_soon(tx, request, now)  # it may reach more people now
    return my_view(tx, person, now)


def token_for(tx: Tx, now: datetime, number: str, code: str) -> str | WrongCode:
    """A token that signs that member in, for as long as the code would have lasted; or the refusal, which counts."""
    found = tx.phone_codes.of_number(number, now - limits.PHONE_CODE_LIFE)
    held = _guessed(tx, found, code)
    if isinstance(held, WrongCode):
        return held
    person = tx.people.by_id(held.person_id) if held.person_id is not None else None
    if person is None or not _signs_in(person) or _member(tx, number) != person.id:
        return _no(0)
    token = tx.ids.token("flm_")
    until = now + limits.PHONE_CODE_LIFE
    tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id, expires_at=until))
    return token


def _guessed(tx: Tx, code_id: int | None, code: str) -> PhoneCode | WrongCode:
    right, left = tx.phone_codes.guess(code_id, code) if code_id is not None else (False, 0)
    held = tx.phone_codes.by_id(code_id) if right and code_id is not None else None
    return held or _no(left)


def _no(left: int) -> WrongCode:
    return WrongCode(left, ONCE_MORE)


def forget_codes(tx: Tx, now: datetime, prefix: int) -> None:
    """What was asked for a day ago is forgotten, and a day later what was asked for since."""
    if not tx.due.take(TEXTS, prefix, now):
        return
    gone = tx.phone_codes.forget(now - limits.PHONE_CODES_KEPT, limits.TRIM_CHUNK)
    if gone:
        tx.due.put(TEXTS, prefix, now if gone == limits.TRIM_CHUNK else now + limits.PHONE_CODES_KEPT)
