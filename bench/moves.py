"""A thousand asks in which somebody moves on, told to a thousand walls: one frame a tick, beside a frame for each.

    flare bench moves

Ours is the whole application: each move is a row of the journal, and the map's tick tells every wall of all of them in
one frame made once. node ws sends what a wall is told of one move, as a frame of its own, to each wall. The figure is
updates per second of the server's processor time, kernel included; both sides are read by one other process, and one
lives at a time.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Final

import uvloop

from bench.crowd import Crowd
from bench.fan_out import WATCHERS, gathered
from bench.machine import described
from bench.peers import Missing, Peer, node_modules, running

MOVING: Final = 1_000
ENTRY: Final = b'"v":'
"""Once in each entry a wall is told, and in nothing else."""
TICKS, WARM = 5, 2
SAMPLE: Final = 100
"""Moves that node tells, each to every wall: its cost is per frame."""


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    ours = _measured("wall", MOVING, None)
    size = int(str(ours.get("bytes_each", 250)))
    with node_modules() as modules:
        theirs = _measured("ws", size - len('{"pad":""}'), modules)
    figures: dict[str, object] = {
        "machine": described(),
        "moving": MOVING,
        "walls": WATCHERS,
        "ours": ours,
        "ws": theirs,
    }
    if "missing" not in ours and "missing" not in theirs:
        figures["ratio"] = round(float(str(ours["per_core_s"])) / float(str(theirs["per_core_s"])), 1)
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return 0
    sys.stdout.write(
        f"{figures['machine']}\n{MOVING:,} moving, {WATCHERS:,} walls; updates per second of server core\n"
    )
    for shown, row in (("Flare, one frame a tick", ours), ("node ws, a frame each", theirs)):
        told = row.get("missing") or f"{row['per_core_s']:>12,}   {row['bytes_each']} bytes each"
        sys.stdout.write(f"{shown:<26} {told}\n")
    sys.stdout.write(f"{'ours against it':<26} {figures.get('ratio', '?'):>12} ×\n")
    return 0


def _measured(name: str, size: int, modules: Path | None) -> dict[str, object]:
    try:
        with running(name, size, modules) as peer:
            return uvloop.run(_walls(peer) if name == "wall" else _frames(peer, size))
    except (Missing, TimeoutError, OSError) as reason:
        return {"missing": str(reason) or type(reason).__name__}


async def _walls(peer: Peer) -> dict[str, object]:
    crowd = Crowd("127.0.0.1", peer.port, peer.path, peer.headers, peer.first, marker=b'"f":"map"')
    crowd.weigh = lambda payload: payload.count(ENTRY)
    await gathered(crowd, peer)
    cpu = began = 0.0
    for tick in range(1, WARM + TICKS + 1):
        peer.send(1)
        await crowd.received(tick * MOVING * WATCHERS)
        if tick == WARM:
            cpu, began, told = peer.cpu_s(), time.perf_counter(), crowd.weight
    used, took = peer.cpu_s() - cpu, time.perf_counter() - began
    row = _row(TICKS * MOVING * WATCHERS, used, took) | {"cpu_s_a_tick": round(used / TICKS, 3), "lost": crowd.lost}
    row["bytes_each"] = round((crowd.weight - told) / (TICKS * MOVING * WATCHERS))
    crowd.close()
    return row


async def _frames(peer: Peer, size: int) -> dict[str, object]:
    crowd = Crowd("127.0.0.1", peer.port, peer.path, peer.headers, peer.first)
    await gathered(crowd, peer)
    peer.send(10)
    await crowd.received(10 * WATCHERS)
    cpu, began = peer.cpu_s(), time.perf_counter()
    peer.send(SAMPLE)
    await crowd.received((10 + SAMPLE) * WATCHERS)
    row = _row(SAMPLE * WATCHERS, peer.cpu_s() - cpu, time.perf_counter() - began)
    crowd.close()
    return row | {"bytes_each": crowd.sizes}


def _row(updates: int, used: float, took: float) -> dict[str, object]:
    return {"per_core_s": round(updates / used), "per_s": round(updates / took)}


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
