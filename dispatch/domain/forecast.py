"""Will the call be heard? P(all seats taken and kept by the deadline), said honestly.

Pure, numpy. Seats people may bring are a compound Poisson sum (Panjer's recursion): O(seats ×
classes) however many people are asked. Golden values: tests/domain/test_forecast.py.
Source: docs/matching.md; Panjer 1981, ASTIN Bulletin 12.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NO_SHOW: Final = 0.22
"""Share of those who say yes and never come (docs/matching.md: 20-30 % in the field)."""
SAYS_NO: Final = 0.45
"""Share of those who look and can't come that says so."""
SEAT_CLASSES: Final = (1, 2, 3, 4, 6)
_CLASS_OF: Final = np.array([max(c for c in SEAT_CLASSES if c <= max(1, n)) for n in range(SEAT_CLASSES[-1] + 1)])
LOTS_MAX: Final = 64
_MOST_RATE: Final = 700.0
"""e to minus that is still a number."""
CHECK_MINUTES: Final = 12.0


def seat_classes(seats: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class each car counts in: five seats count as four, more than six as six."""
    return _CLASS_OF.take(np.clip(seats, 0, SEAT_CLASSES[-1]))


def lognormal_cdf(minutes: Floats, median: float, sigma: float) -> Floats:
    """P(done within so many minutes), element by element.

    Unit: minutes. Error: 1.5e-7 (Abramowitz & Stegun 7.1.26), far below what is known of people.
    """
    positive = np.maximum(np.asarray(minutes, dtype=np.float64), 1e-9)
    z = (np.log(positive) - math.log(median)) / (sigma * math.sqrt(2.0))
    t = 1.0 / (1.0 + 0.3275911 * np.abs(z))
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(z) * (1.0 - poly * np.exp(-z * z))
    return np.where(np.asarray(minutes) <= 0, 0.0, 0.5 * (1.0 + erf))


def answered_by(minutes: Floats) -> Floats:
    """P(somebody who will look and decide at all has done so within so many minutes).

    Six in ten look within minutes, the rest within the hour; a minute more to decide.
    """
    decided = np.maximum(np.asarray(minutes, dtype=np.float64) - 1.2, 0.0)
    return 0.6 * lognormal_cdf(decided, 3.0, 1.1) + 0.4 * lognormal_cdf(decided, 45.0, 1.2)


def compound(rates: Mapping[int, float], seats: int) -> Floats:
    """P(exactly 0 … seats-1 seats come), people arriving as Poisson per seat class.

    Shape: `rates` {seats per person: expected people}; answer of length `seats`.
    """
    f = [math.exp(-min(sum(rates.values()), _MOST_RATE))]
    for k in range(1, seats):
        f.append(sum(c * rate * f[k - c] for c, rate in rates.items() if c <= k) / k)
    return np.asarray(f)


def compounds(rates: Floats, seats: int) -> Floats:
    """The same for many rates at once, to the last bit.

    Shape: (N, classes) expected people by seats per person in, (N, seats) out.
    """
    sizes = np.flatnonzero(rates.any(axis=0)).tolist()
    pull = {c: c * rates[:, c] for c in sizes}
    f = np.zeros((max(seats, 1), len(rates)))
    f[0] = [math.exp(-min(sum(row), _MOST_RATE)) for row in rates[:, sizes].tolist()]
    for k in range(1, seats):
        f[k] = sum(pull[c] * f[k - c] for c in sizes if c <= k) / k
    return np.ascontiguousarray(f.T)


def kept(claims: Sequence[tuple[int, float]], seats: int) -> Floats:
    """P(0 … seats claimed seats are kept); the last entry holds "that many or more".

    `claims`: (seats, chance that it is kept) each.
    """
    base = np.zeros(seats + 1)
    base[0] = 1.0
    for size, chance in claims:
        after = base * (1.0 - chance)
        for k in range(seats + 1):
            after[min(seats, k + size)] += base[k] * chance
        base = after
    return base


def outlooks(base: Floats, rates: Floats, seats: int) -> tuple[list[float], list[float]]:
    """For many rates at once: `p_enough`, to the last bit, and the share of the seats that is expected to be filled.

    Shape: (N, classes) expected people by seats per person in; two lists of N.
    """
    few = compounds(rates, seats)
    filled = np.concatenate([np.zeros((len(rates), 1)), np.cumsum(few, axis=1)], axis=1)
    held = [k for k in range(seats) if base[k]]
    short = sum(base[k] * few[:, : seats - k].sum(axis=1) for k in held)
    missing = sum(base[k] * filled[:, : seats - k + 1].sum(axis=1) for k in held)
    odds = (np.clip(1.0 - lost, 0.0, 1.0) for lost in (short, missing / seats))
    enough, share = (np.broadcast_to(each, len(rates)).tolist() for each in odds)
    return enough, share


def gains(base: Floats, rates: Floats, seats: int) -> Floats:
    """How much P(enough) rises with one person more, by how many seats that person brings.

    Shape: (classes,) expected people by seats per person in, as many out. One open seat: every car is worth the same.
    """
    below = np.concatenate([[0.0], np.cumsum(compounds(rates[None], seats)[0])])
    sizes = np.arange(len(rates))
    missing = seats - np.arange(seats)[:, None]
    return np.asarray(base[:seats] @ (below[missing] - below[np.maximum(0, missing - sizes)]))


def p_enough(base: Floats, rates: Mapping[int, float], seats: int) -> float:
    """P(claims that are kept and people who still come fill all the seats)."""
    f = compound(rates, seats)
    missing = sum(float(base[k]) * float(f[: seats - k].sum()) for k in range(seats))
    return float(min(1.0, max(0.0, 1.0 - missing)))


def chance_kept(age_minutes: float, started: bool, no_show: float = NO_SHOW) -> float:
    """P(a claim is kept): certain enough once they have left, growing until the check before that."""
    if started:
        return 1.0
    return 1.0 - no_show * (1.0 - 0.7 * min(age_minutes, CHECK_MINUTES) / CHECK_MINUTES)


def in_lots(seats: int) -> int:
    """How many units one lot holds, so that no quantity makes more than LOTS_MAX lots."""
    return max(1, math.ceil(seats / LOTS_MAX))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The honest answer: `p` by when, from how many asked and in reach. `early`: little is known yet."""

    p: float
    by: datetime
    early: bool
    alerted: int
    in_reach: int
    thought: float | None = None
    """What `p` was before it was held to what came of earlier calls; None = the same."""

    def as_json(self) -> dict[str, object]:
        """`{p, by, early, alerted, in_reach}`; p to two digits."""
        by = self.by.isoformat(timespec="seconds").replace("+00:00", "Z")
        return {
            "p": round(self.p, 2),
            "by": by,
            "early": self.early,
            "alerted": self.alerted,
            "in_reach": self.in_reach,
        }
