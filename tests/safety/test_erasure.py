"""What was closed is forgotten: from the tables, the file, its log, and every backup."""

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.actions import account, erase
from dispatch.actions.change_request import AddNote, add_note
from dispatch.actions.close_request import CloseRequest, close_request
from dispatch.actions.sign_in import OpenLink, open_link
from dispatch.clock import SteppedClock
from dispatch.doctor import examine
from dispatch.domain import limits
from dispatch.domain.errors import RequestOver
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.request import Secrets
from dispatch.domain.visibility import Viewer
from dispatch.ids import SystemIds
from dispatch.ports import IdemKey
from dispatch.settings import Settings
from dispatch.store import SqlStore, open_store
from dispatch.store.backup import back_up, put_back
from dispatch.store.keyring import KeyGone, Keyring, Ring
from geo.point import Point
from tests.contract.worlds import SECRET, done, new_person, new_request, seen

POINT = Point(35.2123459, -116.1234569)
PHONE, NOTE, REASON, LATER = "+1 760 555 0142", "blue tank Zephyrine", "he was rude Quillon", "gate code Xanthe"
CANARIES = ("35.2123459", "116.1234569", PHONE, "Zephyrine", "Quillon", "Xanthe", "Ysolde", "555 0199", "555 0188")
SECRETS = Secrets(point=POINT, note=NOTE, contact_name="Ysolde", contact_phone=PHONE)


def night(store: SqlStore) -> int:
    """An ask with everything that must be forgotten; answers its id."""

    def job(tx: Any, now: datetime) -> int:
        guest = new_person(tx, now, name="Guest", phone="+1 555 0199", guest=True)
        member = new_person(tx, now, name="Ben", phone="+1 555 0188")
        request = new_request(tx, now, guest.id, secrets=SECRETS, cell="8629a2c17ffffff")
        tx.requests.add_note(request.id, tx.ids.public_id(), guest.id, LATER, now)
        tx.network.report(guest.id, member.id, request.id, REASON, now)
        return int(request.id)

    made: int = done(store, job)
    return made


def close(store: SqlStore, request: int) -> None:
    def job(tx: Any, now: datetime) -> None:
        found = tx.requests.by_id(request)
        viewer = Viewer(person_id=found.requester, guest=True)
        close_request(tx, now, CloseRequest(request=found.public_id, viewer=viewer, disposition=Disposition.RESOLVED))

    done(store, job)


def shred(store: SqlStore, request: int, kept: timedelta = limits.EXACT_KEPT) -> None:
    done(store, lambda tx, now: erase.shred_request(tx, now, request, kept))


def house_work(store: SqlStore) -> None:
    """The daily work, as often as it asks for."""

    def job(tx: Any, now: datetime) -> bool:
        erase.tend_keys(tx, now, 0)
        return any(work.kind == "keys" for work in tx.due.ready(now, 100))

    done(store, erase.begin_house_work)
    while done(store, job):
        pass


def bytes_of(*paths: Path) -> bytes:
    return b"".join(path.read_bytes() for path in paths if path.exists())


def found_in(data: bytes) -> list[str]:
    return [canary for canary in CANARIES if canary.encode() in data]


def test_nothing_that_was_said_is_in_the_file_even_while_it_is_kept(store: SqlStore, sqlite_path: Path) -> None:
    request = night(store)
    assert seen(store, lambda tx, now: tx.requests.secrets(request)) == SECRETS
    assert seen(store, lambda tx, now: tx.requests.notes(request, 9))[0][2] == LATER
    log = sqlite_path.with_name("flare.db-wal")
    assert found_in(bytes_of(sqlite_path, log)) == []


def test_seventy_two_hours_after_the_close_it_is_gone(store: SqlStore, request: pytest.FixtureRequest) -> None:
    ask = night(store)
    close(store, ask)
    shred(store, ask)
    assert seen(store, lambda tx, now: tx.requests.secrets(ask)).note == NOTE  # not yet
    shred(store, ask, timedelta(0))
    assert seen(store, lambda tx, now: tx.requests.secrets(ask)) == Secrets()
    assert seen(store, lambda tx, now: tx.requests.notes(ask, 9)) == []
    guest = seen(store, lambda tx, now: tx.people.by_id(tx.requests.by_id(ask).requester))
    assert (guest.name, guest.phone) == (None, None)
    deeds = seen(store, lambda tx, now: [row.deed for row in tx.audit.of_request(ask)])
    assert deeds == ["key_destroyed"]


