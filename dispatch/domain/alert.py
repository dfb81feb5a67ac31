"""One person told of one request, once, and what they answered. Pure values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Answer(StrEnum):
    """What became of an alert. None while nothing has."""

    ACKNOWLEDGED = "acknowledged"
    """Seen; not a yes."""
    DECLINED = "declined"
    CLAIMED = "claimed"
    COULD = "could"
    """A drill's yes: nobody drives, nothing is claimed."""
    STOOD_DOWN = "stood_down"
    """Covered or closed before they answered: no longer needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why this person was asked; stored with the alert, shown to them in words.

    Never minutes, ranks, probabilities or other people who were asked.
    """

    ring: str
    """"1", "2", "3", "community" or "open"."""
    via: tuple[int, ...] = ()
    """Person ids between the requester and this person, nearest the requester first."""
    community: str | None = None
    """Public id of the community through which they were reached."""
    band_km: int | None = None
    seats_useful: int = 1
    asked_7d: int = 0
    duty: str | None = None
    urgency: str = "stranded"
    raised_by: tuple[str, ...] = ()
    chance: float = 0.0
    """What the matcher thought of a yes; kept for the odds, shown to nobody."""
    hears: float = 0.7
    """What it thought of their being reached: 1 with the inbox open; kept for the odds, shown to nobody."""
    usual: float = 0.0
    """What the crowd would have said in their place; a person is measured against it, shown to nobody."""
    exclusive: bool = False
    """While it is fresh they hear of no other call: many compete for few drivers here."""
    drill: bool = False
    """Only practice: it holds nobody back from a real call, and teaches nothing."""
    silent: bool = False
    """Sent in their quiet hours: it waits in the inbox and rings no phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it is stored."""

    id: int
    public_id: str
    request_id: int
    person_id: int
    wave: int
    ring: str
    reasons: Reasons
    created_at: datetime
    answer: Answer | None = None
    reason: str | None = None
    seen_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """What a wave writes for one person."""

    person_id: int
    reasons: Reasons = field(default_factory=lambda: Reasons(ring="1"))
