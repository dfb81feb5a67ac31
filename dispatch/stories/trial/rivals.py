"""Other ways to ask for help, by name: what Paced has to beat. Each sees the same people and the same lapses.

A rival answers a look with rows of its pool, best first; `every` minutes it looks again. The suffix `+sb`
lets late yeses stand by (dispatch/stories/trial/play.py). `blast-all+sb` is the bound: what the world can give.
Source: docs/matching.md, "Rivals".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import paced
from dispatch.domain.looking import Look

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Rival:
    """A rule: whom it asks at a look, and how often it looks. Unit: minutes."""

    ask: Callable[[Look, float], Rows]
    every: float


def _least(values: NDArray[np.float64], count: int) -> Rows:
    """The rows of the `count` least values, least first; of equal ones the earlier row."""
    if count < len(values):
        rows = np.flatnonzero(values <= np.partition(values, count)[count])
        return rows[np.argsort(values[rows], kind="stable")][:count]
    return np.argsort(values, kind="stable")


def _nearest(look: Look, count: int) -> Rows:
    return _least(look.pool.minutes, count)


def _likeliest(look: Look, count: int) -> Rows:
    return _least(-paced.chances(look, paced.SHIPPED), count)


def _everybody(look: Look, waited: float) -> Rows:
    return _nearest(look, len(look.pool))


def _hundred(look: Look, waited: float) -> Rows:
    return _nearest(look, 100)


def _goodsam(look: Look, waited: float) -> Rows:
    """Three alerts outstanding; a refusal or two minutes of silence is replaced."""
    asked = look.asked
    age = (look.now.timestamp() - asked.sent_s) / 60
    outstanding = int((asked.silent & (age < 2.0)).sum())
    return _nearest(look, max(0, 3 - outstanding))


def _within(first: float) -> Callable[[Look, float], Rows]:
    def ask(look: Look, waited: float) -> Rows:
        radius = first * 1.5 ** int(waited // 30)
        return _nearest(look, int((look.pool.minutes <= radius).sum()))

    return ask


def _best_one(look: Look, waited: float) -> Rows:
    return _likeliest(look, 1)


def _wave(size: int) -> Callable[[Look, float], Rows]:
    def ask(look: Look, waited: float) -> Rows:
        return _likeliest(look, size)

    return ask


RIVALS: Final[dict[str, Rival]] = {
    "blast-all": Rival(_everybody, 1e9),
    "nearest-100": Rival(_hundred, 30.0),
    "goodsam-3": Rival(_goodsam, 1.0),
    "radius-30": Rival(_within(30.0), 30.0),
    "radius-60": Rival(_within(60.0), 30.0),
    "one-by-one": Rival(_best_one, 2.0),
    "waves-50": Rival(_wave(50), 10.0),
    "waves-200": Rival(_wave(200), 10.0),
    "waves-500": Rival(_wave(500), 10.0),
}
STANDBY: Final = "+sb"
BOUND: Final = "blast-all" + STANDBY
ALL: Final = (*paced.FORMS, *(name + suffix for name in RIVALS for suffix in ("", STANDBY)))
