"""A consistent copy of the embedded database while it is in use, and the way back.

PostgreSQL has its own tools for this, made for it: pg_dump and pg_restore; we say so instead of
doing it worse. Invariants: a backup that was put back gives every follower a new epoch, so nobody
resumes on offsets that now mean other events; what was shredded, and links that were revoked since,
stay dead (tests/safety/test_erasure.py). The keys lie apart, in FILE.keys, for 72 hours.
"""

import contextlib
import os
import secrets
import sqlite3
import time
from pathlib import Path

from dispatch.store.errors import StoreUnavailable
from dispatch.store.keyring import Keyring
from dispatch.store.lockfile import LockFile
from dispatch.store.schema import REVISIONS
from dispatch.store.sqlite import keyring_of

_KEYS_KEPT_S = 72 * 3_600.0
_SUFFIXES = ("-wal", "-shm", ".seq")


def _file_of(url: str) -> Path:
    if not url.startswith("sqlite:///"):
        raise StoreUnavailable(
            "This is for the embedded database. On PostgreSQL use pg_dump and pg_restore, then "
            "`flare migrate --restored`."
        )
    return Path(url.removeprefix("sqlite:///"))


def _read_only(backup: Path) -> sqlite3.Connection:
    """A backup nobody writes to: told so, SQLite leaves no -wal and -shm beside it.

    One that has a -wal was copied by hand from a database in use, and is read with it.
    """
    alone = "" if backup.with_name(backup.name + "-wal").exists() else "&immutable=1"
    return sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro{alone}", uri=True)


