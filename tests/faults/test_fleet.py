"""The parent of the workers, with workers that cost nothing to start: brought back, rolled, drained, left behind."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.site import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

WORKER = """
import os, select, signal, socket, sys
number, bound, line = int(sys.argv[1]), int(sys.argv[2]), socket.socket(fileno=int(sys.argv[3]))
while os.path.exists("slow"):
    select.select([], [], [], 0.01)
if os.path.exists("broken"):
    sys.exit("flare: nothing to serve from")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
line.send(b"r")
while line.recv(1):
    pass
"""
PARENT = """
import sys
from web.fleet import Fleet, WorkersFailed
import socket
bound = socket.create_server(("127.0.0.1", 0))
fleet = Fleet(
    bound=bound, workers=2, environ={}, on_ready=lambda: print("ready", flush=True),
    command=lambda *told: [sys.executable, "-c", open(sys.argv[1]).read(), *map(str, told)],
)
try:
    fleet.run()
except WorkersFailed:
    sys.exit(1)
"""


@dataclass
class Parent:
    """A fleet in a process of its own."""

    process: subprocess.Popen[str]
    folder: Path

    def workers(self) -> set[int]:
        """Who lives now."""
        pid = self.process.pid
        return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def line(self) -> str:
        """The next line it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def wait(true: object, within_s: float = 30) -> None:
    """Returns once it is true; waits on nothing that could come, a few milliseconds at a time."""
    until = time.monotonic() + within_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until
        select.select([], [], [], 0.01)


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Parent]:
    """Two workers that are ready."""
    held = begin(tmp_path)
    assert held.line() == "ready"
    yield held
    held.process.kill()
    held.process.wait()


def begin(folder: Path) -> Parent:
    (folder / "worker.py").write_text(WORKER)
    command = [sys.executable, "-c", PARENT, str(folder / "worker.py")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Parent(
        subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True),
        folder,
    )


def test_a_worker_that_is_killed_comes_back_and_the_other_stays(parent: Parent) -> None:
    one, other = sorted(parent.workers())
    os.kill(one, signal.SIGKILL)
    wait(lambda: one not in parent.workers() and len(parent.workers()) == 2)
    assert other in parent.workers()


def test_a_hangup_replaces_every_worker_and_there_are_never_fewer_than_two(parent: Parent) -> None:
    before, fewest = parent.workers(), 9
    parent.process.send_signal(signal.SIGHUP)
    while before & parent.workers() or len(parent.workers()) != 2:
        fewest = min(fewest, len(parent.workers()))
    assert fewest >= 2


def test_a_new_version_that_does_not_start_leaves_the_old_workers_in_place(parent: Parent) -> None:
    before = parent.workers()
    (parent.folder / "broken").touch()
    parent.process.send_signal(signal.SIGHUP)
    wait(lambda: parent.workers() - before)
    wait(lambda: parent.workers() == before)
    (parent.folder / "broken").unlink()
    parent.process.send_signal(signal.SIGHUP)
    wait(lambda: not before & parent.workers() and len(parent.workers()) == 2)


def test_a_seat_whose_old_and_new_worker_both_end_while_rolling_is_filled_again(parent: Parent) -> None:
    before = parent.workers()
    (parent.folder / "slow").touch()
    parent.process.send_signal(signal.SIGHUP)
    wait(lambda: len(parent.workers()) == 3)
    (first,) = (pid for pid in before if number_of(pid) == 0)
    os.kill(first, signal.SIGKILL)
    wait(lambda: first not in parent.workers() and len(parent.workers()) == 3)
    (parent.folder / "broken").touch()
    (parent.folder / "slow").unlink()
    wait(lambda: parent.workers() < before)
    (parent.folder / "broken").unlink()
    wait(lambda: len(parent.workers()) == 2)


def number_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/cmdline").read_text().split("\0")[3])


def test_workers_that_never_start_end_the_parent(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    parent = begin(tmp_path)
    _, said = parent.process.communicate(timeout=30)
    assert parent.process.returncode == 1
    assert set(said.splitlines()) == {"flare: nothing to serve from"}


def test_a_terminated_parent_ends_its_workers_first(parent: Parent) -> None:
    left = parent.workers()
    parent.process.terminate()
    assert parent.process.wait(20) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)


def test_workers_whose_parent_was_killed_end_by_themselves(parent: Parent) -> None:
    left = parent.workers()
    parent.process.kill()
    parent.process.wait()
    # Nobody waits for them any more: a zombie has ended.
    wait(lambda: not any(alive(pid) for pid in left))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
