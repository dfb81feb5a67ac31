"""Text that people send: kept as typed, refused when a reader could be fooled by it.

Pure. Text stays text: nothing is escaped or stripped of markup here, since every page shows it
as text (tests/domain/test_plain_text.py).
"""

from typing import Final
from unicodedata import category

from dispatch.domain.errors import Invalid

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


def _unreadable(char: str) -> bool:
    return (category(char) in ("Cc", "Cs") and char not in "\n\t") or char in BIDI
