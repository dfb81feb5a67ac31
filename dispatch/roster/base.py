"""The network as arrays: people in the order of their cells, ties in compressed rows.

Built once and then read by everybody without a lock. One thing may still change in it: a tie
that is undone is overwritten by a tie to oneself, which leads nowhere (dispatch/roster/delta.py).
Invariant: a tie given twice, or to oneself, counts once or not at all (tests/roster/test_roster.py).
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from dispatch.roster.grid import cell_numbers, strips
from dispatch.roster.people import Rows
from geo.distance import unit_vectors
from geo.point import Point

Numbers = NDArray[np.int64]
"""People by their number in this base, never by their id."""
Edges = NDArray[np.int32]
Ranges = list[tuple[int, int]]
"""First number, and one past the last; none overlap."""
_G = TypeVar("_G", bound=np.generic)

_LOOKUP_SPARE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Everybody and their ties at one moment.

    `ptr` has `spare` entries more than people: newcomers get numbers behind, with no ties here.
    """

    rows: Rows
    vectors: NDArray[np.float32]
    cells: NDArray[np.int32]
    """By number, so it rises."""
    ptr: NDArray[np.int64]
    nbr: Edges
    ids: NDArray[np.int64]
    """Sorted, for looking up."""
    numbers: Edges
    """The number of the person with that id, same order as `ids`."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def capacity(self) -> int:
        """How many numbers there may be before this base must be built anew."""
        return len(self.ptr) - 1

    def number_of(self, person_id: int) -> int:
        """Their number; -1 = nobody."""
        at = int(np.searchsorted(self.ids, person_id))
        return int(self.numbers[at]) if at < len(self.ids) and self.ids[at] == person_id else -1

    def near(self, origin: Point, radius_km: float) -> Ranges:
        """Ranges of numbers that hold everybody within the radius, and some more."""
        found = np.searchsorted(self.cells, strips(origin, radius_km))
        return [(low, high) for low, high in found.tolist() if low < high]

    def ties_of(self, number: int) -> Edges:
        """A view of their row: sorted, unless a tie in it was undone."""
        return self.nbr[self.ptr[number] : self.ptr[number + 1]]

    def gather(self, people: NDArray[np.signedinteger]) -> tuple[NDArray[np.int64], Edges]:
        """All ties of many people: how many each has, then the others' numbers, row after row."""
        start = self.ptr.take(people)
        count = self.ptr.take(people + 1) - start
        total = int(count.sum())
        at = np.repeat(start - (np.cumsum(count) - count), count)
        at += np.arange(total)
        return count, self.nbr.take(at)


def joined(column: NDArray[_G], ranges: Ranges) -> NDArray[_G]:
    """What a column says of everybody in those ranges, one after the other."""
    return np.concatenate([column[low:high] for low, high in ranges]) if ranges else column[:0]


def numbers_where(flags: NDArray[np.bool_], ranges: Ranges) -> Numbers:
    """The numbers of those whose flag is set, one flag for everybody in those ranges, as `joined` orders them."""
    at = np.flatnonzero(flags)
    past = np.array([high for _, high in ranges], dtype=np.int64)
    ends = np.cumsum([high - low for low, high in ranges], dtype=np.int64)
    count = np.diff(np.searchsorted(at, ends), prepend=0)
    return at + np.repeat(past - ends, count)


def build(rows: Rows, a: NDArray[Any], b: NDArray[Any], spare: int) -> tuple[Base, Numbers]:
    """A base of these people, and the number each row got, in the rows' order.

    Shape: `a`, `b` are positions in `rows`, each tie once (a, b).
    Cost: 1 M people with 5.5 M ties: about a second, most of it one sort.
    """
    cells = cell_numbers(rows["lat"], rows["lon"])
    order = np.argsort(cells, kind="stable")
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows))
    rows = rows.take(order)
    ids_order = np.argsort(rows["id"], kind="stable")
    ptr, nbr = _compressed(rank[a], rank[b], len(rows), spare)
    base = Base(
        rows=rows,
        vectors=unit_vectors(rows["lat"], rows["lon"]),
        cells=cells.take(order),
        ptr=ptr,
        nbr=nbr,
        ids=rows["id"][ids_order],
        numbers=ids_order.astype(np.int32),
    )
    return base, rank


def positions(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted id stands in `ids`; -1 = nowhere. Any shape."""
    if not len(ids):
        return np.full(wanted.shape, -1, dtype=np.int64)
    low, high = int(ids.min()), int(ids.max())
    # Ids of one table are almost dense: a table of them answers 11 M look-ups in 0.1 s, bisection in 2 s.
    if high - low < 4 * len(ids) + _LOOKUP_SPARE:
        table = np.full(high - low + 1, -1, dtype=np.int64)
        table[ids - low] = np.arange(len(ids))
        inside = (wanted >= low) & (wanted <= high)
        if inside.all():
            return table[wanted - low]
        return np.where(inside, table[np.where(inside, wanted - low, 0)], -1)
    order = np.argsort(ids)
    at = np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)
    found = order[at]
    return np.where(ids[found] == wanted, found, -1)


def _compressed(a: Numbers, b: Numbers, people: int, spare: int) -> tuple[NDArray[np.int64], Edges]:
    """Both directions of each tie in rows by person, sorted, once each."""
    real = a != b
    if not real.all():
        a, b = a[real], b[real]
    # One key per direction and one plain sort: several times faster than an argsort by person.
    keys = np.concatenate([(a << 32) | b, (b << 32) | a])
    keys.sort()
    if len(keys) > 1:
        fresh = np.empty(len(keys), dtype=np.bool_)
        fresh[0] = True
        np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
        if not fresh.all():
            keys = keys[fresh]
    ptr = np.empty(people + spare + 1, dtype=np.int64)
    ptr[: people + 1] = np.searchsorted(keys, np.arange(people + 1, dtype=np.int64) << 32)
    ptr[people + 1 :] = len(keys)
    return ptr, (keys & 0xFFFFFFFF).astype(np.int32)
