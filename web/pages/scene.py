"""The wall's picture as keyed parts, and what has changed of it since a browser last looked.

A scene is a table of names and JSON: `p:<cell>` people, `r:<cell>` asked, `a:<id>` an ask, and a few single
ones. A browser says which scene it has by its mark and is told only what is different (`put`, `del`); a mark nobody
remembers gets everything. Holds hashes, never a scene. Invariant: whatever happened in between, put and del lead from
the one scene to the other (tests/pages/test_scene.py).
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from geo import cells
from geo.point import Point
from web.pages import nouns, wall
from web.pages.speech import Speaker

REMEMBERED: Final = 64
"""Scenes whose hashes are kept."""
CHIPS: Final = 9
"""Asks with words on the map."""
CAR_CHIPS: Final = 4
TURNS: Final = 9
"""Asks that a wall in a room shows in turn, the most pressing first."""

Parts = dict[str, str]
"""Name to JSON text."""


class Memory:
    """The scenes that were told lately, by mark."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Mapping[str, bytes]] = OrderedDict()

    def told(self, parts: Mapping[str, str], since: str | None) -> str:
        """`{"mark", "all", "put", "del"}` as JSON: what leads from the scene of that mark to this one."""
        now = {name: hashlib.blake2b(text.encode(), digest_size=8).digest() for name, text in parts.items()}
        mark = hashlib.blake2b(repr(sorted(now.items())).encode(), digest_size=12).hexdigest()
        before = self._held.get(since) if since else None
        self._held[mark] = now
        self._held.move_to_end(mark)
        while len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
        return f'{{"mark":"{mark}",{changes(before, now, parts)}}}'


def changes(before: Mapping[str, object] | None, now: Mapping[str, object], parts: Mapping[str, str]) -> str:
    """The members `all`, `put` and `del` as JSON.

    `before`, `now`: what stands for each part, by name; a `before` of None: everything is told.
    """
    held = before or {}
    put = ",".join(f"{json.dumps(name)}:{parts[name]}" for name in parts if held.get(name) != now[name])
    gone = written([name for name in held if name not in now])
    return f'"all":{written(before is None)},"put":{{{put}}},"del":{gone}'


def written(value: object) -> str:
    """The value as JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def parts_of(held: wall.Wall, members: Mapping[str, int], speak: Speaker) -> Parts:
    """Everything the map shows of the wall."""
    parts = {"home": written(at(middle(held, members))), "many": written(len(held.asks) > wall.MANY)}
    parts |= people(members)
    if held.hero is not None and len(held.asks) <= wall.MANY:
        parts |= asked(held.hero.travel)
    parts["turns"] = written([ask.id for ask in held.asks if not ask.full][:TURNS])
    for rank, ask in enumerate(held.asks):
        parts[f"a:{ask.id}"] = written(ask_part(ask, hero=ask is held.hero, speak=speak if rank < CHIPS else None))
    return parts


def people(members: Mapping[str, int]) -> Parts:
    """Members by cell, in bands, where they are FEWEST or more."""
    return {f"p:{cell}": _people(cell, wall.band(n)) for cell, n in sorted(members.items()) if n >= wall.FEWEST}


@lru_cache(maxsize=8_192)
def _people(cell: str, band: int) -> str:
    ring = [value for corner in cells.outline(cell) for value in at(corner)]
    return written([*at(cells.centre(cell)), band, ring])


def asked(travel: Mapping[str, int]) -> Parts:
    """How a call travels: the cells with the most people asked."""
    most = sorted(travel.items(), key=lambda each: (-each[1], each[0]))[: wall.ARCS]
    return {f"r:{cell}": written([*at(cells.centre(cell)), n]) for cell, n in most}


def ask_part(ask: wall.Ask, *, hero: bool, speak: Speaker | None) -> dict[str, Any]:
    """An ask as the script draws it. `speak`: says its words; None for one without words on the map."""
    seats, kind = ask.entry["seats"], ask.entry["kind"]
    part: dict[str, Any] = {"at": at(cells.centre(ask.entry["cell"])), "open": seats["open"], "total": seats["total"]}
    if hero:
        part["hero"] = 1
    if speak is not None:
        part["chip"] = [waiting(speak, ask.entry), nouns.nearby(speak, ask.entry["label"]).striptags()]
    part["cars"] = [
        [
            round(each.share, 2),
            at(cells.centre(each.origin)) if each.origin else None,
            *([car(speak, kind, each)] if speak is not None and index < (CAR_CHIPS if hero else 1) else []),
        ]
        for index, each in enumerate(ask.coming)
    ]
    return part


def waiting(speak: Speaker, entry: Mapping[str, Any]) -> str:
    """How many wait, or are covered, in words."""
    counted = nouns.head(speak, entry["kind"], entry["seats"]["total"])
    says = "{what} covered" if entry["seats"]["open"] == 0 else "{what} waiting"
    return speak.t(says, what=counted).striptags()


def car(speak: Speaker, kind: str, coming: wall.Coming) -> tuple[str, str]:
    """What somebody brings, and how far they are: by step, never by position."""
    says = {
        "committed": speak.t("promised"),
        "en_route": speak.t("on the way"),
        "on_scene": speak.t("there now"),
        "met": speak.t("with them"),
    }[coming.step]
    return nouns.units(speak, kind, coming.seats).striptags(), says.striptags()


def middle(held: wall.Wall, members: Mapping[str, int]) -> Point:
    """Where to look: at the hero's cell, else where most members are."""
    if held.hero is not None:
        return cells.centre(held.hero.entry["cell"])
    home = max(members, key=lambda cell: (members[cell], cell), default=None)
    return cells.centre(home) if home is not None and members[home] >= wall.FEWEST else wall.MIDDLE


def at(point: Point) -> tuple[float, float]:
    """A cell's centre or corner as the script reads it: lon, lat, to about 10 m."""
    return round(point.lon, 4), round(point.lat, 4)
