"""The power is cut under SQLite at any moment: what was answered is there. And a disk that is full fills no gap.

The real library and the real store write to a disk that remembers what was synced (tests/faults/disk.py).
"""

import contextlib
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from dispatch.clock import SteppedClock
from dispatch.domain.errors import Busy
from dispatch.ids import SeededIds
from dispatch.store.sqlite import SqliteStore, open_sqlite
from tests.contract.worlds import SECRET, START
from tests.faults.disk import Disk, power_cuts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
ANSWERS = 5_000
KIND = "power"


def store_in(folder: Path) -> SqliteStore:
    folder.mkdir()
    return open_sqlite(folder / "flare.db", clock=SteppedClock(START), ids=SeededIds(1), secret=SECRET)


def written(folder: Path, synchronous: str) -> Disk:
    """A disk on which so many writes were answered one by one."""
    with Disk() as disk, store_in(folder) as store:
        store._engine._raw.execute(f"PRAGMA synchronous = {synchronous}")  # type: ignore[attr-defined]
        for number in range(ANSWERS):

            def job(tx: Any, now: Any, n: int = number) -> None:
                tx.due.put(KIND, n, START)

            promise = store.submit(job)
            promise.add_done_callback(lambda _, n=number: disk.ops.append(("ack", n)))  # type: ignore[misc]
            promise.result()
    return disk


def lost(disk: Disk, folder: Path, cuts: int) -> tuple[int, int]:
    """(answers that were gone, files that were damaged), over so many power cuts."""
    luck = random.Random(11)
    first = next(number for number, op in enumerate(disk.ops) if op[0] == "ack")
    gone = damaged = 0
    at = luck.sample(range(first, len(disk.ops)), cuts)
    for number, (files, acked) in enumerate(power_cuts(disk.ops, at, luck)):
        here = folder / f"cut{number}"
        here.mkdir()
        for name in (
            "flare.db",
            "flare.db-wal",
        ):  # the journal from before WAL was deleted long before the first answer
            (here / name).write_bytes(files[name])
        with contextlib.closing(sqlite3.connect(here / "flare.db")) as raw:
            damaged += raw.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
            found = {target for (target,) in raw.execute("SELECT target FROM due WHERE kind = ?", (KIND,))}
        gone += len(acked - found)
    return gone, damaged


def test_nothing_that_was_answered_is_lost_when_the_power_is_cut(tmp_path: Path) -> None:
    disk = written(tmp_path / "full", "FULL")
    assert sum(op[0] == "ack" for op in disk.ops) == ANSWERS
    assert lost(disk, tmp_path, 60) == (0, 0)


def test_the_same_cuts_lose_answers_where_a_commit_is_not_synced_so_the_test_can_fail(tmp_path: Path) -> None:
    gone, damaged = lost(written(tmp_path / "normal", "NORMAL"), tmp_path, 20)
    assert gone > 0
    assert damaged == 0


def test_a_full_disk_refuses_writes_serves_reads_and_goes_on_by_itself_when_there_is_room(tmp_path: Path) -> None:
    answered: list[int] = []

    def put(number: int) -> None:
        store.submit(lambda tx, now: tx.due.put(KIND, number, START)).result()
        answered.append(number)

    def there(tx: Any, now: Any) -> set[int]:
        return {work.target for work in tx.due.ready(START, 100_000) if work.kind == KIND}

    with Disk() as disk, store_in(tmp_path / "small") as store:
        put(0)
        disk.room = 200_000
        refused = 0
        for number in range(1, 2_000):
            try:
                put(number)
            except Busy:
                refused += 1
                assert store.read_now(there) == set(answered)
                if refused == 5:
                    disk.room = None
        assert refused == 5
        assert store.read_now(there) == set(answered)
        assert len(answered) == 1_995
