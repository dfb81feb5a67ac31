"""The report as one HTML page that needs nothing else: figures, pictures, what they can't say."""

from collections.abc import Sequence
from html import escape
from typing import Final

from dispatch.stories import pictures
from dispatch.stories.figures import Night, bars
from dispatch.stories.report import code_version, honesty, minutes, params_hash, rows, setting
from dispatch.stories.tales import Story

STYLE: Final = """
:root { color-scheme: light dark; --bg:#fbfaf7; --card:#fff; --ink:#15202e; --mute:#56637a; --edge:#d5dae2;
  --go:#0b6b5b; --wait:#8a5200; --stop:#a3242f; --road:#c9b99a; }
@media (prefers-color-scheme: dark) { :root { --bg:#0b0f16; --card:#131b28; --ink:#eef3fb; --mute:#9fb0c8;
  --edge:#2a3850; --go:#3fe0c5; --wait:#ffb547; --stop:#ff8a95; --road:#3d5273; } }
body { margin:0; background:var(--bg); color:var(--ink); font:16px/1.5 system-ui,sans-serif; }
main { max-width:820px; margin:0 auto; padding:32px 20px 64px; }
h1 { font-size:28px; line-height:1.2; margin:0 0 4px; } h2 { font-size:18px; margin:32px 0 8px; }
p { margin:8px 0; } .mute { color:var(--mute); }
figure, .card { margin:0; padding:16px; background:var(--card); border:1px solid var(--edge); border-radius:14px; }
figcaption { color:var(--mute); font-size:14px; margin-top:8px; } svg { width:100%; height:auto; display:block; }
table { border-collapse:collapse; width:100%; font-variant-numeric:tabular-nums; }
td { padding:6px 8px; border-top:1px solid var(--edge); vertical-align:top; } tr:first-child td { border-top:0; }
td.n { text-align:right; white-space:nowrap; }
.grid { stroke:var(--edge); stroke-width:1; } .axis { fill:var(--mute); font:12px system-ui,sans-serif; }
.end { text-anchor:end; } .mid { text-anchor:middle; } .strong { fill:var(--ink); font-weight:600; }
.halo { fill:var(--ink); paint-order:stroke; stroke:var(--card); stroke-width:3px; stroke-linejoin:round; }
.go, .wait { fill:none; stroke-width:2.5; } .go { stroke:var(--go); } .wait { stroke:var(--wait); }
.dot { fill:var(--card); stroke:var(--go); stroke-width:2.5; } .cell { fill:var(--go); stroke:var(--card); }
.road { fill:none; stroke:var(--road); stroke-width:2; } .town { fill:var(--mute); }
.here { fill:var(--wait); stroke:var(--card); stroke-width:2; } .bad { color:var(--stop); font-weight:600; }
"""


RINGS: Final = "A ring where a car stood at the roadside; drops are promises taken back."
CELLS: Final = (
    "Where people were asked: the darker, the more. Cells of about 1,800 km² with five people or more; nobody's place "
    "is drawn. Freeways are schematic."
)
LAST: Final = (
    "A simulation: nobody in it is a real person, and no figure is a promise. In danger, call your local emergency "
    "number first."
)


def page(story: Story, nights: Sequence[Night]) -> str:
    """The whole page."""
    first = nights[0]
    many = len(nights) > 1
    drawn = [
        (pictures.seats_picture(first), f"Seats promised in the night of seed {first.seed}. {RINGS}"),
        (pictures.alerts_picture(first), "People asked; a ring at the moment every seat was taken."),
        (pictures.map_picture(first, story.place), CELLS),
    ]
    if many:
        drawn.insert(
            0, (pictures.soon_picture(nights), f"How soon every seat was taken for good: {len(nights)} nights.")
        )
    figures = "".join(f"<figure>{svg}<figcaption>{escape(says)}</figcaption></figure><p></p>" for svg, says in drawn)
    timeline = _table([(minutes(each.minute), each.says) for each in first.timeline], first_is_number=True)
    held = "".join(
        f'<p class="{"mute" if bar["ok"] else "bad"}">{"Held" if bar["ok"] else "Broken"}: {escape(bar["test"])}</p>'
        for bar in bars(nights)
    )
    title = f"Flare: {story.name}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style><main>'
        f'<h1>{escape(story.says[0].upper() + story.says[1:])}</h1><p class="mute">{escape(setting(nights))}.</p>'
        f'<p>{escape(honesty(nights))}</p><h2>The figures</h2><div class="card">{_table(rows(nights))}</div>'
        f'<h2>The night of seed {first.seed}</h2><div class="card">{timeline}</div><h2>Pictures</h2>{figures}'
        f"<h2>What must always hold</h2>{held}"
        f'<p class="mute">Version {escape(code_version())}, assumptions {params_hash()}. {LAST}</p>'
        "</main></html>"
    )


def _table(lines: Sequence[tuple[str, str]], *, first_is_number: bool = False) -> str:
    number = ' class="n"'
    left, right = (number, "") if first_is_number else ("", number)
    body = "".join(f"<tr><td{left}>{escape(a)}</td><td{right}>{escape(b)}</td></tr>" for a, b in lines)
    return f"<table>{body}</table>"
