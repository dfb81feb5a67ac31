"""Whoever is worth asking, best first, and how the odds rise along that list.

Pure, numpy: no request, no clock, no policy; `dispatch/domain/paced.py` decides with it. Must never add anybody to
the list it is given or lose one. Invariants: tests/domain/test_ladder.py.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import forecast as odds
from dispatch.domain import matching

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Gives = tuple[tuple[int, float], ...]
"""What one helper brings where nobody can know: (lots, share) each; () = their own seats."""

POINTS: Final = 24
"""Lengths of the list at which the odds are worked out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """People worth asking, as arrays of one length."""

    rows: NDArray[np.intp]
    chance: Floats
    usual: Floats
    hears: Floats
    useful: Floats
    """P(comes soon and keeps the promise): what the order goes by …"""
    weight: Floats
    """… and P(says yes by the deadline): what the odds count."""
    cost: Floats
    """Attention each alert costs; 1 = a rested friend's, in a rested network."""
    size: Whole
    """Lots each would fill, as a class."""

    def __len__(self) -> int:
        return len(self.rows)

    def best_first(self, gain: Floats) -> Self:
        """The same people, in the order of what their alerts gain for what they cost. `gain`: of a yes, by size."""
        order = matching.best_first(self.useful * gain[self.size] / self.cost)
        return type(self)(**{each.name: getattr(self, each.name)[order] for each in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the odds of a list are worked out with."""

    lots: int
    """How many must be filled."""
    base: Floats
    """`odds.kept` of the promises that stand."""
    under_way: Floats
    """Yeses still expected from those who were asked before, by size."""
    factor: float
    """How many of the expected yeses come, tonight, and keep their word."""
    gives: Gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A list cut at growing lengths, the first of them 0: one rung each."""

    terms: Terms
    listed: Listed
    edges: Whole
    """How many people each rung asks."""
    rates: Floats
    """Yeses expected by then from them and from those asked before, by size. Shape: (rungs, LOTS_MAX + 1)."""
    cost: Floats
    enough: list[float]
    """P(enough) at each rung …"""
    share: list[float]
    """… and the share of the lots that is expected to be filled."""

    @property
    def top(self) -> int:
        """The rung of the whole list."""
        return len(self.edges) - 1

    def worth(self, price: float) -> int:
        """The rung beyond which alerts cost more than they add to P(enough), and to the share expected.

        The share counts too: where nine seats can't be found, four are still worth asking for.
        """
        return max(int(np.argmax(np.asarray(value) - price * self.cost)) for value in (self.enough, self.share))

    def reaching(self, want: float, most: int) -> int:
        """The lowest rung that gives that P(enough), at most `most`."""
        return next((n for n in range(most) if self.enough[n] >= want), most)

    def shortest(self, want: float, most: int) -> tuple[int, float]:
        """The shortest beginning of the list that reaches `want`, and the P it gives; else up to the rung `most`."""
        rung = self.reaching(want, most)
        if rung == 0 or self.enough[rung] < want:
            return int(self.edges[rung]), self.enough[rung]
        start, high = int(self.edges[rung - 1]), int(self.edges[rung])
        low, best, terms = start, self.enough[rung], self.terms
        while high - low > 1:
            middle = (low + high) // 2
            rates = self.rates[rung - 1] + _rates_between(self.listed, start, middle, terms)
            p = odds.p_enough(terms.base, _scaled(rates, terms.factor), terms.lots)
            if p >= want:
                high, best = middle, p
            else:
                low = middle
        return high, best


def climb(listed: Listed, terms: Terms) -> Ladder:
    """The odds along a list."""
    count = len(listed)
    cuts = np.geomspace(1, max(1, count), POINTS).astype(np.int64)
    edges = np.unique(np.concatenate([[0], cuts[cuts <= count]]))
    rungs = [_rates_between(listed, a, b, terms) for a, b in pairwise(edges.tolist())]
    rates = np.cumsum([terms.under_way, *rungs], axis=0)
    enough, share = odds.outlooks(terms.base, rates * terms.factor, terms.lots)
    return Ladder(
        terms=terms, listed=listed, edges=edges, rates=rates, enough=enough, share=share,
        cost=np.concatenate([[0.0], np.cumsum(listed.cost)])[edges],
    )  # fmt: skip


def _rates_between(listed: Listed, first: int, last: int, terms: Terms) -> Floats:
    return rates_of(listed.weight[first:last], listed.size[first:last], terms.gives)


def rates_of(weight: Floats, size: Whole, gives: Gives) -> Floats:
    """Expected yeses by size. Where a gift's size is not known beforehand, each giver is spread over the sizes."""
    rates: Floats = np.bincount(size, weights=weight, minlength=odds.LOTS_MAX + 1).astype(np.float64)
    if not gives:
        return rates
    spread = np.zeros(odds.LOTS_MAX + 1)
    for lots, share in gives:
        spread[min(lots, odds.LOTS_MAX)] += share * rates.sum()
    return spread


def _scaled(rates: Floats, factor: float) -> dict[int, float]:
    return {int(size): float(rates[size] * factor) for size in np.flatnonzero(rates)}
