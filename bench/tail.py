"""How soon another worker knows: from a commit to the journal's reader, with hints, without them, on both engines.

    flare bench tail

300 commits one by one; a second store on the same database (SQLite: the same store) reads whenever it is told, and
four times a second anyway. PostgreSQL and Valkey come from the `engines` extra; without it they are one line.
"""

import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from bench.machine import described, quantile
from dispatch.bus.over_redis import RedisBus
from dispatch.clock import MachineClock
from dispatch.domain.events import HINT
from dispatch.engines import EnginesMissing, running_engines
from dispatch.ids import SystemIds
from dispatch.ports import Tx
from dispatch.store import SqlStore, open_store

COMMITS = 300
FLOOR_S = 0.25


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0."""
    rows: dict[str, dict[str, float] | str] = {}
    with tempfile.TemporaryDirectory(prefix="flare-bench-") as folder:
        rows["SQLite, one process"] = _sqlite(Path(folder))
        try:
            with running_engines(Path(folder)) as engines:
                rows["PostgreSQL, hints over Valkey"] = _postgres(engines.database_url, engines.redis_url)
                rows["PostgreSQL, no Redis (floor 0.25 s)"] = _postgres(engines.database_url, None)
        except EnginesMissing as reason:
            rows["PostgreSQL"] = str(reason)
    if as_json:
        sys.stdout.write(json.dumps({"machine": described(), "commits": COMMITS, "tails": rows}) + "\n")
        return 0
    sys.stdout.write(f"{described()}\n{COMMITS} commits one by one: commit → read by the other worker\n")
    for name, row in rows.items():
        said = row if isinstance(row, str) else f"p50 {row['p50_ms']:>7.1f} ms   p99 {row['p99_ms']:>7.1f} ms"
        sys.stdout.write(f"{name:<38} {said}\n")
    return 0


def _sqlite(folder: Path) -> dict[str, float]:
    with _opened(f"sqlite:///{folder / 'tail.db'}") as store:
        woken = threading.Event()
        store.on_commit(woken.set)
        return asyncio.run(_measure(store, store, woken))


def _postgres(url: str, redis_url: str | None) -> dict[str, float]:
    with ExitStack() as held:
        writer, reader = held.enter_context(_opened(url)), held.enter_context(_opened(url))
        woken = threading.Event()
        if redis_url is not None:
            says, hears = RedisBus(redis_url), RedisBus(redis_url)
            held.callback(hears.close)
            held.callback(says.close)
            hears.subscribe(HINT, lambda _: woken.set())
            writer.on_commit(lambda: says.publish(HINT, {}))
            while not hears.connected:
                woken.wait(0.01)
        return asyncio.run(_measure(writer, reader, woken))


@contextmanager
def _opened(url: str) -> Iterator[SqlStore]:
    with open_store(url, clock=MachineClock(), ids=SystemIds(), secret="bench-secret-" * 4) as store:
        yield store


async def _measure(writer: SqlStore, reader: SqlStore, woken: threading.Event) -> dict[str, float]:
    _, start = await reader.read(lambda tx, _: tx.journal.head())
    committed: dict[int, float] = {}
    seen: dict[int, float] = {}
    over = threading.Event()

    def follow() -> None:
        at = start
        while not over.is_set():
            woken.wait(FLOOR_S)
            woken.clear()
            _, events = reader.read_now(lambda tx, _, after=at: tx.journal.after(after, 500))  # type: ignore[misc]
            now = time.perf_counter()
            for event in events:
                seen[event.seq], at = now, event.seq

    thread = threading.Thread(target=follow)
    thread.start()

    def job(tx: Tx, now: datetime) -> None:
        tx.journal.append("ctl", "bench", {})

    for number in range(COMMITS):
        await writer.write(job)
        committed[start + number + 1] = time.perf_counter()
        await asyncio.sleep(0.003)
    until = time.perf_counter() + 5
    while len(seen) < COMMITS and time.perf_counter() < until:  # noqa: ASYNC110 - counted by a thread
        await asyncio.sleep(0.01)
    over.set()
    thread.join()
    took = [max(0.0, (seen[seq] - at) * 1000) for seq, at in committed.items() if seq in seen]
    return {"p50_ms": quantile(took, 0.5), "p99_ms": quantile(took, 0.99), "missed": COMMITS - len(took)}


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
