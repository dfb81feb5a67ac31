"""The place inside a pasted map link. Parsed only: no link is ever opened.

Opening one would tell a map company where somebody is stranded, and let anybody make this server
call any address. A short link therefore answers "unknown", with a sentence that says what to do.
Invariant: nothing here imports a network module (tests/geo/test_map_link.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from geo.point import NotOnEarth, Point

_LINK: Final = re.compile(r"(?:https?://|geo:|waze://|comgooglemaps://|maps://)\S+", re.IGNORECASE)
_BARE: Final = re.compile(r"\b(?:[a-z0-9-]+\.){1,3}(?:com|org|gl|co|be|ru|is|ly|app|de)/\S+", re.IGNORECASE)
_PAIR: Final = r"([+-]?\d{1,3}(?:\.\d{1,15})?)\s*[,~_\s]\s*([+-]?\d{1,3}(?:\.\d{1,15})?)"
_VALUE: Final = re.compile(rf"^(?:loc:|ll\.|point\.)?\s*{_PAIR}(?![\d.])")
_PIN: Final = re.compile(r"!3d([+-]?\d{1,3}(?:\.\d{1,15})?)!4d([+-]?\d{1,3}(?:\.\d{1,15})?)")
_VIEW: Final = re.compile(rf"@{_PAIR}(?![\d.])")
_PATH: Final = re.compile(rf"/(?:search|place|dir/[^/]*)/{_PAIR}(?![\d.])")
_HASH: Final = re.compile(r"(?:^|map=)\d{1,2}(?:\.\d+)?/([+-]?\d{1,3}(?:\.\d{1,15})?)/([+-]?\d{1,3}(?:\.\d{1,15})?)")
_SHORT_HOSTS: Final = frozenset(
    {"goo.gl", "maps.app.goo.gl", "g.co", "bit.ly", "t.co", "tinyurl.com", "w3w.co", "what3words.com", "her.is",
     "osm.org", "maps.apple", "binged.it", "is.gd", "ow.ly", "s.id", "share.google"}
)  # fmt: skip
# Pins first: a link may also carry the middle of the screen, which can be far from the pin.
_PIN_KEYS: Final = ("q", "query", "destination", "daddr", "to", "coordinate", "address", "sp", "rtp", "pin", "where1")
_VIEW_KEYS: Final = ("ll", "center", "sll", "cp", "at")
PIN_M: Final = 25.0
VIEW_M: Final = 1000.0

SHORT_HINT: Final = "This short link hides its place. Open it, then paste the numbers or the long link from there."
NO_PLACE_HINT: Final = "No place was found in this link. Paste the coordinates, or write a road and a town."


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says: a point with its accuracy in metres, or words to look up, or a hint."""

    point: Point | None = None
    accuracy_m: float = 0.0
    words: str = ""
    hint: str = ""


def link_in(text: str) -> str | None:
    """The first link in a text; None without one."""
    found = _LINK.search(text) or _BARE.search(text)
    return found[0].rstrip(").,;>\"'") if found else None


def read(link: str) -> Link:
    """The place a link carries.

    Unit: degrees; a pin counts as 25 m, the middle of a shown map as 1 km.
    Raises: nothing; a link that is broken or not on Earth answers a hint.
    """
    try:
        return _read(link if ":" in link.partition("/")[0] else f"https://{link}")
    except NotOnEarth as error:
        return Link(hint=error.says)
    except ValueError:
        return Link(hint=NO_PLACE_HINT)


def _read(link: str) -> Link:
    if link.lower().startswith("geo:"):
        return _geo(link)
    parts = urlsplit(link)
    host = (parts.hostname or "").removeprefix("www.")
    path, fragment = unquote(parts.path.replace("+", " ")), unquote(parts.fragment)
    values = {key.lower(): value for key, value in reversed(parse_qsl(parts.query, max_num_fields=60))}
    if "mlat" in values and "mlon" in values:
        return Link(Point(float(values["mlat"]), float(values["mlon"])), PIN_M)
    pin = _PIN.search(path) or _first(values, _PIN_KEYS) or _PATH.search(path)
    # Waze and Apple call the pin itself "ll".
    if not pin and ("waze" in host or link.startswith("waze:") or "apple" in host):
        pin = _first(values, ("ll",))
    if pin:
        return Link(_point(pin), PIN_M)
    view = _first(values, _VIEW_KEYS) or _VIEW.search(path) or _HASH.search(fragment)
    words = next((values[key] for key in ("q", "query", "destination", "daddr", "address") if values.get(key)), "")
    if not words and (place := re.search(r"/(?:place|search)/([^/@]+)", path)):
        words = place[1]
    if view:
        return Link(_point(view), VIEW_M)
    if words:
        return Link(words=words)
    return Link(hint=SHORT_HINT if host in _SHORT_HOSTS or len(path) < 30 else NO_PLACE_HINT)


def _geo(link: str) -> Link:
    """A geo: address (RFC 5870), with the q= that Android adds."""
    head, _, query = link[4:].partition("?")
    asked = dict(parse_qsl(query, max_num_fields=20)).get("q", "")
    spot = _VALUE.match(asked) or _VALUE.match(unquote(head))
    if asked and not _VALUE.match(asked) and (not spot or (float(spot[1]), float(spot[2])) == (0.0, 0.0)):
        return Link(words=asked)
    if not spot:
        return Link(hint=NO_PLACE_HINT)
    wide = re.search(r";u=(\d{1,6}(?:\.\d+)?)", head)
    return Link(_point(spot), max(float(wide[1]), 1.0) if wide else PIN_M)


def _first(values: dict[str, str], keys: tuple[str, ...]) -> re.Match[str] | None:
    found = (_VALUE.match(values[key].strip()) for key in keys if key in values)
    return next((match for match in found if match), None)


def _point(match: re.Match[str]) -> Point:
    return Point(float(match[1]), float(match[2]))
