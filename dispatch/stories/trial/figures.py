"""What many calls under one policy give: the row of a trial's table, and the bars it is held against.

Pure. Unit: minutes since the call; infinity = not within the horizon, null in JSON.
Definitions: docs/matching.md, "What is measured".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatch.stories.figures import finite, quantile
from dispatch.stories.trial.month import Toll
from dispatch.stories.trial.play import Outcome
from dispatch.stories.trial.rivals import BOUND, RIVALS, STANDBY

Row = dict[str, Any]
FIRST_LAST: Final = 10
BINS: Final = 10


def row_of(policy: str, outcomes: Sequence[Outcome], tolls: Sequence[Toll], calls: int) -> Row:
    """All calls of all seeds under one policy. `calls`: how many each seed has."""
    secured = np.array([o.secured for o in outcomes])
    full, count = secured < math.inf, len(outcomes)
    soon = secured <= 30
    row: Row = {
        "policy": policy,
        "calls": count,
        "alerts": float(np.mean([o.alerts for o in outcomes])),
        "heard": quantile([o.heard for o in outcomes], 0.5),
        "full": float(full.mean()),
        "full_se": _error(float(full.mean()), count),
        "le30": float(soon.mean()),
        "le30_se": _error(float(soon.mean()), count),
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
    if tolls:
        at = np.arange(count) % calls
        row |= {
            "first10": float(full[at < FIRST_LAST].mean()),
            "last10": float(full[at >= calls - FIRST_LAST].mean()),
            "opt_outs": float(np.mean([t.left for t in tolls])),
            "silent": float(np.mean([t.silent for t in tolls])),
            "gini_sent": float(np.mean([t.gini_sent for t in tolls])),
            "p99_sent": float(np.mean([t.p99_sent for t in tolls])),
            "p99_seen": float(np.mean([t.p99_seen for t in tolls])),
            "p99_trips": float(np.mean([t.p99_trips for t in tolls])),
            "disturbed": float(np.mean([t.disturbed for t in tolls])),
            **_fairness(outcomes, full, soon),
        }
    return row


def _error(share: float, count: int) -> float:
    return math.sqrt(max(share * (1 - share), 1e-9) / max(1, count))


def _fairness(outcomes: Sequence[Outcome], full: NDArray[np.bool_], soon: NDArray[np.bool_]) -> Row:
    """By fifth of the caller's ties, and by region: the best-off less the worst-off."""
    degree = np.array([o.degree for o in outcomes])
    alerts = np.array([o.alerts for o in outcomes], dtype=np.float64)
    edges = np.quantile(degree, [0.2, 0.4, 0.6, 0.8])
    fifth = np.searchsorted(edges, degree, side="right")
    soon_by = [float(soon[fifth == n].mean()) if (fifth == n).any() else math.nan for n in range(5)]
    region = np.array([o.region for o in outcomes])
    busy = [n for n in np.unique(region) if (region == n).sum() >= 50]
    by_region = [float(full[region == n].mean()) for n in busy]
    return {
        "le30_by_fifth": soon_by,
        "full_by_fifth": [float(full[fifth == n].mean()) if (fifth == n).any() else math.nan for n in range(5)],
        "alerts_by_fifth": [float(alerts[fifth == n].mean()) if (fifth == n).any() else math.nan for n in range(5)],
        "le30_gap_fifths": float(np.nanmax(soon_by) - np.nanmin(soon_by)),
        "loneliest_tenth_full": float(full[degree <= np.quantile(degree, 0.1)].mean()),
        "full_gap_regions": max(by_region) - min(by_region) if by_region else 0.0,
    }


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
            count=0, mean=math.nan, outcome=math.nan, brier=math.nan, base=math.nan, ece=math.nan, bins=()
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
    )  # fmt: skip


def bar(test: str, value: float, limit: float, *, at_least: bool = False) -> Row:
    """One threshold and what was found: at most `limit`, or at least."""
    ok = value >= limit - 1e-9 if at_least else value <= limit + 1e-9
    return {"test": test, "value": value, "limit": limit, "ok": bool(ok)}


