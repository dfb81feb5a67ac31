"""Small worlds for the store's contract: people, a request, a claim, all through the ports."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.domain.claim import Claim
from dispatch.domain.errors import SeatTaken
from dispatch.domain.lifecycle import ClaimState, RequestState
from dispatch.domain.people import Person
from dispatch.domain.request import Request, Secrets, Urgency
from dispatch.ports import Tx
from dispatch.store import SqlStore

START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
SECRET = "a secret of forty characters for testing"


# A test knows what it asked for; Any spares it a cast in each line.
AnyJob = Callable[[Any, datetime], Any]


def done(store: SqlStore, job: AnyJob) -> Any:
    """The job's answer, committed."""
    return store.submit(job).result()


def seen(store: SqlStore, job: AnyJob) -> Any:
    """The answer of a read."""
    return store.read_now(job)


@dataclass(frozen=True, slots=True)
class World:
    """A request for `seats` and the people who may claim them."""

    request: int
    people: tuple[int, ...]


def new_person(tx: Tx, now: datetime, **fields: object) -> Person:
    return tx.people.add(Person(id=0, public_id=tx.ids.public_id(), created_at=now, **fields))  # type: ignore[arg-type]


def new_request(
    tx: Tx, now: datetime, requester: int, quantity: int | None = 9, secrets: Secrets | None = None, **fields: object
) -> Request:
    request = Request(
        id=0, public_id=tx.ids.public_id(), requester=requester, kind="ride", quantity=quantity, seats_taken=0,
        status=RequestState.OPEN, urgency=Urgency.STRANDED, for_other=False, needs=(), cell=None, off=0,
        created_at=now, deadline_at=now + timedelta(hours=6),
    )  # fmt: skip
    return tx.requests.add(replace(request, **fields), secrets or Secrets())  # type: ignore[arg-type]


def a_world(people: int = 3, seats: int | None = 9) -> Callable[[Tx, datetime], World]:
    """A job that makes one."""

    def job(tx: Tx, now: datetime) -> World:
        ids = tuple(new_person(tx, now).id for _ in range(people))
        return World(new_request(tx, now, ids[0], seats).id, ids)

    return job


def claim(request_id: int, person_id: int, seats: int = 1) -> Callable[[Tx, datetime], str]:
    """A job like the real claim: seats, claim, event, date. Raises: SeatTaken."""

    def job(tx: Tx, now: datetime) -> str:
        request = tx.requests.take_seats(request_id, seats)
        if request is None:
            seen = tx.requests.by_id(request_id)
            raise SeatTaken((seen.seats.open or 0) if seen else 0)
        made = tx.claims.add(
            Claim(
                id=0, public_id=tx.ids.public_id(), request_id=request_id, person_id=person_id, seats=seats,
                status=ClaimState.COMMITTED, created_at=now, lease_until=now + timedelta(minutes=12),
            )
        )  # fmt: skip
        tx.journal.append(
            f"r{request_id}", "claimed", {"seats": request.seats.as_json()}, actor=person_id, request_id=request_id,
            off=request.off,
        )  # fmt: skip
        tx.due.put("look", request_id, now + timedelta(minutes=2))
        return made.public_id

    return job


class Held:
    """Keeps a writer thread busy until it is let go, so that what comes meanwhile makes one batch."""

    def __init__(self, store: SqlStore) -> None:
        self._go, self.running = threading.Event(), threading.Event()
        self.first: Future[None] = store.submit(self._job)
        assert self.running.wait(10)

    def _job(self, tx: Tx, now: datetime) -> None:
        self.running.set()
        assert self._go.wait(30)

    def let_go(self) -> None:
        self._go.set()
        self.first.result()


def topic_offs(store: SqlStore, topic: str) -> list[int]:
    """The offsets of a topic's events, in order."""
    return list(seen(store, lambda tx, now: [e.off for e in tx.journal.topic(topic, 0, 10_000).events]))


def in_threads(jobs: list[Callable[[], Any]]) -> None:
    """Runs them at once; raises what any of them raised."""
    faults: list[BaseException] = []

    def guarded(job: Callable[[], Any]) -> None:
        try:
            job()
        except BaseException as fault:  # noqa: BLE001 - raised below, in the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
