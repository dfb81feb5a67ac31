"""A trial's report: the table for the terminal, JSON for programs, one HTML page with drawings for people.

Pure: text in, text out. No person is ever drawn: places are H3 cells with five people or more.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from dispatch.stories.page import LAST, STYLE
from dispatch.stories.pictures import Chart
from dispatch.stories.report import code_version, minutes, params_hash
from dispatch.stories.trial.figures import Calibration, Row, clean
from dispatch.stories.trial.run import TUNED_BELOW
from dispatch.stories.trial.settings import Trial
from geo import cells as h3cells

COLUMNS: Final = (
    ("alerts", "alerts", "{:,.0f}"), ("heard", "heard", "min"), ("full", "full", "%"), ("<=30", "le30", "%"),
    ("<=60", "le60", "%"), ("median", "secured_p50", "min"), ("p90", "secured_p90", "min"),
    ("pick-up", "pickup_p50", "min"), ("served", "served", "%"), ("woken", "woken", "{:,.0f}"),
    ("late", "late", "{:,.0f}"),
)  # fmt: skip
MONTHLY: Final = (
    ("first10", "first10", "%"), ("last10", "last10", "%"), ("opt-outs", "opt_outs", "{:,.0f}"),
    ("p99 sent", "p99_sent", "{:.0f}"), ("gini", "gini_sent", "{:.2f}"), ("disturbed", "disturbed", "%"),
)  # fmt: skip


def cell(value: float, how: str) -> str:
    """One figure."""
    if math.isnan(value):
        return "-"
    if how == "min":
        return minutes(value)
    return f"{value:.1%}" if how == "%" else how.format(value)


def _columns(rows: Mapping[str, Row]) -> tuple[tuple[str, str, str], ...]:
    monthly = any("first10" in row for row in rows.values())
    return COLUMNS + (MONTHLY if monthly else ())


def seeds_said(seeds: Sequence[int], willingness: float) -> str:
    """Which seeds, and whether the policy was ever tuned on them."""
    tuned = "tuned on some of these" if min(seeds) < TUNED_BELOW else "never tuned on these"
    told = "" if willingness == 1.0 else f"; people are {willingness:g} times as willing and the policy is not told"
    return f"seeds {min(seeds):,} to {max(seeds):,} ({len(seeds)}); {tuned}; everybody who is too late stands by{told}"


def table(trial: Trial, rows: Mapping[str, Row], bars: Sequence[Row], seeds: Sequence[int], willingness: float) -> str:
    """The terminal's report."""
    columns = _columns(rows)
    lines = [f"{trial.name}: {trial.says}", seeds_said(seeds, willingness), ""]
    lines.append(f"{'policy':<16}" + "".join(f"{head:>11}" for head, _, _ in columns))
    for name, row in rows.items():
        lines.append(f"{name:<16}" + "".join(f"{cell(row[key], how):>11}" for _, key, how in columns))
    lines += _fairness(rows)
    some = next(iter(rows.values()))
    lines += ["", f"standard errors: full {some['full_se']:.3f}, <=30 {some['le30_se']:.3f} ({some['policy']})", ""]
    return "\n".join([*lines, *held(bars)])


def held(bars: Sequence[Row]) -> list[str]:
    """A line for each bar: did it hold, what was found, what it is held against."""
    return [f"  {'ok' if bar['ok'] else 'NOT OK':<7}{bar['test']}: {_of(bar)}" for bar in bars]


def _fairness(rows: Mapping[str, Row]) -> list[str]:
    """Who is served and who is asked, by fifth of the caller's ties and by region; nothing for a single night."""
    fair = {name: row for name, row in rows.items() if "le30_by_fifth" in row}
    if not fair:
        return []
    lines = ["", "by fifth of the caller's ties, fewest first; then the loneliest tenth, and the widest gap of regions"]
    for name, row in fair.items():
        soon = " ".join(cell(share, "%") for share in row["le30_by_fifth"])
        asked = " ".join(cell(count, "{:,.0f}") for count in row["alerts_by_fifth"])
        rest = f"tenth full {row['loneliest_tenth_full']:.1%}, regions {row['full_gap_regions']:.1%}"
        lines.append(f"{name:<16} <=30 {soon} | alerts {asked} | {rest}")
    return lines


def _of(bar: Row) -> str:
    value = bar["value"]
    shown = f"{value:,.3f}" if isinstance(value, float) and value < 100 else f"{value:,.0f}"
    return f"{shown} (limit {bar['limit']:,.3g})" if bar["limit"] < 100 else f"{shown} (limit {bar['limit']:,.0f})"


