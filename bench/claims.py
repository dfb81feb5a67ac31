"""Durable claims a second: the real action, fifty people at once, each answered after COMMIT.

    flare bench claims

Every claim goes through dispatch/actions/claim_seats.py with an idempotency key, into a fresh
SQLite file with synchronous=FULL; beside it, in the same run, the same claims one commit each
(one claimer at a time), and the disk's own fsyncs: what group commit buys.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import described, quantile
from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.post_request import PostRequest, post_request
from dispatch.clock import MachineClock
from dispatch.domain.people import Person
from dispatch.domain.visibility import Viewer
from dispatch.domain.whereabouts import from_point
from dispatch.ids import SystemIds
from dispatch.ports import IdemKey, Tx
from dispatch.store import SqlStore, open_store
from geo.point import Point

CLAIMERS = 50
SECONDS = 4.0
SEATS = 60


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"sqlite:///{Path(folder) / 'bench.db'}"
        store = open_store(path, clock=MachineClock(), ids=SystemIds(), secret="bench-secret-" * 4)
        try:
            people = store.submit(_people).result()
            together = asyncio.run(_many(store, people, CLAIMERS))
            alone = asyncio.run(_many(store, people, 1))
            oversold = store.read_now(lambda tx, _: _oversold(tx))
        finally:
            store.close()
        fsync = _fsync_ms(Path(folder))
    figures = {
        "machine": described() | {"fsync_ms": round(fsync, 3)},
        "claimers": CLAIMERS,
        "together": together,
        "alone": alone,
        "ratio": round(together["per_s"] / alone["per_s"], 2),
        "oversold": oversold,
    }
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return 0
    sys.stdout.write(
        f"{figures['machine']}\n"
        f"{CLAIMERS} claimers at once  {together['per_s']:>8,.0f} durable claims/s   "
        f"p50 {together['p50_ms']:.1f} ms  p99 {together['p99_ms']:.1f} ms\n"
        f"one claimer alone    {alone['per_s']:>8,.0f} durable claims/s   "
        f"p50 {alone['p50_ms']:.2f} ms  p99 {alone['p99_ms']:.2f} ms\n"
        f"group commit         {figures['ratio']:>8} ×      oversold requests {oversold}\n"
    )
    return 0


def _people(tx: Tx, now: object) -> list[int]:
    made = (Person(id=0, public_id=tx.ids.public_id(), name=f"Person {n}", seats=3) for n in range(CLAIMERS * 8))
    return [tx.people.add(person).id for person in made]


def _oversold(tx: Tx) -> int:
    return sum(request.seats_taken > SEATS for request in tx.requests.open_in(None, 100_000))


async def _many(store: SqlStore, people: list[int], claimers: int) -> dict[str, float]:
    """Claims for a while; each claimer waits for its answer before the next."""
    where = from_point(Point(35.1773, -116.1698))
    asker = people[-1]
    times: list[float] = []
    stop = time.perf_counter() + SECONDS
    requests: dict[int, list[str]] = {}

    async def post() -> str:
        command = PostRequest(person_id=asker, kind="ride", quantity=SEATS, where=where, similar_ok=True)
        posted = await store.write(lambda tx, now: post_request(tx, now, command))
        return posted.request.public_id

    async def claimer(number: int) -> None:
        # Each keeps to its own people, so that every claim can be a good one.
        mine = people[number::claimers][: SEATS // 2]
        mine = [person for person in mine if person != asker]
        while time.perf_counter() < stop:
            request = await post()
            requests.setdefault(number, []).append(request)
            for person in mine:
                began = time.perf_counter()
                command = ClaimSeats(request=request, viewer=Viewer(person_id=person), seats=1)
                key = IdemKey(actor=f"p{person}", key=os.urandom(12).hex(), fingerprint=b"claim")
                await store.write(lambda tx, now, c=command: claim_seats(tx, now, c), key=key)  # type: ignore[misc]
                times.append(time.perf_counter() - began)
                if time.perf_counter() >= stop:
                    return

    began = time.perf_counter()
    await asyncio.gather(*(claimer(number) for number in range(claimers)))
    took = time.perf_counter() - began
    return {
        "claims": len(times),
        "per_s": len(times) / took,
        "p50_ms": quantile(times, 0.5) * 1000,
        "p99_ms": quantile(times, 0.99) * 1000,
    }


def _fsync_ms(folder: Path) -> float:
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return quantile(times, 0.5)


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
