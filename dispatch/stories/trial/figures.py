"""What many calls under one policy give: the row of a trial's table, and how honest its forecasts were.

Pure. Unit: minutes since the call; infinity = not within the horizon, null in JSON.
Definitions: docs/matching.md, "What is measured".
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatch.stories.figures import finite, quantile
from dispatch.stories.trial.fairness import by_region, by_ties, loneliest
from dispatch.stories.trial.month import Toll
from dispatch.stories.trial.play import Outcome

Row = dict[str, Any]
FIRST_LAST: Final = 10
BINS: Final = 10


def row_of(policy: str, outcomes: Sequence[Outcome], tolls: Sequence[Toll], calls: int) -> Row:
    """All calls of all seeds under one policy. `calls`: how many each seed has; 0 where a seed is one long night."""
    secured = np.array([o.secured for o in outcomes])
    full, count = secured < math.inf, len(outcomes)
    soon = secured <= 30
    row: Row = {
        "policy": policy,
        "calls": count,
        "alerts": float(np.mean([o.alerts for o in outcomes])),
        "heard": quantile([o.heard for o in outcomes], 0.5),
        "full": float(full.mean()),
        "full_se": _error(full, calls),
        "le30": float(soon.mean()),
        "le30_se": _error(soon, calls),
        "le60": float((secured <= 60).mean()),
        "secured_p50": quantile(list(secured), 0.5),
        "secured_p90": quantile(list(secured), 0.9),
        "pickup_p50": quantile([o.pickup for o in outcomes], 0.5),
        "served": float(np.mean([o.served for o in outcomes])),
        "cars": float(np.mean([o.cars for o in outcomes])),
        "woken": float(np.mean([o.woken for o in outcomes])),
        "late": float(np.mean([o.late for o in outcomes])),
        "raised": float(np.mean([o.raised for o in outcomes])),
    }
    if calls > FIRST_LAST:
        first, last = held_up(full, calls)
        kept, error = ratio((first, last))
        row |= {"first10": float(first.mean()), "last10": float(last.mean()), "kept": kept, "kept_se": error}
    if tolls:
        row |= {
            "opt_outs": float(np.mean([t.left for t in tolls])),
            "silent": float(np.mean([t.silent for t in tolls])),
            "gini_sent": float(np.mean([t.gini_sent for t in tolls])),
            "p99_sent": float(np.mean([t.p99_sent for t in tolls])),
            "p99_seen": float(np.mean([t.p99_seen for t in tolls])),
            "p99_trips": float(np.mean([t.p99_trips for t in tolls])),
            "disturbed": float(np.mean([t.disturbed for t in tolls])),
            "by_region": [asdict(each) for each in by_region(outcomes)],
        }
        if len({o.degree for o in outcomes}) > 1:
            row |= {
                "by_ties": [asdict(each) for each in by_ties(outcomes)],
                "loneliest": asdict(loneliest(outcomes)),
            }
    return row


def _error(flags: NDArray[np.bool_], calls: int) -> float:
    """Standard error of the share: calls of one seed are of one network, so seeds count, not calls."""
    count = len(flags)
    if calls > 1 and count >= 2 * calls:
        means = flags.reshape(-1, calls).mean(axis=1)
        return float(means.std(ddof=1) / math.sqrt(len(means)))
    share = float(flags.mean())
    return math.sqrt(max(share * (1.0 - share), 1e-9) / max(1, count))


def held_up(full: NDArray[np.bool_], calls: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each seed: the share of its first ten calls that were filled, and of its last ten."""
    by_seed = full.reshape(-1, calls)
    return by_seed[:, :FIRST_LAST].mean(axis=1), by_seed[:, -FIRST_LAST:].mean(axis=1)


def ratio(*pairs: tuple[NDArray[np.float64], NDArray[np.float64]]) -> tuple[float, float]:
    """Last over first, of the seeds' sums, and its standard error by the jackknife over the seeds.

    `pairs`: (first, last) of a policy; with a second pair, of its control, the one ratio over the other.
    """

    def of(keep: NDArray[np.bool_]) -> float:
        found = [float(last[keep].sum()) / max(1e-9, float(first[keep].sum())) for first, last in pairs]
        return found[0] / max(1e-9, found[1]) if len(found) > 1 else found[0]

    seeds = len(pairs[0][0])
    everything = np.ones(seeds, dtype=np.bool_)
    if seeds < 2:
        return of(everything), math.nan
    without = np.array([of(np.arange(seeds) != number) for number in range(seeds)])
    return of(everything), float(math.sqrt((seeds - 1) * ((without - without.mean()) ** 2).mean()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How forecasts compared with what happened. `bins`: (mean forecast, share that came true, how many)."""

    count: int
    mean: float
    outcome: float
    brier: float
    base: float
    """The Brier score of always saying the overall share."""
    ece: float
    luck: float
    """The ECE that so many forecasts would show by luck alone, were each exactly right."""
    bins: tuple[tuple[float, float, int], ...]


def calibration(outcomes: Sequence[Outcome], minute: float = 0.0) -> Calibration:
    """Of the forecasts given at that minute: every seat taken for good by the deadline it named?"""
    pairs = [(p, o.secured <= by) for o in outcomes for at, p, by in o.forecasts if at == minute]
    return calibrated([p for p, _ in pairs], [came for _, came in pairs])


def calibrated(said: Sequence[float], came: Sequence[bool]) -> Calibration:
    """The same for any forecasts and what came of them."""
    p, y = np.asarray(said, dtype=np.float64), np.asarray(came, dtype=np.float64)
    if not len(p):
        return Calibration(
            count=0,
            mean=math.nan,
            outcome=math.nan,
            brier=math.nan,
            base=math.nan,
            ece=math.nan,
            luck=math.nan,
            bins=(),
        )
    which = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = tuple(
        (float(p[which == n].mean()), float(y[which == n].mean()), int((which == n).sum()))
        for n in range(BINS)
        if (which == n).any()
    )
    return Calibration(
        count=len(p), mean=float(p.mean()), outcome=float(y.mean()), brier=float(((p - y) ** 2).mean()),
        base=float(y.mean() * (1 - y.mean())), bins=bins,
        ece=sum(n * abs(said - true) for said, true, n in bins) / len(p),
        luck=sum(_wanders(p[which == n]) for n in range(BINS)) / len(p),
    )  # fmt: skip


def _wanders(p: NDArray[np.float64]) -> float:
    """How far the sum of so many honest coins lies from what was said of them, on average (normal approximation)."""
    return math.sqrt(2.0 / math.pi * float((p * (1.0 - p)).sum()))


def clean(value: object) -> object:
    """Ready for JSON: infinities are null; three decimals are kept for shares."""
    if isinstance(value, float | np.floating):
        return round(float(value), 4) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    return finite(value)