def test_the_wrapped_key_is_in_neither_the_file_nor_its_log_afterwards(
    open_sqlite_again: Callable[[], SqlStore], sqlite_path: Path
) -> None:
    store = open_sqlite_again()
    ask = night(store)
    raw = sqlite3.connect(f"{sqlite_path.as_uri()}?mode=ro", uri=True)
    wrapped, sealed = raw.execute("SELECT wrapped, sealed FROM request_secret").fetchone()
    raw.close()
    log = sqlite_path.with_name("flare.db-wal")
    assert wrapped in bytes_of(sqlite_path, log)
    close(store, ask)
    shred(store, ask, timedelta(0))
    done(store, lambda tx, now: None)
    left = bytes_of(sqlite_path, log)
    assert wrapped not in left
    assert sealed not in left
    assert log.stat().st_size == 0
    store.close()


def test_a_request_that_goes_on_outlives_every_day_key(store: SqlStore, clock: SteppedClock) -> None:
    ask = night(store)
    for _ in range(8):
        clock.step(timedelta(days=1))
        house_work(store)
    assert seen(store, lambda tx, now: tx.requests.secrets(ask)) == SECRETS
    person = seen(store, lambda tx, now: tx.people.by_id(tx.requests.by_id(ask).requester))
    assert person.phone == "+1 555 0199"


def test_a_restored_backup_of_five_days_ago_gives_no_place_back(
    sqlite_path: Path, clock: SteppedClock, tmp_path: Path
) -> None:
    url, copy = f"sqlite:///{sqlite_path}", tmp_path / "copy.db"
    with open_store(url, clock=clock, ids=SystemIds(), secret=SECRET) as store:
        ask = night(store)
        close(store, ask)
        key = IdemKey(actor="p1", key="k" * 22, fingerprint=b"f")
        store.submit(lambda tx, now: {"place": "35.2123459"}, key=key).result()
        back_up(url, copy)
        for _ in range(6):
            clock.step(timedelta(days=1))
            shred(store, ask)
            house_work(store)
    assert found_in(copy.read_bytes()) == []
    other = tmp_path / "other" / "flare.db"
    other.parent.mkdir()
    put_back(f"sqlite:///{other}", copy)  # elsewhere, so that nothing is carried over
    Keyring.in_file(sqlite_path.with_name("flare.db.keys")).copy_to(other.with_name("flare.db.keys"))
    with open_store(other, clock=clock, ids=SystemIds(), secret=SECRET) as store:
        assert seen(store, lambda tx, now: tx.requests.secrets(ask)) == Secrets()
        assert seen(store, lambda tx, now: tx.requests.notes(ask, 9)) == []
        # Whoever still waits says again where they are.
        done(store, lambda tx, now: tx.requests.set_secrets(ask, note="here again"))
        assert seen(store, lambda tx, now: tx.requests.secrets(ask)).note == "here again"


def test_what_was_shredded_or_revoked_since_stays_so_when_a_backup_is_put_back(
    sqlite_path: Path, clock: SteppedClock, tmp_path: Path
) -> None:
    url, copy = f"sqlite:///{sqlite_path}", tmp_path / "copy.db"
    with open_store(url, clock=clock, ids=SystemIds(), secret=SECRET) as store:
        ask, other = night(store), night(store)
        token = done(store, _link)
        back_up(url, copy)
        close(store, ask)
        shred(store, ask, timedelta(0))
        done(store, lambda tx, now: tx.grants.revoke(_hash(token), now))
    put_back(url, copy)
    with open_store(url, clock=clock, ids=SystemIds(), secret=SECRET) as store:
        assert seen(store, lambda tx, now: tx.requests.secrets(ask)) == Secrets()
        assert seen(store, lambda tx, now: tx.requests.secrets(other)) == SECRETS
        with pytest.raises(Exception, match="Open your link again"):
            done(store, lambda tx, now: open_link(tx, now, OpenLink(token=token, cookie=None)))


def test_whoever_left_or_was_kept_away_since_stays_so_when_a_backup_is_put_back(
    sqlite_path: Path, clock: SteppedClock, tmp_path: Path
) -> None:
    url, copy = f"sqlite:///{sqlite_path}", tmp_path / "copy.db"
    with open_store(url, clock=clock, ids=SystemIds(), secret=SECRET) as store:

        def arrive(tx: Any, now: datetime) -> list[int]:
            made = [new_person(tx, now, name=name, phone=PHONE, place=POINT).id for name in ("Ysolde", "Ben", "Cem")]
            tx.network.tie(made[0], made[1])
            tx.network.tie(made[1], made[2])
            return made

        gone, ben, cem = done(store, arrive)
        back_up(url, copy)
        done(store, lambda tx, now: account.erase_me(tx, now, Viewer(person_id=gone)))
        done(store, lambda tx, now: tx.network.block(ben, cem, now))
        done(store, lambda tx, now: tx.safety.hold(cem, now + timedelta(hours=24)))
    put_back(url, copy)
    with open_store(url, clock=clock, ids=SystemIds(), secret=SECRET) as store:
        left = seen(store, lambda tx, now: tx.people.by_id(gone))
        assert (left.name, left.phone, left.place, left.guest) == (None, None, None, True)
        assert seen(store, lambda tx, now: tx.network.ties_of(ben)) == [cem]
        assert seen(store, lambda tx, now: tx.people.by_id(ben)).name == "Ben"
        assert seen(store, lambda tx, now: tx.network.blocked_either_way(cem)) == {ben}
        assert seen(store, lambda tx, now: tx.safety.is_held(cem))
    assert b"Ysolde" not in bytes_of(sqlite_path)


