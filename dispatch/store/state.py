"""What one transaction knows of itself: its moment, its place in the log, what it still has to write."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Inbox = tuple[int, str, Mapping[str, object], int | None]
"""Person id, kind, body, request id."""


@dataclass(slots=True)
class State:
    """Shared by the repositories of one link. `numbers`: the writer numbers events itself (SQLite)."""

    numbers: bool = False
    now: int = 0
    """Microseconds; set at BEGIN."""
    seq: int = 0
    """Last number given; only where `numbers`."""
    told: int = 0
    """Events and dates written since BEGIN: is there anything to hint?"""
    tidy: bool = False
    """Was something erased that must not stay in the file's log?"""
    inbox: list[Inbox] = field(default_factory=list)
    """Inbox events waiting to be written, sorted by person, at the end."""

    def mark(self) -> tuple[int, int, int]:
        """Where a SAVEPOINT stands."""
        return self.seq, self.told, len(self.inbox)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """What ROLLBACK TO undoes here."""
        self.seq, self.told, kept = mark
        del self.inbox[kept:]
