"""Several workers on one port: a parent that holds the socket, starts them, and starts them again.

The parent answers nothing and opens no database. It binds the socket once, so that whoever knocks while a
worker is replaced waits in the kernel's queue instead of being refused. Workers are processes of their own
(`flare serve` again, hidden as `flare worker`), so a rolling restart runs the code that is installed now.
SIGTERM and SIGINT end all of them gently, SIGHUP replaces them one by one, a dead one comes back with a
back-off (tests/faults/test_workers.py).
"""

import contextlib
import logging
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

log = logging.getLogger("flare.fleet")

READY: Final = b"r"
DRAIN_S: Final = 15.0
"""A worker that was told to end and has not after this is killed: one stalled phone must not hold a restart."""
BACK_OFF_S: Final = (0.1, 10.0)
HEALTHY_S: Final = 30.0

Command = Callable[[int, int, int], list[str]]
"""(number, the socket's descriptor, the line's descriptor) → what to run."""


class WorkersFailed(Exception):
    """Not one worker came up; why was said by the worker itself."""


def same_program(number: int, bound: int, line: int) -> list[str]:
    """A worker of this program, as it is installed now."""
    return [sys.executable, "-m", "dispatch", "worker", str(number), str(bound), str(line)]


@dataclass(slots=True, eq=False)
class Worker:
    """One process and the line to it: it says when it is ready, and hears when its parent is gone."""

    number: int
    process: subprocess.Popen[bytes]
    line: socket.socket
    began: float
    ready: bool = False
    ending_since: float | None = None

    def end(self, now: float) -> None:
        """Tells it to say goodbye and go."""
        if self.ending_since is None:
            self.ending_since = now
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)


