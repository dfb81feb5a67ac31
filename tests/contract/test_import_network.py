"""A network comes in from two files, and comes in once."""

import csv
import gzip
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dispatch.actions.import_lines import BadFile
from dispatch.actions.import_network import import_network
from dispatch.actions.set_me import coarse
from dispatch.clock import SteppedClock
from dispatch.domain.people import Duty, Person
from dispatch.ids import SeededIds
from dispatch.ports import Grant, Job, Power, Tx
from dispatch.store import SqlStore, open_store
from geo.point import Point

NOW = datetime(2026, 1, 31, 18, 30, tzinfo=UTC)
PEOPLE = """person,name,lat,lon,seats,duty,last_seen
ana,Ana,35.265,-116.074,4,available,2026-01-31T18:00:00Z
bo,Bo,,,,,
7,=cmd|'/c calc'!A0,36.17,-115.14,1,off_duty,1769882400
"""
TIES = "from,to\nana,bo\n7,ana\n"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engines)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    where = str(tmp_path / "flare.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_store(where, clock=SteppedClock(NOW), ids=SeededIds(1), secret="s" * 32) as opened:
        yield opened


def files(folder: Path, people: str | bytes = PEOPLE, ties: str | bytes = TIES) -> tuple[Path, Path]:
    paths = folder / "people.csv", folder / "ties.csv"
    for path, text in zip(paths, (people, ties), strict=True):
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return paths


def somebody(store: SqlStore, external: str) -> Person:
    found = store.read_now(lambda tx, _now: tx.people.by_external(external))
    assert found is not None
    return found


def ties_of(store: SqlStore, external: str) -> set[str | None]:
    me = somebody(store, external).id

    def read(tx: Tx, _now: datetime) -> set[str | None]:
        return {person.external for person in tx.people.by_ids(tx.network.ties_of(me)).values()}

    return store.read_now(read)


def grant_of(token: str) -> Job[Grant | None]:
    digest = hashlib.sha256(token.encode()).digest()
    return lambda tx, _now: tx.grants.by_hash(digest)


def test_people_and_ties_come_in_as_they_are_written(store: SqlStore, tmp_path: Path) -> None:
    report = import_network(store, *files(tmp_path), ids=SeededIds(2))
    assert (report.people_added, report.people_changed, report.people_unchanged) == (3, 0, 0)
    assert (report.ties_added, report.ties_known) == (2, 0)
    assert report.notices == ()
    ana, bo, seven = (somebody(store, name) for name in ("ana", "bo", "7"))
    assert (ana.name, ana.place, ana.seats, ana.duty) == ("Ana", coarse(Point(35.265, -116.074)), 4, Duty.AVAILABLE)
    assert ana.seen_at == datetime(2026, 1, 31, 18, tzinfo=UTC)
    assert (bo.place, bo.seats, bo.duty, bo.seen_at) == (None, None, None, None)
    assert seven.name == "=cmd|'/c calc'!A0"
    assert seven.seen_at == datetime(2026, 1, 31, 18, tzinfo=UTC)
    assert ties_of(store, "ana") == {"bo", "7"}


def test_the_same_files_a_second_time_change_nothing(store: SqlStore, tmp_path: Path) -> None:
    paths = files(tmp_path)
    import_network(store, *paths, ids=SeededIds(2))
    before = somebody(store, "ana")
    report = import_network(store, *paths, ids=SeededIds(2))
    assert (report.people_added, report.people_changed, report.people_unchanged) == (0, 0, 3)
    assert (report.ties_added, report.ties_known) == (0, 2)
    assert somebody(store, "ana") == before


def test_a_changed_row_changes_that_person_alone(store: SqlStore, tmp_path: Path) -> None:
    import_network(store, *files(tmp_path), ids=SeededIds(2))
    moved = PEOPLE.replace("35.265", "35.400")
    report = import_network(store, *files(tmp_path, moved), ids=SeededIds(2))
    assert (report.people_added, report.people_changed, report.people_unchanged) == (0, 1, 2)
    assert somebody(store, "ana").place == coarse(Point(35.400, -116.074))


def test_a_column_that_is_not_there_leaves_what_is_known(store: SqlStore, tmp_path: Path) -> None:
    import_network(store, *files(tmp_path), ids=SeededIds(2))
    report = import_network(store, *files(tmp_path, "id,seats\nana,5\n", "a,b\n"), ids=SeededIds(2))
    assert report.people_changed == 1
    ana = somebody(store, "ana")
    assert (ana.seats, ana.name, ana.place) == (5, "Ana", coarse(Point(35.265, -116.074)))


def test_what_is_kept_of_a_home_is_its_cell(store: SqlStore, tmp_path: Path) -> None:
    for lat in ("35.20001", "35.20009"):
        import_network(store, *files(tmp_path, f"person,lat,lon\nana,{lat},-116.1\n", "a,b\n"), ids=SeededIds(2))
        place = somebody(store, "ana").place
        assert place is not None
        assert place == coarse(place)
        assert place.lat == pytest.approx(35.2, abs=0.04)
        assert str(lat) not in str(place)


def test_a_place_without_a_date_is_a_home(store: SqlStore, tmp_path: Path) -> None:
    import_network(store, *files(tmp_path, "person,lat,lon\nana,35.2,-116.1\n", "a,b\n"), ids=SeededIds(2))
    ana = somebody(store, "ana")
    assert ana.place == coarse(Point(35.2, -116.1))
    assert ana.seen_at is None


def test_everybody_gets_a_token_that_signs_them_in_and_older_ones_stay(store: SqlStore, tmp_path: Path) -> None:
    paths = files(tmp_path)
    first = import_network(store, *paths, ids=SeededIds(2), tokens=True)
    second = import_network(store, *paths, ids=SeededIds(3), tokens=True)
    assert [person for person, _ in first.tokens] == ["ana", "bo", "7"]
    assert second.people_unchanged == 3
    for report in (first, second):
        for person, token in report.tokens:
            grant = store.read_now(grant_of(token))
            assert token.startswith("flm_")
            assert grant is not None
            assert (grant.power, grant.person_id) == (Power.MEMBER, somebody(store, person).id)
            assert grant.revoked_at is None
            assert token not in repr(report)


def test_without_being_asked_nobody_gets_a_token(store: SqlStore, tmp_path: Path) -> None:
    assert import_network(store, *files(tmp_path), ids=SeededIds(2)).tokens == []


def test_people_come_in_without_a_file_of_ties(store: SqlStore, tmp_path: Path) -> None:
    report = import_network(store, files(tmp_path)[0], None, ids=SeededIds(2))
    assert (report.people_added, report.ties_added) == (3, 0)


def test_a_bad_row_leaves_the_network_as_it_was(store: SqlStore, tmp_path: Path) -> None:
    import_network(store, *files(tmp_path), ids=SeededIds(2))
    head = store.read_now(lambda tx, _now: tx.journal.head())
    with pytest.raises(BadFile):
        import_network(store, *files(tmp_path, PEOPLE + "new,New,95,0,,,\n"), ids=SeededIds(2))
    with pytest.raises(BadFile):
        import_network(store, *files(tmp_path, PEOPLE + "new,New,,,,,\n", TIES + "new,gone\n"), ids=SeededIds(2))
    assert store.read_now(lambda tx, _now: tx.people.by_external("new")) is None
    assert store.read_now(lambda tx, _now: tx.journal.head()) == head


@pytest.mark.parametrize(
    "dress",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="with a BOM"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="with CRLF"),
        pytest.param(lambda text: gzip.compress(text.encode()), id="packed, whatever its name"),
        pytest.param(lambda text: text.removesuffix("\n").encode(), id="without a last line end"),
        pytest.param(lambda text: text.replace("\n", "\n\n").encode(), id="with empty lines"),
        pytest.param(lambda text: text.replace("ana", '"ana"').encode(), id="with quotes"),
        pytest.param(lambda text: text.replace(",", " , ").encode(), id="with blanks around the commas"),
    ],
)
def test_files_from_any_program_say_the_same(tmp_path: Path, dress: Callable[[str], bytes]) -> None:
    where = tmp_path / "flare.db"
    with open_store(str(where), clock=SteppedClock(NOW), ids=SeededIds(1), secret="s" * 32) as store:
        report = import_network(store, *files(tmp_path, dress(PEOPLE), dress(TIES)), ids=SeededIds(2))
        assert (report.people_added, report.ties_added) == (3, 2)
        assert somebody(store, "ana").place == coarse(Point(35.265, -116.074))
        assert ties_of(store, "ana") == {"bo", "7"}


