"""The promise itself, on simulated nights: nobody is stale, nothing is missed, nothing comes twice.

FLARE_TEST_SEEDS nights each (unless set: 2,000 in CI, 200 at a desk; `make check` sets 40); a failing seed is
printed and fails again. Each mutant below breaks one rule of the stream and is found out, else the nights would
prove nothing.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from dispatch.client import Follower
from tests.live.simulation import Night, play
from web.live.catching import CatchingUp
from web.live.frames import Packed
from web.live.hub import Hub
from web.live.subscription import Stage, Subscription
from web.live.telling import Telling

SEEDS = int(os.environ.get("FLARE_TEST_SEEDS", "2000" if os.environ.get("CI") == "true" else "200"))
PARTS = 8  # side by side on as many processes as there are
MUTANT_SEEDS = 60


def first_fault(night: Night, seeds: int) -> str | None:
    for seed in range(seeds):
        if faults := play(seed, night):
            return f"seed {seed}: {'; '.join(faults[:3])}"
    return None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_night_of_cuts_restores_and_lost_hints_breaks_the_promise(part: int) -> None:
    for seed in range(part, SEEDS, PARTS):
        assert not (faults := play(seed, Night())), f"seed {seed}: {faults[:3]}"


def test_frames_lost_on_the_way_are_found_by_the_gap_or_the_next_heartbeat() -> None:
    assert first_fault(Night(loses=0.02), SEEDS // 10) is None


class NoGapCheck(Follower):
    """Applies whatever comes."""

    def received(self, frame: Any, now: float) -> Any:
        if frame.get("f") == "ev" and (topic := self._topics.get(frame["id"])) and frame["off"] > topic.off:
            topic.off = frame["off"] - 1
        return super().received(frame, now)


class NoHeads(Follower):
    """Answers pings and looks no further."""

    def received(self, frame: Any, now: float) -> Any:
        return super().received(frame | {"heads": {}} if frame.get("f") == "ping" else frame, now)


class RepeatsApplied(Follower):
    """Forgets that it has heard something already, as long as it is the next after something."""

    def received(self, frame: Any, now: float) -> Any:
        if frame.get("f") == "subbed" and frame["mode"] == "resume" and (topic := self._topics.get(frame["id"])):
            topic.off = max(0, topic.off - 1)
        return super().received(frame, now)


class ReadsFirst(CatchingUp):
    """Reads, and listens only then: what is committed in between is lost."""

    async def _read(self, sub: Subscription) -> Any:
        self._topics.drop(sub)
        try:
            return await super()._read(sub)
        finally:
            if not sub.gone:
                self._topics.add(sub)


def reads_first(hub: Hub) -> None:
    hub._catching.__class__ = ReadsFirst


@dataclass(frozen=True)
class Mutant:
    """One broken rule, on which nights, and what stands in whose place; a second net is invisible alone."""

    night: Night
    swaps: tuple[tuple[Any, str, Any], ...] = ()


def drops_when_full(sub: Subscription, packed: Packed) -> None:
    if len(sub.buffer) < 2:
        sub.buffer.append(packed)


def tells_without_looking(telling: Telling, sub: Subscription, off: int, packed: Packed | None) -> None:
    """No gap check in the server: the client's own is the only net left."""
    if sub.stage is Stage.CATCHING_UP and packed is not None:
        sub.keep(packed)
    elif sub.stage is Stage.LIVE and packed is not None:
        sub.off = off
        sub.sink.event(sub, packed)


UNCHECKED = (Telling, "_one", tells_without_looking)
MUTANTS = {
    "no gap check": Mutant(Night(loses=0.02, follower=NoGapCheck)),
    "no heads": Mutant(Night(loses=0.02, follower=NoHeads)),
    "repeats applied": Mutant(Night(follower=RepeatsApplied)),
    "epoch kept by a restore": Mutant(Night(new_epoch=False)),
    "no floor": Mutant(Night(floor_s=1e6)),
    "read before subscribe": Mutant(Night(mutate=reads_first, follower=NoGapCheck), (UNCHECKED,)),
    "drop when full": Mutant(Night(follower=NoGapCheck), (UNCHECKED, (Subscription, "keep", drops_when_full))),
}


@contextmanager
def instead(owner: Any, name: str, mutant: Any) -> Iterator[None]:
    """A mutant in place of the real thing, for as long as it takes to show that it is found out."""
    real = getattr(owner, name)
    setattr(owner, name, mutant)
    try:
        yield
    finally:
        setattr(owner, name, real)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_stream_that_breaks_a_rule_is_found_out(name: str) -> None:
    mutant = MUTANTS[name]
    with ExitStack() as swapped:
        for owner, part, other in mutant.swaps:
            swapped.enter_context(instead(owner, part, other))
        assert first_fault(mutant.night, MUTANT_SEEDS) is not None
