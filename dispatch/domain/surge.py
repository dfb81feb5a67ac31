"""When asks compete for the same drivers: who is offered to whom, one exclusive offer a driver.

Pure, numpy: marginal greedy. The best pair goes first, and an ask that has offers already is worth less by the
chance that those suffice; danger chooses first, alone. `Switch` says when a region is in surge.
Called by actions/share_drivers.py. That nobody hears of a second call beside an offer is actions/send_wave.py's.
Invariants: no driver in two pairs; no pair that is worth nothing (tests/domain/test_surge.py).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LEAST: Final = 0.001
"""A pair worth less than this is not offered."""
SMALL_PARTY: Final = 4
"""A party of so many or fewer rides together where it can …"""
SPLIT_COST: Final = 0.15
"""… so a car that takes only a part of it is worth this much of a seat less."""
SPARE_COST: Final = 0.1
"""A seat that stays empty is one somebody else could have had: seats are what a flood is short of."""
FIRST_LEG_MINUTES: Final = 90.0
"""Nobody is offered an ask whose people are further away than this."""
DANGER_WEIGHT: Final = 40
"""The weight from which on an urgency is danger (domain/request.py)."""
ON: Final = 1.0
"""Open seats per seat that may be hoped for, at two looks in a row: the region is in surge …"""
OFF: Final = 0.7
"""… until it has been below this for OFF_FOR."""
OFF_FOR: Final = timedelta(minutes=10)
OFFER: Final = timedelta(minutes=3)
"""Whoever holds an unanswered offer gets no other one for this long."""
WINDOW: Final = timedelta(seconds=30)
"""From one round of a region to the next …"""
WINDOW_MANY: Final = timedelta(seconds=60)
"""… and where more than MANY asks compete: more answers are in by then, and better pairs are found."""
MANY: Final = 50
WEIGHTS: Final = {1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0, 40: 8.0}
"""What a seat is worth by the urgency's weight; danger is not dearer, it is first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Asks and drivers. Shape: A asks, D drivers; `chance`, `minutes` (A, D). `weight`: the urgency's, by ask."""

    chance: Floats
    minutes: Floats
    open_seats: Whole
    party: Whole
    weight: Whole
    seats: Whole
    sure: Floats | None = None
    """P(what is under way already suffices), by ask; None = nothing is."""


def offers(contest: Contest) -> list[tuple[int, int]]:
    """(ask, driver) pairs, in the order they were found worth sending; each driver at most once.

    Cost: 500 asks and 300 drivers: some 40 ms.
    """
    worth = _worth(contest)
    spare = np.ones(len(contest.seats), dtype=np.bool_)
    left = np.ones(len(contest.open_seats)) if contest.sure is None else 1.0 - contest.sure
    danger = contest.weight >= DANGER_WEIGHT
    found: list[tuple[int, int]] = []
    for group in (danger, ~danger):
        rows = np.flatnonzero(group)
        if len(rows):
            found += _greedy(contest, worth, rows, spare, left)
    return found


def _worth(contest: Contest) -> Floats:
    """What each pair would bring on its own; minus infinity where the way is too long."""
    value = np.vectorize(lambda weight: WEIGHTS.get(int(weight), 1.0), otypes=[np.float64])(contest.weight)[:, None]
    seats = np.minimum(contest.seats[None, :], contest.open_seats[:, None])
    splits = (contest.party <= SMALL_PARTY)[:, None] & (seats < contest.open_seats[:, None])
    gain = contest.chance * (seats * value - SPARE_COST * (contest.seats[None, :] - seats))
    worth = gain - contest.minutes / 60.0 - np.where(splits, SPLIT_COST * value, 0.0)
    return np.where(contest.minutes <= FIRST_LEG_MINUTES, worth, -np.inf)


def _greedy(
    contest: Contest, worth: Floats, rows: NDArray[np.intp], spare: NDArray[np.bool_], left: Floats
) -> list[tuple[int, int]]:
    """Takes the best pair again and again. `left`: P(no offer of this ask is taken), by ask; changed in place."""
    now = np.where(spare[None, :], worth[rows], -np.inf)
    best = now.max(axis=1, initial=-np.inf)
    found: list[tuple[int, int]] = []
    while True:
        marginal = np.where(best > 0, np.maximum(best, 0.0) * left[rows], -np.inf)
        at = int(np.argmax(marginal))
        if not marginal[at] > LEAST:
            return found
        ask, driver = int(rows[at]), int(np.argmax(now[at]))
        found.append((ask, driver))
        spare[driver] = False
        held = now[:, driver] == best
        now[:, driver] = -np.inf
        left[ask] *= 1.0 - contest.chance[ask, driver]
        best[held] = now[held].max(axis=1, initial=-np.inf)


@dataclass(slots=True)
class Switch:
    """Is one region in surge? Fed with every look there; comes on, and goes off, by itself.

    Each worker has its own. While two disagree, the one that sees no surge asks as usual, but never anybody who holds
    an offer.
    """

    on: bool = False
    _high: int = field(default=0)
    _low_since: datetime | None = field(default=None)

    def seen(self, pressure: float, now: datetime) -> bool:
        """The state after a look. `pressure`: open seats per seat that may be hoped for."""
        self._high = self._high + 1 if pressure > ON else 0
        if pressure >= OFF:
            self._low_since = None
        elif self._low_since is None:
            self._low_since = now
        if not self.on:
            self.on = self._high >= 2
        elif self._low_since is not None and now - self._low_since >= OFF_FOR:
            self.on = False
        return self.on


def window(asks: int) -> timedelta:
    """How long until the next round."""
    return WINDOW_MANY if asks > MANY else WINDOW
