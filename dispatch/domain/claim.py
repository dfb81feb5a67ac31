"""One volunteer's promise of k seats, and how long it stands without a sign of life.

Pure. Invariant: only LEASED claims can lapse (tests/domain/test_claim.py).
Why these lengths: docs/matching.md, "I have left".
"""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain import limits
from dispatch.domain.lifecycle import STANDING, ClaimState


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim as it is stored. Times are aware UTC."""

    id: int
    public_id: str
    request_id: int
    person_id: int
    seats: int
    status: ClaimState
    created_at: datetime
    lease_until: datetime | None = None
    eta_at: datetime | None = None
    left_at: datetime | None = None
    met_at: datetime | None = None
    ended_at: datetime | None = None
    extensions: int = 0
    confirmed: bool = False
    """Did both sides say the code when they met?"""
    code_tries: int = 0
    tell: str | None = None
    """Three digits the requester tells; the claimer types them."""
    hear: str | None = None
    """Three digits the claimer tells back."""
    shown_at: datetime | None = None
    """When the exact place was shown; None for a stranger the owner has not let come."""

    @property
    def standing(self) -> bool:
        """May its holder know the exact place?"""
        return self.status in STANDING


def lease_after(status: ClaimState, now: datetime, eta_at: datetime | None) -> datetime | None:
    """Until when a claim in that state stands without a sign of life; None = no limit.

    Unit: aware UTC. A driver on a desert road has no signal, so `en_route` lasts until well
    past the stated arrival.
    """
    match status:
        case ClaimState.COMMITTED:
            return now + limits.LEASE_COMMITTED
        case ClaimState.EN_ROUTE:
            floor = now + limits.LEASE_EN_ROUTE
            return max(floor, eta_at + limits.LEASE_EN_ROUTE_GRACE) if eta_at else floor
        case ClaimState.ON_SCENE:
            return now + limits.LEASE_ON_SCENE
        case _:
            return None


def worth_renewing(held: datetime | None, renewed: datetime | None) -> bool:
    """Would writing the new lease change anything that matters?"""
    if held is None or renewed is None:
        return held is not renewed
    return renewed - held > limits.LEASE_MOVES_BY
