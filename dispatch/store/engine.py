"""What the writer and the readers need from an engine; sqlite.py and postgres.py are the two."""

from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from dispatch.store.tx import StoreTx


class Blame(Enum):
    """Whose fault an error is."""

    JOB = auto()
    """The job's own: the others of its batch go on."""
    TRY_AGAIN = auto()
    """Nobody's: a deadlock, a lost connection. The same batch is run again."""
    ENGINE = auto()
    """The engine can't write now (a full disk): the whole batch is refused as busy."""


class Engine(Protocol):
    """One database. Every `tx` is used by one thread at a time."""

    inbox_at_end: bool
    """Are a batch's inbox events written at its end? (Several processes: else batches deadlock.)"""

    def writer(self) -> StoreTx:
        """A transaction over a new writing connection."""
        ...

    def begin(self, tx: StoreTx) -> datetime:
        """Begins a writing transaction; its moment."""
        ...

    def commit(self, tx: StoreTx) -> None:
        """Returns once it is durable."""
        ...

    def rollback(self, tx: StoreTx) -> None:
        """Nothing of it happened; never raises."""
        ...

    def blame(self, tx: StoreTx, error: Exception) -> Blame:
        """What to do about an error that came up in a transaction."""
        ...

    def reader(self) -> StoreTx:
        """A transaction over a new reading connection."""
        ...

    def begin_read(self, tx: StoreTx) -> datetime:
        """Begins a snapshot; its moment."""
        ...

    def end_read(self, tx: StoreTx) -> None:
        """Ends a snapshot; never raises."""
        ...

    def usable(self, tx: StoreTx) -> bool:
        """Is its connection still good?"""
        ...

    def discard(self, tx: StoreTx) -> None:
        """Closes its connection; never raises."""
        ...

    def close(self) -> None:
        """Gives back what the engine as a whole holds."""
        ...