# story, policy: (figure, limit, at least)
LIMITS: Final[dict[tuple[str, str], tuple[tuple[str, float, bool], ...]]] = {
    ("bus", "paced-u4"): (("alerts", 5_000, False), ("full", 0.82, True), ("le30", 0.73, True),
                          ("secured_p50", 15, False), ("heard", 10 / 60, False)),
    ("bus", "paced"): (("alerts", 7_200, False), ("full", 0.86, True), ("le30", 0.76, True),
                       ("secured_p50", 14, False)),
    ("bus-member", "paced"): (("alerts", 7_500, False),),
    ("city", "paced"): (("alerts", 40, False), ("le30", 1.0, True)),
    ("rural", "paced-u8"): (("alerts", 1_600, False),),
    ("month", "paced-u4"): (("alerts", 380, False), ("full", 0.875, True), ("le30", 0.725, True),
                            ("opt_outs", 60, False)),
    ("month", "paced"): (("alerts", 440, False), ("full", 0.88, True), ("le30", 0.73, True), ("opt_outs", 68, False)),
    ("town", "paced-u4"): (("alerts", 370, False), ("full", 0.85, True), ("le30", 0.63, True), ("p99_sent", 25, False),
                           ("opt_outs", 135, False)),
}  # fmt: skip
# story, policy: (figure, how far below the bound at most)
BELOW_BOUND: Final[dict[tuple[str, str], tuple[tuple[str, float], ...]]] = {
    ("bus", "paced-u4"): (("le30", 0.07),),
    ("bus-member", "paced"): (("full", 0.05), ("le30", 0.06)),
    ("rural", "paced-u8"): (("full", 0.02),),
}
SHARE_OF_BLAST: Final = 0.25


def bars_of(story: str, rows: Mapping[str, Row], willingness: float = 1.0) -> list[Row]:
    """Every threshold of the bar table that these rows can be held against."""
    found: list[Row] = []
    bound = rows.get(BOUND)
    if willingness != 1.0:
        if story == "bus" and bound and "paced" in rows:
            limit = bound["le30"] - 0.10
            found.append(
                bar(f"paced, willingness x {willingness:g}: le30", rows["paced"]["le30"], limit, at_least=True)
            )
        return found
    for (name, policy), limits in LIMITS.items():
        if name == story and policy in rows:
            found += [bar(f"{policy}: {key}", rows[policy][key], limit, at_least=up) for key, limit, up in limits]
    for (name, policy), below in BELOW_BOUND.items():
        if name == story and policy in rows and bound:
            found += [
                bar(f"{policy}: {key} against the bound", rows[policy][key], bound[key] - gap, at_least=True)
                for key, gap in below
            ]
    if story == "bus" and "paced-u4" in rows:
        found += _beside(rows)
    for policy in ("paced-u4", "paced"):
        if "first10" in rows.get(policy, {}):
            last, first = rows[policy]["last10"], rows[policy]["first10"]
            found.append(bar(f"{policy}: last ten calls against the first", last, 0.98 * first, at_least=True))
    if "loneliest_tenth_full" in rows.get("paced", {}) and "nearest-100" in rows:
        lonely, theirs = (rows[name]["loneliest_tenth_full"] for name in ("paced", "nearest-100"))
        found.append(bar("paced: the loneliest tenth against nearest-100", lonely, theirs, at_least=True))
    if "paced" in rows:
        found.append(bar("rivals with as few alerts that do better", len(better(rows)), 0, at_least=False))
    return found


def _beside(rows: Mapping[str, Row]) -> list[Row]:
    ours, found = rows["paced-u4"], []
    if waves := rows.get("waves-500" + STANDBY):
        gain = ours["le30"] - waves["le30"]
        found.append(bar("paced-u4: le30 above waves-500+sb", gain, 0.2, at_least=True))
        found.append(bar("paced-u4: alerts against waves-500+sb", ours["alerts"], waves["alerts"], at_least=False))
    if blast := rows.get("blast-all"):
        found += [
            bar(f"paced-u4: {key} against blast-all", ours[key], SHARE_OF_BLAST * blast[key], at_least=False)
            for key in ("woken", "late")
        ]
    return found


def better(rows: Mapping[str, Row]) -> list[str]:
    """Rivals that send no more alerts than `paced` and secure more within 30 min, or have a lower median."""
    ours = rows["paced"]
    return [
        name
        for name, row in rows.items()
        if name.removesuffix(STANDBY) in RIVALS and row["alerts"] <= ours["alerts"]
        if row["le30"] > ours["le30"] + 1e-9 or row["secured_p50"] < ours["secured_p50"] - 1e-9
    ]


def clean(value: object) -> object:
    """Ready for JSON: infinities are null; three decimals are kept for shares."""
    if isinstance(value, float | np.floating):
        return round(float(value), 4) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    return finite(value)
