"""All workers of a database have the same keys, or don't start: one with others would delete what it can't open."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dispatch.actions import erase
from dispatch.clock import SteppedClock
from dispatch.ids import SystemIds
from dispatch.store import SqlStore, StoreUnavailable, open_store
from dispatch.store.backup import begin_epoch
from dispatch.store.keyring import Keyring
from tests.contract.worlds import SECRET, START, done, seen
from tests.safety.test_keyring_later import HELD, held, written

pytestmark = pytest.mark.engines
Worker = Callable[..., AbstractContextManager[SqlStore]]


@pytest.fixture
def worker(migrated_url: str) -> Worker:
    """One more worker of the same database, with that keyring."""

    def start(keyring: Path | None = None, secret: str = SECRET) -> SqlStore:
        return open_store(migrated_url, clock=SteppedClock(START), ids=SystemIds(), secret=secret, keyring=keyring)

    return start


def test_a_worker_without_the_keyring_of_the_others_does_not_start(worker: Worker, tmp_path: Path) -> None:
    with worker(tmp_path / "ring.keys") as first:
        ask, person = written(first)
        for other in (None, tmp_path / "another.keys"):
            with pytest.raises(StoreUnavailable, match="same FLARE_KEYRING"), worker(other):
                pass
        with worker(tmp_path / "ring.keys") as second:
            assert held(second, ask, person)[0] == HELD


def test_a_worker_with_another_secret_does_not_start_where_keys_are_worked_out_from_it(worker: Worker) -> None:
    with worker() as first:
        written(first)
        with (
            pytest.raises(StoreUnavailable, match="FLARE_SECRET"),
            worker(secret="another secret of forty characters"),
        ):
            pass


def test_a_database_that_is_not_named_yet_takes_no_keyring_that_opens_nothing(
    worker: Worker, tmp_path: Path, migrated_url: str
) -> None:
    with worker(tmp_path / "ring.keys") as first:
        written(first)
        done(first, lambda tx, now: tx.link.run(text("UPDATE log_head SET keyring = NULL")))
    other = tmp_path / "another.keys"
    Keyring.in_file(other).mark(1, "a key of its own")
    with pytest.raises(StoreUnavailable, match="same FLARE_KEYRING"), worker(other):
        pass


def test_a_worker_left_behind_when_the_keys_moved_into_a_file_deletes_nothing(worker: Worker, tmp_path: Path) -> None:
    with worker() as old:
        ask, person = written(old)
        with worker(tmp_path / "ring.keys") as new:
            done(old, lambda tx, now: tx.link.run(text("UPDATE request_secret SET day = day - 1")))
            done(old, erase.begin_house_work)

            def tend(tx: Any, now: Any) -> None:
                tx.due.put("keys", 0, now)
                erase.tend_keys(tx, now, 0)

            with pytest.raises(StoreUnavailable, match="same FLARE_KEYRING"):
                done(old, tend)
            done(old, lambda tx, now: tx.link.run(text("UPDATE request_secret SET day = day + 1")))
            assert held(new, ask, person)[0] == HELD


def test_after_a_dump_was_put_back_without_its_keys_the_site_goes_on_with_new_ones(
    worker: Worker, tmp_path: Path, migrated_url: str
) -> None:
    with worker(tmp_path / "lost.keys") as first:
        ask, person = written(first)
    begin_epoch(migrated_url)
    with worker(tmp_path / "new.keys") as site:
        assert held(site, ask, person)[0].point is None
        again, _ = written(site)
        assert seen(site, lambda tx, now: tx.requests.secrets(again)) == HELD
