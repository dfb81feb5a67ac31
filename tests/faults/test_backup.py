"""A backup is taken under load and put back: whole, with a new epoch, and never a wrong or damaged one."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.clock import SteppedClock
from dispatch.ids import SystemIds
from dispatch.store import SqlStore, open_store
from dispatch.store.backup import back_up, begin_epoch, put_back
from dispatch.store.errors import StoreUnavailable
from tests.contract.worlds import SECRET, START, a_world, claim, done, seen, topic_offs


def opened(folder: Path) -> SqlStore:
    return open_store(f"sqlite:///{folder / 'flare.db'}", clock=SteppedClock(START), ids=SystemIds(), secret=SECRET)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'flare.db'}"


def test_a_backup_taken_under_load_is_whole_and_gives_followers_a_new_epoch(tmp_path: Path) -> None:
    copy, over = tmp_path / "copy.db", threading.Event()
    with opened(tmp_path) as store:
        world = done(store, a_world(people=200, seats=None))
        before, _ = seen(store, lambda tx, now: tx.journal.head())

        def load() -> None:
            for person in world.people:
                done(store, claim(world.request, person))
                if over.is_set():
                    return

        thread = threading.Thread(target=load)
        thread.start()
        said = back_up(url(tmp_path), copy)
        over.set()
        thread.join()
        assert str(copy) in said
        assert copy.stat().st_mode & 0o077 == 0
        made = len(topic_offs(store, f"r{world.request}"))
        with pytest.raises(StoreUnavailable):
            put_back(url(tmp_path), copy)  # while it runs: refused, nothing changed
    put_back(url(tmp_path), copy)
    with opened(tmp_path) as store:
        after, _ = seen(store, lambda tx, now: tx.journal.head())
        assert after != before
        offs = topic_offs(store, f"r{world.request}")
        assert offs == list(range(1, len(offs) + 1))
        assert len(offs) <= made
        taken = seen(store, lambda tx, now: tx.requests.by_id(world.request).seats_taken)
        assert taken == len(offs)
        done(store, claim(world.request, world.people[-1]))
    assert (tmp_path / "flare.db.before-restore").exists()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda copy: copy.write_bytes(b"no database at all" * 100), "is not a Flare backup"),
        (lambda copy: copy.write_bytes(copy.read_bytes()[:40_000]), "damaged|is not a Flare backup"),
        (lambda copy: copy.unlink(), "There is no file"),
    ],
    ids=["another file", "half a file", "no file"],
)
def test_a_file_that_is_no_whole_backup_is_refused_and_changes_nothing(
    tmp_path: Path, spoil: Callable[[Path], object], says: str
) -> None:
    copy = tmp_path / "copy.db"
    with opened(tmp_path) as store:
        world = done(store, a_world())
        back_up(url(tmp_path), copy)
    spoil(copy)
    with pytest.raises(StoreUnavailable, match=says):
        put_back(url(tmp_path), copy)
    with opened(tmp_path) as store:
        assert seen(store, lambda tx, now: tx.requests.by_id(world.request)) is not None


def test_a_backup_of_a_newer_flare_is_refused_by_name(tmp_path: Path) -> None:
    import contextlib
    import sqlite3

    copy = tmp_path / "copy.db"
    with opened(tmp_path):
        back_up(url(tmp_path), copy)
    with contextlib.closing(sqlite3.connect(copy)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    with pytest.raises(StoreUnavailable, match="newer Flare"):
        put_back(url(tmp_path), copy)


def test_a_backup_leaves_nothing_beside_it_but_its_keys(tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    (tmp_path / "new").mkdir()
    with opened(tmp_path / "new"):
        says = back_up(url(tmp_path / "new"), copies / "copy.db")
    keys = "copy.db.keys"
    found = {path.name for path in copies.iterdir()}
    assert found - {keys} == {"copy.db"}
    assert (keys in says) is (keys in found)
    put_back(url(tmp_path / "new"), copies / "copy.db")
    assert {path.name for path in copies.iterdir()} == found


def test_a_backup_without_room_leaves_no_half_file(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StoreUnavailable, match="can't be written"):
        back_up(url(tmp_path), tmp_path / "no such folder" / "copy.db")
    assert not list(tmp_path.glob("*.part"))


def test_a_postgresql_put_back_by_its_own_tools_gets_a_new_epoch_when_told_so(database: str) -> None:
    with open_store(database, clock=SteppedClock(START), ids=SystemIds(), secret=SECRET) as store:
        before = seen(store, lambda tx, now: tx.journal.head())
        begin_epoch(database)
        after = seen(store, lambda tx, now: tx.journal.head())
    assert after[0] != before[0]
    assert after[1] == before[1]
