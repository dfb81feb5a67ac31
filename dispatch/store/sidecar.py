"""Beside the SQLite file: how far its log had come, so that an older copy put back is noticed.

Written after each commit without waiting for the disk. A database that is behind its sidecar,
has lost it, or came from elsewhere, gets a new epoch: every reader then starts from a snapshot
(tests/contract/test_journal_epoch.py).
"""

import os
from pathlib import Path
from typing import Self


def _path(database: Path) -> Path:
    return database.with_name(database.name + ".seq")


class Sidecar:
    """One line: the epoch and twenty digits."""

    def __init__(self, file: int, epoch: str) -> None:
        self._file = file
        self._at = len(epoch.encode()) + 1

    @classmethod
    def begin(cls, database: Path, epoch: str, seq: int) -> Self:
        """Writes it anew."""
        file = os.open(_path(database), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.pwrite(file, f"{epoch} {seq:020d}\n".encode(), 0)
        return cls(file, epoch)

    @staticmethod
    def is_behind(database: Path, epoch: str, seq: int) -> bool:
        """Has the log gone backwards, as far as anyone can tell?"""
        try:
            known, number = _path(database).read_text().split()
            return known != epoch or int(number) > seq
        except (OSError, ValueError):
            return True

    def note(self, seq: int) -> None:
        """The log has come this far. A disk that is full must not fail a write that is committed."""
        try:
            os.pwrite(self._file, b"%020d" % seq, self._at)
        except OSError:
            return

    def close(self) -> None:
        """No more of it."""
        os.close(self._file)
