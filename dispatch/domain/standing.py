"""Who may no longer, for how long, and what the house was asked to look at. Pure values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    """A guest's call has reached as many strangers as it may."""


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
