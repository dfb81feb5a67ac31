"""Whose inbox is open in front of them, in any worker: such a person is asked sooner.

Each worker says its whole list, never what changed: a word that was lost costs seconds, and a worker that is no longer
heard is forgotten. Lives on the event loop.
Invariant: once every worker was heard, each knows the same people (tests/live/test_presence.py).
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from dispatch.domain import limits

PRESENT: Final = "present"
"""The bus channel of open inboxes."""


class Presence:
    """The open inboxes of this worker, and what the others said of theirs."""

    def __init__(self, told: Callable[[int, int], None]) -> None:
        """`told` hears of each inbox that opens (+1) or closes (-1), in whatever worker."""
        self._me = secrets.token_hex(8)
        self._told = told
        self._here: Counter[int] = Counter()
        self._there: dict[str, tuple[float, frozenset[int]]] = {}
        self._said: tuple[float, frozenset[int]] = (float("-inf"), frozenset())

    def change(self, person: int, more: int) -> None:
        """So many more (or fewer) inboxes of that person are open in this worker."""
        self._here[person] += more
        if self._here[person] <= 0:
            del self._here[person]
        self._told(person, more)

    def word(self, now: float) -> Mapping[str, object] | None:
        """What is to be said to the other workers now; None = nothing. Forgets those that are silent."""
        for worker, (heard, _) in list(self._there.items()):
            if now - heard > limits.PRESENT_TTL.total_seconds():
                self._differ(self._there.pop(worker)[1], frozenset())
        people, (at, said) = frozenset(self._here), self._said
        if people == said and now - at < limits.PRESENT_EVERY.total_seconds():
            return None
        self._said = now, people
        return {"of": self._me, "people": sorted(people)}

    def heard(self, message: Mapping[str, object], now: float) -> None:
        """Another worker said whose inboxes are open there. A message that lacks something is dropped."""
        worker, people = message.get("of"), message.get("people")
        if not isinstance(worker, str) or not isinstance(people, list) or worker == self._me:
            return
        fresh = frozenset(person for person in people if isinstance(person, int))
        _, before = self._there.get(worker, (now, frozenset()))
        self._there[worker] = now, fresh
        self._differ(before, fresh)

    def _differ(self, before: frozenset[int], after: frozenset[int]) -> None:
        for person in after - before:
            self._told(person, 1)
        for person in before - after:
            self._told(person, -1)
