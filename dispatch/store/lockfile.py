"""One process per SQLite file: a lock beside it, given back by the system when the process ends."""

import fcntl
import os
from pathlib import Path

from dispatch.store.errors import StoreUnavailable


class LockFile:
    """Held from here until `release`, or the end of the process, however it ends."""

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"{path.parent} can't be written ({error.strerror}). Give Flare a folder it may write to: FLARE_DATA."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StoreUnavailable(
                f"Another Flare (process {holder}) is using {database}. Stop it first, give this one its own folder "
                "with FLARE_DATA, or use PostgreSQL for several processes."
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets another process in. The file stays: removing it would let two in at once."""
        os.close(self._file)
