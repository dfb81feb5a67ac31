"""The embedded database: one file, one process, one writer thread, group commit.

WAL and synchronous=FULL: what was answered survives a power cut where the disk honours fsync.
One writing connection for life: SQLite before 3.51.3 can corrupt a WAL database when two
connections write or checkpoint at once. Never checkpoint or copy the file from elsewhere.
"""

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path

from dispatch.domain import limits
from dispatch.ports import Clock, Ids
from dispatch.store.dialect import SQLITE
from dispatch.store.engine import Blame
from dispatch.store.errors import StoreUnavailable
from dispatch.store.idem import Answers
from dispatch.store.journal import LAST_MOMENT, SET_HEAD
from dispatch.store.keyring import Keyring
from dispatch.store.link import Link
from dispatch.store.lockfile import LockFile
from dispatch.store.schema import REVISIONS, create
from dispatch.store.sidecar import Sidecar
from dispatch.store.sql_store import SqlStore
from dispatch.store.state import State
from dispatch.store.times import micros, moment
from dispatch.store.tx import StoreTx

_OLDEST = (3, 35, 0)  # RETURNING
_CACHED = 512  # statements a connection keeps ready
_CUT_MS = 50  # waited for readers before the log is cut; longer would hold up everybody
_ENGINE_CODES = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
    }
)


class SqliteStore(SqlStore):
    """ports.Store over one SQLite file."""


class _Sqlite:
    """engine.Engine over one file."""

    inbox_at_end = False

    def __init__(self, path: Path, clock: Clock, ids: Ids, keyring: Keyring) -> None:
        self._path = path
        self._keyring = keyring
        self._untidy = False
        self._clock = clock
        self._ids = ids
        self._lock = LockFile(path)
        try:
            self._raw = self._open()
            link = self._up_to_date(Link(self._raw, SQLITE))
            new = "INSERT INTO log_head (id, epoch, seq) VALUES (1, ?, 0) ON CONFLICT DO NOTHING"
            link.raw.execute(new, (ids.public_id(),))
            epoch, seq = link.raw.execute("SELECT epoch, seq FROM log_head WHERE id = 1").fetchone()
            if Sidecar.is_behind(path, epoch, seq):
                # Offsets will be used again for other events: a resume must not "succeed" wrongly.
                epoch = ids.public_id()
                link.raw.execute("UPDATE log_head SET epoch = ? WHERE id = 1", (epoch,))
            self._sidecar = Sidecar.begin(path, epoch, seq)
            self._seq = int(seq)
            self._floor = moment(link.one(LAST_MOMENT)[0] or 0)
        except BaseException:
            self._lock.release()
            raise

    def _open(self) -> sqlite3.Connection:
        """The one writing connection, for life."""
        try:
            self._path.touch(mode=0o600)
            raw = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, cached_statements=_CACHED, timeout=5.0
            )
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "foreign_keys = ON",
                "secure_delete = ON",
                "temp_store = MEMORY",
                "cache_size = -65536",
            ):
                raw.execute(f"PRAGMA {pragma}")
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(_why(self._path, error)) from error
        return raw

    def _up_to_date(self, link: Link) -> Link:
        """The connection to a database as this code needs it: made, brought up to date, or refused."""
        found = {row[0] for row in link.raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not found:
            link.say("BEGIN IMMEDIATE")
            create(link, SQLITE)
            link.say("COMMIT")
            return link
        if not {"alembic_version", "log_head"} <= found:
            raise StoreUnavailable(
                f"{self._path} is a database of another program. Name another file for Flare, or move this one away."
            )
        row = link.raw.execute("SELECT version_num FROM alembic_version").fetchone()
        if row is None or row[0] not in REVISIONS:
            raise StoreUnavailable(
                f"{self._path} was written by a newer Flare. Update Flare, or name another file; nothing was changed."
            )
        if row[0] == REVISIONS[-1]:
            return link
        from dispatch.store.migrations import upgrade

        self._raw.close()  # never two connections that write
        upgrade(f"sqlite:///{self._path.absolute()}")
        self._raw = self._open()
        return Link(self._raw, SQLITE)

    def now(self) -> datetime:
        """The clock, never below what was ever stored or given."""
        self._floor = max(self._clock.now(), self._floor)
        return self._floor

    def writer(self) -> StoreTx:
        """The transaction over the one writing connection."""
        return StoreTx(Link(self._raw, SQLITE), self._ids, State(numbers=True, seq=self._seq), self._keyring)

    def begin(self, tx: StoreTx) -> datetime:
        """Begins; its moment."""
        # A transaction that reads first and writes later is refused at once when another wrote
        # in between, whatever the timeout. IMMEDIATE queues for the lock instead.
        tx.link.say("BEGIN IMMEDIATE")
        now = self.now()
        tx.state.now = micros(now)
        tx.state.told = 0
        tx.state.tidy = False
        tx.state.seq = self._seq
        tx.state.inbox.clear()
        return now

    def commit(self, tx: StoreTx) -> None:
        """Durable when it returns."""
        seq = tx.state.seq
        if seq != self._seq:
            tx.link.run(SET_HEAD, seq=seq)
        tx.link.say("COMMIT")
        if seq != self._seq:
            self._seq = seq
            self._sidecar.note(seq)
        if tx.state.tidy or self._untidy:
            self._untidy = not self._emptied(tx.link)

    def _emptied(self, link: Link) -> bool:
        """Is nothing left of what was erased? Its old page is in the log until the log is cut."""
        link.say(f"PRAGMA busy_timeout = {_CUT_MS}")
        try:
            busy = link.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error:
            busy = 1  # what was committed stands; a reader is in the way, and the next commit tries again
        link.say("PRAGMA busy_timeout = 5000")
        return not busy

    def rollback(self, tx: StoreTx) -> None:
        """Nothing of it happened."""
        tx.state.told = 0
        with contextlib.suppress(sqlite3.Error):
            if tx.link.raw.in_transaction:
                tx.link.say("ROLLBACK")

    def blame(self, tx: StoreTx, error: Exception) -> Blame:
        """A full disk is nobody's job's fault, and may have ended the whole transaction."""
        if not isinstance(error, sqlite3.Error):
            return Blame.JOB
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _ENGINE_CODES or not tx.link.raw.in_transaction:
            return Blame.ENGINE
        return Blame.JOB

    def reader(self) -> StoreTx:
        """A read-only connection."""
        raw = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False,
            cached_statements=_CACHED, timeout=5.0,
        )  # fmt: skip
        raw.execute("PRAGMA query_only = ON")
        raw.execute("PRAGMA temp_store = MEMORY")
        return StoreTx(Link(raw, SQLITE), self._ids, State(), self._keyring)

    def begin_read(self, tx: StoreTx) -> datetime:
        """Begins a snapshot (it is taken by the first statement)."""
        tx.link.say("BEGIN")
        now = self.now()
        tx.state.now = micros(now)
        return now

    def end_read(self, tx: StoreTx) -> None:
        """Ends it."""
        with contextlib.suppress(sqlite3.Error):
            tx.link.say("ROLLBACK")

    def usable(self, tx: StoreTx) -> bool:
        """A file does not hang up."""
        return not tx.link.raw.in_transaction

    def discard(self, tx: StoreTx) -> None:
        """Closes a reader; the writing connection is closed last, by close()."""
        if tx.link.raw is not self._raw:
            with contextlib.suppress(sqlite3.Error):
                tx.link.raw.close()

    def close(self) -> None:
        """Checkpoints, closes, and lets another process in."""
        with contextlib.suppress(sqlite3.Error):
            self._raw.close()
        self._sidecar.close()
        self._lock.release()


