"""What the matcher remembers of people, worked out from the alerts they got: nothing else is kept.

Pure, numpy. A person's figures follow from their alerts of the last WINDOW, so whoever erases the alerts has
erased the figures, and "why was I asked?" has an answer. Called by dispatch/feed.py.
Invariant: the order of the alerts does not matter (tests/domain/test_learning.py).
Source: docs/matching.md, "What is remembered of a person".
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import attention, limits
from dispatch.domain.columns import once_each

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

WINDOW: Final = timedelta(days=60)
"""Older alerts teach nothing."""
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """Alerts as arrays of one length. Unit: seconds since 1970, NaN = never.

    `ended_s`: when they were told that they are no longer needed. `hears`, `usual`: what the matcher thought
    of their being reached, and what the crowd would have said in their place.
    """

    person: Ids
    sent_s: Floats
    seen_s: Floats
    ended_s: Floats
    claimed: Mask
    open: Mask
    """Neither answered nor stood down."""
    exclusive: Mask
    """Its holder hears of nothing else while it is fresh."""
    hears: Floats
    usual: Floats

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is remembered of so many people, each once, at the moment `at_s`."""

    at_s: float
    person: Ids
    fatigue: Floats
    accepts: Floats
    expected: Floats
    opened: Floats
    expected_opened: Floats
    waiting_s: Floats
    """When they were last asked for something they have not answered; NaN = nothing waits."""
    sent_person: Ids
    """One entry per alert of the last seven days …"""
    sent_s: Floats

    def __len__(self) -> int:
        return len(self.person)


def figures_of(facts: AlertFacts, people: Ids, now_s: float) -> Figures:
    """The figures of these people; whoever has no alert has none but zeros.

    An alert that was stood down unseen counts as expected to be opened only for the time it stood: nobody
    is thought deaf because help came quickly.
    """
    ids = once_each(people)
    known = np.isin(facts.person, ids)
    at = np.searchsorted(ids, facts.person[known])
    sent, seen, ended = facts.sent_s[known], facts.seen_s[known], facts.ended_s[known]
    hears, usual, claimed = facts.hears[known], facts.usual[known], facts.claimed[known]

    def total(weights: Floats) -> Floats:
        return np.bincount(at, weights=weights, minlength=len(ids)).astype(np.float64)

    looked = np.isfinite(seen)
    age_days = np.where(looked, np.maximum(0.0, now_s - seen), 0.0) / _DAY_S
    within = looked & (seen - sent <= attention.OPENED_WITHIN_H * 3_600)
    stood = np.where(np.isfinite(ended), np.maximum(0.0, ended - sent) / 60, 1e9)
    exposed = np.where(looked, 1.0, attention.answered_by(np.minimum(stood, attention.OPENED_WITHIN_H * 60)))
    waiting = np.full(len(ids), -np.inf)
    unanswered = facts.open[known]
    np.maximum.at(waiting, at[unanswered], sent[unanswered])
    lately = sent > now_s - limits.WEEK.total_seconds()
    return Figures(
        at_s=now_s,
        person=ids,
        fatigue=total(np.where(looked, attention.decayed(1.0, age_days), 0.0)),
        accepts=total(claimed.astype(np.float64)),
        expected=total(np.where(looked, usual, 0.0)),
        opened=total(within.astype(np.float64)),
        expected_opened=total(hears * exposed),
        waiting_s=np.where(np.isfinite(waiting), waiting, np.nan),
        sent_person=ids[at[lately]],
        sent_s=sent[lately],
    )


def asked_words(asked_7d: int, most: int) -> str:
    """How often somebody was asked this week, as they read it."""
    times = {0: "not asked", 1: "asked once", 2: "asked twice"}.get(asked_7d, f"asked {asked_7d} times")
    return f"{times} this week, {most} at most"
