"""How people answer a phone: awake or not, how soon they look and decide, how tired of alerts they are.

Pure, numpy. What the matcher believes, never what a person is told. The curves are worked out once by
numeric convolution and kept; no luck is drawn.
Invariants: every curve rises from 0 to 1; a person nothing is known of counts exactly as the crowd does
(tests/domain/test_attention.py).
Source: docs/matching.md, "What is believed of people".
"""

import math
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.forecast import lognormal_cdf

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

WOKEN: Final = 0.06
"""Share of sleepers whom the sound wakes: without them a call at four in the morning would be worth asking nobody."""
ONLINE_SHARE: Final = 0.12
"""Share of awake people who have the inbox open, at most: are there more, then more are up than the hour says."""
STIRRING_PRIOR: Final = 20.0
"""So many open inboxes are needed before they say much."""
SILENCED: Final = 0.35
"""An alert they looked at makes that share of people stop looking for a week or so."""
PICKS_UP: Final = 4.0
"""Minutes from waking until the phone is looked at and an answer is given."""
NIGHT_MINUTES: Final = 600.0
"""Whoever sleeps has woken by then."""
REACHABLE: Final = 0.70
"""Share of awake people whose phone reaches them."""
BEDTIME_H: Final = (23.6, 1.3)
WAKING_H: Final = (7.0, 1.0)
LOOKS_SOON: Final = 0.60
SOON: Final = (3.0, 1.1)
LATER: Final = (45.0, 1.2)
ONLINE: Final = (0.6, 0.7)
DECIDES: Final = (1.2, 0.8)
"""Lognormal: median in minutes, sigma. Deciding comes on top of looking."""

FATIGUE_DAYS: Final = 7.0
"""A seen alert counts in F, decayed by e in that many days."""
FATIGUE_ACCEPT: Final = 0.25
"""A yes is e^(-that x F) as likely."""
PERSONAL_PRIOR: Final = 1.5
OPENED_PRIOR: Final = 6.0
OPENED_MOST: Final = 1.5
OPENED_WITHIN_H: Final = 4.0
CURVE_MINUTES: Final = np.geomspace(0.5, OPENED_WITHIN_H * 60, 24)
"""Where a network's own curve is kept."""

DAY: Final = 1440.0
STEP: Final = 5.0
_POINTS: Final = 600
_FIRST, _LAST = 0.05, 3_000.0


@cache
def _grid() -> Floats:
    return np.geomspace(_FIRST, _LAST, _POINTS)


def _with_deciding(looked: tuple[tuple[float, float, float], ...]) -> Floats:
    """P(looked and decided) on the grid; `looked`: (share, median, sigma) of each way of looking."""
    z = np.linspace(-4.5, 4.5, 181)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    median, sigma = DECIDES
    deciding = median * np.exp(sigma * z)
    left = _grid()[:, None] - deciding[None, :]
    seen = sum(share * lognormal_cdf(left, middle, spread) for share, middle, spread in looked)
    return np.asarray(seen @ weight)


@cache
def _offline() -> Floats:
    return _with_deciding(((LOOKS_SOON, *SOON), (1.0 - LOOKS_SOON, *LATER)))


@cache
def _online() -> Floats:
    return _with_deciding(((1.0, *ONLINE),))


@lru_cache(maxsize=64)
def _drawn(curve: tuple[float, ...]) -> Floats:
    """That curve on the grid; beyond its end it is ours."""
    theirs = np.interp(_grid(), CURVE_MINUTES, curve)
    before = _grid() < CURVE_MINUTES[0]
    theirs[before] = curve[0] * _grid()[before] / CURVE_MINUTES[0]
    return np.where(_grid() <= CURVE_MINUTES[-1], theirs, np.maximum(_offline(), curve[-1]))


def answered_by(minutes: Floats | float, online: Mask | bool = False, curve: tuple[float, ...] | None = None) -> Floats:
    """P(somebody who hears it at all has looked and decided within so many minutes).

    `curve`: a network's own, at CURVE_MINUTES, of those without an open inbox.
    Shape: minutes and flags of one length, or one for all. Unit: minutes since the alert.
    Error: below 0.01 against the exact convolution.
    """
    at = np.asarray(minutes, dtype=np.float64)
    offline = np.interp(at, _grid(), _offline() if curve is None else _drawn(curve), left=0.0)
    flags = np.asarray(online, dtype=np.bool_)
    if not flags.any():
        return np.asarray(offline)
    return np.where(flags, np.interp(at, _grid(), _online(), left=0.0), offline)


def _below(hour: Floats, mean: float, spread: float) -> Floats:
    """P(N(mean, spread) < hour)."""
    return lognormal_cdf(np.exp(hour - mean), 1.0, spread)


