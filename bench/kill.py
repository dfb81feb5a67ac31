"""A worker dies with thousands of sockets on it: how soon all of them are back, and what the others notice.

    flare bench kill

Two workers over PostgreSQL and Valkey. So many clients (the rules of `dispatch/client.py`, in a process of their own)
follow one ask on the first worker, fifty bystanders on the second; then the first is killed. Somebody adds a note
twice a second, before and after: a bystander's delay is from before the note's POST until it is read.
FLARE_BENCH_SOCKETS says how many; quote it only from a machine that does nothing else. Exit code 1 when somebody is not
back, or has missed something.
"""

import asyncio
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import uvloop

from bench.crowd import Phone
from bench.idle import many_files
from bench.machine import described, quantile
from dispatch.client import Follower, back_off
from dispatch.engines import EnginesMissing, running_engines
from tests.support.site import Site, site, until

SOCKETS = int(os.environ.get("FLARE_BENCH_SOCKETS", "5000"))
BYSTANDERS: Final = 50
QUIET_S: Final = 8.0
EACH_S: Final = 0.5
CONNECTS_PER_S: Final = 150
HEALTHY_S: Final = 30.0
BACK_WITHIN_S: Final = 120.0
"""Longer than what is promised (30): a figure beyond it is told as it is."""


class Watcher:
    """One phone by the rules of `dispatch/client.py`, over a socket that costs next to nothing, and how far it is."""

    marker = b""
    ready = 0

    def __init__(self, port: int, headers: dict[str, str], topic: str) -> None:
        self.host, self.port, self.path, self.headers = "127.0.0.1", port, "/v1/live", headers
        self._follower, self._failures = Follower(), 0
        self._follower.follow(topic)
        self._phone: Phone | None = None
        self._since = self.off = self.snapshots = self.holes = 0
        self.told: Callable[[int], None] = lambda off: None

    async def connect(self) -> None:
        """Tries once; whoever is refused comes back by itself."""
        loop = asyncio.get_running_loop()
        try:
            _, self._phone = await loop.create_connection(lambda: Phone(self), self.host, self.port)
            self._phone.opened.add_done_callback(lambda opened: opened.exception())
        except OSError:
            self.hung_up()

    @property
    def first(self) -> list[str]:
        """What it says once it is open: hello, and where it was."""
        self._since = int(asyncio.get_running_loop().time())
        return [json.dumps(frame) for frame in self._follower.opened(self._since)]

    def hung_up(self) -> None:
        """Comes back as a client does: after a while at random, ever longer until it was well for half a minute."""
        loop = asyncio.get_running_loop()
        if self._since and loop.time() - self._since >= HEALTHY_S:
            self._failures = 0
        self._since, self._phone = 0, None
        self._follower.closed()
        wait = back_off(self._failures, random.uniform, self._follower.spread)
        self._failures += 1
        loop.call_later(wait, lambda: _kept(self.connect()))

    def heard(self, payload: bytes) -> None:
        """A frame; a close frame holds no JSON."""
        if not payload.startswith(b"{"):
            return
        say, updates = self._follower.received(json.loads(payload), asyncio.get_running_loop().time())
        for frame in say:
            if self._phone is not None:
                self._phone.say(json.dumps(frame).encode())
        for update in updates:
            if update.kind == "snapshot":
                self.snapshots += 1
            else:
                self.holes += update.off != self.off + 1
            self.off = update.off
            self.told(update.off)


_tasks: set[asyncio.Task[None]] = set()


