"""Plus codes (Open Location Codes): the address of a place without an address.

Written from the public specification (https://github.com/google/open-location-code), no network.
A short code means nothing without a town: `recover` needs one and never assumes it.
Invariant: a code decodes to an area that holds the point it was made from (tests/geo/test_plus_code.py).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from geo.point import Point

_LETTERS: Final = "23456789CFGHJMPQRVWX"
_PAIRS: Final = (20.0, 1.0, 0.05, 0.0025, 0.000125)
_MAX: Final = 15
_CODE: Final = re.compile(
    rf"(?<![\w+])((?:[{_LETTERS}]{{2}}){{1,4}}0{{0,6}}\+[{_LETTERS}]{{0,7}})(?![\w+])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Area:
    """What a code covers: its middle, and how far its corners are from there in metres."""

    point: Point
    accuracy_m: float


def code_in(text: str) -> tuple[str, tuple[int, int]] | None:
    """The first plus code in a text, in capitals, and where it stands; None without one."""
    for found in _CODE.finditer(text):
        code = found[1].upper()
        if is_full(code) or is_short(code):
            return code, found.span()
    return None


def is_full(code: str) -> bool:
    """Whether the code says by itself where on Earth it is."""
    head, plus, tail = code.upper().partition("+")
    if not plus or len(head) != 8 or len(tail) == 1 or len(tail) > _MAX - 8:
        return False
    digits = head.rstrip("0")
    if len(digits) % 2 or not digits or (digits != head and tail):
        return False
    if any(char not in _LETTERS for char in digits + tail):
        return False
    return _LETTERS.index(digits[0]) < 9 and _LETTERS.index(digits[1]) < 18


def is_short(code: str) -> bool:
    """Whether the code needs a town: the first four (or two) digits are left out.

    Codes without their first six are legal and useless: "22+22" is a sum, not a place.
    """
    head, plus, tail = code.upper().partition("+")
    right_size = plus and len(head) in (4, 6) and 2 <= len(tail) <= _MAX - 8
    return bool(right_size) and all(char in _LETTERS for char in head + tail)


def decode(code: str) -> Area:
    """The area of a full code.

    Raises: ValueError when it is no full code.
    """
    if not is_full(code):
        raise ValueError("not a full plus code")
    digits = code.upper().replace("+", "").rstrip("0")
    south, west, high, wide = -90.0, -180.0, 400.0, 400.0
    for place, size in zip(range(0, min(len(digits), 10), 2), _PAIRS, strict=False):
        south += _LETTERS.index(digits[place]) * size
        west += _LETTERS.index(digits[place + 1]) * size
        high = wide = size
    for digit in digits[10:]:
        high, wide = high / 5, wide / 4
        row, column = divmod(_LETTERS.index(digit), 4)
        south, west = south + row * high, west + column * wide
    lat, lon = min(south + high / 2, 90.0), min(west + wide / 2, 180.0)
    across = math.hypot(high, wide * math.cos(math.radians(lat))) / 2
    return Area(Point(lat, lon), across * 111_320)


def encode(point: Point) -> str:
    """The full code of ten digits (an area of about 14 m)."""
    # Whole steps of the finest pair, as the specification does: dividing again and again
    # lets 0.05 drift, and a place on an edge then gets its neighbour's code.
    lat_steps = min(max(math.floor(round((point.lat + 90) * 8000, 6)), 0), 180 * 8000 - 1)
    lon_steps = math.floor(round((point.lon + 180) * 8000, 6)) % (360 * 8000)
    digits = ""
    for _ in range(5):
        lat_steps, lat_digit = divmod(lat_steps, 20)
        lon_steps, lon_digit = divmod(lon_steps, 20)
        digits = _LETTERS[lat_digit] + _LETTERS[lon_digit] + digits
    return f"{digits[:8]}+{digits[8:]}"


def recover(short: str, near: Point) -> Area:
    """The area a short code means, seen from a town: the nearest one that ends like this.

    Raises: ValueError when it is no short code.
    """
    if not is_short(short):
        raise ValueError("not a short plus code")
    missing = 8 - short.index("+")
    area = decode(encode(near)[:missing] + short.upper())
    size = 20.0 ** (2 - missing / 2)
    lat, lon = area.point.lat, area.point.lon
    if near.lat + size / 2 < lat and lat - size >= -90:
        lat -= size
    elif near.lat - size / 2 > lat and lat + size <= 90:
        lat += size
    # 180 and -180 are one meridian: compare the short way round.
    ahead = (lon - near.lon + 540) % 360 - 180
    if ahead > size / 2:
        lon -= size
    elif ahead < -size / 2:
        lon += size
    return Area(Point(lat, (lon + 540) % 360 - 180), area.accuracy_m)
