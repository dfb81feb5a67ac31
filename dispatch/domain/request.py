"""A call for help and what belongs to it. Pure values; states change in lifecycle.py only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.domain.lifecycle import FINAL, Disposition, RequestState
from geo.point import Point


class Urgency(StrEnum):
    """How pressing it is, as the requester says it."""

    COMFORT = "comfort"
    WAITING = "waiting"
    STRANDED = "stranded"
    UNSAFE = "unsafe"
    DANGER = "danger"


WEIGHT: Final[dict[Urgency, int]] = {
    Urgency.COMFORT: 1,
    Urgency.WAITING: 2,
    Urgency.STRANDED: 4,
    Urgency.UNSAFE: 8,
    Urgency.DANGER: 40,
}
RAISED_WEIGHT: Final = 8
RAISE_WHEN: Final = 2
"""How many of night, remote, large raise `stranded`."""
LARGE_PARTY: Final = 6
NEEDS: Final = ("wheelchair", "child_seat", "pet", "baggage", "two_people")
"""Needs that everybody asked may read; any other is in the asker's own words, which go where their note goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """The one count everybody reads. `total` and `open` are None for an open-ended kind."""

    total: int | None
    claimed: int

    @property
    def open(self) -> int | None:
        """Seats nobody has promised yet."""
        return None if self.total is None else self.total - self.claimed

    def as_json(self) -> dict[str, int | None]:
        """`{total, claimed, open}`, as every event body and view carries it."""
        return {"total": self.total, "claimed": self.claimed, "open": self.open}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Who may be asked: the requester widens or narrows it."""

    rings_max: int = 3
    communities: tuple[str, ...] | None = None
    """Public ids; None = all communities the requester belongs to."""
    open: bool = False
    """Strangers who accept strangers, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call for help without its secrets: cells and counts only."""

    id: int
    public_id: str
    requester: int
    kind: str
    quantity: int | None
    """None for an open-ended kind."""
    seats_taken: int
    status: RequestState
    urgency: Urgency
    for_other: bool
    needs: tuple[str, ...]
    cell: str | None
    """H3 cell, resolution 6; None when the kind is not located or the place is unknown."""
    empty_land: bool = False
    """No larger place near: the public sees a coarser cell."""
    country: str | None = None
    off: int
    created_at: datetime
    deadline_at: datetime
    closed_at: datetime | None = None
    disposition: Disposition | None = None
    reach: Reach = Reach()
    wave: int = 0
    """Waves sent so far."""
    alerted: int = 0
    seen: int = 0
    raised: bool = False
    """The matcher counts it as more urgent than was said."""
    forecast: dict[str, object] | None = None
    show_travel: bool = False
    """Viewers may see how the call travels."""
    drill: bool = False

    @property
    def seats(self) -> Seats:
        """Total, claimed and open."""
        return Seats(total=self.quantity, claimed=self.seats_taken)

    @property
    def over(self) -> bool:
        """Has it ended?"""
        return self.status in FINAL

    @property
    def weight(self) -> int:
        """The urgency's weight for the matcher."""
        return max(WEIGHT[self.urgency], RAISED_WEIGHT if self.raised else 0)

    def age(self, now: datetime) -> timedelta:
        """How long it has been waiting."""
        return now - self.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What only the requester and standing claimers may know. Never in an event."""

    point: Point | None = None
    accuracy_m: float | None = None
    place_text: str | None = None
    label: str | None = None
    destination: str | None = None
    note: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    share_phone: bool = True