def as_json(
    trial: Trial,
    rows: Mapping[str, Row],
    bars: Sequence[Row],
    seeds: Sequence[int],
    willingness: float,
    forecast: Calibration,
) -> dict[str, object]:
    """The report for programs; infinities are null."""
    facts: dict[str, object] = {
            "story": trial.name,
            "seeds": len(seeds),
            "first_seed": min(seeds),
            "tuned_below": TUNED_BELOW,
            "willingness": willingness,
            "standby_share": 1.0,
            "code_version": code_version(),
            "params_hash": params_hash(),
            "rows": list(rows.values()),
            "bars": list(bars),
            "forecast": {
                "count": forecast.count, "mean": forecast.mean, "outcome": forecast.outcome, "brier": forecast.brier,
                "brier_base": forecast.base, "ece": forecast.ece, "bins": [list(each) for each in forecast.bins],
            },
    }  # fmt: skip
    return {name: clean(value) for name, value in facts.items()}


def frontier(rows: Mapping[str, Row]) -> str:
    """Alerts against what they bought."""
    most = max(row["alerts"] for row in rows.values())
    chart = Chart("alerts against calls secured", (0, math.log10(most + 1)), (0, 1),
                  ("people alerted, as a power of ten", "share secured within 30 minutes"))  # fmt: skip
    for name, row in rows.items():
        ours = name.startswith("paced")
        chart.mark(math.log10(row["alerts"] + 1), row["le30"], "dot" if ours else "here",
                   f"{name}: {row['alerts']:,.0f} alerts, {row['le30']:.0%}")  # fmt: skip
    return chart.done()


def secured(times: Mapping[str, Sequence[float]]) -> str:
    """How soon every seat was taken for good: ours against the bound."""
    chart = Chart("how soon every seat was taken", (0, 120), (0, 1), ("minutes since the call", "share of calls"))
    for kind, found in zip(("go", "wait", "road"), times.values(), strict=False):
        known = sorted(at for at in found if at <= 120)
        chart.steps([(0.0, 0.0), *((at, (n + 1) / len(found)) for n, at in enumerate(known))], kind)
    return chart.done()


def reliability(found: Calibration) -> str:
    """What was said against what came true; on the diagonal is honest."""
    chart = Chart("forecast against outcome", (0, 1), (0, 1), ("what the forecast said", "share that came true"))
    chart.steps([(n / 40, n / 40) for n in range(41)], "road")
    for said, true, count in found.bins:
        chart.mark(said, true, "dot", f"said {said:.0%}, came true {true:.0%} ({count} calls)")
    return chart.done()


def burden(sent: Mapping[str, Sequence[int]]) -> str:
    """How unevenly a month's alerts fall: members in order of how often they were asked."""
    most = max(max(each) for each in sent.values())
    chart = Chart("alerts per member", (0, 1), (0, most), ("members, least asked first", "alerts in the month"))
    for kind, each in zip(("go", "wait"), sent.values(), strict=False):
        ordered = sorted(each)
        step = max(1, len(ordered) // 200)
        chart.steps([(n / len(ordered), float(ordered[n])) for n in range(0, len(ordered), step)], kind)
    return chart.done()


def map_of(found: Mapping[str, int]) -> str:
    """Where people were asked in one night, as cells."""
    if not found:
        return ""
    outlines = {name: h3cells.outline(name) for name in found}
    corners = [corner for outline in outlines.values() for corner in outline]
    west, east = min(p.lon for p in corners), max(p.lon for p in corners)
    south, north = min(p.lat for p in corners), max(p.lat for p in corners)
    wide = 760.0
    high = wide * (north - south) / max(1e-9, (east - west) * 0.82)
    most = max(found.values())
    parts = [f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" role="img" aria-label="where people were asked">']
    for name, outline in outlines.items():
        points = " ".join(
            f"{wide * (p.lon - west) / (east - west):.1f},{high * (north - p.lat) / (north - south):.1f}"
            for p in outline
        )
        dark = 0.15 + 0.85 * found[name] / most
        parts.append(f'<polygon class="cell" points="{points}" opacity="{dark:.2f}"/>')
    return "".join([*parts, "</svg>"])


def page(title: str, text: str, drawings: Sequence[tuple[str, str]]) -> str:
    """The whole page: the table as it stands in the terminal, then the drawings."""
    figures = "".join(
        f"<figure>{svg}<figcaption>{escape(says)}</figcaption></figure><p></p>" for svg, says in drawings if svg
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}"
        "pre { overflow-x:auto; font-size:13px; }</style>"
        f"<main><h1>{escape(title)}</h1><pre class=card>{escape(text)}</pre>{figures}"
        f'<p class="mute">{escape(LAST)}</p></main></html>'
    )
