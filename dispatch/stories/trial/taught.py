"""What a matcher that has learned its people does better than one that only has the textbook, on the same nights.

Some nights are played by the textbook, and what they show is learned (dispatch/domain/habits.py); other nights are
then played with that, and by the textbook again. Pure but for the trials it plays. Tests: tests/story/test_taught.py.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dispatch.domain.habits import TEXTBOOK, Habits, Past, habits_of
from dispatch.domain.looking import Look
from dispatch.stories.trial.figures import Row, calibration, row_of
from dispatch.stories.trial.play import Outcome, Play
from dispatch.stories.trial.settings import Trial
from dispatch.stories.trial.worlds import calls_of


class Night(Play):
    """One call under one policy that believes of people what it was taught."""

    def __init__(self, *given: object, habits: Habits = TEXTBOOK) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self._habits = habits

    def seen_at(self, now: float) -> Look:
        """What the matcher sees at that minute, and what it has learned before."""
        return replace(super().seen_at(now), habits=self._habits)

    def past(self, outcome: Outcome) -> Past:
        """What this call has shown, once it is over."""
        sent, usual, hears = (np.concatenate(each or [np.zeros(0)]) for each in (self._sent, self._usual, self._hears))
        sees, decides, comes, says_no = (
            np.concatenate([getattr(each, name) for each in self._reacted] or [np.zeros(0)])
            for name in ("sees", "decides", "comes", "says_no")
        )
        horizon = self._call.horizon
        until = np.where(sent < self._full, min(self._full, horizon), horizon)
        answered = (comes + says_no > 0) & (decides <= horizon)
        start = self._call.at.timestamp()
        return Past(
            sent_s=start + 60 * sent, until_s=start + 60 * until, hears=hears, usual=usual,
            looked_s=np.where(sees <= horizon, start + 60 * np.minimum(sees, horizon), np.nan),
            answered_s=np.where(answered, start + 60 * np.minimum(decides, horizon), np.nan),
            claimed=answered & (comes > 0),
            kept=np.asarray([not claim.fails for claim in self._claims if not claim.stood_by], dtype=np.bool_),
            kinds=("ride",), said=np.asarray([outcome.forecasts[0][1]]),
            came=np.asarray([outcome.secured <= outcome.forecasts[0][2]]),
        )  # fmt: skip


def played(
    trial: Trial, seeds: Iterable[int], policy: str = "paced", *, habits: Habits = TEXTBOOK, willingness: float = 1.0
) -> tuple[list[Outcome], list[Past]]:
    """What came of the calls of those seeds, and what each has shown; the latter for our own policies only."""
    outcomes, pasts = [], []
    for seed in seeds:
        for _, call in calls_of(trial, seed, willingness=willingness):
            night = Night(call, policy, habits=habits)
            outcome = night.play()
            outcomes.append(outcome)
            if outcome.forecasts:
                pasts.append(night.past(outcome))
    return outcomes, pasts


def taught(trial: Trial, seeds: Iterable[int], *, willingness: float = 1.0) -> Habits:
    """What the matcher has learned of that world's people after those nights, asking by the textbook."""
    pasts = played(trial, seeds, willingness=willingness)[1]
    columns = {
        name: np.concatenate([getattr(each, name) for each in pasts]) for name in Past.__slots__ if name != "kinds"
    }
    return habits_of(Past(kinds=tuple(kind for each in pasts for kind in each.kinds), **columns))


def rows(
    trial: Trial, seeds: Iterable[int], *, habits: Habits, rivals: tuple[str, ...] = (), willingness: float = 1.0
) -> dict[str, Row]:
    """The row of our policy by the textbook and with those habits, and of each rival, with what the forecast said."""
    nights = list(seeds)
    found = {}
    tries = [("paced", "textbook", TEXTBOOK), ("paced", "taught", habits), *((name, name, TEXTBOOK) for name in rivals)]
    for policy, name, known in tries:
        outcomes, _ = played(trial, nights, policy, habits=known, willingness=willingness)
        told = calibration(outcomes)
        found[name] = row_of(name, outcomes, [], 0) | {"said": told.mean, "came": told.outcome, "ece": told.ece}
    return found
