"""Durable claims a second: fifty people at once, each answered after COMMIT.

    python bench/claims_store.py [sqlite:///path | postgresql://…] [--seconds 5] [--people 50] [--keys]

A claim is what the real one writes: seats taken by one conditional UPDATE, the claim, its event
and a date. The event loop that waits runs in the same process as the writer, as in `flare up`.
It must only ever be pointed at an empty database. What was measured: docs/store.md.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from dispatch.clock import MachineClock
from dispatch.domain.claim import Claim
from dispatch.domain.lifecycle import ClaimState, RequestState
from dispatch.domain.people import Person
from dispatch.domain.request import Request, Secrets, Urgency
from dispatch.ids import SystemIds
from dispatch.ports import IdemKey, Tx
from dispatch.store import SqlStore, open_store


def people_and_requests(people: int, requests: int) -> Callable[[Tx, datetime], tuple[list[int], list[int]]]:
    """A job that makes them."""

    def job(tx: Tx, now: datetime) -> tuple[list[int], list[int]]:
        members = [tx.people.add(Person(id=0, public_id=tx.ids.public_id(), created_at=now)).id for _ in range(people)]
        calls = [
            tx.requests.add(
                Request(
                    id=0, public_id=tx.ids.public_id(), requester=members[0], kind="ride", quantity=people,
                    seats_taken=0, status=RequestState.OPEN, urgency=Urgency.STRANDED, for_other=False, needs=(),
                    cell=None, off=0, created_at=now, deadline_at=now + timedelta(hours=6),
                ),
                Secrets(),
            ).id
            for _ in range(requests)
        ]  # fmt: skip
        return members, calls

    return job


def claim(request_id: int, person_id: int) -> Callable[[Tx, datetime], dict[str, object]]:
    """A job that claims one seat."""

    def job(tx: Tx, now: datetime) -> dict[str, object]:
        request = tx.requests.take_seats(request_id, 1)
        if request is None:
            return {"taken": False}
        made = tx.claims.add(
            Claim(
                id=0, public_id=tx.ids.public_id(), request_id=request_id, person_id=person_id, seats=1,
                status=ClaimState.COMMITTED, created_at=now, lease_until=now + timedelta(minutes=12),
            )
        )  # fmt: skip
        body = {"seats": request.seats.as_json(), "status": request.status, "claim": {"id": made.public_id, "seats": 1}}
        tx.journal.append(f"r{request_id}", "claimed", body, actor=person_id, request_id=request_id, off=request.off)
        tx.due.put("look", request_id, now + timedelta(minutes=2))
        return {"claim": made.public_id}

    return job


async def measure(store: SqlStore, people: int, seconds: float, *, keys: bool) -> list[float]:
    """How long each claim took, in seconds."""
    members, calls = await store.write(people_and_requests(people, 4_000))
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def one(person_id: int) -> None:
        for request_id in calls:
            start = time.perf_counter()
            if start > until:
                return
            key = IdemKey(actor=f"p{person_id}", key=f"key-{request_id}", fingerprint=b"f" * 32) if keys else None
            answer = await store.write(claim(request_id, person_id), key=key)
            if "claim" not in answer:
                raise AssertionError("a seat was missing")
            took.append(time.perf_counter() - start)

    await asyncio.gather(*(one(member) for member in members))
    return took


def main() -> None:
    """Measures once and prints a line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("where", nargs="?")
    asked.add_argument("--seconds", type=float, default=5.0)
    asked.add_argument("--people", type=int, default=50)
    asked.add_argument("--keys", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = given.where or str(Path(folder) / "bench.db")
        with open_store(where, clock=MachineClock(), ids=SystemIds(), secret="bench" * 8) as store:
            start = time.perf_counter()
            took = sorted(asyncio.run(measure(store, given.people, given.seconds, keys=given.keys)))
            spent = time.perf_counter() - start
            head = store.read_now(lambda tx, _now: tx.journal.head()[1])
    if head != len(took):
        raise AssertionError(f"{len(took)} claims, {head} events")
    p50, p99 = took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3
    rate = len(took) / min(spent, given.seconds)
    print(f"{rate:,.0f} durable claims/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(took):,} claims")


if __name__ == "__main__":
    main()
