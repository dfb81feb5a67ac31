"""What an idle socket costs: 10,000 of them on one worker, and how long a claim takes meanwhile.

    flare bench idle

Memory is what the server's process alone keeps (PSS), after minus before, by the number of sockets; each follows
one topic. Connected at 180 a second, so it takes a minute per server. Beside it node ws and nchan, when they are there.
"""

import asyncio
import json
import os
import secrets
import sys
import time
from pathlib import Path

import httpx
import uvloop

from bench.crowd import Crowd
from bench.fan_out import SHOWN, up
from bench.machine import described, quantile
from bench.peers import Missing, Peer, node_modules, running

SOCKETS = int(os.environ.get("FLARE_BENCH_SOCKETS", "10000"))
CLAIMS = 200
NAMES = ("flare", "nchan", "ws", "websockets", "starlette")


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0."""
    many_files()
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
        claims = f"   a claim p50 {row['claim_p50_ms']} p99 {row['claim_p99_ms']} ms" if "claim_p99_ms" in row else ""
        sys.stdout.write(f"{SHOWN[name]:<32} {row.get('missing') or row['kib_each']}{claims}\n")
    return 0


def many_files() -> None:
    """Lets this process open as many sockets as there will be."""
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
    await up(peer)
    crowd = Crowd("127.0.0.1", peer.port, peer.path, peer.headers, peer.first)
    await crowd.connect(50)  # what every server loads with its first visitors
    before = peer.memory_kb()
    await crowd.connect(SOCKETS)
    await asyncio.sleep(2)
    each = (peer.memory_kb() - before) / SOCKETS
    row: dict[str, object] = {"kib_each": round(each, 1), "lost": crowd.lost}
    if peer.claimer is not None:
        row |= await _claims(peer.port, *peer.claimer)
    crowd.close()
    return row


async def _claims(port: int, token: str, ask: str) -> dict[str, object]:
    """How long a claim takes over HTTP while everybody idles; each is given back before the next."""
    took = []
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        for _ in range(CLAIMS):
            began = time.perf_counter()
            made = await client.post(f"/v1/requests/{ask}/claims", json={"seats": 1}, headers=_key())
            took.append((time.perf_counter() - began) * 1000)
            made.raise_for_status()
            claim = made.json()["id"]
            (
                await client.post(f"/v1/claims/{claim}/steps", json={"step": "withdraw"}, headers=_key())
            ).raise_for_status()
    return {"claim_p50_ms": round(quantile(took, 0.5), 1), "claim_p99_ms": round(quantile(took, 0.99), 1)}


def _key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_urlsafe(16)}


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