def _kept(work: Coroutine[None, None, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def watching(number: int, *at: Any) -> list[Watcher]:
    """So many that know where things stand."""
    watchers = [Watcher(*at) for _ in range(number)]
    loop = asyncio.get_running_loop()
    next_at = loop.time()
    for watcher in watchers:
        next_at = max(next_at, loop.time()) + 1 / CONNECTS_PER_S
        await asyncio.sleep(next_at - loop.time())
        await watcher.connect()
    await until(lambda: all(watcher.snapshots for watcher in watchers), 60 + number / 50)
    return watchers


def _crowd(number: int, port: int, headers: dict[str, str], topic: str, line: Connection) -> None:
    """The process of those who lose their worker: says when all are there, then hears of the kill and tells the end."""

    async def run() -> None:
        watchers = await watching(number, port, headers, topic)
        line.send("there")
        killed, last = await asyncio.to_thread(line.recv)
        back: dict[int, float] = {}

        def told(at: int) -> Callable[[int], None]:
            def heard(off: int) -> None:
                if off > last:
                    back.setdefault(at, time.time() - killed)

            return heard

        for at, watcher in enumerate(watchers):
            watcher.told = told(at)
            watcher.told(watcher.off)
        with suppress(TimeoutError):
            await until(lambda: len(back) == number, BACK_WITHIN_S)
        times = sorted(back.values()) or [0.0]
        line.send(
            {
                "back": len(back), "p50_s": round(quantile(times, 0.5), 1), "last_s": round(times[-1], 1),
                "holes": sum(each.holes for each in watchers),
                "snapshots_beyond_the_first": sum(each.snapshots - 1 for each in watchers),
            }
        )  # fmt: skip

    many_files()
    uvloop.run(run())


async def _night(here: Site) -> dict[str, Any]:
    spawn = multiprocessing.get_context("spawn")
    victim, other = here.workers()
    async with here.client("ana") as ana:
        ask = (await here.ask(ana))["id"]
        at = (int(here.base.rpartition(":")[2]), here.bearer("ana"), f"req:{ask}")
        ours, theirs = spawn.Pipe()
        crowd = spawn.Process(target=_crowd, args=(SOCKETS, *at, theirs), daemon=True)
        # Whoever is stopped accepts nobody: so all of them are the victim's, and the bystanders the other's.
        os.kill(other, signal.SIGSTOP)
        crowd.start()
        await asyncio.to_thread(ours.recv)
        os.kill(other, signal.SIGCONT)
        os.kill(victim, signal.SIGSTOP)
        bystanders = await watching(BYSTANDERS, *at)
        os.kill(victim, signal.SIGCONT)
        delays: list[float] = []

        async def note() -> int:
            """Adds one and waits until every bystander has it; its offset."""
            began, want = time.perf_counter(), bystanders[0].off + 1

            def heard(off: int) -> None:
                if off == want:
                    delays.append(time.perf_counter() - began)

            for each in bystanders:
                each.told = heard
            answer = await here.post(ana, f"/v1/requests/{ask}/notes", {"text": "still here"})
            assert answer.status_code == 201, answer.text
            await until(lambda: all(each.off >= want for each in bystanders))
            await asyncio.sleep(max(0.0, EACH_S - (time.perf_counter() - began)))
            return want

        end = time.perf_counter() + QUIET_S
        last = 0
        while time.perf_counter() < end:
            last = await note()
        before, delays = delays, []
        os.kill(victim, signal.SIGKILL)
        ours.send((time.time(), last))
        ending = asyncio.create_task(asyncio.to_thread(ours.recv))
        while not ending.done():
            await note()
        return {
            "crowd": await ending,
            "bystanders": {"before": _delay(before), "meanwhile": _delay(delays)},
            "bystanders_sent_away": sum(each.snapshots - 1 for each in bystanders),
        }


def _delay(seconds: list[float]) -> dict[str, float]:
    shares = {"p50_ms": 0.5, "p99_ms": 0.99}
    return {name: round(quantile(seconds, share) * 1e3, 1) for name, share in shares.items()} | {"n": len(seconds)}


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0, 1 when something was lost or there are no engines."""
    many_files()
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(prefix="flare-bench-") as folder:
        try:
            with running_engines(Path(folder)) as engines:
                environ = {"FLARE_REDIS_URL": engines.redis_url}
                with site(Path(folder), engines.database_url, workers=2, **environ) as here:
                    told = asyncio.run(_night(here))
        except EnginesMissing as reason:
            sys.stderr.write(f"{reason}\n")
            return 1
    crowd = told["crowd"]
    figures = {"machine": described(), "load_before": load, "sockets": SOCKETS, **told}
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.write(f"{figures['machine']}\nload before: {load}\n")
        sys.stdout.write(f"{crowd['back']:,} of {SOCKETS:,} back, half of them within {crowd['p50_s']} s, ")
        sys.stdout.write(f"the last after {crowd['last_s']} s; {crowd['holes']} holes\n")
        for when, row in told["bystanders"].items():
            sys.stdout.write(f"a bystander hears, {when:<10} p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms\n")
    return 0 if crowd["back"] == SOCKETS and not crowd["holes"] else 1


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
