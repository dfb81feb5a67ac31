"""A drill: the same call, asked of a few people, who say only whether they could come. Nobody drives.

Pure. Invariants: a drill asks once, at most DRILL_ALERTS_MAX people, nobody who was asked in another one within
DRILL_EVERY, nobody in their quiet hours and no stranger; nothing of it teaches the matcher who comes
(tests/domain/test_drill.py, tests/contract/test_drill.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dispatch.domain import limits
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.request import WEIGHT, Urgency
from dispatch.domain.standing import Bound

ANSWERS: Final = frozenset({Answer.COULD, Answer.DECLINED})
"""What is said to a drill."""
STAYS: Final = "This is a drill: it stays with the people who were asked."
"""What whoever would take it further reads."""


def gentle(urgency: Urgency) -> Urgency:
    """How pressing a drill may be: nobody is frightened for practice."""
    return min(urgency, Urgency.STRANDED, key=WEIGHT.__getitem__)


def within_a_drill(bound: Bound) -> Bound:
    """How far a drill goes of what its asker may reach."""
    return replace(bound, a_call=min(bound.a_call, limits.DRILL_ALERTS_MAX), strangers=0)


def next_allowed(last: datetime) -> datetime:
    """When somebody may run another one."""
    return last + limits.DRILL_AGAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """What came of it: counts, and how long the first yes took."""

    could: int
    no: int
    first_s: float | None
    """Seconds from the call; None while nobody could."""

    def as_json(self) -> dict[str, object]:
        """`{could, no, first_s}`."""
        return {"could": self.could, "no": self.no, "first_s": self.first_s}


def drilled(asked_at: datetime, alerts: Sequence[Alert]) -> Drilled:
    """What the answers say; silence is neither."""
    could = [alert for alert in alerts if alert.answer is Answer.COULD]
    waits = [(alert.answered_at - asked_at).total_seconds() for alert in could if alert.answered_at is not None]
    return Drilled(
        could=len(could),
        no=sum(alert.answer is Answer.DECLINED for alert in alerts),
        first_s=round(min(waits), 1) if waits else None,
    )
