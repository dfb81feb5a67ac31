"""Names looked up on a geocoding server, for operators who run or rent one. Off unless built.

What somebody typed leaves the house here, and with it where they are stranded: never build one
without the operator's setting, never call it for somebody who did not type a place.
Invariant: a server that is down, slow or talks nonsense answers an empty list with a reason
(tests/geo/test_online.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from geo.place_text import MAX_TEXT, Found, How
from geo.point import NotOnEarth, Point

TIMEOUT_S: Final = 3.0
MAX_ANSWERS: Final = 5
ACCURACY_M: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the server answered; `reason` says in words why the list is empty, "" otherwise."""

    found: tuple[Found, ...]
    reason: str = ""

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self.found)


@dataclass(frozen=True, slots=True)
class OnlineGeocoder:
    """A Nominatim server, by its domain (and path) without the scheme: "geocode.example.org".

    Concurrency: safe from several threads; each call opens its own connection and waits 3 s at most.
    """

    user_agent: str
    domain: str
    scheme: str = "https"

    def find(self, text: str, limit: int = MAX_ANSWERS) -> Lookup:
        """Places for a text, in the server's order.

        Shape: at most limit. Error: 1 km assumed; the server does not say.
        Raises: nothing; every failure is an empty answer with its reason.
        """
        if not text.strip() or len(text) > MAX_TEXT:
            return Lookup((), "There is no text to look up." if not text.strip() else "The text is too long.")
        from geopy.exc import GeopyError
        from geopy.geocoders import Nominatim

        try:
            server = Nominatim(
                user_agent=self.user_agent, domain=self.domain, scheme=self.scheme, timeout=TIMEOUT_S, proxies={}
            )
            answers = server.geocode(text, exactly_one=False, limit=limit) or []
            found = tuple(
                Found(Point(each.latitude, each.longitude), ACCURACY_M, str(each.address)[:200], How.PLACE)
                for each in answers[:limit]
            )
        except GeopyError as error:
            return Lookup((), f"The place server did not help: {type(error).__name__}.")
        except (NotOnEarth, ValueError, TypeError, KeyError, AttributeError, IndexError):
            # geopy passes a server's JSON on unchecked, so its shape fails in our hands or in geopy's.
            return Lookup((), "The place server answered something that is no place.")
        return Lookup(found, "" if found else "The place server knows no such place.")
