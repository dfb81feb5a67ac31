"""What people here are like, where they differ from the textbook: learned from calls that are over.

Pure, numpy. A few numbers for a whole network, worked out anew from what its last calls show; nothing else is kept,
so what a person's alerts taught is forgotten with them. Read by dispatch/feed.py, used by the matcher's looks.

Calls that are going on teach nothing here: what they show is "tonight" (dispatch/domain/paced.py), and would count
twice. `usual`, which is kept with each alert, is always the textbook's word and never holds what was learned, so
yeses held against it tell the truth itself and not a correction of a correction: the estimate converges however often
it is worked out. A person's own factor is held against the textbook times `willing` for the same reason.

Invariants: nothing known changes nothing, to the last bit; the order of facts does not matter; every number is finite
and within its bounds (tests/domain/test_habits.py).
Source: docs/matching.md, "What is remembered of a network"; Kaplan & Meier 1958, JASA 53 (help ends the wait).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import attention, matching
from dispatch.domain import forecast as odds
from dispatch.domain.forecast import Forecast

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Points = tuple[tuple[float, float], ...]

WINDOW: Final = timedelta(days=365)
"""Older calls teach nothing of promises and forecasts; alerts go by learning.WINDOW."""
WILLING_PRIOR: Final = 4.0
"""Yeses the textbook's word is worth: as much as it claims, which is half to twice (docs/matching.md)."""
WILLING: Final = (0.1, 20.0)
LOOKED_LEAST: Final = 100
"""Fewer alerts that were looked at say nothing of how willing people are."""
KEPT_PRIOR: Final = 50.0
"""Promises the textbook's word is worth."""
KEPT_LEAST: Final = 20
OPENS: Final = (0.2, 1.4)
CURVE_LEAST: Final = 500
"""Fewer alerts that were looked at draw no curve."""
AT_RISK_LEAST: Final = 50
"""The curve is ours again from where fewer people were still being waited for."""
AWAKE_LEAST: Final = attention.REACHABLE / 2
"""Alerts less likely to be heard were sent to sleepers, or to the tired: they say little of how soon people look."""
OUTCOMES_LEAST: Final = 200
"""Calls of a kind whose forecasts came true or not, before a forecast is held to them."""
RELIABLE_PRIOR: Final = 20.0
"""Calls in each tenth the forecast's own word is worth."""
BINS: Final = 10
_CENTRES: Final = (np.arange(BINS) + 0.5) / BINS
_SETTLED: Final = 60
"""Halvings after which a bound is found to the last digit that matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What calls that are over have shown. Alerts, promises and forecasts, each as arrays of one length.

    Unit: seconds since 1970, NaN = never. `until_s`: when nobody waited for their answer any more.
    `hears`, `usual`: the textbook's word, as it was kept with the alert. `said`: the first forecast of each call,
    before it was held to what came of earlier ones; `came`: was every seat taken by then, and kept?
    """

    sent_s: Floats = field(default_factory=lambda: np.zeros(0))
    looked_s: Floats = field(default_factory=lambda: np.zeros(0))
    until_s: Floats = field(default_factory=lambda: np.zeros(0))
    answered_s: Floats = field(default_factory=lambda: np.zeros(0))
    claimed: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    hears: Floats = field(default_factory=lambda: np.zeros(0))
    usual: Floats = field(default_factory=lambda: np.zeros(0))
    kept: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    kinds: Sequence[str] = ()
    said: Floats = field(default_factory=lambda: np.zeros(0))
    came: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))


