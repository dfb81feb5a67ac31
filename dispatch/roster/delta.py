"""What has changed since the base was built: moves, newcomers, new ties, ties undone.

Logs that only grow, written by one thread under the roster's lock and read by all others
without any: a reader takes the length first and sees a prefix that never changes again.
Two cells are overwritten in place, and only by one whole number each: an undone tie becomes a
tie to oneself. Reading it before or after is a world that existed.
Invariant: base + changes answers like a base built anew (tests/roster/test_delta.py).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.columns import once_each
from dispatch.roster.base import Base, Edges, Numbers
from dispatch.roster.people import PERSON, Rows
from geo.distance import unit_vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """People whose row in the base no longer holds: each once, as they are now, by number."""

    length: int
    numbers: Numbers
    rows: Rows
    vectors: NDArray[np.float32]
    is_moved: NDArray[np.bool_]
    """By number, for everybody the base has room for."""


class Delta:
    """Changes over one base, at most `room` of them."""

    def __init__(self, base: Base, room: int) -> None:
        self.base, self.room = base, room
        self.changes = 0
        self.newcomers: dict[int, int] = {}
        """Id to number, of people the base doesn't have."""
        self._who = np.zeros(room, dtype=np.int64)
        self._rows = np.zeros(room, dtype=PERSON)
        self._people = 0
        self._a = np.zeros(2 * room, dtype=np.int32)
        self._b = np.zeros(2 * room, dtype=np.int32)
        self._ties = 0
        self._at: dict[tuple[int, int], int] = {}
        self._extra: dict[int, list[int]] = {}
        self._more: dict[int, int] = {}
        """By how much their number of ties differs from the base's."""
        self._torn: set[int] = set()
        """People with an undone tie in their base row, which is then no longer sorted."""
        self._moved = _nobody_moved(base)

    @property
    def full(self) -> bool:
        """Is there no room for one more change of any kind?"""
        # A tie may bring two people nobody had heard of: two rows beside itself.
        return self.changes + 3 > self.room

    @property
    def empty(self) -> bool:
        """Has nothing changed?"""
        return self.changes == 0

    # -- reading, from any thread ---------------------------------------------------------------

    def number_of(self, person_id: int) -> int:
        """Their number; -1 = nobody."""
        number = self.base.number_of(person_id)
        return number if number >= 0 else self.newcomers.get(person_id, -1)

    def ids(self, people: NDArray[np.signedinteger]) -> NDArray[np.int64]:
        """Their ids."""
        if len(people) and int(people.max()) >= len(self.base):
            return np.array([self.row(int(number))["id"] for number in people], dtype=np.int64)
        return np.array(self.base.rows["id"][people], dtype=np.int64)

    def row(self, number: int) -> np.void:
        """The person's record as it is now."""
        moved = self.moved()
        at = int(np.searchsorted(moved.numbers, number))
        if at < len(moved.numbers) and moved.numbers[at] == number:
            row: np.void = moved.rows[at]
        else:
            row = self.base.rows[number]
        return row

    def moved(self) -> Moved:
        """Everybody whose row is not the base's."""
        known, length = self._moved, self._people
        if known.length == length:
            return known
        who = self._who[:length]
        numbers, first = np.unique(who[::-1], return_index=True)
        rows = self._rows.take(length - 1 - first)
        flags = np.zeros(self.base.capacity, dtype=np.bool_)
        flags[numbers] = True
        fresh = Moved(
            length=length,
            numbers=numbers,
            rows=rows,
            vectors=unit_vectors(rows["lat"], rows["lon"]),
            is_moved=flags,
        )
        self._moved = fresh
        return fresh

    def new_ties(self) -> tuple[Edges, Edges]:
        """Both ends of each new tie, in both directions; an undone one leads to itself."""
        length = self._ties
        return self._a[:length], self._b[:length]

    def ties_of(self, number: int) -> Edges:
        """Everybody they are tied to, sorted, once each. A view when nothing of it has changed."""
        row = self.base.ties_of(number)
        extra = self._extra.get(number)
        if number in self._torn:
            row = row[row != number]
            row.sort()
        if not extra:
            return row
        return once_each(np.concatenate([row, np.array(extra, dtype=np.int32)]))

    def degrees(self, people: NDArray[np.signedinteger]) -> NDArray[np.int64]:
        """How many ties each has."""
        count: NDArray[np.int64] = self.base.ptr[people + 1] - self.base.ptr[people]
        if self._more:
            count += np.array([self._more.get(int(number), 0) for number in people], dtype=np.int64)
        return count

    # -- writing, under the roster's lock -------------------------------------------------------

    def put(self, person_id: int, row: tuple[object, ...]) -> int:
        """The number of the person, whose record is now this."""
        number = self.number_of(person_id)
        fresh = number < 0
        if fresh:
            number = len(self.base) + len(self.newcomers)
        self._who[self._people] = number
        self._rows[self._people] = row
        # The length last: whoever reads it finds the row complete.
        self._people += 1
        self.changes += 1
        if fresh:
            self.newcomers[person_id] = number
        return number

    def tied(self, a: int, b: int) -> bool:
        """Are those two numbers tied?"""
        return (a, b) in self._at or bool((self.base.ties_of(a) == b).any())

    def tie(self, a: int, b: int) -> bool:
        """False if they were tied already, or are one person."""
        if a == b or self.tied(a, b):
            return False
        for one, other in ((a, b), (b, a)):
            at = self._ties
            self._a[at], self._b[at] = one, other
            self._ties = at + 1
            self._at[one, other] = at
            self._extra[one] = [*self._extra.get(one, ()), other]
            self._more[one] = self._more.get(one, 0) + 1
        self.changes += 1
        return True

    def untie(self, a: int, b: int) -> bool:
        """False if they were not tied."""
        if not self.tied(a, b) or a == b:
            return False
        for one, other in ((a, b), (b, a)):
            self._more[one] = self._more.get(one, 0) - 1
            at = self._at.pop((one, other), None)
            if at is not None:
                self._b[at] = one
                self._extra[one] = [each for each in self._extra[one] if each != other]
                continue
            start = int(self.base.ptr[one])
            self._torn.add(one)  # before the row is: a reader must not search a row that is not sorted
            self.base.nbr[start + int(np.flatnonzero(self.base.ties_of(one) == other)[0])] = one
        self.changes += 1
        return True

    # -- folding --------------------------------------------------------------------------------

    def everything(self) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
        """All rows in the order of their numbers, and all ties once each, by number."""
        rows = np.empty(len(self.base) + len(self.newcomers), dtype=PERSON)
        rows[: len(self.base)] = self.base.rows
        moved = self.moved()
        rows[moved.numbers] = moved.rows
        degrees = np.diff(self.base.ptr[: len(self.base) + 1])
        source = np.repeat(np.arange(len(self.base), dtype=np.int64), degrees)
        once = source < self.base.nbr
        a, b = self.new_ties()
        newer = a < b
        return (
            rows,
            np.concatenate([source[once], a[newer].astype(np.int64)]),
            np.concatenate([self.base.nbr[once].astype(np.int64), b[newer].astype(np.int64)]),
        )


def _nobody_moved(base: Base) -> Moved:
    return Moved(
        length=0,
        numbers=np.zeros(0, dtype=np.int64),
        rows=np.zeros(0, dtype=PERSON),
        vectors=np.zeros((0, 3), dtype=np.float32),
        is_moved=np.zeros(base.capacity, dtype=np.bool_),
    )
