"""What a world told, as one value, and the three ways it is handed on: a terminal's text, JSON, one HTML page.

Pure but for the page's file. A page holds one world or all of them and needs nothing else.
Must never print one figure in two ways: tables are made once and laid out twice.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

from dispatch.stories.output import written
from dispatch.stories.page import LAST, STYLE
from dispatch.stories.report import code_version, params_hash
from dispatch.stories.trial.figures import Row, clean

WIDER: Final = (
    "main { max-width:1600px; } .card { max-width:1120px; overflow-x:auto; } "
    "th { text-align:left; font-weight:600; padding:6px 8px; } th.n { text-align:right; } td, th { font-size:14px; } "
    ".drawn { display:grid; gap:16px; margin-top:16px; align-items:start; "
    "grid-template-columns:repeat(auto-fit, minmax(min(100%, 640px), 1fr)); }"
)


class Table(NamedTuple):
    """Words and figures; the first column names the row."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class Drawing(NamedTuple):
    """One picture (SVG) and what it shows."""

    svg: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One world: its figures, the bars it is held against, its pictures. `says`: what was played, on which seeds."""

    name: str
    says: Sequence[str]
    tables: Sequence[Table]
    bars: Sequence[Row]
    notes: Sequence[str] = ()
    drawn: Sequence[Drawing] = ()
    facts: Mapping[str, object]
    """For programs; infinities become null."""

    @property
    def ok(self) -> bool:
        """Did every bar hold?"""
        return all(each["ok"] for each in self.bars)


def held(bars: Sequence[Row]) -> list[str]:
    """A line for each bar: did it hold, what was found, what it is held against."""
    return [f"  {'ok' if bar['ok'] else 'NOT OK':<7}{bar['test']}: {_of(bar)}" for bar in bars]


def _of(bar: Row) -> str:
    value = bar["value"]
    shown = f"{value:,.3f}" if isinstance(value, float) and value < 100 else f"{value:,.0f}"
    return f"{shown} (limit {bar['limit']:,.3g})" if bar["limit"] < 100 else f"{shown} (limit {bar['limit']:,.0f})"


def text(told: Told) -> str:
    """As a terminal shows it."""
    lines = [*told.says, ""]
    for table in told.tables:
        lines += [table.title, *_aligned(table), ""] if table.title else [*_aligned(table), ""]
    return "\n".join([*lines, *told.notes, *([""] if told.notes else []), *held(told.bars)])


def _aligned(table: Table) -> list[str]:
    lines = [list(table.head), *(list(row) for row in table.rows)]
    wide = [max(len(line[column]) for line in lines) for column in range(len(table.head))]
    return [
        "  ".join(f"{cell:<{wide[0]}}" if not n else f"{cell:>{wide[n]}}" for n, cell in enumerate(line)).rstrip()
        for line in lines
    ]


def page(title: str, every: Sequence[Told], left_out: Sequence[str] = ()) -> str:
    """The whole page: what held, then world by world its tables, pictures and bars."""
    heading, first = ("Every world", _held_everywhere(every)) if len(every) > 1 else (title, "")
    missing = "".join(f"<p>{escape(says)}</p>" for says in left_out)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}{WIDER}</style>'
        f"<main><h1>{escape(heading)}</h1>{first}{missing}{''.join(_section(each) for each in every)}"
        f'<p class="mute">Version {escape(code_version())}, assumptions {params_hash()}. {escape(LAST)}</p>'
        "</main></html>"
    )


def _held_everywhere(every: Sequence[Told]) -> str:
    """How many bars each world held, and those that it did not."""
    broken = {told.name: [each for each in told.bars if not each["ok"]] for told in every}
    counts = [(told.name, f"{len(told.bars) - len(broken[told.name])} of {len(told.bars)}") for told in every]
    table = _table(Table("", ("world", "bars that held"), counts))
    return f'<h2>What held</h2><div class="card">{table}</div>' + "".join(
        _bars(bars, f"{name}: ") for name, bars in broken.items()
    )


def _bars(bars: Sequence[Row], of: str = "") -> str:
    return "".join(
        f'<p class="{"mute" if bar["ok"] else "bad"}">{escape(of + line.strip())}</p>'
        for bar, line in zip(bars, held(bars), strict=True)
    )


def _section(told: Told) -> str:
    said = "".join(f'<p class="mute">{escape(line)}</p>' for line in told.says if line)
    tables = "".join(
        f'{f"<h3>{escape(each.title)}</h3>" if each.title else ""}<div class="card">{_table(each)}</div>'
        for each in told.tables
    )
    notes = "".join(f"<p>{escape(line)}</p>" for line in told.notes)
    figures = "".join(
        f"<figure>{each.svg}<figcaption>{escape(each.says)}</figcaption></figure>" for each in told.drawn if each.svg
    )
    return (
        f'<section id="{escape(told.name)}"><h2>{escape(told.name)}</h2>{said}{tables}{notes}{_bars(told.bars)}'
        f'<div class="drawn">{figures}</div></section>'
    )


def _table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "".join(f"<{tag}{' class=n' if n else ''}>{escape(cell)}</{tag}>" for n, cell in enumerate(cells))

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in table.rows)
    return f"<table><tr>{row(table.head, 'th')}</tr>{body}</table>"


def publish(
    title: str,
    every: Sequence[Told],
    *,
    as_json: bool,
    out: Path | None,
    say: Callable[[str], object],
    left_out: Sequence[str] = (),
) -> int:
    """Prints what the worlds told and writes their page (reports/TITLE.html, or `out`); 0 if every bar held, else 1.

    With `as_json` a page is written only where `out` asks for one.
    """
    if as_json:
        facts = [clean(dict(told.facts)) for told in every]
        whole = facts[0] if len(facts) == 1 else {"story": title, "worlds": facts, "left_out": list(left_out)}
        say(json.dumps(whole, ensure_ascii=False))
    else:
        say("\n\n".join([*(text(told) for told in every), *left_out]))
    if out is not None or not as_json:
        file = written(title, out, page(title, every, left_out))
        if not as_json:
            say(f"\nThe page: {file}")
    return 0 if all(told.ok for told in every) else 1
