"""What the migrations build is what tables.py says; up, down and up again, on both engines."""

import struct
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import DeadlockDetected
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from dispatch.clock import SteppedClock
from dispatch.ids import SystemIds
from dispatch.store import migrations, open_store
from dispatch.store.schema import REVISIONS
from dispatch.store.tables import metadata
from geo import cells
from geo.point import Point
from tests.contract.worlds import SECRET, START, a_world, claim, done, seen


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engines)])
def url(request: pytest.FixtureRequest, sqlite_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{sqlite_path}"
    address: str = request.getfixturevalue("postgres_url")
    return address


def schema_of(url: str) -> dict[str, str]:
    """Every table and index as the engine itself would write it."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
        found = {name: " ".join(sql.replace('"', "").split()) for name, sql in rows}
    engine.dispose()
    return found


def test_up_down_and_up_again(url: str) -> None:
    for _ in range(2):
        migrations.upgrade(url)
        migrations.downgrade(url, "base")
        engine = create_engine(url)
        with engine.connect() as connection:
            assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        engine.dispose()
    migrations.upgrade(url)
    with open_store(url, clock=SteppedClock(START), ids=SystemIds(), secret=SECRET) as store:
        world = done(store, a_world())
        done(store, claim(world.request, world.people[1]))
        assert seen(store, lambda tx, now: tx.journal.head()[1]) == 1


def test_the_steps_build_what_the_tables_say(url: str) -> None:
    migrations.upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_new_file_made_without_alembic_is_the_same(tmp_path: Path) -> None:
    migrated, made = f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    migrations.upgrade(migrated)
    open_store(made, clock=SteppedClock(START), ids=SystemIds(), secret=SECRET).close()
    ours, theirs = schema_of(made), schema_of(migrated)
    assert set(ours) == set(theirs)
    for name in set(ours) - {"alembic_version"}:
        assert parts(ours[name]) == parts(theirs[name]), name


def parts(sql: str) -> tuple[set[str], bool]:
    """The parts of a CREATE, whatever the order of its constraints; and is it without row ids?"""
    sql, without, _ = sql.partition(" WITHOUT ROWID")
    return {part.strip(" ,()") for part in sql.replace(", CONSTRAINT", "\nCONSTRAINT").split("\n")}, bool(without)


def test_every_revision_is_known_to_the_code_that_opens(tmp_path: Path) -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert tuple(step.revision for step in reversed(list(scripts.walk_revisions()))) == REVISIONS


def test_every_constraint_has_a_name() -> None:
    for table in metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name is not None, f"{table.name}: {constraint}"


@pytest.mark.engines
def test_a_newer_postgres_database_is_refused(migrated_url: str) -> None:
    engine = create_engine(make_url(migrated_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(Exception, match="newer Flare"):
        open_store(migrated_url, clock=SteppedClock(START), ids=SystemIds(), secret=SECRET)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(Exception, match="can't be used") as why:
        open_store(
            "postgresql://ana:geheim@127.0.0.1:1/flare", clock=SteppedClock(START), ids=SystemIds(), secret=SECRET
        )
    assert "geheim" not in str(why.value)
    assert "\n" not in str(why.value)


def test_a_step_that_met_others_the_other_way_round_is_run_again_and_given_up_in_the_end() -> None:
    met: list[str] = []

    def meets(times: int) -> None:
        def step(config: Config, to: str) -> None:
            met.append(to)
            if len(met) <= times:
                raise OperationalError("DROP", {}, DeadlockDetected())

        met.clear()
        migrations._run(step, Config(), "head")

    meets(2)
    assert met == ["head"] * 3
    with pytest.raises(OperationalError):
        meets(migrations.TRIES)
    assert len(met) == migrations.TRIES


def test_people_of_an_older_import_are_moved_into_the_middle_of_their_cell(url: str) -> None:
    migrations.upgrade(url, "0010")
    engine = create_engine(url)
    columns = "public_id, lat, lon, alerts_per_week_max, inbox_off, guest, closed"
    with engine.begin() as connection:
        for name, lat, lon in (("exact", "35.218734", "-116.138271"), ("nowhere", "NULL", "NULL")):
            values = f"'{name}', {lat}, {lon}, 4, 0, false, 0"
            connection.execute(text(f"INSERT INTO person ({columns}) VALUES ({values})"))
    migrations.upgrade(url)
    with engine.begin() as connection:
        found = {row[0]: row[1:] for row in connection.execute(text("SELECT public_id, lat, lon FROM person"))}
    engine.dispose()
    middle = cells.centre(cells.cell_of(Point(35.218734, -116.138271), cells.MEMBER))
    assert found == {"exact": (middle.lat, middle.lon), "nowhere": (None, None)}
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        left = b"".join(each.read_bytes() for each in file.parent.glob(file.name + "*"))
        assert struct.pack(">d", 35.218734) not in left
