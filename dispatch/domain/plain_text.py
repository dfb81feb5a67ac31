"""Text that people send: kept as typed, refused when a reader could be fooled by it.

Pure. Text stays text: nothing is escaped or stripped of markup here, since every page shows it
as text (tests/domain/test_plain_text.py).
"""

from typing import Final
from unicodedata import category, decimal

from dispatch.domain import limits
from dispatch.domain.errors import Invalid

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Direction overrides and isolates: they can make a sentence read as another one."""


def check_text(field: str, text: str | None, limit: int) -> str | None:
    """The text without outer blanks, line ends as `\\n`, None when nothing is left.

    Raises: Invalid for control characters, direction overrides, lone surrogates, or more than `limit` characters.
    """
    if text is None:
        return None
    text = text.replace("\r\n", "\n").strip()  # a browser's form ends its lines that way
    if len(text) > limit:
        raise Invalid([{"field": field, "says": f"at most {limit:,} characters"}])
    if any(_unreadable(char) for char in text):
        raise Invalid([{"field": field, "says": "plain text only: no control characters or direction overrides"}])
    return text or None


def check_phone(field: str, text: str | None) -> str | None:
    """The number as typed, None when nothing is left.

    Raises: Invalid as `check_text`, and for what has fewer than PHONE_DIGITS digits: nobody can dial it.
    """
    number = check_text(field, text, limits.PHONE_CHARS)
    if number is not None and sum(char.isdigit() for char in number) < limits.PHONE_DIGITS:
        raise Invalid([{"field": field, "says": "a phone number, as you would dial it"}])
    return number


def in_plain_digits(text: str) -> str:
    """A code or a number, however it was typed: anybody's digits become 0 to 9, and the gaps between them go."""
    return "".join(str(decimal(char, char)) for char in text if not char.isspace())


def as_cell(text: str) -> str:
    """The text as a cell of a CSV file: a spreadsheet that opens it must run no formula.

    What begins like one gets an apostrophe in front, which spreadsheets do not show.
    """
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _unreadable(char: str) -> bool:
    return (category(char) in ("Cc", "Cs") and char not in "\n\t") or char in BIDI
