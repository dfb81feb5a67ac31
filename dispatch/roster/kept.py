"""Answers of the last second, given again while nothing has changed.

Whoever posts a call is told the odds, and its first wave follows at once: both ask the same. Must never keep an answer
that a change has overtaken, nor more people than a few hubs know (tests/roster/test_kept.py).
"""

from dataclasses import replace
from typing import Final

from dispatch.ports import Candidates, Search

KEPT_S: Final = 1.0
MOST: Final = 8
"""Answers …"""
MOST_PEOPLE: Final = 100_000
"""… and people in all but the latest of them: some 40 MB."""

_Answer = tuple[Search, float | None, int, Candidates]


class Kept:
    """The answers. One tuple that is replaced and never changed, so readers need no lock."""

    def __init__(self) -> None:
        self._answers: tuple[_Answer, ...] = ()

    def take(self, question: Search, version: int) -> Candidates | None:
        """The answer to the same question of less than a second ago, if nothing has changed since."""
        asked = replace(question, now=None)
        for before, at, then, found in self._answers:
            if then == version and before == asked and _within_a_second(at, question.now):
                return found
        return None

    def put(self, question: Search, version: int, found: Candidates) -> None:
        """Keeps an answer; what is older, or overtaken, goes."""
        kept: list[_Answer] = [(replace(question, now=None), question.now, version, found)]
        people = 0
        for each in self._answers:
            people += len(each[3])
            if each[2] == version and _within_a_second(each[1], question.now) and people <= MOST_PEOPLE:
                kept.append(each)
        self._answers = tuple(kept[:MOST])


def _within_a_second(before: float | None, now: float | None) -> bool:
    return before is not None and now is not None and 0 <= now - before < KEPT_S
