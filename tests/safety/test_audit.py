"""The audit: a row for every disclosure, chained, and a chain that shows who cut it."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch import logs
from dispatch.actions import erase
from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.decide_claim import DecideClaim, Decision, decide_claim
from dispatch.doctor import examine
from dispatch.domain import limits
from dispatch.domain.audit import Deed
from dispatch.domain.visibility import Viewer
from dispatch.settings import Settings
from dispatch.store import SqlStore
from tests.contract.worlds import done, new_person, new_request, seen


def rows(store: SqlStore, count: int) -> None:
    def job(tx: Any, now: datetime) -> None:
        for number in range(count):
            tx.audit.add(Deed.DISCLOSED, actor=number, person=1, request=2, why="claimed")

    done(store, job)


def seal(store: SqlStore) -> None:
    def job(tx: Any, now: datetime) -> None:
        tx.due.put("audit", 0, now)
        erase.seal_audit(tx, now, 0)

    done(store, job)


def chain(store: SqlStore) -> Any:
    return seen(store, lambda tx, now: tx.audit.broken_at())


def test_what_is_sealed_in_several_turns_makes_one_chain(store: SqlStore) -> None:
    for count in (3, limits.AUDIT_CHUNK + 1, 0):
        rows(store, count)
        seal(store)
    seal(store)
    assert chain(store) == (3 + limits.AUDIT_CHUNK + 1, None)


def test_two_workers_seal_once(store: SqlStore) -> None:
    rows(store, 4)
    seal(store)
    done(store, lambda tx, now: erase.seal_audit(tx, now, 0))  # not due: somebody else was first
    assert chain(store) == (4, None)


@pytest.mark.parametrize(
    "crime",
    [
        "UPDATE audit SET actor = 99 WHERE id = 3",
        "UPDATE audit SET why = 'none' WHERE id = 3",
        "DELETE FROM audit WHERE id = 3",
        "DELETE FROM audit_seal WHERE place = 3",
        "UPDATE audit_seal SET hash = x'00' WHERE place = 3",
    ],
)
def test_a_changed_row_is_found_and_the_doctor_says_so(
    open_sqlite_again: Callable[[], SqlStore], sqlite_path: Path, crime: str, tmp_path: Path
) -> None:
    store = open_sqlite_again()
    rows(store, 5)
    seal(store)
    store.close()
    raw = sqlite3.connect(sqlite_path)
    raw.execute(crime)
    raw.commit()
    raw.close()
    (finding,) = [one for one in examine(Settings(data=tmp_path)) if one.what == "audit"]
    assert finding.wrong
    assert "2 rows before it hold" in finding.says


def test_a_friend_who_takes_seats_is_written_down_and_a_stranger_when_let_come(store: SqlStore) -> None:
    def job(tx: Any, now: datetime) -> list[Any]:
        owner, friend, stranger = (new_person(tx, now) for _ in range(3))
        request = new_request(tx, now, owner.id)
        views = [
            claim_seats(
                tx, now, ClaimSeats(request=request.public_id, viewer=Viewer(person_id=person.id), seats=1, ring=ring)
            )
            for person, ring in ((friend, "1"), (stranger, None))
        ]
        before = [(row.deed, row.actor, row.why) for row in tx.audit.of_request(request.id)]
        viewer = Viewer(person_id=owner.id)
        for _ in range(2):
            decide_claim(tx, now, DecideClaim(claim=views[1]["id"], viewer=viewer, decision=Decision.SHOW))
        after = [(row.deed, row.actor, row.why) for row in tx.audit.of_request(request.id)]
        return [friend.id, stranger.id, before, after]

    friend, stranger, before, after = done(store, job)
    assert before == [("disclosed", friend, "claimed")]
    assert after == [*before, ("disclosed", stranger, "let come")]


def test_a_refused_action_writes_nothing_into_the_audit(store: SqlStore) -> None:
    def job(tx: Any, now: datetime) -> None:
        tx.audit.add(Deed.EXPORTED, actor=1)
        raise ValueError("changed its mind")

    with pytest.raises(ValueError, match="changed"):
        done(store, job)
    seal(store)
    assert chain(store) == (0, None)


def test_the_seal_is_due_again_within_a_minute(store: SqlStore) -> None:
    done(store, erase.begin_house_work)
    assert timedelta(minutes=1) == limits.AUDIT_EVERY
    dates = seen(
        store,
        lambda tx, now: [
            (w.kind, w.due_at <= now + limits.AUDIT_EVERY) for w in tx.due.ready(now + timedelta(hours=1), 9)
        ],
    )
    assert ("audit", True) in dates


def test_the_head_of_the_chain_is_in_the_log_a_server_writes(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    logs.begin("text")
    rows(store, 2)
    seal(store)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["audit sealed to 2"]
