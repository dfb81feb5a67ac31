"""What a story gave, for people and for programs: a calm table, and JSON of a fixed shape.

Pure: text in, text out. Pictures: dispatch/stories/pictures.py.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from dispatch.stories import behaviour, world
from dispatch.stories.figures import Night, bars, finite_fields, summary
from dispatch.stories.tales import Story

COLUMNS: Final = (
    ("people alerted", "alerts", "{:,.0f}"),
    ("cars that came", "cars", "{:.1f}"),
    ("first person looks", "heard", "min"),
    ("every seat taken within 30 min", "le30", "%"),
    ("every seat taken within 60 min", "le60", "%"),
    ("every seat taken for good", "full", "%"),
    ("median until every seat was taken", "secured_p50", "min"),
    ("slowest tenth until then", "secured_p90", "min"),
    ("median last pick-up", "pickup_p50", "min"),
    ("nights in which everybody was met", "all_met", "%"),
    ("share of the seats that were kept", "served", "%"),
    ("people woken", "woken", "{:.0f}"),
    ("alerts opened too late", "late", "{:.0f}"),
    ("claims that lapsed", "lapses", "{:.1f}"),
    ("yeses that stood by", "stood_by", "{:.1f}"),
    ("all asked at once: cars that would come", "bound_cars", "{:.1f}"),
    ("all asked at once: nights with enough seats", "bound", "%"),
)


def minutes(value: float) -> str:
    """Minutes as people say them: "40 s", "12 min", "2 h 14 min", "never"."""
    if not math.isfinite(value):
        return "never"
    if value < 1.5:
        return f"{round(value * 60)} s"
    if value < 90:
        return f"{round(value)} min"
    return f"{int(value // 60)} h {round(value % 60):02} min" if round(value % 60) < 60 else f"{int(value // 60) + 1} h"


def shown(value: float, how: str) -> str:
    """One figure of the table."""
    if how == "min":
        return minutes(value)
    if math.isnan(value):
        return "-"
    return f"{value:.0%}" if how == "%" else how.format(value)


def rows(nights: Sequence[Night]) -> list[tuple[str, str]]:
    """The table of many nights: words and figures."""
    found = summary(nights)
    return [(says, shown(float(found[key]), how)) for says, key, how in COLUMNS]


def table(story: Story, nights: Sequence[Night]) -> str:
    """The terminal's report: the first night's timeline, then the figures of all of them."""
    first = nights[0]
    lines = [
        f"{story.name}: {story.says}",
        setting(nights),
        "",
        f"The night of seed {first.seed}",
        *(f"  {minutes(each.minute):>12}  {each.says}" for each in first.timeline),
        "",
        "  who was asked: " + (", ".join(_rings(first)) or "nobody"),
        "",
    ]
    width = max(len(says) for says, _, _ in COLUMNS)
    head = f"Seed {first.seed}" if len(nights) == 1 else f"Seeds {first.seed} to {nights[-1].seed}"
    lines += [head, *(f"  {says:<{width}}  {value:>12}" for says, value in rows(nights)), ""]
    lines += [f"  {'ok' if bar['ok'] else 'BROKEN':<6} {bar['test']}" for bar in bars(nights)]
    for fault in sorted({fault for night in nights for fault in night.faults}):
        lines.append(f"  BROKEN {fault}")
    lines += ["", honesty(nights)]
    return "\n".join(lines)


def setting(nights: Sequence[Night]) -> str:
    """The network, the policy and how many nights, in one sentence."""
    first, count = nights[0], len(nights)
    network = f"{first.people:,} people, {first.ties:,} ties, {first.in_reach:,} people in reach"
    told = f"{network}; policy {first.policy}; {count} {'night' if count == 1 else 'nights'} from seed {first.seed}"
    return told if first.willing == 1 else f"{told}; people {first.willing:g} times as willing as remembered"


def _rings(night: Night) -> list[str]:
    words = {"1": "ring 1", "2": "ring 2", "3": "ring 3"}
    counts: dict[str, int] = {}
    for each in night.asked:
        counts[each.ring] = counts.get(each.ring, 0) + 1
    return [f"{count:,} in {words.get(ring, ring)}" for ring, count in sorted(counts.items())]


def honesty(nights: Sequence[Night]) -> str:
    """What the figures can and can't say, from the figures themselves."""
    found = summary(nights)
    party = nights[0].party
    text = (
        f"How willing people are rests on one remembered night: read every rate as half to twice as much. "
        f"If everybody in reach were asked in the first minute, {found['bound_cars']:.1f} cars would come and stay on "
        f"average, and {found['bound']:.0%} of the nights would have {party} seats."
    )
    if found["bound"] < 0.5:
        text += " No order of asking can do better than this network allows; a wider circle can."
    return text


def code_version() -> str:
    """The version that played."""
    try:
        return version("flare-dispatch")
    except PackageNotFoundError:
        return "unknown"


def params_hash() -> str:
    """Twelve hex digits that change when an assumption about people or the world does."""
    plain = (int, float, str, tuple, list, dict)
    facts = {
        f"{room.__name__}.{name}": repr(value)
        for room in (behaviour, world)
        for name, value in vars(room).items()
        if name.isupper() and isinstance(value, plain)
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]


def as_json(story: Story, nights: Sequence[Night]) -> dict[str, Any]:
    """The report for programs; infinities are null."""
    return finite_fields(
        {
            "story": story.name,
            "seeds": len(nights),
            "first_seed": nights[0].seed,
            "code_version": code_version(),
            "params_hash": params_hash(),
            "willing": nights[0].willing,
            "people": nights[0].people,
            "ties": nights[0].ties,
            "in_reach": nights[0].in_reach,
            "rows": [summary(nights)],
            "bars": bars(nights),
            "first_night": nights[0].as_json(),
        }
    )
