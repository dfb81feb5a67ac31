"""Messages to the outside, as actions put them and a sender takes them."""
# ruff: noqa: D102 - a method whose name and types say it all has no sentence to add

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Fate(StrEnum):
    """What became of a message."""

    NEVER = "never"
    """Never put, or dropped before it was sent."""
    WAITING = "waiting"
    ON_ITS_WAY = "on its way"
    """A worker has taken it up and has not said yet what came of it."""
    SENT = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One message to deliver."""

    id: int
    channel: str
    target: int
    body: Mapping[str, object]
    attempts: int


class Outbox(Protocol):
    """Messages to the outside, tried until done."""

    def put_all(self, channel: str, rows: Iterable[tuple[int, Mapping[str, object], str]], due_at: datetime) -> None:
        """One more message each, (target, body, dedupe), unless one with that `dedupe` was ever put."""
        ...

    def lease(self, channel: str, worker: str, now: datetime, until: datetime, limit: int) -> list[OutboxItem]: ...
    def oldest(self) -> datetime | None: ...
    def next_at(self, channel: str) -> datetime | None:
        """From when on somebody could lease something of it."""
        ...

    def fate(self, dedupe: str, now: datetime) -> Fate: ...
    def drop(self, item_id: int, worker: str) -> bool:
        """It is not sent after all, as if it had never been put; False if it is no longer this worker's."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """How many that were done before that moment are gone now: the oldest, at most so many."""
        ...

    def done(self, item_id: int, worker: str, at: datetime) -> bool: ...
    def retry(self, item_id: int, worker: str, due_at: datetime) -> bool: ...
    def put_back(self, item_id: int, worker: str, due_at: datetime) -> bool:
        """As `retry`, for one that was not tried: this time doesn't count."""
        ...
