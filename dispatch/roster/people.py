"""One row per person, as numpy keeps it.

A record array, not a dozen columns: a search gathers a few thousand scattered people, and a
record of 53 bytes is one cache line for each, where twelve columns would be twelve.
Invariant: a row says what the store says (tests/roster/test_roster.py).
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.people import SILENT, Duty, Person
from dispatch.ports import PeopleColumns

PERSON: Final = np.dtype(
    [
        ("id", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("seen_at", np.float64),
        ("duty_until", np.float64),
        ("seats", np.int16),
        ("reach_minutes", np.int16),
        ("quiet_from", np.int16),
        ("quiet_to", np.int16),
        ("weekly_max", np.int16),
        ("duty", np.int8),
        ("guest", np.bool_),
        ("closed", np.int8),
    ]
)
Rows = NDArray[Any]
"""Records of dtype PERSON."""

_DUTIES: Final = list(Duty)
_AVAILABLE: Final = _DUTIES.index(Duty.AVAILABLE)
_ON_BREAK: Final = _DUTIES.index(Duty.ON_BREAK)
_IS_SILENT: Final = np.array([duty in SILENT for duty in _DUTIES] + [False])
"""By duty code; the last entry answers for -1, never set."""


def rows_of(people: PeopleColumns) -> Rows:
    """The same people as records, in the same order."""
    rows = np.empty(len(people), dtype=PERSON)
    for name in PERSON.names or ():
        rows[name] = getattr(people, name)
    return rows


def row_of(person: Person) -> tuple[object, ...]:
    """One person as the fields of a record."""
    nowhere = float("nan")
    return (
        person.id,
        person.place.lat if person.place else nowhere,
        person.place.lon if person.place else nowhere,
        person.seen_at.timestamp() if person.seen_at else nowhere,
        person.duty_until.timestamp() if person.duty_until else nowhere,
        _or_none(person.seats),
        _or_none(person.reach_minutes),
        _or_none(person.quiet_from),
        _or_none(person.quiet_to),
        person.alerts_per_week_max,
        _DUTIES.index(person.duty) if person.duty else -1,
        person.guest,
        person.closed,
    )


def stub(person_id: int) -> tuple[object, ...]:
    """Somebody we know by name only, because a tie came before the person: nobody asks them yet."""
    nowhere = float("nan")
    return (person_id, nowhere, nowhere, nowhere, nowhere, -1, -1, -1, -1, 0, -1, True, 0)


def duty_at(rows: Rows, now: float | None) -> NDArray[np.int8]:
    """What each person's duty counts as at that moment.

    Unit: codes of PeopleColumns.duty; `now` in seconds since 1970, None = dates are not looked at.
    A break that is over counts as available; any other word that has run out counts as never said.
    """
    duty = np.array(rows["duty"], dtype=np.int8)
    if now is not None:
        with np.errstate(invalid="ignore"):
            over = rows["duty_until"] <= now
        duty[over] = np.where(duty[over] == _ON_BREAK, _AVAILABLE, -1)
    return duty


def may_be_asked(rows: Rows, duty: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Who is no guest and not off duty."""
    answer: NDArray[np.bool_] = ~rows["guest"] & ~_IS_SILENT.take(duty)
    return answer


def _or_none(value: int | None) -> int:
    return -1 if value is None else value
