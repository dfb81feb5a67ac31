"""From a tap to a phone: hubs with 48,000 followers ask by turns, one volunteer nearby has an open inbox.

    flare bench ask-to-alert

A real server in a process of its own (SQLite, synchronous=FULL), real HTTP, a real websocket. The
clock starts before the POST is sent and stops when the volunteer's `alerted` frame has arrived:
posting, committing, the matcher over the whole network, the wave, the journal's tail, the frame.
Beside it, in the same run, the round trip of GET /healthz: what the same path costs without work. Several hubs, as
nobody's calls reach more than SOON_ALERTS_MAX people within ten minutes.
"""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from bench.machine import described, quantile
from dispatch.actions.words import hashed
from dispatch.clock import MachineClock
from dispatch.domain.people import Duty
from dispatch.ids import SystemIds
from dispatch.ports import Grant, Power, Tx
from dispatch.runtime import database_of, secret_for
from dispatch.settings import Settings
from dispatch.store import open_store
from dispatch.stories import world
from geo.point import Point

ASKS = 60
WARM = 5
VOLUNTEER = 1
HUBS = (0, *range(2, 13))
WAIT_S = 20
PLACE = {"lat": 35.2006, "lon": -116.1391, "accuracy_m": 40.0}
NEAR = Point(35.21, -116.13)


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        hubs, volunteer, people = _network(settings)
        with _server(folder) as base:
            asks, health = asyncio.run(_measure(base, hubs, volunteer))
    figures = {
        "machine": described(),
        "people": people,
        "asks": len(asks),
        "p50_ms": round(quantile(asks, 0.5), 1),
        "p99_ms": round(quantile(asks, 0.99), 1),
        "healthz_p50_ms": round(quantile(health, 0.5), 2),
    }
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return 0
    sys.stdout.write(
        f"{figures['machine']}\n"
        f"{people:,} people, {len(HUBS)} hubs with {people - 1:,} followers each, {len(asks)} asks\n"
        f"ask → alert frame   p50 {figures['p50_ms']} ms   p99 {figures['p99_ms']} ms\n"
        f"GET /healthz        p50 {figures['healthz_p50_ms']} ms\n"
    )
    return 0


def _network(settings: Settings) -> tuple[list[str], str, int]:
    """Tokens of the hubs and of one follower who is near and available, and how many people there are."""
    made = world.build()
    everybody = np.arange(len(made), dtype=made.ties.dtype)
    known = [np.column_stack([np.full_like(everybody, hub), everybody])[everybody != hub] for hub in HUBS[1:]]
    network = replace(made.arrivals(), ties=np.concatenate([made.ties, *known]))
    secret = secret_for(settings)
    store = open_store(database_of(settings), clock=MachineClock(), ids=SystemIds(), secret=secret)
    names = made.externals()
    tokens = {row: SystemIds().token("flm_") for row in (*HUBS, VOLUNTEER)}
    try:
        store.import_people_and_ties(network)

        def ready(tx: Tx, now: object) -> None:
            for row, token in tokens.items():
                person = tx.people.by_external(names[row])
                if person is None:
                    raise LookupError(names[row])
                grant = Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id)
                tx.grants.add(grant)
                if row == VOLUNTEER:
                    tx.people.set(person.id, place=NEAR, duty=Duty.AVAILABLE, alerts_per_week_max=100)

        store.submit(ready).result()
    finally:
        store.close()
    return [tokens[hub] for hub in HUBS], tokens[VOLUNTEER], len(names)


@contextlib.contextmanager
def _server(folder: str) -> Iterator[str]:
    """A server in a process of its own; ended by its handle."""
    env = {**os.environ, "FLARE_DATA": folder, "FLARE_LIMITS": "off"}
    command = [sys.executable, "-m", "dispatch", "serve", "--port", "0"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield line.split()[3]
        finally:
            process.terminate()


async def _measure(base: str, hubs: list[str], volunteer: str) -> tuple[list[float], list[float]]:
    asks: list[float] = []
    health: list[float] = []
    async with (
        httpx.AsyncClient(base_url=base, timeout=30) as http,
        connect(f"ws{base[4:]}/v1/live", additional_headers={"Authorization": f"Bearer {volunteer}"}) as inbox,
    ):
        await _follow(inbox)
        for number in range(ASKS + WARM):
            http.headers["Authorization"] = f"Bearer {hubs[number % len(hubs)]}"
            took, request = await _one(http, inbox)
            began = time.perf_counter()
            await http.get("/healthz")
            rest = (time.perf_counter() - began) * 1000
            await http.post(f"/v1/requests/{request}/close", json={"disposition": "cancelled"}, headers=_key())
            await _until(inbox, "alert_changed")
            if number >= WARM:
                asks.append(took)
                health.append(rest)
    return asks, health


def _key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_urlsafe(16)}


async def _follow(inbox: ClientConnection) -> None:
    await inbox.send(json.dumps({"f": "hello", "v": 1}))
    await inbox.send(json.dumps({"f": "sub", "id": 1, "topic": "inbox"}))
    while json.loads(await inbox.recv())["f"] != "subbed":
        pass


async def _until(inbox: ClientConnection, kind: str) -> None:
    while True:
        frame = json.loads(await inbox.recv())
        if frame["f"] == "ping":
            await inbox.send(json.dumps({"f": "pong", "n": frame["n"]}))
        elif frame.get("kind") == kind:
            return


async def _one(http: httpx.AsyncClient, inbox: ClientConnection) -> tuple[float, str]:
    """Milliseconds from the tap to the alert, and the request's id."""
    body = {"kind": "ride", "quantity": 9, "place": PLACE, "similar_ok": True}
    began = time.perf_counter()
    posting = asyncio.ensure_future(http.post("/v1/requests", json=body, headers=_key()))
    async with asyncio.timeout(WAIT_S):
        await _until(inbox, "alerted")
    took = (time.perf_counter() - began) * 1000
    answer = await posting
    answer.raise_for_status()
    return took, answer.json()["id"]


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
