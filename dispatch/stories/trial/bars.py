"""The bars a trial's rows are held against: thresholds as tables, each with what was found. Source: docs/matching.md.

Pure. Must never be moved to fit what was measured: a row that fails is printed as failed.
"""

from collections.abc import Mapping
from math import isnan
from typing import Final

from dispatch.stories.trial.figures import Row
from dispatch.stories.trial.rivals import BOUND, RIVALS, STANDBY


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
WORN: Final = "month"
KEPT_LEAST: Final = 0.98
"""Of the calls filled in a month's beginning, so many at least are filled at its end."""


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
        return [*found, _undefeated(rows)] if "paced" in rows else found
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
    if story == WORN:
        found += [each for policy in ("paced-u4", "paced") for each in _worn(policy, rows.get(policy, {}))]
    if "paced" in rows:
        found += [*_loneliest(rows), _undefeated(rows)]
    return found


WEARS: Final = (
    ("kept", "the last ten calls of the first ten"),
    ("kept_beside", "the same, of what the same calls keep where nobody was ever asked"),
)


def _worn(policy: str, row: Row) -> list[Row]:
    """What a month of asking costs: the last ten calls, alone and beside a network that was never asked."""
    found = []
    for key, test in WEARS:
        if key in row:
            error = row[f"{key}_se"]
            known = "" if isnan(error) else f", known to ± {error:.3f}"
            found.append(bar(f"{policy}: {test}{known}", row[key], KEPT_LEAST, at_least=True))
    return found


def _loneliest(rows: Mapping[str, Row]) -> list[Row]:
    """Whoever has the fewest ties is not worse off than if the nearest hundred were asked."""
    theirs = [row["loneliest"] for name, row in rows.items() if name.startswith("nearest-100") and "loneliest" in row]
    if "loneliest" not in rows["paced"] or not theirs:
        return []
    return [
        bar(f"paced: {key} of the loneliest tenth, against nearest-100", rows["paced"]["loneliest"][key],
            max(each[key] for each in theirs), at_least=True)
        for key in ("full", "le30")
    ]  # fmt: skip


def _undefeated(rows: Mapping[str, Row]) -> Row:
    winners = better(rows)
    who = f" ({', '.join(winners)})" if winners else ""
    return bar(f"rivals that send no more alerts and secure more within 30 min or sooner{who}", len(winners), 0)


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
