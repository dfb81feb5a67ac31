"""`flare serve` in processes of its own, with a small network in it: what fault tests kill, roll and restart.

Started by its own handle, stopped by it; loopback only. Ana asks; Ben, Cem and as many others
as wanted are her friends.
"""

import asyncio
import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from dispatch.actions.words import hashed
from dispatch.clock import MachineClock
from dispatch.domain.people import Duty, Person
from dispatch.ids import SystemIds
from dispatch.ports import Grant, Power, Tx
from dispatch.store import SqlStore, open_store
from geo.point import Point

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of forty characters for testing"
PLACE = {"lat": 35.2123, "lon": -116.1234, "accuracy_m": 12.0}
NAMES = ("ana", "ben", "cem")


@dataclass
class Site:
    """A running server: its parent process, its address, its people's tokens."""

    process: subprocess.Popen[str]
    base: str
    tokens: dict[str, str]
    log: Path
    keys: Iterator[int] = field(default_factory=itertools.count)

    @property
    def live(self) -> str:
        """The live stream's address."""
        return f"ws{self.base[4:]}/v1/live"

    def workers(self) -> list[int]:
        """The process ids of its workers, now."""
        pid = self.process.pid
        try:
            return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except FileNotFoundError:
            return []

    def bearer(self, who: str) -> dict[str, str]:
        """The header that says who it is."""
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def client(self, who: str | None = None) -> httpx.AsyncClient:
        """A client of that person."""
        return httpx.AsyncClient(base_url=self.base, headers=self.bearer(who) if who else {}, timeout=20)

    async def post(self, client: httpx.AsyncClient, path: str, body: Any = None, key: str | None = None) -> Any:
        """A POST with a key of its own, repeated with it until there is an answer that is not 503."""
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
        while True:
            try:
                answer = await client.post(path, json={} if body is None else body, headers=headers)
            except httpx.TransportError:
                continue
            if answer.status_code != 503:
                return answer

    async def get(self, client: httpx.AsyncClient, path: str) -> Any:
        """A GET, repeated until there is an answer that is not 503."""
        while True:
            try:
                answer = await client.get(path)
            except httpx.TransportError:
                continue
            if answer.status_code != 503:
                return answer

    async def ask(self, client: httpx.AsyncClient, quantity: int = 9) -> dict[str, Any]:
        """A ride, posted."""
        body = {"kind": "ride", "quantity": quantity, "place": PLACE, "similar_ok": True}
        answer = await self.post(client, "/v1/requests", body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def stop(self, within_s: float = 30) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(within_s)


def people(store: SqlStore, friends: int) -> dict[str, str]:
    """Ana and her friends, all of them near, on duty and patient; their tokens."""
    tokens: dict[str, str] = {}

    def job(tx: Tx, now: datetime) -> None:
        ids = []
        for number in range(friends + 1):
            name = NAMES[number] if number < len(NAMES) else f"p{number}"
            place = Point(35.0 + number % 20 / 100, -116.3)
            person = Person(
                id=0, public_id=tx.ids.public_id(), name=name.title(), seats=4, place=place, duty=Duty.AVAILABLE,
                created_at=now, alerts_per_week_max=100,
            )  # fmt: skip
            ids.append(tx.people.add(person).id)
            tokens[name] = tx.ids.token("flm_")
            tx.grants.add(Grant(token_hash=hashed(tokens[name]), power=Power.MEMBER, person_id=ids[-1]))
        for friend in ids[1:]:
            tx.network.tie(ids[0], friend)

    store.submit(job).result()
    return tokens


def opened(url: str) -> SqlStore:
    """The database itself, beside the servers: what the counts are checked against."""
    return open_store(url, clock=MachineClock(), ids=SystemIds(), secret=SECRET)


@contextmanager
def site(
    folder: Path, url: str | None = None, *, workers: int = 1, friends: int = 3,
    tokens: Mapping[str, str] | None = None, port: int = 0,
    **environ: str,
) -> Iterator[Site]:  # fmt: skip
    """A server on that database (none: SQLite in the folder), ended with the block.

    With `tokens` nobody is made: the people are there already; with a `port` it opens where one was before.
    """
    database = url or f"sqlite:///{folder / 'flare.db'}"
    if tokens is None:
        with opened(database) as store:
            tokens = people(store, friends)
    # Its workers compete for two cores with the tests: numpy's threads would only make it worse.
    quiet = {"FLARE_LIMITS": "off", "FLARE_SECRET": SECRET, "FLARE_DATABASE_URL": database, "OMP_NUM_THREADS": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLARE_")}
    command = [sys.executable, "-m", "dispatch", "serve", "--workers", str(workers), "--port", str(port)]
    log = folder / "server.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=kept | quiet | environ | {"FLARE_DATA": str(folder)}, stdout=subprocess.PIPE,
            stderr=errors, text=True, start_new_session=True,
        )  # fmt: skip
    try:
        line = process.stdout.readline() if process.stdout else ""
        assert line, log.read_text()
        yield Site(process, line.split()[3], dict(tokens), log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.stdout:
            process.stdout.close()


async def until(true: Callable[[], bool | Awaitable[bool]], within_s: float = 30) -> None:
    """Returns once it is true; asks again each few milliseconds, by a timer of the loop and not by sleeping."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(within_s):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            turn = loop.create_future()
            loop.call_later(0.02, turn.set_result, None)
            await turn


def journal_of(store: SqlStore, public_id: str) -> list[tuple[int, str]]:
    """(offset, kind) of every event of an ask."""

    def job(tx: Any, now: datetime) -> list[tuple[int, str]]:
        request = tx.requests.by_public(public_id)
        return [(event.off, event.kind) for event in tx.journal.topic(f"r{request.id}", 0, 100_000).events]

    found: list[tuple[int, str]] = store.read_now(job)
    return found


def frame(**words: Any) -> str:
    """A frame of the live stream."""
    return json.dumps(words)
