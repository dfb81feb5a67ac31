"""Two workers look at the same due work at the same moment: each piece is done once, on PostgreSQL without a leader."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import make_url

from dispatch.clock import MachineClock
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.waves import POLICIES
from dispatch.ids import SystemIds
from dispatch.ports import Tx
from dispatch.roster.memory import MemoryRoster
from dispatch.store import SqlStore
from dispatch.store.postgres import open_postgres
from dispatch.ticker import Ticker
from tests.contract.worlds import SECRET, claim, done, in_threads, new_person, new_request, seen, topic_offs

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]
WORKERS, REQUESTS, CLAIMS = 3, 12, 5


@pytest.fixture
def workers(migrated_url: str) -> Iterator[Sequence[SqlStore]]:
    """Stores of as many workers on one database."""
    url = make_url(migrated_url).render_as_string(hide_password=False)
    stores = [open_postgres(url, ids=SystemIds(), secret=SECRET, writers=2) for _ in range(WORKERS)]
    yield stores
    for store in stores:
        store.close()


def ticker(store: SqlStore) -> Ticker:
    return Ticker(store, MemoryRoster(), POLICIES["nearest"], MachineClock())


def test_each_overdue_claim_lapses_once_while_three_workers_race_for_it(workers: Sequence[SqlStore]) -> None:
    first = workers[0]

    def world(tx: Tx, now: datetime) -> list[tuple[int, list[int]]]:
        made = []
        for _ in range(REQUESTS):
            people = [new_person(tx, now).id for _ in range(CLAIMS + 1)]
            made.append((new_request(tx, now, people[0], CLAIMS).id, people[1:]))
        return made

    for request, people in (asks := done(first, world)):
        for person in people:
            done(first, claim(request, person))

    def overdue(tx: Any, now: datetime) -> None:
        for request, _ in asks:
            for each in tx.claims.of_request(request):
                tx.claims.move(each.id, [ClaimState.COMMITTED], lease_until=now - timedelta(seconds=1))

    done(first, overdue)

    def work(store: SqlStore) -> None:
        held, quiet = ticker(store), 0
        while quiet < 3:
            held.turn()
            left = seen(store, lambda tx, now: len(tx.claims.lapsing(now, 100)))
            quiet = quiet + 1 if left == 0 else 0

    in_threads([lambda store=store: work(store) for store in workers])  # type: ignore[misc]
    for request, _ in asks:
        stands = seen(first, lambda tx, now, r=request: tx.claims.of_request(r))  # type: ignore[misc]
        assert Counter(str(each.status) for each in stands) == {"lapsed": CLAIMS}
        assert seen(first, lambda tx, now, r=request: tx.requests.by_id(r).seats_taken) == 0  # type: ignore[misc]
        events = seen(first, lambda tx, now, r=request: tx.journal.topic(f"r{r}", 0, 500).events)  # type: ignore[misc]
        assert sum(event.kind == "claim_ended" for event in events) == CLAIMS
        offs = topic_offs(first, f"r{request}")
        assert offs == list(range(1, len(offs) + 1))
