"""What is written down for ever about the house itself: every disclosure and every use of special power.

Pure. A row names people and requests by number, never a place, a phone or a name. Rows are chained
by SHA-256 in the order they were sealed, so that none can be changed, dropped from the middle or put
in later unnoticed (tests/safety/test_audit.py).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BEGIN: Final = bytes(32)
"""What the first row is chained to."""


class Deed(StrEnum):
    """What was done."""

    DISCLOSED = "disclosed"
    """An exact place, and numbers on both sides, were shown to a claimer."""
    GLASS_BROKEN = "glass_broken"
    """A coordinator looked at an exact place."""
    ROLE_CHANGED = "role_changed"
    EXPORTED = "exported"
    ERASED = "erased"
    KEY_DESTROYED = "key_destroyed"
    REPORTED = "reported"
    DECIDED = "decided"
    """A coordinator decided a report or acted on a request."""
    BLOCKED = "blocked"
    SESSION_ENDED = "session_ended"
    PHONE_PROVED = "phone_proved"
    TRIMMED = "trimmed"
    """Rows up to a place of the chain were deleted for their age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row as it is chained."""

    id: int
    at: int
    actor: int | None
    deed: str
    person_id: int | None
    request_id: int | None
    why: str | None


def chained(previous: bytes, place: int, row: AuditRow) -> bytes:
    """The row's hash: SHA-256 over the one before and the row in one fixed form."""
    form = [place, row.id, row.at, row.actor, row.deed, row.person_id, row.request_id, row.why]
    text = json.dumps(form, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def broken_at(sealed: Iterable[tuple[int, bytes, AuditRow | None]]) -> tuple[int, int | None]:
    """(rows checked, the place of the first that does not fit; None when all do).

    `sealed`: place, hash and row in the order of places; a row that is gone is None. The first may be gone for its
    age: then its hash is what the chain goes on from, if a later row of the chain says that it was trimmed up to there.
    """
    previous, last, checked, trimmed = BEGIN, 0, 0, None
    for place, held, row in sealed:
        if row is None and last == 0:
            previous, last, trimmed = held, place, place
            continue
        if row is None or place != last + 1 or chained(previous, place, row) != held:
            return checked, place
        if row.deed == Deed.TRIMMED and row.why == trimmed_to(trimmed):
            trimmed = None
        previous, last, checked = held, place, checked + 1
    return (checked, None) if trimmed is None else (0, trimmed)


def closed_as(disposition: str) -> str:
    """What a row says of an ask that a coordinator ended."""
    return f"closed: {disposition}"


def trimmed_to(place: int | None) -> str:
    """What the row says that allows a chain to begin after that place."""
    return f"rows up to {place}"