@dataclass(slots=True)
class _Seat:
    """A worker's number: who sits there, and when the next may."""

    number: int
    failures: int = 0
    again_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Fleet:
    """N workers on one socket. `run` returns when all of them have ended."""

    bound: socket.socket
    workers: int
    environ: Mapping[str, str]
    command: Command = same_program
    on_ready: Callable[[], None] = lambda: None
    on_end: Callable[[int, int], None] = lambda number, pid: None
    """Called for each worker that has ended, with its number and its process."""
    _living: list[Worker] = field(default_factory=list)
    _seats: dict[int, _Seat] = field(default_factory=dict)
    _rolling: list[Worker] = field(default_factory=list)
    _stopping: bool = False
    _told: bool = False
    _asked: list[int] = field(default_factory=list)
    _select: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self) -> None:
        """Serves until SIGTERM or SIGINT; then every worker drains.

        Raises: WorkersFailed when the first ones end before any of them was ready.
        """
        # Listening from here on: whoever knocks before the first worker is up waits instead of being refused.
        self.bound.listen(2_048)
        with self._signals() as woken:
            self._select.register(woken, selectors.EVENT_READ, None)
            for number in range(self.workers):
                self._seats[number] = _Seat(number)
                self._start(number)
            try:
                while self._living or not self._stopping:
                    for key, _ in self._select.select(self._pause()):
                        self._heard(key.data, key.fileobj)
                    while self._asked:
                        self._roll() if self._asked.pop(0) == signal.SIGHUP else self._stop()
                    self._reap()
                    self._roll_on()
                    self._start_again()
            finally:
                for worker in self._living:
                    worker.process.kill()
                    worker.process.wait()
                self._select.close()
        if not self._told:
            raise WorkersFailed

    # -- signals ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)

        def hear(number: int, _: FrameType | None) -> None:
            # Only noted: acted upon here, it could fall into the middle of `_reap` and be undone there.
            self._asked.append(number)

        before = {each: signal.signal(each, hear) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        woken = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(woken)
            for each, handler in before.items():
                signal.signal(each, handler)
            ours.close()
            theirs.close()

    def _stop(self) -> None:
        self._stopping = True
        # All at once: a client sent away by one of them must not be sent away by the next.
        for worker in self._living:
            worker.end(time.monotonic())

    def _roll(self) -> None:
        """Those living now are replaced one by one; a second SIGHUP meanwhile begins anew."""
        if not self._stopping:
            self._rolling = [worker for worker in self._living if worker.ending_since is None]
            if self._rolling:
                self._start(self._rolling[0].number)

    # -- workers ----------------------------------------------------------------------------------

    def _start(self, number: int) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        passed = (self.bound.fileno(), theirs.fileno())
        # A session of its own: Ctrl-C is the parent's to answer.
        process = subprocess.Popen(  # noqa: S603 - our own program
            self.command(number, *passed), env=dict(self.environ), pass_fds=passed, start_new_session=True
        )
        theirs.close()
        worker = Worker(number, process, ours, time.monotonic())
        self._living.append(worker)
        self._select.register(ours, selectors.EVENT_READ, worker)

    def _heard(self, worker: Worker | None, source: object) -> None:
        if worker is None:
            with contextlib.suppress(BlockingIOError):
                while isinstance(source, socket.socket) and source.recv(512):
                    pass
            return
        try:
            said = worker.line.recv(16)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._select.unregister(worker.line)  # it has hung up; its end is seen by `_reap`
        elif not worker.ready:
            worker.ready = True
            if not self._told and sum(each.ready for each in self._living) == self.workers:
                self._told = True
                self.on_ready()

    def _reap(self) -> None:
        now = time.monotonic()
        for worker in list(self._living):
            code = worker.process.poll()
            if code is None:
                if worker.ending_since is not None and now - worker.ending_since > DRAIN_S:
                    log.warning("worker %d did not end in %d s and was killed", worker.number, DRAIN_S)
                    worker.process.kill()
                continue
            self._forget(worker)
            self.on_end(worker.number, worker.process.pid)
            if worker.ending_since is None:
                self._died(worker, code, now)

    def _forget(self, worker: Worker) -> None:
        self._living.remove(worker)
        with contextlib.suppress(KeyError, ValueError):
            self._select.unregister(worker.line)
        worker.line.close()

    def _died(self, worker: Worker, code: int, now: float) -> None:
        if self._stopping:
            return
        if not self._told and not worker.ready:
            # It said why on stderr: settings or a database that can't be used. Trying again would say it again.
            self._stop()
            return
        if self._rolling and not worker.ready:
            log.error("the new worker %d ended with %d before it was ready: the old ones stay", worker.number, code)
            self._rolling.clear()
        if any(each.number == worker.number and each.ending_since is None for each in self._living):
            return  # the one before it, or its replacement, is there
        seat = self._seats[worker.number]
        seat.failures = 0 if worker.ready and now - worker.began >= HEALTHY_S else seat.failures + 1
        least, most = BACK_OFF_S
        wait = 0.0 if seat.failures <= 1 else min(most, least * 2 ** min(seat.failures, 12))
        log.error("worker %d ended with %d; it comes back in %.1f s", worker.number, code, wait)
        seat.again_at = now + wait

    def _start_again(self) -> None:
        now = time.monotonic()
        for seat in self._seats.values():
            if seat.again_at is not None and not self._stopping and now >= seat.again_at:
                seat.again_at = None
                self._start(seat.number)

    def _roll_on(self) -> None:
        """The next old worker goes once the new one beside it is ready."""
        while self._rolling and not self._stopping:
            old = self._rolling[0]
            if old not in self._living:
                self._rolling.pop(0)
                if self._rolling:
                    self._start(self._rolling[0].number)
                continue
            if any(new.ready for new in self._living if new.number == old.number and new is not old):
                old.end(time.monotonic())
            return

    def _pause(self) -> float:
        now = time.monotonic()
        dates = [seat.again_at - now for seat in self._seats.values() if seat.again_at is not None]
        dates += [worker.ending_since + DRAIN_S - now for worker in self._living if worker.ending_since is not None]
        return max(0.01, min([5.0, *dates]))
