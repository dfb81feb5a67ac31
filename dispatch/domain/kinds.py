"""What people can need, as a table: a new kind of need is a row, never a branch.

Pure data. The matcher, the forms and the API read the columns; nothing else in the code asks
which kind it has (tests/domain/test_kinds.py).
Where the figures come from: docs/matching.md, "Kinds".
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dispatch.domain.errors import Invalid, UnknownKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row: how a need is counted, who can answer it and how long it is looked after."""

    name: str
    unit: str
    one: str
    """One unit in words for people: "seat", "bed"."""
    quantity_max: int
    located: bool
    """Does somebody have to travel to it?"""
    splittable: bool = True
    open_ended: bool = False
    """No total: everyone may add to it, it is never covered."""
    accept: float
    """Factor on the base chance that a person who sees the alert says yes."""
    plan: timedelta
    """The matcher's first deadline for having it covered."""
    give_up: timedelta
    """When an unanswered request expires by itself."""
    wave_max: int = 500
    """People one wave of a need without a total asks at most."""
    gives: tuple[tuple[int, float], ...] = ()
    """(lots, share): what one helper brings where nobody can know it beforehand. () = the seats they have."""


def _minutes(value: int) -> timedelta:
    return timedelta(minutes=value)


def _hours(value: int) -> timedelta:
    return timedelta(hours=value)


GIFTS: Final = ((1, 0.5), (2, 0.25), (4, 0.125), (8, 0.0625), (16, 0.0625))
BEDS: Final = ((1, 0.4), (2, 0.4), (4, 0.2))
ONE: Final = ((1, 1.0),)

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="ride", unit="seats", one="seat", quantity_max=60, located=True,
            accept=0.6, plan=_minutes(30), give_up=_hours(6),
        ),
        Kind(
            name="supplies", unit="items", one="item", quantity_max=1_000, located=True,
            accept=0.3, plan=_minutes(120), give_up=_hours(24),
            gives=GIFTS,
        ),
        Kind(
            name="shelter", unit="beds", one="bed", quantity_max=200, located=True,
            accept=0.3, plan=_minutes(60), give_up=_hours(12),
            gives=BEDS,
        ),
        Kind(
            name="repair", unit="jobs", one="job", quantity_max=20, located=True,
            accept=0.3, plan=_minutes(60), give_up=_hours(12),
            gives=ONE,
        ),
        Kind(
            name="advice", unit="answers", one="answer", quantity_max=20, located=False,
            accept=0.6, plan=_minutes(30), give_up=_hours(24),
            gives=ONE,
        ),
        Kind(
            name="funds", unit="minor units", one="minor unit", quantity_max=100_000_000, located=False,
            accept=0.15, plan=_minutes(240), give_up=_hours(72),
            gives=GIFTS,
        ),
        Kind(
            name="words", unit="messages", one="message", quantity_max=1_000, located=False, open_ended=True,
            accept=0.6, plan=_minutes(240), give_up=_hours(72), wave_max=30,
        ),
    )
}  # fmt: skip


def kind_named(name: str) -> Kind:
    """The row of that name.

    Raises: UnknownKind, which lists the names there are.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(name, tuple(KINDS)) from None


def quantity_of(kind: Kind, quantity: int | None) -> int | None:
    """How much is asked for: a checked number, or None for an open-ended kind.

    Raises: Invalid with the bounds.
    """
    if kind.open_ended:
        return None
    if quantity is None or not 1 <= quantity <= kind.quantity_max:
        raise Invalid([{"field": "quantity", "says": f"a whole number of {kind.unit} from 1 to {kind.quantity_max:,}"}])
    return quantity
