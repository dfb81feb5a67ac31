"""A phone number, and when a code may be sent to it: what one person's asking, or a whole country's, may cost.

Pure. A code proves that whoever typed a number also reads what is sent to it. Texts cost money, and somebody who
earns by them will ask for thousands: so each number, each country and the share that is really typed have a bound
(tests/safety/test_pumping.py).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain import limits
from dispatch.domain.errors import Invalid
from dispatch.domain.plain_text import in_plain_digits

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN = re.compile(r"[().\-\u2010-\u2015/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCode:
    """A code that was asked for. `code`: while the text has not gone out; None afterwards, and for ever."""

    id: int
    number: str
    code: str | None
    person_id: int | None
    """Whose phone it is to prove, or who is to be signed in; None: the number is nobody's, and nothing is sent."""
    lang: str | None
    at: datetime


def number_of(text: str) -> str:
    """The number as + and digits (E.164), typed in anybody's digits.

    Raises: Invalid for what is none, or has no country code: whom would we text?
    """
    plain = _BETWEEN.sub("", in_plain_digits(text))
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    if not plain.isascii() or not _E164.fullmatch(plain):
        raise Invalid([{"field": "phone", "says": "a phone number with + and the country code"}])
    return plain


def same_number(one: str | None, other: str | None) -> bool:
    """Are these one number, however each is typed? What can't be read as one is only itself."""
    try:
        return one == other or number_of(one or "") == number_of(other or "")
    except Invalid:
        return False


def listed(number: str, prefixes: Iterable[str]) -> str | None:
    """The longest of the operator's prefixes that the number begins with; None: no text goes there."""
    return max((prefix for prefix in prefixes if number[1:].startswith(prefix)), key=len, default=None)


def may_ask(asked: Sequence[datetime], now: datetime) -> bool:
    """May that number have another code? `asked`: when it had one within the day."""
    if any(now - at < limits.PHONE_CODE_AGAIN for at in asked):
        return False
    in_the_hour = sum(now - at < timedelta(hours=1) for at in asked)
    return in_the_hour < limits.PHONE_CODES_HOUR and len(asked) < limits.PHONE_CODES_DAY


def may_text(texted: int, settled: int, typed: int) -> bool:
    """May another text go to that country? `texted`: of the day; `typed` of the last `settled` were typed in."""
    few = settled >= limits.TEXTS_JUDGED and typed < limits.TEXTS_TYPED_PART * settled
    return texted < limits.TEXTS_COUNTRY_DAY and not few
