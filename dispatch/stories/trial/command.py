"""`flare simulate STORY --policy all`: every policy's row beside ours, the bars, who is served, the drawings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from dispatch.progress import Bar
from dispatch.stories.report import code_version, minutes, params_hash
from dispatch.stories.tales import StoryRefused
from dispatch.stories.trial import drawings
from dispatch.stories.trial.bars import bars_of
from dispatch.stories.trial.fairness import gap_between
from dispatch.stories.trial.figures import Calibration, Row, calibration
from dispatch.stories.trial.rivals import BOUND
from dispatch.stories.trial.run import FRESH, TUNED_BELOW, Played, policies_of, rows_of, run
from dispatch.stories.trial.settings import TRIALS, Trial
from dispatch.stories.trial.told import Drawing, Table, Told

COLUMNS: Final = (
    ("alerts", "alerts", "{:,.0f}"), ("heard", "heard", "min"), ("full", "full", "%±"), ("≤ 30", "le30", "%±"),
    ("≤ 60", "le60", "%"), ("median", "secured_p50", "min"), ("p90", "secured_p90", "min"),
    ("pick-up", "pickup_p50", "min"), ("served", "served", "%"), ("woken", "woken", "{:,.0f}"),
    ("late", "late", "{:,.0f}"),
)  # fmt: skip
BY_MONTH: Final = (
    ("first 10", "first10", "%"), ("last 10", "last10", "%"), ("last/first", "kept", "±"),
    ("beside its control", "kept_beside", "±"), ("opt-outs", "opt_outs", "{:,.0f}"), ("p99 sent", "p99_sent", "{:.0f}"),
    ("gini", "gini_sent", "{:.2f}"), ("disturbed", "disturbed", "%"),
)  # fmt: skip
PLAIN: Final = ("nearest-100+sb", "nearest-100")
"""The rival whom everybody understands: who is served is shown beside it."""


def trial_of(name: str, real: Path | None = None) -> Trial:
    """The trial of that name; one on real people or requests reads them from `real`, if that is given.

    Raises: StoryRefused, which lists the names there are.
    """
    if name not in TRIALS:
        raise StoryRefused(f"there is no trial {name!r}; there are {', '.join(TRIALS)}")
    found = TRIALS[name]
    return replace(found, real=real) if found.real is not None and real is not None else found


def trial(
    chosen: Trial,
    *,
    seeds: int,
    first_seed: int = FRESH,
    policy: str | None = None,
    willingness: float = 1.0,
    workers: int | None = None,
    bar: Bar | None = None,
) -> Told:
    """Plays the trial. `policy`: names with commas between; None = all of them.

    Raises: StoryRefused with one sentence.
    """
    known = policies_of(chosen)
    policies = known if policy in (None, "all") else tuple(str(policy).split(","))
    if unknown := [name for name in policies if name not in known]:
        raise StoryRefused(f"there is no policy {unknown[0]!r}; there are {', '.join(known)}")
    shown = bar or Bar()
    numbers = range(first_seed, first_seed + seeds)
    played = run(chosen, numbers, policies, willingness=willingness, workers=workers, told=shown.show)
    if bar is None:
        shown.end()
    return told(chosen, played, policies, numbers, willingness)


def told(
    chosen: Trial, played: list[Played], policies: tuple[str, ...], seeds: Sequence[int], willingness: float = 1.0
) -> Told:
    """What those plays told."""
    rows = rows_of(chosen, played, policies)
    ours = "paced" if "paced" in policies else policies[0]
    forecast = calibration([o for each in played for o in each.outcomes[ours]])
    bars = bars_of(chosen.name, rows, willingness)
    # With calls that overlap, whoever is asked by everybody hears nobody: there nothing is a bound.
    best = ours if chosen.together else BOUND
    beside = [name for name in (ours, best, next((p for p in PLAIN if p in rows), BOUND)) if name in rows]
    few = {name: rows[name] for name in dict.fromkeys(beside)}
    return Told(
        name=chosen.name if willingness == 1.0 else f"{chosen.name}, {willingness:g} × as willing",
        says=(f"{chosen.name}: {chosen.says}", seeds_said(seeds, willingness)),
        tables=[_policies(rows), *_months(rows), *_who(few, "by_ties"), *_who(few, "by_region")],
        notes=_forecast_said(ours, forecast),
        bars=bars,
        drawn=_drawn(played, rows, few, forecast, ours),
        facts={
            "story": chosen.name, "seeds": len(seeds), "first_seed": min(seeds), "tuned_below": TUNED_BELOW,
            "willingness": willingness, "standby_share": 1.0, "code_version": code_version(),
            "params_hash": params_hash(), "rows": list(rows.values()), "bars": bars,
            "forecast": {
                "count": forecast.count, "mean": forecast.mean, "outcome": forecast.outcome, "brier": forecast.brier,
                "brier_base": forecast.base, "ece": forecast.ece, "luck": forecast.luck,
                "bins": [list(each) for each in forecast.bins],
            },
        },
    )  # fmt: skip


def seeds_said(seeds: Sequence[int], willingness: float) -> str:
    """Which seeds, and whether the policy was ever tuned on them."""
    tuned = "never tuned on these" if min(seeds) >= TUNED_BELOW else "tuned on some of these"
    told = "" if willingness == 1.0 else f"; people are {willingness:g} times as willing and the policy is not told"
    return f"seeds {min(seeds):,} to {max(seeds):,} ({len(seeds)}); {tuned}; everybody who is too late stands by{told}"


def cell(row: Row, key: str, how: str) -> str:
    """One figure of a row; "-" where there is none."""
    value, error = float(row.get(key, math.nan)), float(row.get(f"{key}_se", math.nan))
    if math.isnan(value):
        return "-"
    if how == "min":
        return minutes(value)
    if how == "%":
        return f"{value:.1%}"
    if how == "%±":
        return f"{value:.1%} ± {100 * error:.1f}"
    return f"{value:.3f} ± {error:.3f}" if how == "±" else how.format(value)


def _policies(rows: Mapping[str, Row]) -> Table:
    body = [[name, *(cell(row, key, how) for _, key, how in COLUMNS)] for name, row in rows.items()]
    return Table("", ["policy", *(head for head, _, _ in COLUMNS)], body)


def _months(rows: Mapping[str, Row]) -> list[Table]:
    """What a month of asking did to people and to the calls at its end; nothing for a single night."""
    columns = [each for each in BY_MONTH if any(each[1] in row for row in rows.values())]
    if not columns:
        return []
    body = [[name, *(cell(row, key, how) for _, key, how in columns)] for name, row in rows.items()]
    return [Table("what asking cost; ± is one standard error", ["policy", *(head for head, _, _ in columns)], body)]


def _who(rows: Mapping[str, Row], key: str) -> list[Table]:
    """Who is served, group by group: ours, the bound and how far it is, a plain rival, and whose urgency was raised."""
    if not all(row.get(key) for row in rows.values()):
        return []
    (ours, mine), *others = ((name, {each["name"]: each for each in row[key]}) for name, row in rows.items())
    head = [
        "secured within 30 min",
        "calls",
        ours,
        *(name for name, _ in others),
        "below the bound",
        "alerts",
        "raised",
    ]
    bound = dict(others).get(BOUND, {})
    body = []
    for name, each in mine.items():
        behind = f"{100 * (bound[name]['le30'] - each['le30']):+.1f}" if name in bound else "-"
        body.append(
            [
                name, f"{each['calls']:,}", f"{each['le30']:.1%} ± {100 * each['error']:.1f}",
                *(f"{found[name]['le30']:.1%}" if name in found else "-" for _, found in others),
                behind, f"{each['alerts']:,.0f}", f"{each['raised']:.0%}",
            ]
        )  # fmt: skip
    what = "the caller's ties, fewest first" if key == "by_ties" else "region, most calls first"
    return [Table(f"by {what}; the widest gap is {100 * gap_between(mine.values()):.1f} points", head, body)]


def _forecast_said(ours: str, found: Calibration) -> list[str]:
    if not found.count:
        return []
    said = f"said {found.mean:.3f}, came true {found.outcome:.3f}; {found.count:,} calls"
    brier = f"Brier {found.brier:.3f} (always the mean: {found.base:.3f})"
    return [f"forecast of {ours} at the start: {said}; {brier}; ECE {found.ece:.3f} (by luck alone {found.luck:.3f})"]


def _drawn(
    played: list[Played], rows: Mapping[str, Row], few: Mapping[str, Row], forecast: Calibration, ours: str
) -> list[Drawing]:
    times = {
        policy: [outcome.secured for each in played for outcome in each.outcomes[policy]]
        for policy in (ours, BOUND)
        if policy in played[0].outcomes
    }
    names = ", ".join(few)
    return [
        Drawing(drawings.frontier(rows), "Alerts against calls secured within 30 minutes; rings are ours."),
        Drawing(drawings.secured(times), f"How soon every seat was taken for good: {', '.join(times)}."),
        Drawing(drawings.reliability(forecast) if forecast.count else "", "Forecasts at the start against what came."),
        Drawing(drawings.served(few, "by_ties"), f"Who is served, by ties, fewest first: {names}."),
        Drawing(drawings.served(few, "by_region"), f"Who is served, by region: {names}."),
        Drawing(_burden(played, ours), "How often members were asked."),
        Drawing(drawings.map_of(played[0].cells), f"Where people were asked in the night of seed {played[0].seed}."),
    ]


def _burden(played: list[Played], policy: str) -> str:
    tolls = {name: each for name in (policy, "waves-50+sb") if (each := played[0].tolls.get(name))}
    return drawings.burden({name: toll.sent.tolist() for name, toll in tolls.items()}) if tolls else ""
