"""A network brought in at once: all or nothing, and twice is once, on both engines."""

from typing import Any

import numpy as np
import pytest

from dispatch.domain.people import Duty
from dispatch.ports import Arrivals, ImportCounts, Power
from dispatch.store import SqlStore
from tests.contract.worlds import START, done, seen


def network(**changes: Any) -> Arrivals:
    columns: dict[str, Any] = {
        "externals": ["a", "b", "c"], "names": ["Ann", None, "Cai"], "lat": np.array([1.0, np.nan, 3.0]),
        "lon": np.array([-1.0, np.nan, -3.0]), "seats": np.array([4, -1, 0], np.int16),
        "duty": np.array([1, -1, 0], np.int8), "seen_at": np.array([START.timestamp(), np.nan, np.nan]),
        "given": frozenset({"name", "place", "seats", "duty", "seen_at"}),
        "ties": np.array([[0, 1], [1, 0], [2, 0], [1, 1]]),
    }  # fmt: skip
    return Arrivals(**columns | changes)


def counts(added: int, changed: int, unchanged: int, ties: int, known: int) -> ImportCounts:
    return ImportCounts(
        people_added=added, people_changed=changed, people_unchanged=unchanged, ties_added=ties, ties_known=known
    )


def by_external(store: SqlStore, external: str) -> Any:
    return seen(store, lambda tx, now: tx.people.by_external(external))


def test_an_import_writes_what_is_known(store: SqlStore) -> None:
    told: list[tuple[str, int, int]] = []
    assert store.import_people_and_ties(network(), lambda *step: told.append(step)) == counts(3, 0, 0, 2, 0)
    ann, bob, cai = (by_external(store, name) for name in "abc")
    assert (ann.name, ann.place.lat, ann.place.lon, ann.seats, ann.duty) == ("Ann", 1.0, -1.0, 4, Duty.AVAILABLE)
    assert (ann.seen_at, ann.guest, ann.alerts_per_week_max, len(ann.public_id)) == (START, False, 4, 22)
    assert (bob.name, bob.place, bob.seats, bob.duty, bob.seen_at) == (None, None, None, None, None)
    assert (cai.seats, cai.duty) == (0, Duty.OFF_DUTY)
    assert seen(store, lambda tx, now: tx.network.ties_of(ann.id)) == [bob.id, cai.id]
    assert told[-1] == ("ties", 2, 2)
    assert told[0][0] == "people"
    events = seen(store, lambda tx, now: tx.journal.after(0, 9)[1])
    assert [(e.topic, e.kind) for e in events] == [("ctl", "imported")]


def test_the_same_again_changes_nothing(store: SqlStore) -> None:
    store.import_people_and_ties(network())
    before = by_external(store, "a")
    assert store.import_people_and_ties(network()) == counts(0, 0, 3, 0, 2)
    assert by_external(store, "a") == before


def test_only_given_columns_change_and_the_unknown_erases_nothing(store: SqlStore) -> None:
    store.import_people_and_ties(network())
    changed = network(
        externals=["c", "a", "d"], names=["Cy", None, "Di"], seats=np.array([9, 9, 9], np.int16),
        given=frozenset({"name"}), ties=np.array([[0, 1], [1, 2]]),
    )  # fmt: skip
    assert store.import_people_and_ties(changed) == counts(1, 1, 1, 1, 1)
    assert (by_external(store, "c").name, by_external(store, "c").seats) == ("Cy", 0)
    assert (by_external(store, "a").name, by_external(store, "a").seats) == ("Ann", 4)
    assert by_external(store, "d").seats is None


def test_ties_alone_can_be_brought_in(store: SqlStore) -> None:
    few = Arrivals(externals=["x", "y"], ties=np.array([[1, 0]]))
    assert store.import_people_and_ties(few) == counts(2, 0, 0, 1, 0)
    assert store.import_people_and_ties(Arrivals(externals=[])) == counts(0, 0, 0, 0, 0)


def test_tokens_sign_in_whom_they_were_made_for(store: SqlStore) -> None:
    hashes = [b"a" * 32, None, b"c" * 32]
    store.import_people_and_ties(network(token_hashes=hashes))
    cai = by_external(store, "c")
    grant = seen(store, lambda tx, now: tx.grants.by_hash(b"c" * 32))
    assert (grant.power, grant.person_id, grant.session) == (Power.MEMBER, cai.id, None)
    assert seen(store, lambda tx, now: tx.grants.of_person(by_external(store, "b").id)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"externals": ["a", "a", "b"]},
        {"names": ["only one"]},
        {"ties": np.array([[0, 3]])},
        {"ties": np.array([[-1, 0]])},
        {"given": frozenset({"shoe_size"})},
        {"token_hashes": [b"one"]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_arrays_that_do_not_fit_leave_no_trace(store: SqlStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        store.import_people_and_ties(network(**wrong))
    assert len(seen(store, lambda tx, now: tx.network.people_columns())) == 0


def test_a_fault_half_way_leaves_no_trace(store: SqlStore) -> None:
    def stop(what: str, _done: int, _all: int) -> None:
        if what == "ties":
            raise InterruptedError("stopped")

    with pytest.raises(InterruptedError):
        store.import_people_and_ties(network(), stop)
    assert by_external(store, "a") is None
    assert store.import_people_and_ties(network()) == counts(3, 0, 0, 2, 0)
    done(store, lambda tx, now: None)
