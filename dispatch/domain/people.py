"""People and what they allow: duty, consent, limits. Pure values.

Nothing here says where a person is more finely than a caller was given it; who may read which
field is decided in dispatch/domain/visibility.py.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.domain import limits
from geo.point import Point


class Duty(StrEnum):
    """A person's readiness, as they say it. Never set means: may be asked."""

    OFF_DUTY = "off_duty"
    AVAILABLE = "available"
    DELAYED = "delayed"
    COMMITTED = "committed"
    ON_BREAK = "on_break"


CHOSEN = frozenset({Duty.OFF_DUTY, Duty.AVAILABLE, Duty.DELAYED, Duty.ON_BREAK})
"""What a person may set; `committed` follows from their claims."""
SILENT = frozenset({Duty.OFF_DUTY, Duty.ON_BREAK})
"""Never asked while they last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the network, or a guest with no ties.

    `external` is the operator's own name for an imported person; `seen_at` None with a place
    means a home that somebody declared.
    """

    id: int
    public_id: str
    name: str | None = None
    external: str | None = None
    lang: str | None = None
    car: str | None = None
    phone: str | None = None
    seats: int | None = None
    place: Point | None = None
    place_text: str | None = None
    seen_at: datetime | None = None
    duty: Duty | None = None
    duty_until: datetime | None = None
    reach_minutes: int | None = None
    quiet_from: int | None = None
    """Minute of the local day at which quiet hours begin; None = no quiet hours."""
    quiet_to: int | None = None
    alerts_per_week_max: int = limits.ALERTS_PER_WEEK
    closed: int = 0
    """Who may not ask them: bits of CLOSES in domain/network.py; 0 = as everybody begins."""
    inbox_off: int = 0
    guest: bool = False
    phone_proven: bool = False
    """They typed a code that was sent to `phone`; another number has to be proved anew."""
    created_at: datetime | None = None

    @property
    def first_name(self) -> str | None:
        """The first word of the name: all that other people are ever shown."""
        return self.name.split()[0] if self.name and self.name.split() else None

    def silent_at(self, now: datetime) -> bool:
        """Have they said that nobody shall ask them, and does that still last?"""
        return self.duty in SILENT and (self.duty_until is None or self.duty_until > now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """A named group; its members can be reached by any member."""

    id: int
    public_id: str
    name: str
    owner: int
