"""Where a story plays: a network in a real store, imported once and copied for every night.

Each night gets its own SQLite file in a temporary folder, its own clock and its own roster, built
by dispatch/runtime.py exactly as a server is. A Stage can be sent to another process.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, cast

import numpy as np

from dispatch import runtime
from dispatch.actions.import_lines import BadFile
from dispatch.actions.import_network import import_network
from dispatch.actions.tend_network import add_community
from dispatch.clock import SteppedClock
from dispatch.domain.visibility import Viewer
from dispatch.ports import NetworkStore, Progress, Tx
from dispatch.runtime import Flare
from dispatch.stories.tales import Asker, Story, StoryRefused
from dispatch.stories.world import FOLLOWERS, WORLD_SEED, build

BEFORE: Final = timedelta(hours=1)
"""The network was there that long before anybody asked."""
HUB: Final = "s0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A network, ready to be copied: the folder it lies in, and whom the story is about."""

    folder: Path
    story: Story
    policy: str
    hub: str | None
    """External name of the one who asks; None = drawn anew each night."""
    from_files: bool

    @contextmanager
    def night(self) -> Iterator[tuple[Flare, SteppedClock]]:
        """One Flare of its own, at the story's first moment; gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="night-", dir=self.folder.parent) as folder:
            own = Path(folder) / "data"
            shutil.copytree(self.folder, own)
            clock = SteppedClock(self.story.at)
            flare = _flare(own, clock, self.policy)
            try:
                yield flare, clock
            finally:
                flare.stop()


def _flare(folder: Path, clock: SteppedClock, policy: str, *, load: bool = True) -> Flare:
    # Settings are named through the runtime, the one room a story may build from.
    settings = runtime.Settings(data=folder, waves=policy)  # type: ignore[attr-defined]  # imported there, not exported
    return runtime.build(settings, clock=clock, load=load)


@contextmanager
def stage(
    story: Story,
    policy: str,
    *,
    people: Path | None = None,
    ties: Path | None = None,
    hub: str | None = None,
    followers: int = FOLLOWERS,
    progress: Progress | None = None,
) -> Iterator[Stage]:
    """The story's network in a temporary folder, from files or made from the world's seed.

    Raises: StoryRefused for files that can't be used, or a hub who is not in them.
    """
    with tempfile.TemporaryDirectory(prefix="flare-story-") as above:
        folder = Path(above) / "network"
        flare = _flare(folder, SteppedClock(story.at - BEFORE), policy, load=False)
        try:
            if people is not None:
                hub = _from_files(flare, people, ties, hub, progress)
            else:
                if hub is not None:
                    raise StoryRefused("--hub names somebody of a network from files: give --people and --ties too")
                hub = _made(flare, story, followers, progress)
        finally:
            flare.stop()
        yield Stage(folder=folder, story=story, policy=policy, hub=hub, from_files=people is not None)


def network_of(flare: Flare) -> NetworkStore:
    """The store as one that takes whole networks."""
    return cast(NetworkStore, flare.store)  # dispatch/store gives one object that is both; Flare names one half


def _made(flare: Flare, story: Story, followers: int, progress: Progress | None) -> str | None:
    """Brings in the synthetic network; who asks in it, None = a member drawn each night."""
    by_hub = story.asker is Asker.HUB
    world = build(WORLD_SEED, followers=followers, show_week=story.show_week, hub_tied=by_hub)
    network_of(flare).import_people_and_ties(world.arrivals(), progress)
    if by_hub:
        return HUB
    flare.store.submit(_one_community).result()
    return None


def _one_community(tx: Tx, now: datetime) -> None:
    """Everybody is in one community, founded by row 0."""
    founder = tx.people.by_external(HUB)
    if founder is None:
        raise RuntimeError("the made network has no first person")
    made = add_community(tx, now, Viewer(person_id=founder.id), "Friends of the bus")
    community = tx.network.community(made["id"])
    if community is not None:
        for person in tx.network.people_columns().id.tolist():
            tx.network.join(community.id, person)


def _from_files(flare: Flare, people: Path, ties: Path | None, hub: str | None, progress: Progress | None) -> str:
    """Imports the files as `flare import` does; the one who asks: as named, or whoever has the most ties."""
    try:
        import_network(network_of(flare), people, ties, ids=flare.ids, progress=progress)
    except BadFile as fault:
        raise StoryRefused("; ".join(fault.lines) or str(fault)) from fault
    if hub is None:
        hub = flare.store.read_now(lambda tx, _: _best_connected(tx))
    elif flare.store.read_now(lambda tx, _: tx.people.by_external(hub)) is None:
        raise StoryRefused(f"nobody in {people.name} is called {hub!r}: --hub takes a name from its first column")
    return hub


def _best_connected(tx: Tx) -> str:
    ties = tx.network.ties_array()
    if not len(ties):
        raise StoryRefused("nobody in this network is tied to anybody: give --ties too")
    ids, counts = np.unique(ties, return_counts=True)
    person = tx.people.by_id(int(ids[np.argmax(counts)]))
    if person is None or person.external is None:
        raise RuntimeError("a tie leads to nobody who was imported")
    return person.external
