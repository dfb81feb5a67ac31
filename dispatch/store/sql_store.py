"""The store over an engine: submit, write, read. Implements ports.Store."""

import asyncio
import queue
import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from dispatch.domain import limits
from dispatch.domain.errors import Busy
from dispatch.ports import Arrivals, IdemKey, ImportCounts, Job, Lane, Progress
from dispatch.store.bulk import import_people_and_ties
from dispatch.store.engine import Blame, Engine
from dispatch.store.idem import Answers
from dispatch.store.lanes import Entry
from dispatch.store.tx import StoreTx
from dispatch.store.writer import Writer, submit

T = TypeVar("T")


class SqlStore:
    """The only truth. Thread-safe. An answer is given after COMMIT."""

    def __init__(self, engine: Engine, answers: Answers, *, threads: int, batch: int, readers: int) -> None:
        self._engine = engine
        self._told: list[Callable[[], None]] = []
        self._closed = False
        self._idle: queue.LifoQueue[StoreTx | None] = queue.LifoQueue()
        for _ in range(readers):
            self._idle.put(None)  # connected when first needed
        self._readers = readers
        self._reading = ThreadPoolExecutor(readers, thread_name_prefix="flare-reader")
        self._writer = Writer(engine, answers, self._hint, threads=threads, batch=batch)

    def submit(self, job: Job[T], *, key: IdemKey | None = None, lane: Lane = Lane.PEOPLE) -> "Future[T]":
        """The job's answer, once it is committed."""
        promise: Future[T] = Future()
        promise.set_running_or_notify_cancel()  # accepted: cancelling would not undo it
        submit(self._writer.lanes, Entry(job, key, promise=promise), lane)
        return promise

    async def write(self, job: Job[T], *, key: IdemKey | None = None, lane: Lane = Lane.PEOPLE) -> T:
        """As submit, awaited. Cancelling the wait does not undo the write."""
        loop = asyncio.get_running_loop()
        awaited: asyncio.Future[T] = loop.create_future()
        submit(self._writer.lanes, Entry(job, key, awaited=awaited, loop=loop), lane)
        return await awaited

    def read_now(self, job: Job[T]) -> T:
        """One snapshot on the calling thread. Raises: Busy when every reader stays busy."""
        for last in (False, True):
            try:
                tx = self._idle.get(timeout=limits.QUEUE_S)
            except queue.Empty:
                raise Busy(random.randint(1, 3)) from None
            try:
                if tx is None:
                    tx = self._engine.reader()
                now = self._engine.begin_read(tx)
                return job(tx, now)
            except Exception as error:
                blame = self._engine.blame(tx, error) if tx else Blame.ENGINE
                if blame is Blame.JOB:
                    raise
                if last or blame is Blame.ENGINE:
                    raise Busy(random.randint(1, 3)) from error
            finally:
                self._idle.put(self._ended(tx))
        raise AssertionError("unreachable")

    def _ended(self, tx: StoreTx | None) -> StoreTx | None:
        if tx is None:
            return None
        self._engine.end_read(tx)
        if self._engine.usable(tx) and not self._closed:
            return tx
        self._engine.discard(tx)
        return None

    async def read(self, job: Job[T]) -> T:
        """As read_now, on a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, self.read_now, job)

    def on_commit(self, told: Callable[[], None]) -> None:
        """`told` is called after each commit that wrote events or dates, from a writer thread."""
        self._told.append(told)

    def _hint(self) -> None:
        for told in self._told:
            told()

    def import_people_and_ties(self, people: Arrivals, progress: Progress | None = None) -> ImportCounts:
        """Brings a network in, all or nothing; see dispatch/store/bulk.py. Others' writes wait meanwhile."""
        return self.submit(lambda tx, now: import_people_and_ties(tx, now, people, progress), lane=Lane.BULK).result()

    @property
    def waiting(self) -> int:
        """Writes that were accepted and not begun."""
        return len(self._writer.lanes)

    def close(self) -> None:
        """Finishes what was accepted, then closes. Twice is once."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        self._reading.shutdown(wait=True)
        for _ in range(self._readers):
            tx = self._idle.get()
            if tx is not None:
                self._engine.discard(tx)
        self._engine.close()

    def __enter__(self) -> "SqlStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