def _link(tx: Any, now: datetime) -> str:
    from dispatch.ports import Grant, Power

    token = str(tx.ids.token("flm_"))
    person = new_person(tx, now)
    tx.grants.add(Grant(token_hash=_hash(token), power=Power.MEMBER, person_id=person.id))
    return token


def _hash(token: str) -> bytes:
    from dispatch.actions.words import hashed

    return hashed(token)


def test_a_backup_has_its_keys_apart_and_only_its_owner_reads_them(sqlite_path: Path, clock: SteppedClock) -> None:
    url, copy = f"sqlite:///{sqlite_path}", sqlite_path.with_name("copy.db")
    with open_store(url, clock=clock, ids=SystemIds(), secret=SECRET) as store:
        night(store)
        back_up(url, copy)
    keys = sqlite_path.with_name("copy.db.keys")
    assert keys.stat().st_mode & 0o777 == 0o600
    day = Keyring.in_file(keys).days(Ring.REQUEST)[0]
    (text,) = [line.split('"')[3] for line in keys.read_text().splitlines() if f'"{day}"' in line][:1]
    assert bytes.fromhex(text) not in copy.read_bytes()
    os.utime(keys, (0, 0))
    back_up(url, sqlite_path.with_name("next.db"))
    assert not keys.exists()
    assert sqlite_path.with_name("flare.db.keys").exists()


def test_a_note_after_the_erasure_is_refused(store: SqlStore) -> None:
    ask = night(store)
    close(store, ask)
    shred(store, ask, timedelta(0))

    def job(tx: Any, now: datetime) -> None:
        found = tx.requests.by_id(ask)
        viewer = Viewer(person_id=found.requester, guest=True)
        add_note(tx, now, AddNote(request=found.public_id, viewer=viewer, text="thanks"))

    with pytest.raises(RequestOver):
        done(store, job)


def test_a_destroyed_key_leaves_no_trace_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    ring = Keyring.in_file(path)
    wrapped = ring.wrap(Ring.REQUEST, 1, b"data key", b"me")
    ring.wrap(Ring.REQUEST, 9, b"data key", b"me")
    first = path.read_text()
    assert ring.destroy(Ring.REQUEST, 9) == [1]
    assert path.read_text() != first
    for one in (ring, Keyring.in_file(path)):
        with pytest.raises(KeyGone):
            one.unwrap(Ring.REQUEST, 1, wrapped, b"me")


def test_two_processes_share_one_keyring(tmp_path: Path) -> None:
    one, two = Keyring.in_file(tmp_path / "keys"), Keyring.in_file(tmp_path / "keys")
    wrapped = one.wrap(Ring.REQUEST, 5, b"data key", b"me")
    assert two.unwrap(Ring.REQUEST, 5, wrapped, b"me") == b"data key"
    again = two.wrap(Ring.PERSON, 5, b"other", b"me")
    assert one.unwrap(Ring.PERSON, 5, again, b"me") == b"other"


def test_a_wrapped_key_opens_for_nothing_but_its_own_request(tmp_path: Path) -> None:
    ring = Keyring.in_file(tmp_path / "keys")
    wrapped = ring.wrap(Ring.REQUEST, 5, b"data key", b"request 1")
    with pytest.raises(KeyGone):
        ring.unwrap(Ring.REQUEST, 5, wrapped, b"request 2")


@pytest.mark.parametrize("named", [False, True])
def test_the_doctor_says_when_a_shared_database_has_no_keyring_of_its_own(tmp_path: Path, named: bool) -> None:
    keyring = tmp_path / "keys" if named else None
    settings = Settings(data=tmp_path, database_url="postgresql://127.0.0.1:1/nobody", secret="s" * 40, keyring=keyring)
    (found,) = [each for each in examine(settings) if each.what == "keyring"]
    assert found.wrong is not named
    assert ("FLARE_KEYRING" in found.says) is not named
