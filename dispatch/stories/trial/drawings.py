"""A trial's drawings as inline SVG: what alerts bought, how soon, how honest, on whom it fell, who was served.

Pure text. No person is ever drawn: places are H3 cells with five people or more.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from dispatch.stories.pictures import Chart
from dispatch.stories.trial.figures import Calibration, Row
from dispatch.stories.trial.rivals import STANDBY
from geo import cells as h3cells

OURS_FIRST: Final = ("dot", "here", "cell")


def frontier(rows: Mapping[str, Row]) -> str:
    """Alerts against what they bought."""
    places = [math.log10(row["alerts"] + 1) for row in rows.values()]
    chart = Chart("alerts against calls secured", (math.floor(min(places)), max(places)), (0, 1),
                  ("people alerted, as a power of ten", "share secured within 30 minutes"))  # fmt: skip
    for name, row in rows.items():
        ours = name.startswith("paced")
        chart.mark(math.log10(row["alerts"] + 1), row["le30"], "dot" if ours else "here",
                   f"{name}: {row['alerts']:,.0f} alerts, {row['le30']:.0%}")  # fmt: skip
        if ours or name + STANDBY not in rows:
            chart.word(math.log10(row["alerts"] + 1), row["le30"], name)
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


def served(rows: Mapping[str, Row], key: str) -> str:
    """Who is served within half an hour, group by group: ours, the bound, a plain rival (`by_ties`, `by_region`)."""
    chosen = {name: row[key] for name, row in rows.items() if row.get(key)}
    if not chosen:
        return ""
    names = [each["name"] for each in next(iter(chosen.values()))]
    chart = Chart(
        "who is served", (0, len(names) + 1), (0, 1), ("group, in the table's order", "secured within 30 min")
    )
    for kind, (policy, groups) in zip(OURS_FIRST, chosen.items(), strict=False):
        for each in groups:
            if each["name"] in names:
                says = f"{policy}, {each['name']}: {each['le30']:.0%} of {each['calls']} calls"
                chart.mark(names.index(each["name"]) + 1, each["le30"], kind, says)
    return chart.done()
