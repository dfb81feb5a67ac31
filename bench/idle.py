"""What an idle socket costs: 10,000 of them on one worker, and how long a claim takes meanwhile.

    flare bench idle

Memory is what the server's process alone keeps (PSS), after minus before, by the number of sockets; each follows
one topic. Connected at 180 a second, so it takes a minute per server. Beside it node ws and nchan, when they are there.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import uvloop

from bench.crowd import Crowd
from bench.fan_out import SHOWN, _up
from bench.machine import described
from bench.peers import Missing, Peer, node_modules, running

SOCKETS = int(os.environ.get("FLARE_BENCH_SOCKETS", "10000"))
NAMES = ("flare", "nchan", "ws", "websockets", "starlette")


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0."""
    _many_files()
    rows: dict[str, dict[str, object]] = {}
    with node_modules() as modules:
        for name in NAMES:
            rows[name] = _measured(name, modules)
    figures = {"machine": described(), "sockets": SOCKETS, "servers": rows}
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return 0
    sys.stdout.write(f"{figures['machine']}\n{SOCKETS:,} idle sockets, KiB each\n")
    for name, row in rows.items():
        sys.stdout.write(f"{SHOWN[name]:<32} {row.get('missing') or row['kib_each']}\n")
    return 0


def _many_files() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, SOCKETS * 2 + 1_000)), hard))


def _measured(name: str, modules: Path | None) -> dict[str, object]:
    try:
        with running(name, 100, modules) as peer:
            return uvloop.run(_measure(peer))
    except (Missing, TimeoutError, OSError) as reason:
        return {"missing": str(reason) or type(reason).__name__}


async def _measure(peer: Peer) -> dict[str, object]:
    await _up(peer)
    crowd = Crowd("127.0.0.1", peer.port, peer.path, peer.headers, peer.first)
    await crowd.connect(50)  # what every server loads with its first visitors
    before = peer.memory_kb()
    await crowd.connect(SOCKETS)
    await asyncio.sleep(2)
    each = (peer.memory_kb() - before) / SOCKETS
    lost = crowd.lost
    crowd.close()
    return {"kib_each": round(each, 1), "lost": lost}


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
