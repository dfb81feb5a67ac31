"""Where people on the way are: the latest of each, told at most once a second, forgotten after a while.

Comes over the bus and may be lost. Lives on the event loop; never reads the store.
Invariant: the owner sees everyone who is coming, a claimer sees the requester and themselves, nobody
sees another claimer (tests/live/test_positions.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dispatch.domain import limits
from dispatch.domain.visibility import Role
from web.live.frames import encode
from web.live.subscription import Subscription

REQUESTER = "requester"
"""`who` of the person who asked; anybody else is named by their claim."""


@dataclass(frozen=True, slots=True)
class _Place:
    person: int | None
    who: str
    rest: bytes
    """The frame's JSON after the subscription's id."""
    heard_at: float


class PositionBoard:
    """The last place of everybody on the way, by request."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, _Place]] = {}
        self._fresh: dict[tuple[str, str], None] = {}

    def heard(self, message: Mapping[str, object], now: float) -> None:
        """Somebody said where they are. A message that lacks something is dropped: positions may be lost."""
        request, who, person = message.get("request"), message.get("who"), message.get("person")
        if not isinstance(request, str) or not isinstance(who, str):
            return
        shown = {name: message.get(name) for name in ("who", "lat", "lon", "accuracy_m", "at")}
        place = _Place(person if isinstance(person, int) else None, who, encode(shown)[1:], now)
        self._places.setdefault(request, {})[who] = place
        self._fresh[request, who] = None

    def forget(self, request: str, who: str | None = None) -> None:
        """They have met, or it is over: one person's place, or everyone's."""
        if who is None:
            self._places.pop(request, None)
        else:
            self._places.get(request, {}).pop(who, None)

    def state(self, sub: Subscription, request: str) -> list[bytes]:
        """Everything that subscriber may see now."""
        return [b"{" + place.rest for place in self._places.get(request, {}).values() if _may_see(sub, place)]

    def fresh(self, now: float) -> Iterator[tuple[str, "_Place"]]:
        """What came since the last call, as (request, place); drops what is too old to mean anything."""
        fresh, self._fresh = self._fresh, {}
        for request, who in fresh:
            place = self._places.get(request, {}).get(who)
            if place is not None:
                yield request, place
        oldest = now - limits.POSITION_TTL.total_seconds()
        for request in list(self._places):
            kept = {who: place for who, place in self._places[request].items() if place.heard_at >= oldest}
            if kept:
                self._places[request] = kept
            else:
                del self._places[request]

    @staticmethod
    def tell(sub: Subscription, place: "_Place") -> None:
        """Hands one place to a subscriber who may see it and keeps up."""
        if _may_see(sub, place) and sub.sink.waiting() <= limits.TICK_BUFFER_BYTES:
            sub.sink.position(sub, place.rest)


def _may_see(sub: Subscription, place: _Place) -> bool:
    if sub.role == Role.OWNER:
        return True
    if sub.role != Role.CLAIMER:
        return False
    return place.who == REQUESTER or (place.person is not None and place.person == sub.sink.viewer.person_id)
