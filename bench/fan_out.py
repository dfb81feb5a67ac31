"""One event to a thousand watchers: ours beside what is known to be fast, in one run, on one server core.

    flare bench fan-out

Each server runs in a process of its own on one core and sends the same number of events of about 300
bytes to the same 1,000 websockets, which one other process reads. The figure is deliveries per second of the
server's processor time (user and system): fair on a machine that others use too. Ours is the whole application:
each event is a row of the journal, committed, read, filtered by role, and written to every socket. `bare` is the
limit: one frame made once, no protocol.
One server lives at a time; each is warmed first.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import httpx
import uvloop

from bench.crowd import Crowd
from bench.machine import described
from bench.peers import Missing, Peer, node_modules, running

WATCHERS = 1_000
PAYLOAD = 300
AROUND = {"flare": 156, "socketio": 18}
"""What a server puts around the padding, in bytes; 11 for the others."""
WAYS = {"one": (1, 1, 120), "flood": (300, 1, 2), "burst": (1, 20, 15)}
"""Publishings in a row, events in each, and how often: one by one, each heard by everybody before the next; one by one
as fast as the server takes them, heard by everybody at the end; and twenty in one publishing."""
TITLES = {"one": "one by one", "flood": "as fast as they come", "burst": "twenty at once"}
WARM = 3
NAMES = ("bare", "flare", "nchan", "ws", "socketio", "websockets", "starlette")
SHOWN = {"bare": "bare uvloop loop (the limit)", "flare": "Flare, the whole application", "nchan": "nginx with nchan"}
SHOWN |= {"ws": "node ws", "socketio": "socket.io", "websockets": "websockets broadcast", "starlette": "Starlette loop"}


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    rows: dict[str, dict[str, object]] = {}
    with node_modules() as modules:
        for name in NAMES:
            rows[name] = measured(name, modules)
    for kind in WAYS:
        ours = rows["flare"].get(kind)
        for row in rows.values():
            theirs = row.get(kind)
            if isinstance(ours, float) and isinstance(theirs, float):
                row[f"ours_to_it_{kind}"] = round(ours / theirs, 2)
    figures = {"machine": described(), "watchers": WATCHERS, "servers": rows}
    sys.stdout.write(json.dumps(figures) + "\n" if as_json else table(figures["machine"], rows))
    return 0


def measured(name: str, modules: Path | None) -> dict[str, object]:
    """One server's row; for a missing one why."""
    try:
        with running(name, PAYLOAD - AROUND.get(name, 11), modules) as peer:
            return uvloop.run(_measure(peer))
    except (Missing, TimeoutError, OSError) as reason:
        return {"missing": str(reason) or type(reason).__name__}


async def _measure(peer: Peer) -> dict[str, object]:
    crowd = Crowd("127.0.0.1", peer.port, peer.path, peer.headers, peer.first)
    await gathered(crowd, peer)
    row: dict[str, object] = {}
    total = 0
    for kind, (row_of, together, times) in WAYS.items():
        cpu = began = 0.0
        warm = WARM if row_of == 1 else 0
        for turn in range(warm + times):
            if turn == warm:
                cpu, began = peer.cpu_s(), time.perf_counter()
            total += row_of * together * WATCHERS
            for _ in range(row_of):
                await _send(peer, together)
            await crowd.received(total)
        used, took = peer.cpu_s() - cpu, time.perf_counter() - began
        deliveries = row_of * together * times * WATCHERS
        row |= {kind: round(deliveries / used, 0), f"{kind}_wall": round(deliveries / took)}
    crowd.close()
    return row | {"bytes": crowd.sizes}


async def gathered(crowd: Crowd, peer: Peer, watchers: int = WATCHERS) -> None:
    """Returns once so many watch, and each has been told where it stands."""
    await up(peer)
    await crowd.connect(watchers)
    if peer.first:
        async with asyncio.timeout(60):
            while crowd.ready < watchers:  # noqa: ASYNC110 - counted by the sockets
                await asyncio.sleep(0.02)


async def up(peer: Peer) -> None:
    """Returns once it answers the door. Raises: TimeoutError."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", peer.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


_http: dict[int, httpx.AsyncClient] = {}


async def _send(peer: Peer, events: int) -> None:
    if not peer.by_http:
        peer.send(events)
        return
    client = _http.setdefault(peer.port, httpx.AsyncClient())
    for _ in range(events):
        await client.post(f"http://127.0.0.1:{peer.port}/pub", content=json.dumps({"pad": "x" * (PAYLOAD - 11)}))


def table(machine: object, rows: dict[str, dict[str, object]]) -> str:
    """What a person reads."""
    lines = [f"{machine}", f"{WATCHERS:,} watchers; deliveries per second of server core (ours against it)"]
    lines.append(f"{'':<32} " + " ".join(f"{title:>22}" for title in TITLES.values()))
    for name, row in rows.items():
        if "missing" in row:
            lines.append(f"{SHOWN[name]:<32} {row['missing']}")
        else:
            shown = [f"{row[kind]:>12,.0f} ({row.get(f'ours_to_it_{kind}', 1):>5} ×)" for kind in WAYS]
            lines.append(f"{SHOWN[name]:<32} " + " ".join(f"{each:>22}" for each in shown) + f"   {row['bytes']} bytes")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
