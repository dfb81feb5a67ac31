"""Latitude and longitude as people write them, read without guessing.

Decimal degrees, degrees and minutes, seconds, letters before or after, decimal commas where only
one reading is possible. It must never swap, flip or repair: a pair that is not on Earth is told to
the writer (geo/point.py has the sentence).
Invariant: every form our pages write reads back to the same place (tests/geo/test_coordinates.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from geo.point import Point

_SIGNS: Final = str.maketrans(
    {"−": "-", "–": "-", "‐": "-", "º": "°", "˚": "°", "′": "'", "’": "'", "‘": "'", "″": '"', "”": '"', "“": '"',
     "\u00a0": " ", "\u202f": " ", "\u2009": " ", "，": ",", "；": ";"}
)  # fmt: skip
_ACCURACY: Final = re.compile(
    r"\(?\s*(?:±|\+/-|\+-|within|accuracy)\s*(\d{1,6}(?:[.,]\d{1,3})?)\s*(km|mi|ft|m)\b\s*\)?", re.IGNORECASE
)
_METRES: Final = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "mi": 1609.344}
_NOISE: Final = re.compile(
    r"\b(?:lat(?:itude)?|l(?:o)?ng?(?:itude)?|gps|coord(?:inate)?s?|position|location|my|we(?:'re|\s+are)|i(?:'m|\s+am)|is|at)\b[:=]?"
    r"|[()\[\]{}]",
    re.IGNORECASE,
)
_DECIMAL_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")
_TOKEN: Final = re.compile(
    r"(?P<letter>[NSEW](?![A-Za-z])|(?:north|south|east|west)\b)|(?P<number>[+-]?\d{1,3}(?:\.\d{0,15})?)(?![\d.])"
    r"|(?P<mark>°|''|'|\"|\bdeg(?:rees)?\b\.?|\bmin\b\.?|\bsec\b\.?)|(?P<gap>[,;/])|(?P<space>\s+)",
    re.IGNORECASE,
)
_MARKS: Final = {"°": 0, "d": 0, "'": 1, "m": 1, '"': 2, "''": 2, "s": 2}
_METRES_A_DEGREE: Final = 111_320.0


@dataclass(frozen=True, slots=True)
class Fix:
    """A point read from a text and how exact the writing was, in metres."""

    point: Point
    accuracy_m: float


@dataclass(slots=True)
class _Angle:
    """One angle under way: degrees, minutes, seconds as far as they came, and its letter."""

    parts: list[str]
    letter: str = ""

    def degrees(self) -> float | None:
        if not 1 <= len(self.parts) <= 3 or any("." in part for part in self.parts[:-1]):
            return None
        values = [float(part) for part in self.parts]
        if any(part[0] in "+-" or value >= 60 for part, value in zip(self.parts[1:], values[1:], strict=True)):
            return None
        size = abs(values[0]) + sum(value / 60.0**step for step, value in enumerate(values[1:], 1))
        negative = self.parts[0].startswith("-") != (self.letter in ("S", "W"))
        if self.letter and self.parts[0].startswith("-"):
            negative = self.letter in ("S", "W")  # "-116.17 W": said twice, meant once
        return -size if negative else size

    def step_m(self) -> float:
        """What the last digit written is worth on the ground."""
        digits = len(self.parts[-1].partition(".")[2])
        return float(_METRES_A_DEGREE / (60 ** (len(self.parts) - 1) * 10**digits))


def read(text: str) -> Fix | None:
    """The place a text of numbers means; None when it is not coordinates at all.

    Unit: degrees; the accuracy in metres is what the text says ("±35 m"), else what its last
    digit is worth, never better than 10 m.
    Raises: NotOnEarth when it is clearly a pair of numbers but no place, with what to do.
    """
    plain = text.translate(_SIGNS)
    said = _ACCURACY.search(plain)
    if said:
        plain = plain[: said.start()] + " " + plain[said.end() :]
    plain = _NOISE.sub(" ", plain).strip(" .,;:")
    angles = _angles(_with_points(plain))
    if angles is None:
        return None
    first, second = angles
    if first.letter in ("E", "W") or second.letter in ("N", "S"):
        first, second = second, first
    if first.letter in ("E", "W") or second.letter in ("N", "S"):
        return None
    lat, lon = first.degrees(), second.degrees()
    if lat is None or lon is None:
        return None
    if said:
        exact = float(said[1].replace(",", ".")) * _METRES[said[2].lower()]
    else:
        exact = max(first.step_m(), second.step_m()) / 2
    return Fix(Point(lat, lon), max(exact, 1.0 if said else 10.0))


def _with_points(plain: str) -> str:
    """Decimal commas as points, only when two numbers can be told apart without them."""
    commas = _DECIMAL_COMMA.findall(plain)
    if "." in plain or len(commas) != 2:
        return plain
    rest = _DECIMAL_COMMA.sub(".", plain)
    # "35,1773 -116,1698" has a gap left; "35,17,116" has not and stays as it is.
    return rest if re.search(r"[\d°NSEW]\s*[,;/\s]\s*[+\-NSEW]?\s*\d", rest) else plain


def _angles(plain: str) -> tuple[_Angle, _Angle] | None:
    numbers: list[tuple[str, int | None, int]] = []  # digits, mark after it, gap number before it
    letters: list[tuple[str, int]] = []  # letter, how many numbers stood before it
    place = gaps = 0
    while place < len(plain):
        found = _TOKEN.match(plain, place)
        if found is None or len(numbers) > 6:
            return None
        place = found.end()
        if found["number"]:
            numbers.append((found["number"], None, gaps))
        elif found["letter"]:
            letters.append((found["letter"][0].upper(), len(numbers)))
        elif found["mark"]:
            if not numbers or numbers[-1][1] is not None:
                return None
            mark = _MARKS[found["mark"] if found["mark"] in _MARKS else found["mark"][0].lower()]
            numbers[-1] = (numbers[-1][0], mark, numbers[-1][2])
        elif found["gap"]:
            gaps += 1
    split = _split(numbers)
    if split is None or len(letters) > 2:
        return None
    bare = not letters and all(mark is None and "." not in digits for digits, mark, _ in numbers)
    if bare and gaps == 0:
        return None  # "15 239" is more likely a road and a mile than a place in Chad
    first = _Angle([digits for digits, _, _ in numbers[:split]])
    second = _Angle([digits for digits, _, _ in numbers[split:]])
    return (first, second) if _give_letters(first, second, letters, split) else None


def _split(numbers: list[tuple[str, int | None, int]]) -> int | None:
    """Where the second angle begins."""
    starts = [index for index, (_, mark, _) in enumerate(numbers) if mark == 0]
    if len(starts) == 2 and starts[0] == 0:
        split = starts[1]
    elif len(numbers) in (2, 4, 6):
        split = len(numbers) // 2
    else:
        return None
    for part in (numbers[:split], numbers[split:]):
        # A mark must say what its place says: 35' is not 35 degrees.
        if any(mark is not None and mark != index for index, (_, mark, _) in enumerate(part)):
            return None
        if len({gap for _, _, gap in part}) > 1:
            return None
    return split


def _give_letters(first: _Angle, second: _Angle, letters: list[tuple[str, int]], split: int) -> bool:
    if not letters:
        return True
    before, total = letters[0][1] == 0, split + len(second.parts)
    for letter, seen in letters:
        angle = first if seen < split or (seen == split and not before) else second
        if angle.letter or seen not in ((0, split) if before else (split, total)):
            return False
        angle.letter = letter
    return len(letters) == 1 or (first.letter in ("N", "S")) != (second.letter in ("N", "S"))
