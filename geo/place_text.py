"""Where somebody says they are: any text in, one place, a few choices or a kind no.

Coordinates, plus codes, pasted map links, a road with a town, exit or mile marker, "13 km SW of
Baker, CA", or a name. It must never guess between two places: a wrong town sends a driver 2,000 km
off, so what is not clear comes back as choices. Nothing is fetched.
Invariant: no text makes it raise, and no answer is finer than it can know (tests/geo/test_place_text.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from geo import coordinates, map_link, plus_code, roads
from geo.distance import bearing, great_circle_km, moved
from geo.gazetteer import Place, gazetteer
from geo.point import NotOnEarth, Point
from geo.travel import Corridor

MAX_TEXT: Final = 500
MAX_CHOICES: Final = 5

_NEAR_KM: Final = 300.0
_BESIDE_KM: Final = 40.0
_ROAD_M: Final = 10_000.0
_POST_M: Final = 8_000.0
_AREA_M: Final = 15_000.0

_TOO_LONG: Final = "This text is too long to read as a place. Write a road and a town, or paste the coordinates."
_EMPTY: Final = "Write where you are: a road and a town, an exit, a mile marker, or the coordinates."
_UNKNOWN: Final = "No such place was found. Write a road and a town with its state, or paste the coordinates."
_CODE_NEEDS_TOWN: Final = "This short plus code needs a town after it, like 7WGM+W6 Baker, CA."
_ROAD_NEEDS_MORE: Final = "Which part of the road? Add a town, an exit or a mile marker."

_DIRECTIONS: Final = {"n": 0, "ne": 45, "e": 90, "se": 135, "s": 180, "sw": 225, "w": 270, "nw": 315}
_BOUND: Final = re.compile(r"\b(?:north|south|east|west|[nsew])\s?-?\s?(?:bound\b|/?b\b)\.?", re.IGNORECASE)
_AFTER_ROAD: Final = re.compile(
    r"^\s*,?\s*(?:north|south|east|west|n|s|e|w)\b(?!\s+\w+\s+of\b|\s+of\b)[.,]?", re.IGNORECASE
)
_POST: Final = re.compile(
    r"\b(?:mile\s*-?\s*(?:marker|post|mark)?|milepost|marker|mm|mp|exit)\s*(?:no\.?|number|#)?\s*"
    r"(?P<mile>\d{1,3}(?:\.\d{1,2})?)\s?[a-d]?\b",
    re.IGNORECASE,
)
_AWAY: Final = re.compile(
    r"^(?:about|around|approx\.?|ca\.?|roughly|~)?\s*(?P<far>\d{1,3}(?:[.,]\d{1,2})?)\s*(?P<unit>km|kilomet(?:er|re)s?|mi|miles?)\.?\s+"
    r"(?P<north>north|south|n|s)?[\s-]?(?P<east>east|west|e|w)?\s+(?:of|from)\s+(?P<town>.+)$",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"\bbetween\s+(.{2,80}?)\s+(?:and|&)\s+(.{2,80})$", re.IGNORECASE)
_LAST: Final = re.compile(r"\b(?:in|at|near|of|outside|from|past|before|after|by|to|around)\s+", re.IGNORECASE)
_TAIL: Final = re.compile(r"\s+(?:road|rd|exit|area|city|town|ramp|junction|rest area)\.?$", re.IGNORECASE)
_FILLER: Final = re.compile(
    r"^(?:(?:i'?m|i am|we'?re|we are|am|are|is|stuck|stranded|broken|broke|down|on|at|in|the|near|nearby|by|close|to|"
    r"outside|around|just|past|before|after|of|from|somewhere|about|side|along|off|exit|road|freeway|hwy|highway|and|"
    r"between|city|town)\b[\s,.:;-]*)+",
    re.IGNORECASE,
)


class How(StrEnum):
    """Which kind of words said the place."""

    COORDINATES = "coordinates"
    PLUS_CODE = "plus_code"
    MAP_LINK = "map_link"
    ROAD = "road"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Found:
    """One place: the point, how far it may be off in metres, words for it, and how it was said."""

    point: Point
    accuracy_m: float
    label: str
    how: How


@dataclass(frozen=True, slots=True)
class Unclear:
    """Several places fit: two to five choices, the likeliest first (one, when only the spelling was off)."""

    choices: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """No place: the text as it came (cut at 500), and what to write instead."""

    text: str
    hint: str


Answer = Found | Unclear | NotFound


def read(text: str, near: Point | None = None) -> Answer:
    """The place a text means.

    `near` (the phone's rough place, say) settles which Baker is meant; it never replaces the text.
    Shape: Found, Unclear with at most five choices, or NotFound with a hint for the writer.
    Unit: accuracy in metres, honest: a town on a road is known to some kilometres only.
    Raises: nothing, whatever the text.
    """
    if len(text) > MAX_TEXT:
        return NotFound(text[:MAX_TEXT], _TOO_LONG)
    words = " ".join(text.replace("\0", " ").split())
    if not any(char.isalnum() for char in words):
        return NotFound(text, _EMPTY)
    try:
        return _read(words, near) or NotFound(text, _UNKNOWN)
    except NotOnEarth as error:
        return NotFound(text, error.says)


def _read(words: str, near: Point | None) -> Answer | None:
    link = map_link.link_in(words)
    if link:
        return _from_link(words, link, near)
    fix = coordinates.read(words)
    if fix:
        return _from_fix(fix, near)
    code = plus_code.code_in(words)
    if code:
        return _from_code(words, code, near)
    return _from_words(words, near)


def _from_link(words: str, link: str, near: Point | None) -> Answer:
    said = map_link.read(words[words.index(link) :] if link.startswith("geo:0,0") else link)
    if said.point:
        return Found(said.point, said.accuracy_m, gazetteer().label(said.point), How.MAP_LINK)
    if said.words and not map_link.link_in(said.words):
        return _read(said.words[:MAX_TEXT], near) or NotFound(words, map_link.NO_PLACE_HINT)
    return NotFound(words, said.hint or map_link.NO_PLACE_HINT)


def _from_fix(fix: coordinates.Fix, near: Point | None) -> Answer:
    found = _at(fix.point, fix.accuracy_m, How.COORDINATES)
    other = Point(fix.point.lat, -fix.point.lon)
    # A forgotten minus is the commonest slip in America; it is asked about, never repaired.
    if near and great_circle_km(near, fix.point) > 1000 > _NEAR_KM > great_circle_km(near, other):
        return Unclear((_at(other, fix.accuracy_m, How.COORDINATES), found))
    return found


def _from_code(words: str, code: tuple[str, tuple[int, int]], near: Point | None) -> Answer | None:
    digits, (start, end) = code
    if plus_code.is_full(digits):
        area = plus_code.decode(digits)
        return _at(area.point, area.accuracy_m, How.PLUS_CODE)
    rest = _FILLER.sub("", (words[:start] + " " + words[end:]).strip(" ,.;:"))
    bases = _choices(_from_name(rest, near)) if rest else ()
    if bases:
        areas = [plus_code.recover(digits, base.point) for base in bases]
        return _one_or_many(_at(area.point, area.accuracy_m, How.PLUS_CODE) for area in areas)
    if near and not rest:
        area = plus_code.recover(digits, near)
        return _at(area.point, area.accuracy_m, How.PLUS_CODE)
    return NotFound(words, _CODE_NEEDS_TOWN)


def _from_words(words: str, near: Point | None) -> Answer | None:
    """A road, a distance from a town, or a name."""
    plain = _FILLER.sub("", words).strip(" ,.;:") or words
    away = _AWAY.match(plain)
    if away and (away["north"] or away["east"]):
        return _from_away(away, near)
    # A town may be called like a road ("La 1"), a road never like a town: names with a comma first.
    road = roads.road_in(words)
    if road:
        return _from_road(words, road, near)
    between = _BETWEEN.search(words)
    if between:
        return _from_between("", between, near)
    return _from_name(words, near) or _from_name(plain, near) or _from_last_words(plain, near)


def _from_last_words(words: str, near: Point | None) -> Answer | None:
    """The town at the end of a sentence: "at the gas station in Yermo", "5 miles outside Baker"."""
    parts = _LAST.split(words)
    town = _TAIL.sub("", parts[-1]).strip(" ,.;:-")
    if town == words or not gazetteer().named(town):
        return None
    answer = _from_name(town, near)
    return _wider(answer) if answer else None


def _from_away(away: re.Match[str], near: Point | None) -> Answer | None:
    km = float(away["far"].replace(",", ".")) * (1.609344 if away["unit"].lower().startswith("mi") else 1.0)
    toward = _DIRECTIONS[((away["north"] or "")[:1] + (away["east"] or "")[:1]).lower()]
    bases = _choices(_from_name(away["town"], near))
    # Eight directions leave 22 degrees to either side: a fifth of the way is a fair error.
    return _one_or_many(
        _at(moved(base.point, km, toward), max(2000.0, base.accuracy_m / 2, km * 400), How.PLACE) for base in bases
    )


def _from_road(words: str, road: tuple[str, tuple[int, int]], near: Point | None) -> Answer | None:
    name, (start, end) = road
    after = _AFTER_ROAD.sub(" ", words[end:])
    rest = _BOUND.sub(" ", words[:start] + " , " + after)
    post = _POST.search(rest)
    if post:
        rest = rest[: post.start()] + " , " + rest[post.end() :]
    posts = roads.mile_posts(name, float(post["mile"])) if post else []
    between = _BETWEEN.search(rest.strip(" ,.;:"))
    if between:
        return _from_between(name, between, near)
    town = rest.strip(" ,.;:-")
    while (shorter := _FILLER.sub("", town).strip(" ,.;:-")) != town:
        town = shorter
    if not any(char.isalpha() for char in town):
        return _from_posts(posts, near) or NotFound(words, _ROAD_NEEDS_MORE)
    state = [each for each in posts if each.state.lower() == town.lower()]
    if state:
        return _from_posts(state, near)
    return _from_road_town(name, town, posts, near)


def _from_posts(posts: list[roads.MilePost], near: Point | None) -> Answer | None:
    found = [
        Found(each.point, _POST_M, f"{each.road}, mile {each.mile:g}, {gazetteer().near_label(each.point)}", How.ROAD)
        for each in posts
    ]
    return _settled(found, near)


def _from_road_town(name: str, town: str, posts: list[roads.MilePost], near: Point | None) -> Answer | None:
    line = roads.corridor(name)
    places = gazetteer().named(town, near)
    if not places:
        shorter = _TAIL.sub("", _LAST.split(town)[-1]).strip(" ,.;:-")
        if shorter != town and gazetteer().named(shorter):
            return _from_road_town(name, shorter, posts, near)
    beside: list[Found] = []
    if line is not None:
        beside = _beside(name, line, places or gazetteer().find(town, near, 50), posts)
    if not beside:
        # The town is real but the road, as we know it, does not come by: the town is the better word.
        answer = _from_name(town, near)
        return _wider(answer) if answer else None
    return _settled(beside, near) if places else Unclear(tuple(beside[:MAX_CHOICES]))


def _beside(name: str, line: Corridor, places: list[Place], posts: list[roads.MilePost]) -> list[Found]:
    """The road beside each of these towns, for those it comes by; at the mile post when one was said."""
    found = []
    for place in places:
        spot = line.snap(place.point)
        off = great_circle_km(place.point, spot)
        if off > _BESIDE_KM:
            continue
        post = next((each for each in posts if great_circle_km(each.point, place.point) <= _BESIDE_KM), None)
        if post:
            found.append(Found(post.point, _POST_M, f"{name}, mile {post.mile:g}, near {place.label}", How.ROAD))
        else:
            found.append(Found(spot, max(_ROAD_M, off * 1000), f"{name} near {place.label}", How.ROAD))
    return found


def _from_between(name: str, between: re.Match[str], near: Point | None) -> Answer | None:
    line = roads.corridor(name) if name else None
    ends = [
        _from_road_town(name, part.strip(" ,.;:"), [], near) if name else _from_name(part.strip(" ,.;:"), near)
        for part in between.groups()
    ]
    first, second = (_choices(end) for end in ends)
    if not first or not second:
        return None
    # "Between Baker and Primm" says itself which Baker: the pair that lies closest together.
    pairs = ((great_circle_km(a.point, b.point), number, a, b) for number, (a, b) in enumerate(product(first, second)))
    apart, _, a, b = min(pairs)
    middle = moved(a.point, apart / 2, bearing(a.point, b.point))
    label = f"{name} between {a.label.rpartition(' near ')[2]} and {b.label.rpartition(' near ')[2]}".strip()
    return Found(line.snap(middle) if line else middle, max(_ROAD_M, apart * 500), label, How.ROAD)


def _from_name(words: str, near: Point | None) -> Answer | None:
    exact = [_town(place) for place in gazetteer().named(words, near)]
    if exact:
        places = gazetteer().named(words)
        # A great city is meant when nothing of its name comes close: Paris, Las Vegas, London.
        known = len(places) > 1 and places[0].population >= max(100_000, 20 * places[1].population)
        return _settled(exact, near, _town(places[0]) if known else None)
    alike = [_town(place) for place in gazetteer().find(words, near, MAX_CHOICES)]
    return Unclear(tuple(alike)) if alike else None


def _settled(found: list[Found], near: Point | None, known: Found | None = None) -> Answer | None:
    """One when only one fits or only one is near; else the choices."""
    if near and len(found) > 1:
        found = sorted(found, key=lambda each: great_circle_km(near, each.point))
        close = [each for each in found if great_circle_km(near, each.point) <= _NEAR_KM]
        if len(close) == 1:
            return close[0]
        found = close or found
    if known and known in found:
        return known
    return _one_or_many(found)


def _choices(answer: Answer | None) -> tuple[Found, ...]:
    if isinstance(answer, Found):
        return (answer,)
    return answer.choices if isinstance(answer, Unclear) else ()


def _one_or_many(found: Iterable[Found]) -> Answer | None:
    choices = tuple(dict.fromkeys(found))[:MAX_CHOICES]
    return None if not choices else choices[0] if len(choices) == 1 else Unclear(choices)


def _town(place: Place) -> Found:
    # A town is no dot: somebody "in Las Vegas" may be 16 km from its middle.
    return Found(place.point, max(3000.0, 20 * math.sqrt(place.population)), place.label, How.PLACE)


def _wider(answer: Answer) -> Answer:
    """The same with room for "on some road near it"."""
    if isinstance(answer, Unclear):
        return Unclear(tuple(_wide(choice) for choice in answer.choices))
    return _wide(answer) if isinstance(answer, Found) else answer


def _wide(found: Found) -> Found:
    return Found(found.point, max(_AREA_M, found.accuracy_m), found.label, found.how)


def _at(point: Point, accuracy_m: float, how: How) -> Found:
    return Found(point, accuracy_m, gazetteer().label(point), how)
