"""What a phone that sleeps is told, and how loudly: one row of a table for each thing worth waking it for.

Pure. Who is told is decided by the actions, in which words by web/pages/pushed.py; this file only says how long a
message is worth delivering, whether it may make a sound, and whether "off duty" silences it.
Invariant: whatever asks somebody to come obeys their duty (tests/contract/test_push.py).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from dispatch.domain import limits


class Push(StrEnum):
    """Why a phone is told."""

    ALERT = "alert"
    """Somebody asks this person."""
    STAND_DOWN = "stand_down"
    """Not needed any more: takes the place of the alert, without a sound."""
    AGAIN = "again"
    """Needed after all: the alert as it was, without a sound if it was heard before."""
    PROMOTED = "promoted"
    """They stood by; seats are theirs now."""
    RELEASED = "released"
    """The ask they were coming for has ended."""
    YES = "yes"
    """The asker: somebody has promised seats, or all of them are found."""
    THERE = "there"
    """The asker: a car has arrived."""
    NOBODY = "nobody"
    """The asker: nobody yet, and what else is worth a try."""
    SAFE = "safe"
    """The asker: are they safe? Asked twice, then a coordinator looks."""
    TEST = "test"
    """Asked for by the reader, to see whether it works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one kind of message is delivered."""

    life: timedelta
    """A push service drops it when it is older."""
    silent: bool = False
    obeys_duty: bool = False
    """Off duty or on a break drops it, also when it waits already. A promise somebody made goes on."""


MANNERS: Final[dict[Push, Manner]] = {
    Push.ALERT: Manner(life=limits.PUSH_ALERT_LIFE, obeys_duty=True),
    Push.STAND_DOWN: Manner(life=limits.PUSH_LIFE, silent=True, obeys_duty=True),
    Push.AGAIN: Manner(life=limits.PUSH_ALERT_LIFE, obeys_duty=True),
    Push.PROMOTED: Manner(life=limits.PUSH_LIFE),
    Push.RELEASED: Manner(life=limits.PUSH_LIFE),
    Push.YES: Manner(life=limits.PUSH_LIFE),
    Push.THERE: Manner(life=limits.PUSH_LIFE),
    Push.NOBODY: Manner(life=limits.PUSH_LIFE),
    Push.SAFE: Manner(life=limits.PUSH_LIFE),
    Push.TEST: Manner(life=limits.PUSH_ALERT_LIFE),
}
