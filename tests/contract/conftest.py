"""`store`: the same store on each engine; `opened`: how to open another one on the same database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from dispatch.clock import SteppedClock
from dispatch.ids import SystemIds
from dispatch.store import SqlStore, open_store
from dispatch.store.migrations import upgrade
from dispatch.store.postgres import open_postgres
from tests.contract.worlds import SECRET, START
from tests.support.engines import Postgres

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.engines)]


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    return tmp_path / "flare.db"


@pytest.fixture
def open_sqlite_again(sqlite_path: Path, clock: SteppedClock) -> Callable[[], SqlStore]:
    """Opens the SQLite file; close it before opening it again."""
    return lambda: open_store(sqlite_path, clock=clock, ids=SystemIds(), secret=SECRET)


@pytest.fixture
def migrated_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database with our tables: a copy of one that was migrated once."""
    url = postgres.create_like("migrated", upgrade)
    yield url
    postgres.drop(url)


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """An empty store."""
    if request.param == "sqlite":
        opened = request.getfixturevalue("open_sqlite_again")()
    else:
        opened = open_postgres(request.getfixturevalue("migrated_url"), ids=SystemIds(), secret=SECRET)
    yield opened
    opened.close()


@pytest.fixture(params=["1 writer of many", "4 writers of one"])
def postgres_store(request: pytest.FixtureRequest, migrated_url: str) -> Iterator[SqlStore]:
    """PostgreSQL both ways of writing."""
    opened = open_postgres(
        make_url(migrated_url).render_as_string(hide_password=False), ids=SystemIds(), secret=SECRET,
        writers=int(request.param[0]),
    )  # fmt: skip
    yield opened
    opened.close()
