"""The one write loop, for both engines: K threads, at most B jobs a commit.

A job runs between savepoints, so a refusal leaves no trace but its stored answer and a bug in
one job harms no other of its batch. Nobody is told anything before COMMIT has returned; then
every waiting task of an event loop is told in ONE call of that loop.
Invariants: tests/contract/test_store_writer.py, tests/contract/test_idempotency.py.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from dispatch.domain import limits
from dispatch.domain.errors import Busy, Refused
from dispatch.ports import Lane, Tx
from dispatch.store.engine import Blame, Engine
from dispatch.store.idem import Answers
from dispatch.store.lanes import Entry, Lanes
from dispatch.store.times import micros
from dispatch.store.tx import StoreTx

log = logging.getLogger(__name__)

_SWEEP_EVERY: Final = 600_000_000
"""Microseconds between two sweeps of old answers."""


class Outcome(NamedTuple):
    """What a job came to: an answer, or what to raise."""

    answer: Any = None
    raises: BaseException | None = None


class Writer:
    """The threads that write. `hint` is called after each commit that wrote events or dates."""

    def __init__(self, engine: Engine, answers: Answers, hint: Callable[[], None], *, threads: int, batch: int) -> None:
        self.lanes = Lanes()
        self._engine = engine
        self._answers = answers
        self._hint = hint
        self._batch = batch
        self._swept = 0
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"flare-writer-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Returns once everything accepted is done."""
        self.lanes.close()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        tx: StoreTx | None = None
        while batch := self.lanes.take(self._batch):
            tx = self._write(tx, batch)
            if number == 0 and tx is not None and tx.state.now - self._swept > _SWEEP_EVERY:
                self._swept = tx.state.now
                tx = self._write(tx, [Entry(self._sweep, None)])
        if tx is not None:
            self._engine.discard(tx)

    def _sweep(self, tx: Tx, now: datetime) -> None:
        self._answers.sweep(cast("StoreTx", tx).link, micros(now))  # a job of our own gets our own Tx

    def _write(self, tx: StoreTx | None, batch: list[Entry]) -> StoreTx | None:
        """Writes the batch and tells everybody in it; the transaction to use next."""
        outcomes: list[Outcome] = []
        told = False
        for tries in range(1, limits.REDO + 2):
            try:
                if tx is None:
                    tx = self._engine.writer()
                outcomes = self._attempt(tx, batch)
                told = tx.state.told > 0
                break
            except Exception as error:  # noqa: BLE001 - whoever waits for the write is told
                blame = Blame.TRY_AGAIN if tx is None else self._engine.blame(tx, error)
                if tx is not None:
                    self._engine.rollback(tx)
                    if not self._engine.usable(tx):
                        self._engine.discard(tx)
                        tx = None
                if blame is Blame.TRY_AGAIN and tries <= limits.REDO:
                    # Two that deadlocked would meet again at once.
                    time.sleep(random.uniform(0.001, 0.02) * tries * (1 if tx else 10))
                    continue
                if blame is Blame.JOB and len(batch) > 1:
                    # Something only the end of the batch could see: alone, each gets its own fault.
                    for entry in batch:
                        tx = self._write(tx, [entry])
                    return tx
                if blame is not Blame.JOB:
                    log.error("a write failed: %s", error)
                    busy = Busy(random.randint(1, 3))
                    busy.__cause__ = error
                    error = busy
                outcomes = [Outcome(raises=error)] * len(batch)
                break
        _tell(batch, outcomes)
        if told:
            self._hint()
        return tx

    def _attempt(self, tx: StoreTx, batch: list[Entry]) -> list[Outcome]:
        """One transaction over the batch, or the part of it that 20 ms are enough for."""
        now = self._engine.begin(tx)
        if len(batch) == 1:
            outcome, keep = self._run_alone(tx, batch[0], now)
            if keep:
                self._engine.commit(tx)
            else:
                self._engine.rollback(tx)
            return [outcome]
        until = time.monotonic() + limits.BATCH_S
        outcomes = []
        for number, entry in enumerate(batch):
            if number and time.monotonic() > until:
                self.lanes.put_back(batch[number:])
                del batch[number:]
                break
            outcomes.append(self._run(tx, entry, now))
        self._engine.commit(tx)
        return outcomes

    def _run_alone(self, tx: StoreTx, entry: Entry, now: datetime) -> tuple[Outcome, bool]:
        """The outcome of a transaction's only job, and whether to commit. Saves the outer savepoint."""
        mark = tx.state.mark()
        try:
            return self._run_inside(tx, entry, now), True
        except Refused as refusal:
            tx.state.back_to(mark)
            return Outcome(raises=refusal), False
        except Exception as bug:
            if self._engine.blame(tx, bug) is not Blame.JOB:
                raise
            tx.state.back_to(mark)
            return Outcome(raises=bug), False

    def _run(self, tx: StoreTx, entry: Entry, now: datetime) -> Outcome:
        """The outcome of one job among others. Raises: what harms them all."""
        mark = tx.state.mark()
        say = tx.link.say
        say("SAVEPOINT job")
        outcome: Outcome
        try:
            outcome = self._run_inside(tx, entry, now)
        except Exception as error:
            if not isinstance(error, Refused) and self._engine.blame(tx, error) is not Blame.JOB:
                raise
            say("ROLLBACK TO job")
            tx.state.back_to(mark)
            outcome = Outcome(raises=error)
        say("RELEASE job")
        return outcome

    def _run_inside(self, tx: StoreTx, entry: Entry, now: datetime) -> Outcome:
        """The job under its key. Raises: whatever must leave no trace at all."""
        key = entry.key
        if key is None:
            return Outcome(self._answer(tx, entry, now))
        kept = self._answers.begin(tx.link, key, tx.state.now)
        if kept is not None:
            return Outcome(kept.answer, kept.refusal)
        mark = tx.state.mark()
        tx.link.say("SAVEPOINT effect")
        try:
            answer = self._answer(tx, entry, now)
        except Refused as refusal:
            if not refusal.stored:
                raise
            tx.link.say("ROLLBACK TO effect")
            tx.state.back_to(mark)
            self._answers.finish(tx.link, key, refusal, tx.state.now)
            return Outcome(raises=refusal)
        self._answers.finish(tx.link, key, answer, tx.state.now)
        return Outcome(answer)

    def _answer(self, tx: StoreTx, entry: Entry, now: datetime) -> object:
        answer = entry.job(tx, now)
        if not self._engine.inbox_at_end:
            tx.journal.flush()
        return answer


