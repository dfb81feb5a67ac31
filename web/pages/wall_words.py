"""The words of the wall's panel: the ask that matters most, the others, four numbers, what ended lately.

Pure: a Wall in, what the template shows out. It counts people only where a kind counts people, and promises nothing
that nobody has promised.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from markupsafe import Markup

from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import ClaimState
from web.pages import nouns, story, timeline, wall
from web.pages.render import Reader
from web.pages.speech import Speaker, clocked

ROWS: Final = 8
EVENTS: Final = 6
FORGOTTEN: Final = timedelta(minutes=10)
PEOPLE: Final = frozenset({"seats", "beds"})
"""Units that count people; of every other kind, one ask is one who waits."""
QUERY_CHARS: Final = 80


def values_of(reader: Reader, held: wall.Wall, query: str = "") -> dict[str, Any]:
    """Everything the panel shows. `query`: only rows whose title has it."""
    speak, hero, now = reader.speak, held.hero, reader.now
    others = _others(speak, held, query.strip().casefold()[:QUERY_CHARS])
    counted = [ask for ask in held.asks if counts_people(ask)]
    total = sum(ask.entry["seats"]["total"] for ask in counted)
    found = sum(ask.entry["seats"]["claimed"] for ask in counted)
    waited = now - hero.created_at if hero else timedelta()
    return {
        "hero": row(speak, hero) if hero else None,
        "past": ended_row(speak, held.past) if held.past else None,
        "rows": [row(speak, ask) for ask in others[:ROWS]],
        "more": max(0, len(others) - ROWS),
        "query": query[:QUERY_CHARS],
        "ended": [ended_row(speak, each) for each in held.ended],
        "lines": _lines(speak, held),
        "waiting": sum(_waiting(ask) for ask in held.asks),
        "found": speak.number(found),
        "total": speak.number(total),
        "coming": sum(len(ask.coming) for ask in held.asks),
        "first_yes": clocked(hero.first_yes - hero.created_at) if hero and hero.first_yes else None,
        "since": hero.created_at if hero else None,
        "forgotten": waited > FORGOTTEN,
        "no_yes": clocked(waited),
        "updated": speak.clock(now),
    }


def counts_people(ask: wall.Ask) -> bool:
    """Is each of its seats a person?"""
    return KINDS[ask.entry["kind"]].unit in PEOPLE and bool(ask.entry["seats"]["total"])


def _waiting(ask: wall.Ask) -> int:
    """How many of an ask still wait: nobody of one that is covered, and nobody who has been met."""
    if ask.full:
        return 0
    met = sum(each.seats for each in ask.coming if each.step == ClaimState.MET)
    return max(0, ask.entry["seats"]["total"] - met) if counts_people(ask) else 1


def _others(speak: Speaker, held: wall.Wall, query: str) -> Sequence[wall.Ask]:
    others = [ask for ask in held.asks if ask is not held.hero]
    return [ask for ask in others if query in str(_title(speak, ask.entry)).casefold()] if query else others


def _lines(speak: Speaker, held: wall.Wall) -> list[timeline.Line]:
    shown = held.past or held.hero
    lines = timeline.lines(speak, shown.entry["kind"], held.events, owner=False) if shown else []
    return lines if held.past else lines[:EVENTS]


def _title(speak: Speaker, entry: Mapping[str, Any]) -> Markup:
    return nouns.head_at(speak, entry["kind"], entry["seats"]["total"], entry["label"])


def row(speak: Speaker, ask: wall.Ask) -> dict[str, Any]:
    """One ask: title, state, the bar and its words."""
    entry = ask.entry
    view = {
        "kind": entry["kind"],
        "seats": entry["seats"],
        "claims": [{"seats": each.seats, "status": each.step} for each in ask.coming],
    }
    return {
        "id": ask.id,
        "title": _title(speak, entry),
        "state": speak.t("Covered") if ask.full else speak.t("Waiting"),
        "full": ask.full,
        "covered": _covered(speak, ask) if ask.full and ask.covered_at else None,
        "since": ask.created_at,
        "heard": _heard(speak, ask.heard) if ask.heard and not ask.full else None,
        "open": entry["seats"]["open"] or 0,
        "bar": story.bar(view),
        "bar_words": story.bar_words(speak, view),
        "danger": entry["urgency"] == "danger",
    }


def _heard(speak: Speaker, heard: tuple[int, int]) -> Markup:
    asked, seen = heard
    return speak.t("{asked} asked, {seen} have seen it", asked=speak.number(asked), seen=speak.number(seen))


def _covered(speak: Speaker, ask: wall.Ask) -> Markup:
    took = (ask.covered_at or ask.created_at) - ask.created_at
    found = nouns.all_found(speak, ask.entry["kind"], ask.entry["seats"]["total"])
    return speak.t("{found}, {time} after the ask.", found=found, time=clocked(took))


def ended_row(speak: Speaker, ended: wall.Ended) -> dict[str, Any]:
    """A call that is over: title, how it ended, when."""
    return {
        "id": ended.id,
        "title": _title(speak, ended.entry),
        "how": how_it_ended(speak, ended.disposition),
        "at": ended.at,
    }


def how_it_ended(speak: Speaker, disposition: str) -> Markup:
    """One word or two."""
    return {
        "resolved": speak.t("resolved"),
        "self_resolved": speak.t("found another way"),
        "cancelled": speak.t("cancelled"),
        "expired": speak.t("ran out of time"),
    }.get(disposition, speak.t("closed"))
