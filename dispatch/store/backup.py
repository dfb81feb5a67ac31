"""A consistent copy of the embedded database while it is in use, and the way back.

PostgreSQL has its own tools for this, made for it: pg_dump and pg_restore; we say so instead of
doing it worse. Invariant: a backup that was put back gives every follower a new epoch, so nobody
resumes on offsets that now mean other events (tests/contract/test_backup.py).
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from dispatch.store.errors import StoreUnavailable
from dispatch.store.lockfile import LockFile
from dispatch.store.schema import REVISIONS

_SUFFIXES = ("-wal", "-shm", ".seq")


def _file_of(url: str) -> Path:
    if not url.startswith("sqlite:///"):
        raise StoreUnavailable("This is for the embedded database. On PostgreSQL use pg_dump and pg_restore.")
    return Path(url.removeprefix("sqlite:///"))


def _revision(path: Path) -> str:
    """The revision of a Flare database. Raises: StoreUnavailable when it is none, or damaged."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as raw:
            (healthy,) = raw.execute("PRAGMA quick_check(1)").fetchone()
            row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise StoreUnavailable(
            f"{path} is not a Flare backup ({error}). Name a file that `flare backup` wrote."
        ) from None
    if healthy != "ok" or row is None:
        raise StoreUnavailable(f"{path} is damaged ({healthy}). Use another backup; nothing was changed.")
    return str(row[0])


def back_up(url: str, target: Path) -> str:
    """What was written, in one sentence. The server goes on meanwhile; half a file is never left behind.

    Raises: StoreUnavailable.
    """
    source = _file_of(url)
    if not source.exists():
        raise StoreUnavailable(f"There is no database at {source}. Name its folder with --data or FLARE_DATA.")
    part = target.with_name(target.name + ".part")
    try:
        part.touch(mode=0o600)
        with (
            contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
            contextlib.closing(sqlite3.connect(part)) as copy,
        ):
            live.backup(copy, pages=4_096)
        _revision(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise StoreUnavailable(f"{target} can't be written ({error}). Name a folder with room for it.") from error
    return f"Wrote {target} ({target.stat().st_size:,} bytes). Keep the file `secret` of the data folder apart from it."


def put_back(url: str, backup: Path) -> str:
    """What was done, in one sentence. The database that was there is kept beside it.

    Raises: StoreUnavailable while a Flare runs on it, or for a file that is no backup of this version or an older one.
    """
    target = _file_of(url)
    if not backup.exists():
        raise StoreUnavailable(f"There is no file {backup}.")
    if _revision(backup) not in REVISIONS:
        raise StoreUnavailable(f"{backup} was written by a newer Flare. Update Flare first; nothing was changed.")
    lock = LockFile(target)
    try:
        kept = target.with_name(target.name + ".before-restore")
        part = target.with_name(target.name + ".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with (
            contextlib.closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as old,
            contextlib.closing(sqlite3.connect(part)) as new,
        ):
            old.backup(new)
        if target.exists():
            # What is still in the WAL belongs to the file that is put aside, not to the one put back.
            with contextlib.closing(sqlite3.connect(target)) as live:
                live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            target.replace(kept)
        for suffix in _SUFFIXES:
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"{target} can't be replaced ({error}).") from error
    finally:
        lock.release()
    return f"Put {backup} in the place of {target}. The one before is {kept.name}. Followers take a fresh snapshot."
