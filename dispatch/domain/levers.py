"""What would raise the odds: for a place and an hour, what somebody could do, each with the forecast it would bring.

Pure, numpy. Nothing is guessed: the caller asks the policy again with what is supposed here, and a lever is shown only
if it moves a tenth (tests/domain/test_levers.py). Called by actions/readiness.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import limits
from dispatch.domain.matching import DUTIES, REMEMBERED, Pool
from dispatch.domain.network import CODE
from dispatch.domain.people import Duty
from geo.point import Point

VOUCHERS: Final = 2
"""Friends, or friends of theirs, who vouch …"""
INVITED: Final = 5
"""… friends who join …"""
AVAILABLE: Final = 3
"""… people who set themselves available: so many are a lever somebody can pull."""
NEAR_KM: Final = 10.0
"""As far away as a friend who lives near there is supposed to be."""
COMMUNITY_MIN: Final = 5
"""A smaller group is not hinted at: it would say where its few members are."""


class What(StrEnum):
    """What somebody could do."""

    AVAILABLE = "available"
    VOUCH = "vouch"
    COMMUNITY = "community"
    INVITE = "invite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One way, for how many people it takes, and the odds for a party before and after."""

    what: What
    people: int
    party: int
    now: float
    then: float

    @property
    def gain(self) -> int:
        """Tenths."""
        return tenths(self.then) - tenths(self.now)

    def as_json(self) -> dict[str, object]:
        """`{what, people, party, now, then}`, odds in tenths."""
        odds = {"now": tenths(self.now) / 10, "then": tenths(self.then) / 10}
        return {"what": str(self.what), "people": self.people, "party": self.party, **odds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppose:
    """What is not so, and could be: people who vouch, communities somebody is in."""

    vouchers: tuple[int, ...] = ()
    communities: tuple[int, ...] = ()


AS_IT_IS: Final = Suppose()


def tenths(p: float) -> int:
    """A chance as people read it: 0 … 10."""
    return round(p * 10)


def worth_showing(levers: Iterable[Lever]) -> list[Lever]:
    """Of each way the party it helps most, if it moves a tenth; the best first, on a tie the larger party."""
    found: dict[What, Lever] = {}
    for lever in sorted(levers, key=lambda lever: (-lever.gain, -lever.party)):
        if lever.gain > 0:
            found.setdefault(lever.what, lever)
    return list(found.values())


def with_available(pool: Pool) -> tuple[Pool, int]:
    """The pool, had the AVAILABLE soonest of their people who never said so set themselves available; and how many."""
    mine = np.flatnonzero(((pool.ring == CODE["1"]) | (pool.ring == CODE["2"])) & (pool.duty < 0))
    soonest = mine[np.argsort(pool.minutes[mine], kind="stable")][:AVAILABLE]
    duty = pool.duty.copy()
    duty[soonest] = DUTIES.index(Duty.AVAILABLE)
    return replace(pool, duty=duty), len(soonest)


def with_friends(pool: Pool, at: Point, minutes: float) -> Pool:
    """The pool with INVITED friends more, so many minutes from there, of whom nothing else is known."""
    unknown: dict[str, float] = {
        "km": NEAR_KM, "minutes": minutes, "lat": at.lat, "lon": at.lon, "ring": CODE["1"], "duty": -1,
        "seats": limits.SEATS_UNKNOWN, "reach_minutes": -1, "quiet_from": -1, "quiet_to": -1, "community": 0,
        "closed": 0, "weekly_max": limits.ALERTS_PER_WEEK, "seen_at": np.nan,
    }  # fmt: skip
    new: dict[str, NDArray[Any]] = {"person": -1 - np.arange(INVITED)}
    new |= {name: np.full(INVITED, value) for name, value in unknown.items()}
    new |= {name: np.zeros(INVITED) for name in REMEMBERED}
    columns = {}
    for name in pool.__dataclass_fields__:
        held = getattr(pool, name)
        columns[name] = np.concatenate([held, new[name].astype(held.dtype)])
    return Pool(**columns)
