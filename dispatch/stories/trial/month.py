"""Many calls on one network, one after the other: what asking does to people, and what is learned of them.

Each policy has its own month: the same calls and the same people, other memories. Calls that overlap in time
are played as if they did not: with fifty calls in thirty days, one in eight does.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.matching import Pool
from dispatch.stories.trial.crowd import Attention
from dispatch.stories.trial.play import Call, Outcome, Play
from dispatch.stories.trial.settings import Trial
from dispatch.stories.trial.worlds import Posted, calls_of, net_of

RESTED: Final = "+rested"
"""Suffix of a policy's control: each of its calls meets a network that nobody was ever asked in."""
REST_DAYS: Final = 2.0
"""A driver is left alone that long after a trip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What a month cost its people."""

    left: int
    silent: float
    """Share who hear nothing on the last day."""
    gini_sent: float
    p99_sent: float
    p99_seen: float
    p99_trips: float
    disturbed: float
    """Share who were alerted at least once."""
    sent: NDArray[np.int64]


def months(
    trial: Trial, seed: int, policies: tuple[str, ...], *, willingness: float = 1.0
) -> dict[str, tuple[list[Outcome], Toll]]:
    """The month of that seed under each policy."""
    people = len(net_of(trial, seed).world)
    minds = {policy: Attention(people, seed) for policy in policies}
    outcomes: dict[str, list[Outcome]] = {policy: [] for policy in policies}
    for one, call in calls_of(trial, seed, willingness=willingness):
        for policy in policies:
            mind = minds[policy]
            outcome = Play(_meets(one, call, mind), policy.removesuffix(RESTED)).play()
            if not policy.endswith(RESTED):
                learn(mind, one.day, outcome)
            outcomes[policy].append(outcome)
    return {policy: (outcomes[policy], toll_of(minds[policy], trial.days)) for policy in policies}


def _meets(one: Posted, call: Call, mind: Attention) -> Call:
    """The call as that month's matcher sees it, with the people as that month has left them."""
    awake = mind.rests_until[call.rows] <= one.day
    pool = remembered(call.pool.only(awake), mind, one.day)
    return replace(call, pool=pool, rows=call.rows[awake], fatigue=mind.fatigue_at(one.day), deaf=mind.deaf(one.day))


def remembered(pool: Pool, mind: Attention, day: float) -> Pool:
    """The pool with what the matcher remembers of its people on that day."""
    rows = pool.person - 1
    return replace(
        pool,
        fatigue=mind.fatigue_at(day)[rows],
        sent_7d=mind.sent_7d(day)[rows],
        accepts=mind.accepts[rows],
        expected=mind.expected[rows],
        opened=mind.opened[rows],
        expected_opened=mind.expected_opened[rows],
    )


def learn(mind: Attention, day: float, outcome: Outcome, *, noted: bool = False) -> None:
    """What a call that is over has taught. `noted`: who was asked and who looked is known already."""
    mind.expected_opened[outcome.asked] += outcome.sent_hears
    mind.opened[outcome.saw] += 1
    mind.expected[outcome.judged] += outcome.judged_usual
    mind.accepts[outcome.yes] += 1
    mind.trips[outcome.drove] += 1
    if not noted:
        mind.sent.append((day, outcome.asked))
        mind.total_sent[outcome.asked] += 1
        mind.saw(outcome.saw, day)
        mind.rests_until[outcome.drove] = day + REST_DAYS


def toll_of(mind: Attention, day: float) -> Toll:
    """What it all cost by that day."""
    sent = mind.total_sent[1:]
    ordered = np.sort(sent).astype(np.float64)
    count = len(ordered)
    share = float(ordered.sum())
    gini = float((2 * np.arange(1, count + 1) - count - 1) @ ordered / (count * share)) if share else 0.0
    return Toll(
        left=int(mind.left.sum()),
        silent=float(mind.deaf(day)[1:].mean()),
        gini_sent=gini,
        p99_sent=float(np.quantile(sent, 0.99)),
        p99_seen=float(np.quantile(mind.total_seen[1:], 0.99)),
        p99_trips=float(np.quantile(mind.trips[1:], 0.99)),
        disturbed=float((sent > 0).mean()),
        sent=sent,
    )