@cache
def _awake_table() -> tuple[Floats, Floats]:
    """P(awake) every STEP minutes of the day, and how much it changes until the next."""
    hour = np.arange(0, 24 * 12 + 1) / 12.0
    evening = np.where(hour < 12, hour + 24, hour)
    still_up = 1.0 - _below(evening, *BEDTIME_H)
    risen = np.where(hour < 12, _below(hour, *WAKING_H), 0.0)
    table = np.minimum(1.0, still_up + risen)
    return table, np.diff(table, append=table[-1])


def of_the_day(minutes: Floats) -> Floats:
    """Those minutes counted from the last midnight: 0 up to 1440."""
    # A remainder costs ten times an addition, and nearly everything here is off by one day at most.
    if minutes.size and minutes.min() >= -DAY and minutes.max() < 2 * DAY:
        return np.asarray(minutes + np.where(minutes < 0, DAY, np.where(minutes >= DAY, -DAY, 0.0)))
    return np.mod(minutes, DAY)


def awake(local_minute: Floats) -> Floats:
    """P(awake) at that minute of the local day. Error: below 0.005 (a table in steps of five minutes)."""
    table, change = _awake_table()
    at = of_the_day(np.asarray(local_minute, dtype=np.float64)) / STEP
    # The steps are even, so the place in the table is known: three times as fast as np.interp's search.
    below = at.astype(np.intp)
    return np.asarray(change.take(below) * (at - below) + table.take(below))


def stirring(up: float, online: float) -> float:
    """How many times as many people are up as the hour would say, judged by the inboxes that are open; at least 1.

    `up`: people expected to be up. Few open inboxes say nothing: most people leave none open.
    """
    return max(1.0, (STIRRING_PRIOR + online) / (STIRRING_PRIOR + ONLINE_SHARE * up))


def hears(
    local_minute: Floats, online: Mask, quiet: Mask, *, fatigue: Floats | float = 0.0, more: float = 1.0
) -> Floats:
    """R: P(the alert reaches their eyes while it matters). 1 online, 0 in quiet hours, else by the hour.

    `fatigue`: F of each; whoever looked at alerts lately may have stopped looking. `more`: `stirring`.
    """
    up = np.minimum(1.0, more * awake(local_minute))
    reached = REACHABLE * (up + WOKEN * (1.0 - up)) * (1.0 - SILENCED) ** np.asarray(fatigue)
    return np.where(online, 1.0, np.where(quiet, 0.0, reached))


def wakes(local_minute: Floats, minutes: Floats | float) -> Floats:
    """How many sleepers wake and look within so many minutes, for each person whom an alert reaches at once.

    `local_minute`: of the local day, when the alert was sent.
    """
    up = awake(local_minute)
    later = awake(np.asarray(local_minute) + np.clip(np.asarray(minutes) - PICKS_UP, 0.0, NIGHT_MINUTES))
    return np.maximum(0.0, later - up) * (1.0 - WOKEN) / (up + WOKEN * (1.0 - up))


def decided_by(
    hears: Floats,
    minutes: Floats | float,
    online: Mask,
    local_minute: Floats,
    curve: tuple[float, ...] | None = None,
) -> Floats:
    """P(an alert of that minute of the local day has been looked at and decided on within so many minutes).

    `hears`: R at that minute. Whoever slept looks when they wake, so an alert before dawn is not lost.
    """
    woke = np.where(online, 0.0, wakes(local_minute, minutes))
    return np.minimum(np.maximum(hears, REACHABLE), hears * (answered_by(minutes, online, curve) + woke))


def personal(accepts: Floats, expected: Floats) -> Floats:
    """How much more or less often than the crowd this person says yes; 1 = nothing known."""
    return (PERSONAL_PRIOR + accepts) / (PERSONAL_PRIOR + expected)


def opens(opened: Floats, expected: Floats) -> Floats:
    """How much more or less often they open an alert than the hour would say, at most half as often again."""
    return np.minimum(OPENED_MOST, (OPENED_PRIOR + opened) / (OPENED_PRIOR + expected))


def decayed(fatigue: Floats | float, days: Floats | float) -> Floats:
    """F that many days later."""
    return np.asarray(fatigue * np.exp(-np.asarray(days) / FATIGUE_DAYS))


def tired(fatigue: Floats) -> Floats:
    """Factor on a yes after F recent alerts."""
    return np.exp(-FATIGUE_ACCEPT * fatigue)


def halved(minutes_late: float, half_life: float, least: float) -> float:
    """1, halved every `half_life` minutes from 0 on, never below `least`."""
    return max(least, math.exp(-math.log(2.0) * max(0.0, minutes_late) / half_life))
