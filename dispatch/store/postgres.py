"""The shared database: several processes, psycopg 3 in threads, READ COMMITTED writers.

Events are numbered at COMMIT by a deferred trigger, whose counter is held through the flush: one
commit per flush. Where a flush is quick, four threads with one job each do most; where it is
slow, one thread with 64 jobs a commit does five times as much. 20 commits at start tell which
(docs/store.md). Lock order: requests, their claims, people by id, the counter last.
"""

import contextlib
import logging
import time
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import errors
from sqlalchemy import Select, exists, make_url, or_, select

from dispatch.domain import limits
from dispatch.ports import Ids
from dispatch.store.dialect import POSTGRES, EngineNow
from dispatch.store.engine import Blame
from dispatch.store.errors import StoreUnavailable, cant_connect
from dispatch.store.idem import Answers
from dispatch.store.keyring import Keyring, day_of, worked_out
from dispatch.store.link import Link
from dispatch.store.schema import REVISIONS
from dispatch.store.secrets import WRONG_KEYS, opens
from dispatch.store.sql_store import SqlStore
from dispatch.store.state import State
from dispatch.store.tables import idem, person, push_subscription, request_secret
from dispatch.store.times import micros, moment
from dispatch.store.tx import StoreTx

log = logging.getLogger(__name__)

ANYBODYS: Final = b""
"""The name of a keyring that was given up: whoever starts first has the next one."""
QUICK_FLUSH_S: Final = 0.001
"""A commit that takes less: several writers of one job each; more: one writer of many."""
_NOW = select(EngineNow())
_SEALED: Select[Any] = select(
    or_(
        *(exists(select(column).where(column.is_not(None))) for column in (
            request_secret.c.sealed, person.c.phone, push_subscription.c.sealed, idem.c.answer
        ))
    )
)  # fmt: skip
_TRY_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected)
_ENGINE = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.DiskFull,
    errors.OutOfMemory,
    errors.TooManyConnections,
    errors.ReadOnlySqlTransaction,
)
_SERVER_WENT = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow, psycopg.InterfaceError)


class PostgresStore(SqlStore):
    """ports.Store over one PostgreSQL database."""


def _no_limit(link: Link) -> None:
    link.say("SET LOCAL statement_timeout = 0")