def _why(path: Path, error: Exception) -> str:
    """One sentence with what to do."""
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return f"{path} is not a database. Name another file, or move this one away; nothing was changed."
    if isinstance(error, OSError):
        return f"{path} can't be written ({error.strerror}). Give Flare a folder it may write to: FLARE_DATA."
    return f"{path} can't be opened ({error}). See that the folder is writable and the disk has room."


def keyring_of(path: Path) -> Path:
    """Where the keyring of a database file lies: beside it."""
    return path.with_name(path.name + ".keys")


def open_sqlite(
    path: str | Path, *, clock: Clock, ids: Ids, secret: str, readers: int = 4, keyring: Keyring | None = None
) -> SqliteStore:
    """The store in that file, made or brought up to date; this process has it alone.

    Without a keyring its keys are in the file beside it.
    Raises: StoreUnavailable with one sentence that says what to do.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreUnavailable(
            f"This Python has SQLite {sqlite3.sqlite_version}; Flare needs 3.35 or newer. Use a newer Python."
        )
    where = Path(path)
    if keyring is None:
        keyring = Keyring.in_file(keyring_of(where))
    elif keyring.fresh and keyring_of(where).exists():
        Keyring.in_file(keyring_of(where)).move_to(keyring)
    return SqliteStore(
        _Sqlite(where, clock, ids, keyring),
        Answers(secret, keyring),
        threads=1,
        batch=limits.BATCH_JOBS,
        readers=readers,
    )
