"""PostgreSQL is restarted under load: writers are told to come back, nothing is lost, nothing is done twice."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from dispatch.domain.errors import Busy
from dispatch.ports import IdemKey, Tx
from tests.contract.worlds import new_person
from tests.faults.mortal import MortalPostgres, mortal_postgres
from tests.support.site import opened

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def server() -> Iterator[MortalPostgres]:
    with mortal_postgres() as held:
        yield held


def test_what_was_answered_survives_restarts_under_load_and_a_repeat_has_no_second_effect(
    server: MortalPostgres, rounds: int
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