def first_of(forecast: Forecast, seats: int | None) -> dict[str, object]:
    """What is kept of a call's first forecast, to be held against what comes of it. Shown to nobody."""
    return {
        "p": round(forecast.p if forecast.thought is None else forecast.thought, 4),
        "by": forecast.as_json()["by"],
        "seats": seats,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What is believed of people here. Without arguments: the textbook."""

    willing: float = 1.0
    """How many times as often as the textbook says those who look say yes …"""
    opens: float = 1.0
    """… and those who are awake look at all."""
    no_show: float = odds.NO_SHOW
    """Share of promises that are not kept."""
    curve: tuple[float, ...] | None = None
    """P(looked and decided) at attention.CURVE_MINUTES, of those who hear it; None = the textbook's."""
    reliable: Mapping[str, Points] = field(default_factory=dict)
    """By kind, for each tenth: what was said on average, and what came of it."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    alerts: int = 0
    promises: int = 0
    """How much all that was learned from."""

    def early(self, kind: str) -> bool:
        """Is too little known of what becomes of such calls?"""
        return self.outcomes.get(kind, 0) < OUTCOMES_LEAST

    def honest(self, kind: str, p: float) -> float:
        """The forecast, held to what came of earlier ones. Never turns two forecasts round."""
        table = self.reliable.get(kind)
        if table is None:
            return p
        (least, low), (most, high) = table[0], table[-1]
        points = [(0.0, max(0.0, low - least)), *table, (1.0, min(1.0, high + 1.0 - most))]
        said, came = np.asarray(points).T
        return float(np.interp(p, said, came))

    @property
    def kept(self) -> float:
        """Share of promises that are kept."""
        return 1.0 - self.no_show

    def words(self) -> str:
        """What was learned, as the house reads it."""
        if not self.alerts and not self.promises:
            return "nothing yet: no call has ended, so people here are taken to be as the textbook says"
        half = float(np.interp(0.5, self.curve, attention.CURVE_MINUTES)) if self.curve else None
        soon = "" if half is None else f", half of those who look have answered within {half:.0f} minutes"
        look = "" if self.opens == 1.0 else f" and look {self.opens:.1f} times as often"
        known = ", ".join(f"{count:,} of {kind}" for kind, count in sorted(self.outcomes.items()))
        return (
            f"people here say yes {self.willing:.1f} times as often as the textbook{look}, "
            f"{self.no_show:.0%} of promises are not kept{soon}; learned from {self.alerts:,} alerts, "
            f"{self.promises:,} promises and {'the outcomes of ' + known if known else 'no outcome'}"
        )


TEXTBOOK: Final = Habits()


def habits_of(past: Past) -> Habits:
    """What people here are like, as far as these facts tell; the textbook where they say too little."""
    opens, curve = _pace(past)
    counts = Counter(past.kinds)
    return Habits(
        willing=_willing(past),
        opens=opens,
        no_show=_no_show(past.kept),
        curve=curve,
        reliable={kind: _reliable(past, kind) for kind, count in counts.items() if count >= OUTCOMES_LEAST},
        outcomes=dict(counts),
        alerts=len(past.sent_s),
        promises=len(past.kept),
    )


def _looked(past: Past) -> Mask:
    """Who looked while they were still needed."""
    return past.looked_s <= past.until_s


def _willing(past: Past) -> float:
    """The factor at which the textbook would have expected the yeses there were.

    Whoever looked and was no longer needed before they could decide counts only for the time they had. Nobody is
    surer than matching.MOST, however willing: so it is searched for, and not divided.
    """
    looked = _looked(past) & (past.usual > 0)
    if int(looked.sum()) < LOOKED_LEAST:
        return TEXTBOOK.willing
    time = odds.lognormal_cdf((past.until_s - past.looked_s)[looked] / 60, *attention.DECIDES)
    usual = past.usual[looked]
    yeses = int((past.claimed & (past.answered_s <= past.until_s))[looked].sum())
    low, high = WILLING
    for _ in range(_SETTLED):
        middle = (low + high) / 2
        expected = WILLING_PRIOR * middle + float(np.sort(np.minimum(matching.MOST, middle * usual) * time).sum())
        low, high = (middle, high) if expected < WILLING_PRIOR + yeses else (low, middle)
    return (low + high) / 2


def _no_show(kept: Mask) -> float:
    if len(kept) < KEPT_LEAST:
        return TEXTBOOK.no_show
    return (KEPT_PRIOR * odds.NO_SHOW + int((~kept).sum())) / (KEPT_PRIOR + len(kept))


def _pace(past: Past) -> tuple[float, tuple[float, ...] | None]:
    """How much more often people look than was thought, and how soon they have decided, of those who do.

    Whom help came too soon for is counted for as long as they were waited for (Kaplan-Meier).
    """
    mine = (past.hears >= AWAKE_LEAST) & (past.hears < 1.0) & (past.until_s > past.sent_s)
    looked = _looked(past)[mine]
    if int(looked.sum()) < CURVE_LEAST:
        return TEXTBOOK.opens, TEXTBOOK.curve
    # Who looks and says nothing has decided a little later: silence has no hour of its own.
    silent = np.where(looked, past.looked_s[mine] + attention.DECIDES[0] * 60, np.inf)
    done_s = np.where(np.isfinite(past.answered_s[mine]), past.answered_s[mine], silent)
    minutes = (np.minimum(done_s, past.until_s[mine]) - past.sent_s[mine]) / 60
    order = np.lexsort((~looked, minutes))
    minutes, looked = minutes[order], looked[order]
    waiting = np.arange(len(minutes), 0, -1)
    done = 1.0 - np.cumprod(1.0 - looked / waiting)
    known = int(np.searchsorted(attention.CURVE_MINUTES, minutes[len(minutes) - AT_RISK_LEAST], side="right"))
    ours = attention.answered_by(attention.CURVE_MINUTES)
    if known == 0:
        return TEXTBOOK.opens, TEXTBOOK.curve
    at = np.searchsorted(minutes, attention.CURVE_MINUTES[:known], side="right")
    theirs = np.concatenate([[0.0], done])[at]
    if theirs[-1] <= 0.0:
        return TEXTBOOK.opens, TEXTBOOK.curve
    expected = float(np.sort(past.hears[mine]).mean()) * float(ours[known - 1])
    drawn = np.concatenate([theirs * (ours[known - 1] / theirs[-1]), ours[known:]])
    opens = float(np.clip(theirs[-1] / expected, *OPENS))
    return opens, tuple(np.round(drawn, 4).tolist())


def _reliable(past: Past, kind: str) -> Points:
    """What came of the forecasts of each tenth; where there were few, nearly what was said."""
    mine = np.asarray([each == kind for each in past.kinds], dtype=np.bool_)
    said, came = past.said[mine], past.came[mine]
    at = np.minimum((said * BINS).astype(np.intp), BINS - 1)
    count = np.bincount(at, minlength=BINS)
    came_in = np.bincount(at, weights=came, minlength=BINS)
    said_in = np.asarray([float(np.sort(said[at == tenth]).sum()) for tenth in range(BINS)])
    weight: Floats = RELIABLE_PRIOR + count.astype(np.float64)
    mean = (RELIABLE_PRIOR * _CENTRES + said_in) / weight
    came_of = _rising(np.clip(mean + (came_in - said_in) / weight, 0.0, 1.0), weight)
    return tuple(zip(mean.tolist(), came_of, strict=True))


def _rising(values: Floats, weights: Floats) -> tuple[float, ...]:
    """The rising row nearest to the values: neighbours that would fall are told as their mean."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, heavy, many), (two, light, few) = pools[-2:]
            both = heavy + light
            pools[-2:] = [((one * heavy + two * light) / both, both, many + few)]
    return tuple(value for value, _, many in pools for _ in range(many))
