"""Rings: how far a person is from the requester, and which rings may be asked.

Pure. The roster (dispatch/roster) finds who stands in which ring; this file says what the rings
mean. Invariant: `open` is never asked unless the requester said so (tests/domain/test_network.py).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from dispatch.domain.request import Reach, Request, Urgency

RINGS: Final[dict[int, str]] = {1: "1", 2: "2", 3: "3", 4: "community", 5: "open", 6: "vouched"}
"""The roster's ring codes and the words of the contract. `vouched`: reached through a friend's friends lent."""

CODE: Final[dict[str, int]] = {word: code for code, word in RINGS.items()}

ORDER: Final[dict[int, int]] = {1: 0, 2: 1, 6: 1, 3: 2, 4: 2, 5: 3}
"""In which order rings are asked at the same distance; equal numbers are asked together."""

TRUST: Final[dict[int, float]] = {1: 1.0, 2: 0.5, 6: 0.35, 3: 0.25, 4: 0.25, 5: 0.1}
"""Factor on the chance of a yes: help falls with social distance (docs/matching.md)."""

TRUSTED: Final = frozenset({"1", "2", "3", "community", "vouched"})
"""Rings whose claimers see the exact place at once; a stranger waits for the owner's tap."""


class Asks(StrEnum):
    """Who may ask somebody besides their friends, as that person says."""

    FRIENDS_OF_FRIENDS = "friends_of_friends"
    COMMUNITIES = "communities"
    STRANGERS = "strangers"


BIT: Final[dict[Asks, int]] = {Asks.FRIENDS_OF_FRIENDS: 1, Asks.COMMUNITIES: 2, Asks.STRANGERS: 4}
CLOSES: Final[dict[int, int]] = {
    1: 0, 2: BIT[Asks.FRIENDS_OF_FRIENDS], 3: BIT[Asks.FRIENDS_OF_FRIENDS], 6: BIT[Asks.FRIENDS_OF_FRIENDS],
    4: BIT[Asks.COMMUNITIES], 5: BIT[Asks.STRANGERS],
}  # fmt: skip
"""The bit that keeps a ring from asking; friends always may."""


def closed_to(asks: Iterable[str]) -> int:
    """The bits of everybody who is not named."""
    return sum(bit for who, bit in BIT.items() if who not in set(asks))


def asked_by(closed: int) -> list[str]:
    """Who may ask somebody with those bits, friends aside."""
    return [str(who) for who, bit in BIT.items() if not closed & bit]


def rings_allowed(request: Request) -> frozenset[int]:
    """The ring codes that may be asked for this request.

    Rings 1 and 2 always; 3 and community from `stranded` on, or when the requester named them;
    `open` only when the requester switched it on, and never for a drill.
    """
    reach: Reach = request.reach
    allowed = {1, 2, 6} if reach.rings_max >= 2 else {1}
    pressing = request.urgency not in (Urgency.COMFORT, Urgency.WAITING)
    if reach.rings_max >= 3 and pressing:
        allowed.add(3)
    if pressing or reach.communities:
        allowed.add(4)
    if reach.open and not request.drill:
        allowed.add(5)
    return frozenset(allowed)
