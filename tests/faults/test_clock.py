"""The machine's clock jumps: no promise lapses early, none is kept for ever, and time never goes back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispatch.clock import MachineClock, SteppedClock
from dispatch.domain.lifecycle import ClaimState
from dispatch.ids import SystemIds
from dispatch.ports import Tx
from dispatch.store import SqlStore, open_store
from tests.contract.worlds import SECRET, START, a_world, claim, done, seen


@dataclass
class Machine:
    """A machine whose wall clock somebody sets, while the time since its boot goes on."""

    shown: datetime = START
    running_s: float = 1_000.0
    clock: MachineClock = field(init=False)

    def __post_init__(self) -> None:
        self.boot_flare()

    def boot_flare(self) -> None:
        """Flare is started anew, and reads the wall clock once."""
        self.clock = MachineClock(wall=lambda: self.shown, elapsed=lambda: self.running_s)

    def passes(self, seconds: float) -> None:
        """Time goes by, as it does."""
        self.shown += timedelta(seconds=seconds)
        self.running_s += seconds

    def set_wall(self, by: timedelta) -> None:
        """Somebody, or a time server, corrects the wall clock."""
        self.shown += by


def opened(folder: Path, machine: Machine) -> SqlStore:
    return open_store(f"sqlite:///{folder / 'flare.db'}", clock=machine.clock, ids=SystemIds(), secret=SECRET)


def promised(store: SqlStore, lease: timedelta) -> None:
    """Somebody takes a seat, and has so long."""
    world = done(store, a_world())
    done(store, claim(world.request, world.people[1]))

    def job(tx: Tx, now: datetime) -> None:
        (made,) = tx.claims.of_request(world.request)
        assert tx.claims.move(made.id, [ClaimState.COMMITTED], lease_until=now + lease)

    done(store, job)


def lapsed(store: SqlStore) -> bool:
    """Has the promise run out, as the ticker would find?"""
    found: bool = seen(store, lambda tx, _: bool(tx.claims.lapsing(done(store, lambda _, now: now), 9)))
    return found


@pytest.mark.parametrize("by", [timedelta(hours=2), -timedelta(hours=2)], ids=["forward", "back"])
def test_a_promise_lasts_as_long_as_was_said_whatever_becomes_of_the_wall_clock(tmp_path: Path, by: timedelta) -> None:
    machine = Machine()
    with opened(tmp_path, machine) as store:
        promised(store, timedelta(seconds=4))
        machine.set_wall(by)
        machine.passes(3.9)
        assert not lapsed(store)
        machine.passes(0.2)
        assert lapsed(store)


def test_a_wall_clock_that_was_set_back_before_a_restart_does_not_take_time_back(tmp_path: Path) -> None:
    machine = Machine()
    with opened(tmp_path, machine) as store:
        promised(store, timedelta(seconds=4))
        machine.passes(3)
        before = done(store, lambda tx, now: now)
        done(store, a_world())
    machine.set_wall(-timedelta(hours=2))
    machine.boot_flare()
    with opened(tmp_path, machine) as store:
        assert done(store, lambda tx, now: now) >= before - timedelta(seconds=3)


@pytest.mark.engines
def test_on_postgresql_only_the_servers_clock_counts(database: str) -> None:
    wrong = SteppedClock(datetime(1999, 1, 1, tzinfo=UTC))
    with open_store(database, clock=wrong, ids=SystemIds(), secret=SECRET) as store:
        promised(store, timedelta(hours=1))
        assert not lapsed(store)
        wrong.step(timedelta(days=20_000))
        assert not lapsed(store)
        first, second = (done(store, lambda tx, now: now) for _ in range(2))
        assert first <= second
        assert abs(first - datetime.now(UTC)) < timedelta(minutes=5)
