"""The SQLite file: who may have it, what is said when it can't be used, and what survives."""

import gc
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.errors import Busy
from dispatch.store import SqlStore, StoreUnavailable
from tests.contract.worlds import a_world, claim, done, seen, topic_offs

Open = Callable[[], SqlStore]


def refused(open_again: Open) -> str:
    """What it says when it can't be opened: one sentence or two, one line."""
    with pytest.raises(StoreUnavailable) as why:
        open_again()
    assert "\n" not in why.value.says
    return why.value.says


def test_a_second_process_is_told_what_to_do_and_the_first_goes_on(open_sqlite_again: Open, sqlite_path: Path) -> None:
    with open_sqlite_again() as store:
        says = refused(open_sqlite_again)
        assert "Stop it first" in says
        assert "process " in says
        done(store, a_world())
    with open_sqlite_again() as store:
        assert len(seen(store, lambda tx, now: tx.network.people_columns())) == 3
    assert sqlite_path.stat().st_mode & 0o077 == 0


def test_a_database_of_a_newer_flare_is_left_alone(open_sqlite_again: Open, sqlite_path: Path) -> None:
    open_sqlite_again().close()
    with sqlite3.connect(sqlite_path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    before = sqlite_path.read_bytes()
    assert "newer Flare" in refused(open_sqlite_again)
    assert sqlite_path.read_bytes() == before
    assert "newer Flare" in refused(open_sqlite_again), "the lock was given back"


def test_another_programs_database_is_left_alone(open_sqlite_again: Open, sqlite_path: Path) -> None:
    with sqlite3.connect(sqlite_path) as raw:
        raw.execute("CREATE TABLE recipes (id)")
    raw.close()
    assert "another program" in refused(open_sqlite_again)


def test_a_file_that_is_no_database_is_left_alone(open_sqlite_again: Open, sqlite_path: Path) -> None:
    sqlite_path.write_text("dear diary " * 1_000)
    assert "is not a database" in refused(open_sqlite_again)
    assert sqlite_path.read_text() == "dear diary " * 1_000


def test_a_folder_that_cannot_be_written_is_named(open_sqlite_again: Open, sqlite_path: Path) -> None:
    sqlite_path.with_name("flare.db.lock").mkdir()
    assert "can't be written" in refused(open_sqlite_again)
    sqlite_path.with_name("flare.db.lock").rmdir()
    sqlite_path.mkdir()
    assert "can't be" in refused(open_sqlite_again)
    shutil.rmtree(sqlite_path)
    open_sqlite_again().close()


def test_a_file_in_the_place_of_its_folder_is_named(open_sqlite_again: Open, sqlite_path: Path) -> None:
    shutil.rmtree(sqlite_path.parent)
    sqlite_path.parent.write_text("no folder")
    assert "can't be written" in refused(open_sqlite_again)


def pragma(words: str) -> Callable[[Any, datetime], Any]:
    """A job that says PRAGMA to SQLite itself."""
    return lambda tx, now: tx.link.cursor.execute(f"PRAGMA {words}").fetchone()[0]


def test_every_promise_to_the_disk_is_kept(open_sqlite_again: Open) -> None:
    """The settings that durability and erasure rest on."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with open_sqlite_again() as store:
        for name, value in wanted.items():
            assert done(store, pragma(name)) == value, name
        assert seen(store, pragma("query_only")) == 1
        with pytest.raises(Busy):  # "readonly" is the engine's word, not the job's fault
            seen(store, lambda tx, now: tx.due.remove("wave", 1))


def test_a_full_disk_loses_nothing_reads_go_on_and_writes_resume(open_sqlite_again: Open) -> None:
    with open_sqlite_again() as store:
        world = done(store, a_world(people=40, seats=60))
        done(store, claim(world.request, world.people[1]))
        pages = done(store, pragma("page_count"))
        done(store, pragma(f"max_page_count = {pages}"))
        fill = lambda tx, now: tx.requests.set_secrets(world.request, note="x" * 200_000)  # noqa: E731
        futures = [store.submit(fill), *(store.submit(claim(world.request, p)) for p in world.people[2:])]
        full = [future.exception() for future in futures]
        assert isinstance(full[0], Busy)
        assert all(fault is None or isinstance(fault, Busy) for fault in full)
        acknowledged = 1 + full.count(None)
        assert seen(store, lambda tx, now: tx.requests.by_id(world.request)).seats_taken == acknowledged
        # There is room again, as when the ballast file is dropped.
        done(store, pragma("max_page_count = 1000000"))
        done(store, fill)
        done(store, claim(world.request, world.people[0]))
        assert topic_offs(store, f"r{world.request}") == list(range(1, acknowledged + 2))


KILLED = """
# Forks a writer ten times and kills it in mid-work; prints what the writers were told is written.
import os, signal, sys, threading
from dispatch.clock import MachineClock
from dispatch.ids import SystemIds
from dispatch.store import open_store
from dispatch.store.sqlite import open_sqlite
from tests.contract.worlds import SECRET, a_world, claim, done

def write(told):
    store = open_store(sys.argv[1], clock=MachineClock(), ids=SystemIds(), secret=SECRET)
    def one():
        while True:
            world = done(store, a_world(people=9, seats=9))
            for person in world.people:
                os.write(told, (done(store, claim(world.request, person)) + "\\n").encode())
    for _ in range(4):
        threading.Thread(target=one).start()
    threading.Event().wait()

for kill in range(10):
    hear, told = os.pipe()
    child = os.fork()
    if not child:
        write(told)
    os.close(told)
    heard = b""
    while heard.count(b"\\n") < 100 + 17 * kill:
        heard += os.read(hear, 4096)
    os.kill(child, signal.SIGKILL)
    while more := os.read(hear, 4096):
        heard += more
    os.waitpid(child, 0)
    os.close(hear)
    sys.stdout.write(heard.decode()[: heard.rfind(b"\\n") + 1])
"""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
    open_sqlite_again: Open, sqlite_path: Path, project_root: Path
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", KILLED, str(sqlite_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=project_root,
        check=True,
    ).stdout
    acknowledged = set(told.split())
    with open_sqlite_again() as store:
        kept, events = seen(
            store,
            lambda tx, now: (
                {row[0] for row in tx.link.cursor.execute("SELECT public_id FROM claim")},
                [row[0] for row in tx.link.cursor.execute("SELECT seq FROM event ORDER BY seq")],
            ),
        )
        wrong = seen(
            store,
            lambda tx, now: tx.link.cursor.execute(
                "SELECT count(*) FROM request r "
                "WHERE seats_taken <> (SELECT count(*) FROM claim WHERE request_id = r.id)"
            ).fetchone()[0],
        )
    assert len(acknowledged) > 1_000
    assert acknowledged - kept == set()
    assert (events, wrong) == (list(range(1, len(events) + 1)), 0)


def test_a_store_leaves_no_file_or_thread_behind(open_sqlite_again: Open) -> None:
    open_sqlite_again().close()
    gc.collect()  # what earlier tests of this process left behind is no part of the count
    threads, files = threading.active_count(), len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        store = open_sqlite_again()
        done(store, a_world())
        seen(store, lambda tx, now: tx.journal.head())
        store.close()
        store.close()
    assert threading.active_count() <= threads
    assert len(list(Path("/dev/fd").iterdir())) <= files
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > files
