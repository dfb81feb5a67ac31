"""Who may no longer, for how long, what the house was asked to look at, and how far a requester's call may go.

Pure. Who stands behind a requester decides how many people their calls reach; the wave action asks here before it
writes an alert (tests/domain/test_standing.py, tests/safety/test_attackers.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.domain import limits
from dispatch.domain.network import CODE, RINGS


class FlagKind(StrEnum):
    """Why somebody should look at a request."""

    SAFE = "safe"
    """Its owner was asked whether they are safe."""
    UNANSWERED = "unanswered"
    """… and did not answer twice."""
    HELP = "help"
    """Its owner pressed the silent button."""
    REPORTED = "reported"
    GUEST_CAP = "guest_cap"
    """A call has reached as many strangers as it may before somebody of the house has looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One thing to look at. `asked`: how often the owner was asked."""

    id: int
    public_id: str
    kind: FlagKind
    request_id: int
    claim_id: int | None
    at: datetime
    asked: int
    settled_at: datetime | None = None
    settled_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person may at the moment beyond what everybody may, or no longer."""

    held_until: datetime | None = None
    barred_until: datetime | None = None
    """Until then their reports are not taken."""
    coordinator: bool = False

    def held(self, now: datetime) -> bool:
        """Neither asked nor let near a place until somebody has looked."""
        return self.held_until is not None and self.held_until > now

    def barred(self, now: datetime) -> bool:
        """Too many reports that nothing was behind."""
        return self.barred_until is not None and self.barred_until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A report nobody has decided yet."""

    id: int
    reporter: int
    reported: int
    request_id: int
    reason: str | None
    at: datetime


class Backing(StrEnum):
    """Who stands behind a requester."""

    NOBODY = "nobody"
    """A guest."""
    PROVEN = "proven"
    """A guest whose phone is proved."""
    LOOKED_AT = "looked_at"
    """A guest whose call a coordinator has taken over."""
    INVITED = "invited"
    """A member by somebody's invite."""
    INVITED_PROVEN = "invited_proven"
    """… whose phone is proved."""
    KNOWN = "known"
    """Imported by the operator, tied to somebody who was, vouched for, or taken over by a coordinator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Whom calls may reach: which rings, how many people by one call, how many strangers among them."""

    rings: frozenset[int]
    a_call: int
    strangers: int
    lately: int
    """And how many by all calls of one person within `span`."""
    span: timedelta
    nearby: int | None = None
    """And how many by all guests' calls from one neighbourhood of addresses within an hour; None = no such limit."""


_NEAR: Final = frozenset({CODE["1"], CODE["2"], CODE["vouched"], CODE["community"], CODE["open"]})
_ALL: Final = frozenset(RINGS)
REACHES: Final[dict[Backing, Bound]] = {
    Backing.NOBODY: Bound(
        rings=_ALL, a_call=limits.GUEST_ALERTS_MAX, strangers=limits.GUEST_ALERTS_MAX,
        lately=limits.GUEST_ALERTS_HOUR, span=timedelta(hours=1), nearby=limits.GUESTS_NEARBY_HOUR,
    ),
    Backing.PROVEN: Bound(
        rings=_ALL, a_call=limits.PROVEN_ALERTS_MAX, strangers=limits.PROVEN_ALERTS_MAX,
        lately=limits.PROVEN_ALERTS_HOUR, span=timedelta(hours=1), nearby=limits.GUESTS_NEARBY_HOUR,
    ),
    Backing.LOOKED_AT: Bound(
        rings=_ALL, a_call=limits.LOOKED_AT_ALERTS_MAX, strangers=limits.LOOKED_AT_ALERTS_MAX,
        lately=limits.LOOKED_AT_ALERTS_HOUR, span=timedelta(hours=1),
    ),
    Backing.INVITED: Bound(
        rings=_NEAR, a_call=limits.REQUEST_ALERTS_MAX, strangers=limits.GUEST_ALERTS_MAX,
        lately=limits.INVITED_ALERTS_HOUR, span=timedelta(hours=1),
    ),
    # Anybody can be a member by an invite of their own: a number more opens a ring, and no strangers.
    Backing.INVITED_PROVEN: Bound(
        rings=_ALL, a_call=limits.REQUEST_ALERTS_MAX, strangers=limits.GUEST_ALERTS_MAX,
        lately=limits.INVITED_ALERTS_HOUR, span=timedelta(hours=1),
    ),
    Backing.KNOWN: Bound(
        rings=_ALL, a_call=limits.REQUEST_ALERTS_MAX, strangers=limits.REQUEST_ALERTS_MAX,
        lately=limits.SOON_ALERTS_MAX, span=limits.SOON,
    ),
}  # fmt: skip
"""How far a call goes by who stands behind the one who asks."""


def backing(*, guest: bool, known: bool, looked_at: bool, proven: bool = False) -> Backing:
    """Who stands behind a requester.

    `known` by the operator's word or a member's, `looked_at` by a coordinator, `proven`: they have the phone they say.
    """
    if guest:
        return Backing.LOOKED_AT if looked_at else Backing.PROVEN if proven else Backing.NOBODY
    if known or looked_at:
        return Backing.KNOWN
    return Backing.INVITED_PROVEN if proven else Backing.INVITED


def worn(bound: Bound, marks: Sequence[timedelta]) -> Bound:
    """The bound of somebody with marks against them; `marks`: how long ago each was made.

    Each divides it by MARK_DIVIDES and counts half after MARK_HALVES; never below what any guest's call may.
    Marks only: a good name can be made by two accounts that help each other, so it opens nothing by itself.
    """
    part = float(limits.MARK_DIVIDES) ** -sum(0.5 ** (age / limits.MARK_HALVES) for age in marks)

    def less(most: int, floor: int) -> int:
        return min(most, max(floor, int(most * part)))

    return replace(
        bound,
        a_call=less(bound.a_call, limits.GUEST_ALERTS_MAX),
        strangers=less(bound.strangers, limits.GUEST_ALERTS_MAX),
        lately=less(bound.lately, limits.GUEST_ALERTS_HOUR),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """People asked so far: by this call, strangers among them, and by all calls of its requester within the span."""

    by_call: int
    strangers: int
    lately: int
    nearby: int = 0
    """By all guests' calls from the neighbourhood of addresses this one came from, within the hour."""


def people_left(bound: Bound, reached: Reached) -> int:
    """How many more people may be asked, whoever they are; less than none when a bound has become smaller since."""
    nearby = bound.a_call if bound.nearby is None else bound.nearby - reached.nearby
    return min(bound.a_call - reached.by_call, bound.lately - reached.lately, nearby)


def within(bound: Bound, reached: Reached, rings: Sequence[int]) -> list[int]:
    """Which candidates may still be asked: indices into `rings`, in the order given.

    Shape: one ring code a candidate in, the indices of some of them out.
    """
    room = people_left(bound, reached)
    strangers = bound.strangers - reached.strangers
    kept: list[int] = []
    for place, ring in enumerate(rings):
        if len(kept) >= room:
            break
        if ring not in bound.rings or (ring == CODE["open"] and strangers <= 0):
            continue
        strangers -= ring == CODE["open"]
        kept.append(place)
    return kept