def submit(lanes: Lanes, entry: Entry, lane: Lane) -> None:
    """Queues the entry; a full queue is told to whoever waits for it."""
    try:
        lanes.put(entry, lane)
    except Busy as busy:
        if entry.awaited is not None:
            entry.awaited.set_exception(busy)
        if entry.promise is not None:
            entry.promise.set_exception(busy)


def _tell(batch: list[Entry], outcomes: list[Outcome]) -> None:
    waiting: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Outcome]]] = {}
    for entry, outcome in zip(batch, outcomes, strict=True):
        if entry.loop is not None and entry.awaited is not None:
            waiting.setdefault(entry.loop, []).append((entry.awaited, outcome))
        elif entry.promise is not None:
            if outcome.raises is not None:
                entry.promise.set_exception(outcome.raises)
            else:
                entry.promise.set_result(outcome.answer)
    for loop, settled in waiting.items():
        try:
            loop.call_soon_threadsafe(_settle, settled)
        except RuntimeError:
            # The loop has closed: nobody waits there any more, and the write stands.
            log.info("%d answers came after their event loop had closed", len(settled))


def _settle(settled: list[tuple[asyncio.Future[Any], Outcome]]) -> None:
    for awaited, outcome in settled:
        if awaited.done():
            continue  # whoever waited was cancelled; the write stands
        if outcome.raises is not None:
            awaited.set_exception(outcome.raises)
        else:
            awaited.set_result(outcome.answer)
