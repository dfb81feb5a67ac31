"""When the log goes backwards its epoch changes, so that nobody resumes into another story."""

import shutil
from collections.abc import Callable
from pathlib import Path

from dispatch.clock import SteppedClock
from dispatch.ids import SystemIds
from dispatch.store import SqlStore, open_store
from dispatch.store.postgres import open_postgres
from tests.contract.worlds import SECRET, a_world, claim, done, seen

Open = Callable[[], SqlStore]


def head(store: SqlStore) -> tuple[str, int]:
    epoch, seq = seen(store, lambda tx, now: tx.journal.head())
    return epoch, seq


def night(open_again: Open) -> tuple[str, int]:
    """A claim and a restart; where the log stands."""
    with open_again() as store:
        world = done(store, a_world())
        done(store, claim(world.request, world.people[1]))
        return head(store)


def test_a_restart_keeps_the_epoch(open_sqlite_again: Open) -> None:
    before = night(open_sqlite_again)
    with open_sqlite_again() as store:
        assert head(store) == before


def test_an_older_copy_put_back_gets_a_new_epoch(open_sqlite_again: Open, sqlite_path: Path, tmp_path: Path) -> None:
    epoch, seq = night(open_sqlite_again)
    copy = tmp_path / "copy"
    shutil.copy(sqlite_path, copy)
    assert night(open_sqlite_again) == (epoch, seq + 1)
    shutil.copy(copy, sqlite_path)
    with open_sqlite_again() as store:
        again, back = head(store)
        assert (again != epoch, back) == (True, seq)
    with open_sqlite_again() as store:
        assert head(store) == (again, seq)


def test_a_database_without_its_sidecar_gets_a_new_epoch(open_sqlite_again: Open, sqlite_path: Path) -> None:
    epoch, seq = night(open_sqlite_again)
    sidecar = sqlite_path.with_name("flare.db.seq")
    for damage in (sidecar.unlink, lambda: sidecar.write_text("torn"), lambda: sidecar.write_bytes(b"\xff\x00")):
        damage()
        with open_sqlite_again() as store:
            again, back = head(store)
        assert (again != epoch, back) == (True, seq)
        epoch = again


def test_a_copy_beside_another_database_gets_a_new_epoch(
    open_sqlite_again: Open, sqlite_path: Path, tmp_path: Path, clock: SteppedClock
) -> None:
    epoch, _ = night(open_sqlite_again)
    shutil.copy(sqlite_path, tmp_path / "other.db")
    with open_store(tmp_path / "other.db", clock=clock, ids=SystemIds(), secret=SECRET) as other:
        assert head(other)[0] != epoch


def test_postgres_names_its_timeline_in_the_epoch(migrated_url: str) -> None:
    with open_postgres(migrated_url, ids=SystemIds(), secret=SECRET, writers=1) as store:
        before = night_epoch = head(store)[0]
    assert night_epoch.endswith(".00000001")
    with open_postgres(migrated_url, ids=SystemIds(), secret=SECRET, writers=1) as store:
        assert head(store)[0] == before
