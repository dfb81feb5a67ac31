"""Telling very many phones: milliseconds per encryption, messages a second, and what a claim waits meanwhile.

The real sender over a real SQLite file, to a receiver in a process of its own that answers 201 at once. What the
network of a real push service adds is not in it. `flare bench push` sends 4,800; FLARE_BENCH_PUSHES=48000 all of them.
"""

import asyncio
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from bench.machine import described, quantile
from dispatch.clock import MachineClock
from dispatch.domain.people import Person
from dispatch.ids import SystemIds
from dispatch.notify.endpoints import Allowed
from dispatch.notify.sender import PushSender
from dispatch.notify.web_push import Vapid, encrypt, new_key, point
from dispatch.ports import Store, Tx
from dispatch.settings import Settings
from dispatch.store import open_store
from web.pages import pushed

MESSAGE = 600
DEVICES_EACH = 4
CHUNK = 400
CLAIM_EVERY_S = 0.005


def encryption_ms(times: int = 2_000) -> tuple[float, float]:
    """The fastest and the median, of a message of the usual size."""
    browser, auth, plain, spent = point(new_key().public_key()), os.urandom(16), os.urandom(MESSAGE), []
    for _ in range(times):
        start = time.perf_counter()
        encrypt(plain, browser, auth)
        spent.append((time.perf_counter() - start) * 1e3)
    return min(spent), quantile(spent, 0.5)


class _Accepts(asyncio.Protocol):
    """Answers every POST with 201; requests come one after the other on a connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._to, self._held = transport, b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self._held) < end + 4 + size:
                return
            self._held = self._held[end + 4 + size :]
            assert isinstance(self._to, asyncio.Transport)
            self._to.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")


def _receive(told: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Accepts, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _queue(store: Store, address: str, count: int) -> None:
    """So many devices, each with a message that waits."""
    key = point(new_key().public_key())

    def some(start: int, stop: int) -> Callable[[Tx, datetime], None]:
        def job(tx: Tx, now: datetime) -> None:
            rows, person = [], 0
            for number in range(start, stop):
                if number % DEVICES_EACH == 0:
                    person = tx.people.add(Person(id=0, public_id=tx.ids.public_id(), created_at=now)).id
                device = tx.devices.put(person, f"s{number}", f"{address}/{number}", key, os.urandom(16), "en")
                rows.append((device.id, {"why": "test", "at": now.isoformat()}, f"m{number}"))
            tx.outbox.put_all("push", rows, now)

        return job

    for start in range(0, count, CHUNK):
        store.submit(some(start, min(count, start + CHUNK))).result()


def _claims(store: Store, over: threading.Event) -> list[float]:
    """Milliseconds of one small durable write after the other, as long as it goes on."""
    spent = []
    while not over.wait(CLAIM_EVERY_S):
        start = time.perf_counter()
        store.submit(lambda tx, now: tx.due.put("bench", 1, now)).result()
        spent.append((time.perf_counter() - start) * 1e3)
    return spent


def figures(count: int) -> dict[str, object]:
    """All of it, on this machine."""
    fastest, median = encryption_ms()
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.Process(target=_receive, args=(theirs,), daemon=True)
    receiver.start()
    address = f"http://127.0.0.1:{ours.recv()}"
    with tempfile.TemporaryDirectory() as folder:
        clock = MachineClock()
        store = open_store(Path(folder) / "flare.db", clock=clock, ids=SystemIds(), secret="s" * 40)
        sender = PushSender(store, clock, Vapid(new_key()), Allowed(hosts=(), loopback=True), b"s" * 32)
        _queue(store, address, count)
        over = threading.Event()
        threading.Timer(2.0, over.set).start()
        quiet = _claims(store, over)
        over = threading.Event()
        spent: list[float] = []
        claiming = threading.Thread(target=lambda: spent.extend(_claims(store, over)))
        claiming.start()
        start, worked = time.perf_counter(), time.process_time()
        sender.start(pushed.writer(Settings()))
        while sum(sender.tries.values()) < count:
            over.wait(0.02)
        took, work = time.perf_counter() - start, time.process_time() - worked
        over.set()
        claiming.join()
        sender.stop()
        store.close()
    receiver.terminate()
    return {
        "machine": described(),
        "encrypt_ms": {"fastest": round(fastest, 3), "median": round(median, 3)},
        "messages": count,
        "outcomes": {str(outcome): number for outcome, number in sender.tries.items()},
        "seconds": round(took, 1),
        "per_second": round(count / took),
        "processor_ms_each": round(work / count * 1e3, 2),
        "write_ms": {
            "alone": {"p50": round(quantile(quiet, 0.5), 2), "p99": round(quantile(quiet, 0.99), 2)},
            "meanwhile": {"p50": round(quantile(spent, 0.5), 2), "p99": round(quantile(spent, 0.99), 2)},
        },
    }


def main(*, as_json: bool = False) -> int:
    """Prints the figures."""
    found = figures(int(os.environ.get("FLARE_BENCH_PUSHES", "4800")))
    if as_json:
        print(json.dumps(found, indent=1))
        return 0
    for name, value in found.items():
        print(f"{name:20} {value}")
    return 0
