"""How each kind of need is said: one row per kind, so that a page never asks which kind it has.

Pure. The sentences are keys of the catalogues (web/pages/speech.py).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from web.pages.speech import Speaker, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """The words of a kind: tile, question on the form, headline, unit, what is asked, what was found."""

    tile: str
    question: str | None
    head: tuple[str, str]
    unit: tuple[str, str]
    need: tuple[str, str]
    found: tuple[str, str]
    all_found: tuple[str, str]
    divide: int = 1
    """How many stored units make one on the screen: money is stored in its smallest."""


NOUNS: Final[dict[str, Noun]] = {
    "ride": Noun(
        tile="A ride",
        question="How many people?",
        head=("{n} person", "{n} people"),
        unit=("{n} seat", "{n} seats"),
        need=("a ride for {n}", "a ride for {n}"),
        found=("{found} of {n} seat found", "{found} of {n} seats found"),
        all_found=("The seat is found", "All {n} seats are found"),
    ),
    "shelter": Noun(
        tile="A place to stay",
        question="How many beds?",
        head=("{n} bed", "{n} beds"),
        unit=("{n} bed", "{n} beds"),
        need=("a bed for {n}", "beds for {n}"),
        found=("{found} of {n} bed found", "{found} of {n} beds found"),
        all_found=("The bed is found", "All {n} beds are found"),
    ),
    "repair": Noun(
        tile="A repair",
        question="How many repairs?",
        head=("{n} repair", "{n} repairs"),
        unit=("{n} repair", "{n} repairs"),
        need=("a repair", "{n} repairs"),
        found=("{found} of {n} repair found", "{found} of {n} repairs found"),
        all_found=("The repair is found", "All {n} repairs are found"),
    ),
    "supplies": Noun(
        tile="Supplies",
        question="How many things?",
        head=("{n} thing", "{n} things"),
        unit=("{n} thing", "{n} things"),
        need=("{n} thing", "{n} things"),
        found=("{found} of {n} thing found", "{found} of {n} things found"),
        all_found=("It is found", "All {n} things are found"),
    ),
    "advice": Noun(
        tile="Advice",
        question="How many answers?",
        head=("Advice", "Advice"),
        unit=("{n} answer", "{n} answers"),
        need=("advice", "advice"),
        found=("{found} of {n} answer found", "{found} of {n} answers found"),
        all_found=("The answer is found", "All {n} answers are found"),
    ),
    "funds": Noun(
        tile="Money",
        question="How much, in {currency}?",
        head=("{n} {currency}", "{n} {currency}"),
        unit=("{n} {currency}", "{n} {currency}"),
        need=("{n} {currency}", "{n} {currency}"),
        found=("{found} of {n} {currency} found", "{found} of {n} {currency} found"),
        all_found=("All of it is found", "All {n} {currency} are found"),
        divide=100,
    ),
    "words": Noun(
        tile="Kind words",
        question=None,
        head=("Kind words", "Kind words"),
        unit=("{n} message", "{n} messages"),
        need=("kind words", "kind words"),
        found=("{found} of {n} message", "{found} of {n} messages"),
        all_found=("The message is there", "All {n} messages are there"),
    ),
}

ROOM_FOR: Final = {
    "wheelchair": "a wheelchair",
    "child_seat": "a child seat",
    "pet": "a pet",
    "baggage": "much baggage",
}
COME_AS: Final = {"two_people": "Two of you, please"}
"""Chips of the form by the domain's word for the need (dispatch/domain/request.py)."""
MAIN: Final = ("ride", "shelter", "repair", "supplies")
MORE: Final = ("advice", "funds", "words")


def count(kind: str, quantity: int | None) -> int:
    """How many that is on the screen: money is stored in its smallest unit."""
    return (quantity or 0) // NOUNS[kind].divide


def _say(speak: Speaker, forms: tuple[str, str], n: int, **values: str) -> Markup:
    one, other = forms
    return speak.tn(one, other, n, currency=speak.currency, **values)


def units(speak: Speaker, kind: str, quantity: int | None) -> Markup:
    """So many of the unit: "4 seats"."""
    return _say(speak, NOUNS[kind].unit, count(kind, quantity))


def head(speak: Speaker, kind: str, quantity: int | None) -> Markup:
    """What a headline counts: "9 people"."""
    return _say(speak, NOUNS[kind].head, count(kind, quantity))


def need(speak: Speaker, kind: str, quantity: int | None) -> Markup:
    """What is asked for, as in "Ana asks: a ride for 9"."""
    return _say(speak, NOUNS[kind].need, count(kind, quantity))


def found(speak: Speaker, kind: str, claimed: int, total: int) -> Markup:
    """How far it is: "4 of 9 seats found"."""
    return _say(speak, NOUNS[kind].found, count(kind, total), found=speak.number(count(kind, claimed)))


def all_found(speak: Speaker, kind: str, total: int) -> Markup:
    """That nothing is missing: "All 9 seats are found"."""
    return _say(speak, NOUNS[kind].all_found, count(kind, total))


def head_at(speak: Speaker, kind: str, quantity: int | None, place: str | None) -> Markup:
    """The headline of an ask: "9 people near Baker, CA"."""
    counted = head(speak, kind, quantity)
    if not place:
        return counted
    near = nearby(speak, place)
    return speak.t("{what} {near}", what=counted, near=near)


def needs(speak: Speaker, names: Iterable[str]) -> list[Markup]:
    """What must be thought of, each as a few words; the asker's own words as they were typed."""
    return [_need(speak, name) for name in names]


def _need(speak: Speaker, name: str) -> Markup:
    if name in ROOM_FOR:
        return speak.t("Room for {what}", what=speak.t(ROOM_FOR[name]))
    return speak.t(COME_AS[name]) if name in COME_AS else said(name)


_AWAY: Final = re.compile(r"(\d+) km (N|NE|E|SE|S|SW|W|NW) of (.+)")
KM_OF_A_MILE: Final = 1.609344
AWAY: Final = {
    "N": "{far} north of {place}",
    "NE": "{far} northeast of {place}",
    "E": "{far} east of {place}",
    "SE": "{far} southeast of {place}",
    "S": "{far} south of {place}",
    "SW": "{far} southwest of {place}",
    "W": "{far} west of {place}",
    "NW": "{far} northwest of {place}",
}


def exactly(speak: Speaker, label: str, *, miles: bool) -> Markup:
    """The gazetteer's words for a point, as far as they are its own, in the reader's language and measure."""
    found = _AWAY.fullmatch(label)
    if found is None:
        return nearby(speak, label)
    km = int(found[1])
    far = speak.t("{n} mi", n=max(1, round(km / KM_OF_A_MILE))) if miles else speak.t("{n} km", n=km)
    return speak.t(AWAY[found[2]], far=far, place=said(found[3]))


def nearby(speak: Speaker, label: str) -> Markup:
    """The gazetteer's soft words in the reader's language: it writes them in English."""
    for start, sentence in (("near ", "near {place}"), ("in the wider area of ", "in the wider area of {place}")):
        if label.startswith(start):
            return speak.t(sentence, place=label.removeprefix(start))
    return Markup("{}").format(label)
