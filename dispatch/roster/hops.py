"""How many hops away people are, for everybody near at once.

Marks: one byte per person, the hop at which the requester's word first reaches them (0 = not).
Only the last hop may be asked of near people alone; the hops before it need everybody, near or not.
Invariant: the same marks whichever way is taken (tests/roster/test_hops.py).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.roster.base import Numbers
from dispatch.roster.delta import Delta

Marks = NDArray[np.uint8]

SELF: Final = 255
"""The requester's own mark, so that their friends' ties don't lead back to them."""

# Following a tie is a scattered read and a scattered write, trying one a read beside the last one. Of 1 M people
# (bench/match.py) following 0.6 M ties took as long as trying 2.5 M.
EXPAND_COST: Final = 4.0


def marks_of(
    delta: Delta,
    requester: int,
    hops: int,
    near: list[tuple[int, int]] | None = None,
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
    mark[requester] = SELF
    frontier = np.array([requester], dtype=np.int64)
    for hop in range(1, hops + 1):
        if hop == hops and near is not None and hop > 1 and _cheaper_to_try(delta, frontier, near, expand_cost):
            _try(delta, mark, near, hop)
            break
        frontier = _expand(delta, mark, frontier, hop)
        if not len(frontier):
            break
    return mark


def _expand(delta: Delta, mark: Marks, frontier: Numbers, hop: int) -> Numbers:
    """Marks all neighbours of the frontier that have no mark yet; says who they are, once each."""
    before = SELF if hop == 1 else hop - 1
    _, reached = delta.base.gather(frontier)
    fresh: NDArray[np.int32] = reached.compress(mark.take(reached) == 0)
    mark[fresh] = hop
    a, b = delta.new_ties()
    if len(a):
        newer = b[mark[a] == before]
        newer = newer[mark[newer] == 0]
        mark[newer] = hop
        fresh = np.concatenate([fresh, newer])
    if hop == 1 and not len(a):
        return np.asarray(fresh, dtype=np.int64)
    # Sorting many is dearer than looking at every mark there is.
    if len(fresh) > len(mark) >> 5:
        everybody: Numbers = np.flatnonzero(mark == hop)
        return everybody
    return np.asarray(np.unique(fresh), dtype=np.int64)


def _try(delta: Delta, mark: Marks, near: list[tuple[int, int]], hop: int) -> None:
    """Marks those near people, and moved people, who have a neighbour at the hop before."""
    base, before = delta.base, hop - 1
    hot = mark == before
    for low, high in near:
        ptr = base.ptr[low : high + 1]
        hit = hot.take(base.nbr[ptr[0] : ptr[-1]])
        tied = np.flatnonzero(ptr[1:] > ptr[:-1])
        if len(tied):
            any_hit = np.logical_or.reduceat(hit, ptr[tied] - ptr[0])
            _mark(mark, low + tied[any_hit], hop)
    moved = delta.moved().numbers
    if len(moved):
        count, nbr = base.gather(moved)
        _mark(mark, np.repeat(moved, count)[hot[nbr]], hop)
    a, b = delta.new_ties()
    if len(a):
        _mark(mark, a[hot[b]], hop)


def _mark(mark: Marks, people: NDArray[np.integer], hop: int) -> None:
    mark[people[mark[people] == 0]] = hop


def _cheaper_to_try(delta: Delta, frontier: Numbers, near: list[tuple[int, int]], expand_cost: float) -> bool:
    ptr = delta.base.ptr
    to_expand = int((ptr.take(frontier + 1) - ptr.take(frontier)).sum())
    to_try = sum(int(ptr[high] - ptr[low]) for low, high in near)
    return to_try < expand_cost * to_expand