class _Postgres:
    """engine.Engine over one database."""

    def __init__(self, address: str, ids: Ids, keyring: Keyring) -> None:
        self._address = address
        self._keyring = keyring
        self._ids = ids
        self.inbox_at_end = True

    def _connect(self, options: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            self._address, autocommit=True, connect_timeout=5, application_name="flare", options=options
        )

    def writer(self) -> StoreTx:
        """A transaction over a new writing connection."""
        # The counter's lock is waited for inside COMMIT: hence limits on both.
        raw = self._connect("-c lock_timeout=4s -c statement_timeout=5s -c synchronous_commit=on")
        return StoreTx(Link(raw, POSTGRES), self._ids, State(), self._keyring, _no_limit)

    def begin(self, tx: StoreTx) -> datetime:
        """Begins; its moment by the server's clock, never by a worker's."""
        tx.link.say("BEGIN ISOLATION LEVEL READ COMMITTED")
        tx.state.now = tx.link.one(_NOW)[0]
        tx.state.told = 0
        tx.state.tidy = False
        tx.state.inbox.clear()
        return moment(tx.state.now)

    def commit(self, tx: StoreTx) -> None:
        """Durable when it returns."""
        # At the very end and sorted by person: two batches that met in any other order would deadlock.
        tx.journal.flush()
        tx.link.say("COMMIT")

    def rollback(self, tx: StoreTx) -> None:
        """Nothing of it happened."""
        tx.state.told = 0
        tx.state.inbox.clear()
        self._end(tx)

    def _end(self, tx: StoreTx) -> None:
        with contextlib.suppress(psycopg.Error):
            tx.link.say("ROLLBACK")

    def blame(self, tx: StoreTx, error: Exception) -> Blame:
        """Deadlocks and lost connections are nobody's fault."""
        if not isinstance(error, psycopg.Error):
            return Blame.JOB
        if isinstance(error, (*_TRY_AGAIN, *_SERVER_WENT)) or tx.link.raw.broken or tx.link.raw.closed:
            return Blame.TRY_AGAIN
        return Blame.ENGINE if isinstance(error, _ENGINE) else Blame.JOB

    def reader(self) -> StoreTx:
        """A transaction over a new reading connection."""
        raw = self._connect(f"-c statement_timeout={limits.READ_S}s -c idle_in_transaction_session_timeout=60s")
        return StoreTx(Link(raw, POSTGRES), self._ids, State(), self._keyring, _no_limit)

    def begin_read(self, tx: StoreTx) -> datetime:
        """Begins a snapshot. Under READ COMMITTED two SELECTs would see two states."""
        tx.link.say("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tx.state.now = tx.link.one(_NOW)[0]
        return moment(tx.state.now)

    def end_read(self, tx: StoreTx) -> None:
        """Ends it."""
        self._end(tx)

    def usable(self, tx: StoreTx) -> bool:
        """Is the line still there, and idle?"""
        raw = tx.link.raw
        return not (raw.closed or raw.broken) and raw.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    def discard(self, tx: StoreTx) -> None:
        """Hangs up."""
        with contextlib.suppress(psycopg.Error):
            tx.link.raw.close()

    def close(self) -> None:
        """Nothing is held beside the connections."""

    def sealed_until(self) -> int | None:
        """Today, if anything is sealed in here; None in a database that holds nothing to read."""
        tx = self.reader()
        try:
            now = micros(self.begin_read(tx))
            return day_of(now) if tx.link.one(_SEALED)[0] else None
        finally:
            self.end_read(tx)
            self.discard(tx)

    def agree(self, keyring: Keyring, secret: str) -> None:
        """Sees that this process has the keys of the database's other workers; the first one names them.

        Who names a file where keys were worked out from the secret before goes on with the file, for everybody.
        Raises: StoreUnavailable.
        """
        with self._connect("-c lock_timeout=30s") as raw, raw.transaction():
            row = raw.execute("SELECT keyring FROM log_head WHERE id = 1 FOR UPDATE").fetchone()
            known = row[0] if row else None
            if known == keyring.name:
                return
            moved = keyring.in_a_file and known == Keyring.derived(secret).name
            first = known is None and self._opens_the_last(raw, keyring)
            if not (first or moved or known == ANYBODYS):
                raise StoreUnavailable(WRONG_KEYS)
            raw.execute("UPDATE log_head SET keyring = %s WHERE id = 1", (keyring.name,))

    def _opens_the_last(self, raw: psycopg.Connection[tuple[object, ...]], keyring: Keyring) -> bool:
        """Can the newest sealed ask be opened? True where there is none."""
        last = raw.execute(
            "SELECT request_id, day, wrapped FROM request_secret WHERE day IS NOT NULL ORDER BY request_id DESC LIMIT 1"
        ).fetchone()
        return last is None or opens(keyring, last)

    def flush_s(self) -> float:
        """How long a commit takes, the middle one of twenty."""
        tx = self.writer()
        try:
            took = []
            for _ in range(20):
                tx.link.say("BEGIN")
                tx.link.say("SELECT pg_logical_emit_message(true, 'flare', 'timing')")
                start = time.perf_counter()
                tx.link.say("COMMIT")
                took.append(time.perf_counter() - start)
            return sorted(took)[len(took) // 2]
        finally:
            self.discard(tx)

    def prepare(self, core_address: str) -> None:
        """Makes the tables or brings them up to date; gives a new log its epoch."""
        with self._connect("-c lock_timeout=30s") as raw:
            known = raw.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
            version = raw.execute("SELECT version_num FROM alembic_version").fetchone() if known and known[0] else None
            if version is not None and version[0] not in REVISIONS:
                raise StoreUnavailable(
                    "This database was written by a newer Flare. Update this one; nothing was changed."
                )
            if version is None or version[0] != REVISIONS[-1]:
                from dispatch.store.migrations import upgrade

                upgrade(core_address)
            raw.execute(
                "INSERT INTO log_head (id, epoch, seq) VALUES (1, %s, 0) ON CONFLICT DO NOTHING",
                (self._ids.public_id(),),
            )


def open_postgres(
    url: str, *, ids: Ids, secret: str, readers: int = 4, writers: int | None = None, keyring: Keyring | None = None
) -> PostgresStore:
    """The store in that database, made or brought up to date.

    `writers`: 1 = one thread with many jobs a commit, more = that many threads with one job each;
    None = timed and chosen. Without a keyring its keys are worked out from the secret, and none can be
    destroyed: what is shredded stays readable in old backups for whoever has that secret.
    Raises: StoreUnavailable with one sentence that says what to do.
    """
    address = make_url(url).set(drivername="postgresql")
    shown = address.render_as_string(hide_password=True)
    keyring = keyring or Keyring.derived(secret)
    engine = _Postgres(address.render_as_string(hide_password=False), ids, keyring)
    try:
        engine.prepare(address.set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
        if writers is None:
            flush = engine.flush_s()
            writers = 4 if flush < QUICK_FLUSH_S else 1
            log.info("a commit takes %.2f ms: %d writers", flush * 1e3, writers)
    except psycopg.OperationalError as error:
        raise cant_connect(shown, error) from error
    if keyring.fresh and (today := engine.sealed_until()) is not None:
        keyring.take_over(worked_out(secret, today))
        log.warning("the keyring is new and this database is not: keys worked out from the secret go on until tomorrow")
    engine.agree(keyring, secret)
    answers = Answers(secret, keyring)
    return PostgresStore(
        engine, answers, threads=writers, batch=limits.BATCH_JOBS if writers == 1 else 1, readers=readers
    )
