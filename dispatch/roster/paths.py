"""Through whom the word reaches somebody: a shortest way between two people.

From both ends at once, the end that has reached fewer people first: from a hub of 48,000 friends
to a friend of a friend that is one look-up for each of the ten friends of the latter.
Invariant: as short as any way there is (tests/roster/test_paths.py).
"""

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.columns import once_each
from dispatch.roster.base import Edges
from dispatch.roster.delta import Delta


class _Side:
    """Who has been reached from one end, hop by hop."""

    def __init__(self, start: int) -> None:
        # The numbers of ties are int32, and searching one width in another copies the longer array first.
        self.levels: list[Edges] = [np.array([start], dtype=np.int32)]

    def grow(self, delta: Delta) -> None:
        """One hop more, without anybody reached before."""
        last = self.levels[-1]
        if len(self.levels) == 1:
            self.levels.append(delta.ties_of(int(last[0])))
            return
        _, nbr = delta.base.gather(last)
        a, b = delta.new_ties()
        found = once_each(np.concatenate([nbr, b[among(last, a)]]))
        for level in self.levels:
            found = found[~among(level, found)]
        self.levels.append(found)

    def back_from(self, delta: Delta, number: int) -> list[int]:
        """The way from there to this end: the number first, the end last."""
        way = [number]
        for level in self.levels[-2::-1]:
            if len(level) == 1:
                way.append(int(level[0]))
                continue
            friends = delta.ties_of(way[-1])
            way.append(_quietest(delta, friends[among(level, friends)]))
        return way


def shortest(delta: Delta, start: int, end: int, hops: int) -> list[int] | None:
    """The people on a shortest way, both ends included; None = more than `hops` away.

    Of several go-betweens it takes the one with the fewest ties: who knows few people knows them
    well; among those the smallest id, so that asking again names the same one.
    """
    if start == end:
        return [start]
    one, other = _Side(start), _Side(end)
    for _ in range(hops):
        side = one if len(one.levels[-1]) <= len(other.levels[-1]) else other
        side.grow(delta)
        if not len(side.levels[-1]):
            return None
        few, many = sorted((one.levels[-1], other.levels[-1]), key=len)
        both = few[among(many, few)]
        if len(both):
            middle = _quietest(delta, both)
            return one.back_from(delta, middle)[::-1] + other.back_from(delta, middle)[1:]
    return None


def among(sorted_numbers: Edges, wanted: Edges) -> NDArray[np.bool_]:
    """Which of the wanted are in the sorted ones."""
    if not len(sorted_numbers):
        return np.zeros(len(wanted), dtype=np.bool_)
    at = np.searchsorted(sorted_numbers, wanted)
    at[at == len(sorted_numbers)] = 0
    answer: NDArray[np.bool_] = sorted_numbers[at] == wanted
    return answer


def _quietest(delta: Delta, people: Edges) -> int:
    if len(people) == 1:
        return int(people[0])
    ties = delta.degrees(people)
    fewest = people[ties == ties.min()]
    return int(fewest[np.argmin(delta.ids(fewest))])
