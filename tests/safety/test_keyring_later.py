"""A site that names a keyring only later loses nothing: its keys go into the file, and the old ones end as all do."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dispatch.actions import erase
from dispatch.clock import SteppedClock
from dispatch.domain.request import Secrets
from dispatch.ids import SystemIds
from dispatch.ports import IdemKey
from dispatch.store import SqlStore, open_store
from dispatch.store.keyring import KeyGone, Keyring, Ring, day_of
from geo.point import Point
from tests.contract.worlds import SECRET, START, done, new_person, new_request, seen

HELD = Secrets(point=Point(35.2123459, -116.1234569), note="behind the tank", contact_phone="+1 760 555 0142")
KEY = IdemKey(actor="p1", key="a key of a post", fingerprint=b"f" * 32)
Open = Callable[..., SqlStore]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engines)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same database with a keyring or without one."""
    where = tmp_path / "flare.db" if request.param == "sqlite" else request.getfixturevalue("migrated_url")

    def open_it(keyring: Path | None = None) -> SqlStore:
        return open_store(where, clock=SteppedClock(START), ids=SystemIds(), secret=SECRET, keyring=keyring)

    return open_it


def written(store: SqlStore) -> tuple[int, int]:
    """The ids of an ask and of its asker, with a place and a phone."""

    def job(tx: Any, now: datetime) -> tuple[int, int]:
        person = new_person(tx, now, name="Ana", phone="+1 555 0100")
        return new_request(tx, now, person.id, secrets=HELD).id, person.id

    made: tuple[int, int] = done(store, job)
    return made


def held(store: SqlStore, ask: int, person: int) -> tuple[Secrets, str]:
    found: tuple[Secrets, str] = seen(store, lambda tx, now: (tx.requests.secrets(ask), tx.people.by_id(person).phone))
    return found


def test_what_was_sealed_before_is_read_and_answered_as_before(opened: Open, tmp_path: Path) -> None:
    with opened() as store:
        ask, person = written(store)
        first = store.submit(lambda tx, now: {"answer": 42}, key=KEY).result()
    ring = tmp_path / "elsewhere" / "ring.keys"
    ring.parent.mkdir()
    for _ in range(2):
        with opened(ring) as store:
            assert held(store, ask, person) == (HELD, "+1 555 0100")
            assert store.submit(lambda tx, now: {"answer": 43}, key=KEY).result() == first
            done(store, lambda tx, now: erase.tend_keys(tx, now, 0))
    assert not (tmp_path / "flare.db.keys").exists()
    assert ring.stat().st_mode & 0o077 == 0


def test_the_old_keys_end_and_what_comes_after_is_not_worked_out_from_the_secret(opened: Open, tmp_path: Path) -> None:
    with opened() as store:
        ask, person = written(store)
        today = day_of(int(seen(store, lambda tx, now: now).timestamp() * 1e6))
    with opened(tmp_path / "ring.keys") as store:
        assert held(store, ask, person)[0] == HELD
    ring, guess = Keyring.in_file(tmp_path / "ring.keys"), Keyring.derived(SECRET)
    wrapped = ring.wrap(Ring.REQUEST, today + 1, b"k" * 32, b"x")
    with pytest.raises(KeyGone):
        guess.unwrap(Ring.REQUEST, today + 1, wrapped, b"x")
    assert ring.destroy(Ring.REQUEST, today - 4)[-1:] in ([], [today - 5])
    assert min(ring.days(Ring.REQUEST)) >= today - 4


def test_a_new_database_takes_no_key_from_the_secret(opened: Open, tmp_path: Path) -> None:
    with opened(tmp_path / "ring.keys") as store:
        ask, person = written(store)
        assert held(store, ask, person)[0] == HELD
        today = day_of(int(seen(store, lambda tx, now: now).timestamp() * 1e6))
    assert Keyring.in_file(tmp_path / "ring.keys").days(Ring.REQUEST) == [today]
