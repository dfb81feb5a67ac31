"""What was answered survives `kill -9`: a worker claims and is killed in mid-work, again and again."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.clock import SteppedClock
from dispatch.domain.events import Event, request_topic
from dispatch.domain.lifecycle import HOLDS_SEATS, RequestState
from dispatch.ids import SystemIds
from dispatch.store import SqlStore, open_store
from dispatch.store.postgres import open_postgres
from tests.support.world import SECRET, START, Night

KILLS = int(os.environ.get("FLARE_TEST_KILLS", "8"))
SAID_BEFORE = 100
"""Promises a worker has acknowledged when it is killed."""


def worker(database: str, seed: int, root: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.support.claimer", database, str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def said_until_killed(process: "subprocess.Popen[str]", lines: int) -> list[str]:
    """What it acknowledged: so many lines, then whatever it still said before the signal came."""
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += [line.strip() for line in process.stdout.read().split("\n")[:-1]]
    process.stdout.close()
    assert process.wait(timeout=30) == -signal.SIGKILL
    return [line for line in said if line]


def stage(store: SqlStore) -> Night:
    night = Night(store=store, clock=None)
    owner = night.person("Robert")
    for number in range(20):
        night.person(f"V{number}")
    for _ in range(4):
        night.post(owner, 9)
    return night


def assert_nothing_is_lost(store: SqlStore, said: list[str]) -> None:
    """Every acknowledged promise is there, every one taken back is gone, and the seats add up."""
    gone = {line.split()[1] for line in said if line.startswith("gone")}
    stands = {line.split()[1] for line in said if line.startswith("claim")} - gone
    found = store.read_now(
        lambda tx, _: [(request, tx.claims.of_request(request.id)) for request in tx.requests.open_in(None, 500)]
    )
    assert len(found) == 4
    states = {claim.public_id: claim.status for _, claims in found for claim in claims}
    # A withdrawal may have been committed and killed before it was said; a promise may never be missing.
    assert stands <= states.keys()
    assert gone <= {name for name, status in states.items() if status not in HOLDS_SEATS}
    unsaid = [name for name in stands if states[name] not in HOLDS_SEATS]
    assert len(unsaid) <= said.count("restart")
    for request, claims in found:
        held = sum(claim.seats for claim in claims if claim.status in HOLDS_SEATS)
        assert request.seats_taken == held <= 9
        assert (request.status is RequestState.CLAIMED) is (held == 9)
        events = _events(store, request.id)
        assert [event.off for event in events] == list(range(1, request.off + 1))
        told = Counter(event.kind for event in events)
        assert told["claimed"] == len(claims)
        assert told["claim_ended"] == len([claim for claim in claims if claim.status not in HOLDS_SEATS])


def _events(store: SqlStore, request_id: int) -> tuple[Event, ...]:
    return store.read_now(lambda tx, _: tx.journal.topic(request_topic(request_id), 0, 100_000)).events


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_promise_is_lost_when_the_process_is_killed_again_and_again(
    open_sqlite_again: Callable[[], SqlStore], sqlite_path: Path, project_root: Path
) -> None:
    with open_sqlite_again() as store:
        stage(store)
    said: list[str] = []
    for seed in range(KILLS):
        said += said_until_killed(worker(str(sqlite_path), seed, project_root), SAID_BEFORE)
        said.append("restart")
        with open_store(sqlite_path, clock=SteppedClock(START), ids=SystemIds(), secret=SECRET) as store:
            assert_nothing_is_lost(store, said)
    assert len(said) >= KILLS * SAID_BEFORE


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_killed_worker_loses_no_promise_and_holds_nobody_up(migrated_url: str, project_root: Path) -> None:
    with open_postgres(migrated_url, ids=SystemIds(), secret=SECRET) as store:
        stage(store)
        said: list[str] = []
        for seed in range(max(1, KILLS // 2)):
            pair = [worker(migrated_url, seed * 2 + number, project_root) for number in range(2)]
            for process in pair:
                said += [*said_until_killed(process, SAID_BEFORE), "restart"]
            assert store.submit(lambda tx, now: tx.requests.open_in(None, 9)).result()  # writing goes on
            assert_nothing_is_lost(store, said)
    assert len(said) >= KILLS * SAID_BEFORE
