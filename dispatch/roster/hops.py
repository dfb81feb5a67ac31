"""How many hops away people are, for everybody near at once.

Marks: one byte per person, the hop at which the requester's word first reaches them (0 = not).
Only the last hop may be asked of near people alone; the hops before it need everybody, near or not.
Invariant: the same marks whichever way is taken (tests/roster/test_hops.py).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.columns import once_each
from dispatch.roster.base import Edges, Numbers, Ranges, joined
from dispatch.roster.delta import Delta

Marks = NDArray[np.uint8]

SELF: Final = 255
"""The requester's own mark, so that their friends' ties don't lead back to them."""

_NOBODY: Final = np.zeros(0, dtype=np.int32)

# Following a tie is a scattered read and a scattered write, trying one a read beside the last one. Of 1 M people
# (bench/match.py) following 0.6 M ties took as long as trying 5 M, of 100,000 as long as trying 3 M.
EXPAND_COST: Final = 8.0


def marks_of(
    delta: Delta,
    requester: int,
    hops: int,
    near: Ranges | None = None,
    *,
    expand_cost: float = EXPAND_COST,
) -> Marks:
    """The hop of everybody up to `hops`; SELF for the requester, 0 for all others.

    `near` given: the last hop is marked for people in those ranges, and for moved people, at
    least; whoever lies elsewhere may be left at 0. `expand_cost`: what following a tie costs, in ties tried.
    """
    mark = np.zeros(delta.base.capacity, dtype=np.uint8)
    if requester < 0:
        return mark
    frontier: Numbers | Edges = delta.ties_of(requester) if hops else _NOBODY
    mark[frontier] = 1
    mark[requester] = SELF
    unread = int(delta.base.ptr[-1])
    for hop in range(2, hops + 1):
        if not len(frontier):
            break
        to_follow = _ties(delta, frontier)
        unread -= to_follow
        if hop == hops and near is not None and _ties_near(delta, near) < expand_cost * to_follow:
            _try(delta, mark, near, hop)
            break
        # A hub soon knows most of a network: then those it has not reached say sooner whom they know.
        frontier = _ask_the_rest(delta, mark, hop) if unread < to_follow else _expand(delta, mark, frontier, hop)
    return mark


def _expand(delta: Delta, mark: Marks, frontier: Numbers | Edges, hop: int) -> Numbers:
    """Marks all neighbours of the frontier that have no mark yet; says who they are, once each."""
    _, reached = delta.base.gather(frontier)
    fresh: NDArray[np.int32] = reached.compress(mark.take(reached) == 0)
    mark[fresh] = hop
    fresh = np.concatenate([fresh, _by_new_ties(delta, mark, hop)])
    # Sorting many is dearer than looking at every mark there is.
    if len(fresh) > len(mark) >> 5:
        everybody: Numbers = np.flatnonzero(mark == hop)
        return everybody
    return once_each(fresh).astype(np.int64)


def _ask_the_rest(delta: Delta, mark: Marks, hop: int) -> Numbers:
    """The same as `_expand`, found from those without a mark: has any of their neighbours been reached?"""
    rest: Numbers = np.flatnonzero(mark[: len(delta.base)] == 0)
    count, nbr = delta.base.gather(rest)
    cuts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(count)])
    mark[rest[any_between(mark.take(nbr), cuts)]] = hop
    _by_new_ties(delta, mark, hop)
    everybody: Numbers = np.flatnonzero(mark == hop)
    return everybody


def _by_new_ties(delta: Delta, mark: Marks, hop: int) -> Edges:
    """Marks whom a tie that is not in the base leads to, from the hop before."""
    a, b = delta.new_ties()
    newer: Edges = b.compress(mark.take(a) == hop - 1)
    newer = newer.compress(mark.take(newer) == 0)
    mark[newer] = hop
    return newer


def _try(delta: Delta, mark: Marks, near: Ranges, hop: int) -> None:
    """Marks those near people, and moved people, who have a neighbour at the hop before."""
    base = delta.base
    # All their ties are read before anybody is marked: a neighbour with any mark is then one at the hop before, or the
    # one without a mark would have had its own by now.
    reached = np.empty(_ties_near(delta, near), dtype=np.uint8)
    cuts = np.zeros(sum(high - low for low, high in near) + 1, dtype=np.int64)
    ties = people = 0
    for low, high in near:
        ends = base.ptr[low : high + 1]
        row = base.nbr[ends[0] : ends[-1]]
        # Numbers are never out of range, and of all modes "wrap" alone writes to `out` without a copy or a clip.
        mark.take(row, out=reached[ties : ties + len(row)], mode="wrap")
        np.add(ends[1:], ties - ends[0], out=cuts[people + 1 : people + len(ends)])
        ties, people = ties + len(row), people + len(ends) - 1
    fresh, people = any_between(reached, cuts), 0
    fresh &= joined(mark, near) == 0
    # Added, not written where they are set: a processor that guesses wrong for every fourth takes ten times as long.
    marks = fresh * np.uint8(hop)
    for low, high in near:
        mark[low:high] += marks[people : people + high - low]
        people += high - low
    moved = delta.moved().numbers
    if len(moved):
        count, nbr = base.gather(moved)
        _mark(mark, np.repeat(moved, count)[mark[nbr] == hop - 1], hop)
    a, b = delta.new_ties()
    if len(a):
        _mark(mark, a[mark[b] == hop - 1], hop)


def any_between(flags: Marks, cuts: Numbers) -> NDArray[np.bool_]:
    """Is a flag set (not 0) between each cut and the next?

    Shape: N flags and rising cuts up to N in, one answer fewer than cuts out.
    """
    # Flags are counted 64 at a time; of those before a cut, the ones behind it in its 64 are taken off again: a quarter
    # of the time of a reduceat, which starts anew at every cut.
    words = np.zeros(len(flags) // 64 + 1, dtype="<u8")
    bits = np.packbits(flags, bitorder="little")
    words.view(np.uint8)[: len(bits)] = bits
    through = np.cumsum(np.bitwise_count(words), dtype=np.int32)
    at = cuts >> 6
    count = through.take(at) - np.bitwise_count(words.take(at) >> (cuts & 63).view(np.uint64))
    answer: NDArray[np.bool_] = count[1:] != count[:-1]
    return answer


def _mark(mark: Marks, people: NDArray[np.integer], hop: int) -> None:
    mark[people[mark[people] == 0]] = hop


def _ties(delta: Delta, people: Numbers | Edges) -> int:
    """About how many ties they have, by a sample of some thousands: it decides on a way, never on an answer."""
    step = (len(people) >> 12) + 1
    some, ptr = people[::step], delta.base.ptr
    return step * int((ptr.take(some + 1) - ptr.take(some)).sum())


def _ties_near(delta: Delta, near: Ranges) -> int:
    return sum(int(delta.base.ptr[high] - delta.base.ptr[low]) for low, high in near)