def test_what_is_left_out_is_said(store: SqlStore, tmp_path: Path) -> None:
    people = "user,Favourite Colour,name\nana,green,Ana\nbo,red,Bo\n"
    report = import_network(store, *files(tmp_path, people, "a,b\nana,bo\nbo,ana\nana,ana\n"), ids=SeededIds(2))
    assert (report.people_added, report.ties_added) == (2, 1)
    assert report.notices == (
        "people.csv: columns not used: favourite colour",
        "ties.csv: 1 ties of somebody to themselves were left out",
        "ties.csv: 1 ties stand there more than once; each counts once",
    )


def test_progress_is_told_to_the_end_of_each_stage(store: SqlStore, tmp_path: Path) -> None:
    told: dict[str, tuple[int, int]] = {}

    def hear(stage: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        assert done >= told.get(stage, (0, 0))[0]
        told[stage] = done, total

    import_network(store, *files(tmp_path), ids=SeededIds(2), progress=hear)
    assert {"reading people", "reading ties"} < set(told)
    assert all(done == total for done, total in told.values())


def test_a_real_network_comes_in_whole_and_once(store: SqlStore, tmp_path: Path, shared_data: Path) -> None:
    with gzip.open(shared_data / "bk_i15_users.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    people = "person,lat,lon\n" + "".join(f"{row['user']},{row['lat']},{row['lon']}\n" for row in rows)
    ties = (shared_data / "bk_i15_edges.csv.gz").read_bytes()
    paths = files(tmp_path, people, ties)
    report = import_network(store, *paths, ids=SeededIds(2))
    assert (report.people_added, report.ties_added) == (12_777, 76_974)
    again = import_network(store, *paths, ids=SeededIds(2))
    assert (again.people_added, again.people_changed, again.people_unchanged) == (0, 0, 12_777)
    assert (again.ties_added, again.ties_known) == (0, 76_974)
    columns = store.read_now(lambda tx, _now: tx.network.people_columns())
    assert len(columns) == 12_777
    assert int(np.isfinite(columns.lat).sum()) == 11_679
    assert np.isnan(columns.seen_at).all()
    assert len(store.read_now(lambda tx, _now: tx.network.ties_array())) == 76_974