def _revision(path: Path) -> str:
    """The revision of a Flare database. Raises: StoreUnavailable when it is none, or damaged."""
    try:
        with contextlib.closing(_read_only(path)) as raw:
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
        if keyring_of(source).exists():
            Keyring.in_file(keyring_of(source)).copy_to(keyring_of(target))
        _forget_old_keys(target.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise StoreUnavailable(f"{target} can't be written ({error}). Name a folder with room for it.") from error
    size = f"{target.stat().st_size:,} bytes"
    if not keyring_of(target).exists():
        return (
            f"Wrote {target} ({size}); nothing in it needs a key yet. Keep the file `secret` of the data folder apart."
        )
    keys = f"its keys are {keyring_of(target).name}: keep them, and the file `secret` of the data folder, apart from it"
    return f"Wrote {target} ({size}); {keys}. After 72 hours the keys are removed by the next backup."


def _forget_old_keys(folder: Path) -> None:
    """Removes the keys of backups older than 72 hours: with them, what was shredded since would come back."""
    for keys in folder.glob("*.keys"):
        beside = keys.with_name(keys.name.removesuffix(".keys"))
        live = beside.with_name(beside.name + ".lock").exists()
        if not live and time.time() - keys.stat().st_mtime > _KEYS_KEPT_S:
            keys.unlink(missing_ok=True)


def _carry_over(live: Path, copy: Path) -> None:
    """What the database in use has erased or revoked is erased and revoked in the copy that replaces it."""
    with contextlib.closing(sqlite3.connect(copy.absolute().as_uri(), uri=True)) as raw:
        raw.execute("PRAGMA secure_delete = ON")
        raw.execute("ATTACH DATABASE ? AS live", (f"{live.absolute().as_uri()}?mode=ro",))
        tables = {row[0] for row in raw.execute("SELECT name FROM live.sqlite_master WHERE type = 'table'")}
        if not {"request", "request_secret", "grant_"} <= tables:
            return
        gone = (
            "SELECT r.id FROM live.request r LEFT JOIN live.request_secret s ON s.request_id = r.id "
            "JOIN main.request m ON m.id = r.id AND m.public_id = r.public_id WHERE s.request_id IS NULL"
        )
        for table in ("request_secret", "note"):
            raw.execute(f"DELETE FROM main.{table} WHERE request_id IN ({gone})")  # noqa: S608 - our own names
        raw.execute(
            "UPDATE main.grant_ SET revoked_at = (SELECT g.revoked_at FROM live.grant_ g "
            "WHERE g.token_hash = main.grant_.token_hash) WHERE revoked_at IS NULL"
        )
        # A phone that was unsubscribed since, or has somebody else now, must not be told again as whoever had it then;
        # a new one subscribes when its page is opened.
        raw.execute(
            "DELETE FROM main.push_subscription WHERE (mark, person_id) NOT IN "
            "(SELECT mark, person_id FROM live.push_subscription)"
        )
        _forget_people(raw)
        raw.commit()


# Someone who was a member then and is a guest now has erased the account: nothing else makes a guest of a member.
_SAME = "JOIN live.person l ON l.id = m.id AND l.public_id = m.public_id"
_ERASED = f"SELECT m.id FROM main.person m {_SAME} WHERE l.guest AND NOT m.guest"  # noqa: S608 - our own names
_FORGOTTEN = (
    f"SELECT m.id FROM main.person m {_SAME} "  # noqa: S608 - our own names
    "WHERE l.name IS NULL AND l.phone IS NULL AND (m.name IS NOT NULL OR m.phone IS NOT NULL)"
)
_THEIRS = (
    ("tie", "a"),
    ("tie", "b"),
    ("membership", "person_id"),
    ("alert", "person_id"),
    ("coordinator", "person_id"),
    ("phone_code", "person_id"),
)
_KNOWN = "(SELECT m.id FROM main.person m JOIN live.person l ON l.id = m.id AND l.public_id = m.public_id)"


def _forget_people(raw: sqlite3.Connection) -> None:
    """Whoever has left since is gone from the copy, too; whom somebody blocked, or the house put on hold, stays so."""
    erased = [row[0] for row in raw.execute(_ERASED)]
    forgotten = {row[0] for row in raw.execute(_FORGOTTEN)}
    columns = [row[1] for row in raw.execute("PRAGMA main.table_info(person)") if row[1] not in ("id", "public_id")]
    told = ", ".join(columns)
    raw.executemany(
        f"UPDATE main.person SET ({told}) = (SELECT {told} FROM live.person l WHERE l.id = person.id) "  # noqa: S608
        "WHERE id = ?",
        [(each,) for each in forgotten.union(erased)],
    )
    for table, column in _THEIRS:
        raw.executemany(f"DELETE FROM main.{table} WHERE {column} = ?", [(each,) for each in erased])  # noqa: S608
    for table, columns_of in (("block", "person_id IN {0} AND blocked IN {0}"), ("hold", "person_id IN {0}")):
        known = columns_of.format(_KNOWN)
        raw.execute(f"INSERT OR REPLACE INTO main.{table} SELECT * FROM live.{table} WHERE {known}")  # noqa: S608
    raw.execute("DELETE FROM main.coordinator WHERE person_id NOT IN (SELECT person_id FROM live.coordinator)")


def begin_epoch(url: str) -> str:
    """What was done, in one sentence: for a PostgreSQL that was put back by its own tools.

    Its offsets will be used again for other events; whoever followed must not resume on them.
    Raises: StoreUnavailable for the embedded database, which sees it by itself, and for a server that is away.
    """
    import psycopg
    from sqlalchemy import make_url

    if url.startswith("sqlite"):
        raise StoreUnavailable("The embedded database is put back with `flare restore`, which does this by itself.")
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(address, connect_timeout=5) as raw:
            # Whoever starts next has the keys from now on: a dump may have been put back on a site with others.
            anew = secrets.token_urlsafe(16)
            raw.execute("UPDATE log_head SET epoch = %s, keyring = '' WHERE id = 1", (anew,))
    except psycopg.Error as error:
        raise StoreUnavailable(f"PostgreSQL can't be used ({str(error).strip()}).") from error
    return "The log has a new epoch. Followers take a fresh snapshot."


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
            contextlib.closing(_read_only(backup)) as old,
            contextlib.closing(sqlite3.connect(part)) as new,
        ):
            old.backup(new)
        if target.exists() and _revision(backup) == REVISIONS[-1]:
            _carry_over(target, part)
        if not keyring_of(target).exists() and keyring_of(backup).exists():
            # A new machine. Where there is a keyring it stays as it is: keys it has destroyed stay destroyed.
            Keyring.in_file(keyring_of(backup)).copy_to(keyring_of(target))
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
