"""Everyone who could help, as the matcher asks for them; and a whole network at once, as arrays."""
# ruff: noqa: D102 - a method whose name and types say it all has no sentence to add

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.habits import Habits
from dispatch.domain.learning import Figures
from dispatch.domain.people import Person
from geo.point import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleColumns:
    """Everybody, as arrays of one length N.

    Unit: degrees (NaN = unknown place); `seen_at`, `duty_until` seconds since 1970 (NaN = never set).
    `duty` -1 = never set, else the index in `list(Duty)`. `reach_minutes`, `quiet_from`, `quiet_to` -1 = none.
    """

    id: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    seen_at: NDArray[np.float64]
    seats: NDArray[np.int16]
    duty: NDArray[np.int8]
    duty_until: NDArray[np.float64]
    reach_minutes: NDArray[np.int16]
    quiet_from: NDArray[np.int16]
    quiet_to: NDArray[np.int16]
    weekly_max: NDArray[np.int16]
    guest: NDArray[np.bool_]
    closed: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    """Who may not ask them: bits of CLOSES in domain/network.py. Left out, nobody has said so."""

    def __post_init__(self) -> None:
        """Left out is nobody closed."""
        if len(self.closed) != len(self.id):
            object.__setattr__(self, "closed", np.zeros(len(self.id), np.int8))

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Who could help somebody: the question the matcher asks the roster."""

    requester: int
    origin: Point | None
    """None for a kind nobody travels to."""
    radius_km: float
    rings_max: int
    communities: tuple[int, ...] = ()
    vouchers: tuple[int, ...] = ()
    open: bool = False
    now: float | None = None
    """Seconds since 1970. Given: a duty whose time is over counts no more (`duty_at` in roster/people.py).
    None: dates are not looked at, and whoever ever went off duty stays off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Everybody in reach and ring, as arrays of one length; no order.

    `ring` 1, 2, 3; 4 = community, 5 = open, 6 = vouched (RINGS in domain/network.py). Through whom: Roster.path.
    `duty` is what it counts as at the question's `now`.
    Everyone who is in several rings stands in the nearest, in the order 1, 2, vouched, 3, community, open.
    """

    person: NDArray[np.int64]
    ring: NDArray[np.int8]
    km: NDArray[np.float32]
    lat: NDArray[np.float32]
    lon: NDArray[np.float32]
    seats: NDArray[np.int16]
    duty: NDArray[np.int8]
    reach_minutes: NDArray[np.int16]
    quiet_from: NDArray[np.int16]
    quiet_to: NDArray[np.int16]
    weekly_max: NDArray[np.int16]
    seen_at: NDArray[np.float64]
    community: NDArray[np.int64]
    """The community they were reached through, 0 = none."""
    closed: NDArray[np.int8]
    """Who may not ask them."""
    remembered: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Columns named like matching.REMEMBERED; one that is absent is unknown of everybody."""
    worked_out: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What whoever asked made of this answer, kept with it: the same answer may be given twice."""

    def __len__(self) -> int:
        return len(self.person)


class Roster(Protocol):
    """Everyone who could help, in memory. A cache: losing it loses nothing."""

    def search(self, question: Search) -> Candidates:
        """Everybody within the radius and the rings; never the requester, guests, or people off duty.

        Asked again within a second, while nothing has changed, it may give the same answer: nobody writes in it.
        """
        ...

    def counts_by_hop(self, requester: int, origin: Point, radius_km: float, hops: int = 3) -> tuple[int, ...]:
        """People at exactly hop 1 … hops within the radius, whatever their duty."""
        ...

    def path(self, requester: int, person: int, hops: int = 3) -> tuple[int, ...] | None:
        """The people between the two on a shortest way (person ids, () for friends); None = further than that."""
        ...

    def degree(self, person: int) -> int:
        """How many people would hear that person; 0 for somebody unknown."""
        ...

    def cell_counts(self, resolution: int) -> Mapping[str, int]:
        """Members with a known place per H3 cell, whatever their duty."""
        ...

    habits: Habits
    """What people here are like; the textbook until dispatch/feed.py has read something else."""

    def learn(self, figures: Figures) -> None:
        """What is remembered of these people is what is given, whatever it was before."""
        ...

    def present(self, person: int, sockets: int) -> None:
        """So many more (or fewer) inboxes of that person are open in front of them."""
        ...

    def load(self, people: PeopleColumns, ties: NDArray[np.int64], memberships: NDArray[np.int64]) -> None:
        """Replaces everything it holds."""
        ...

    def put_person(self, person: Person) -> None: ...
    def tie(self, a: int, b: int) -> None: ...
    def untie(self, a: int, b: int) -> None: ...
    def join(self, community_id: int, person_id: int) -> None: ...
    def leave(self, community_id: int, person_id: int) -> None: ...
    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """A network to bring in: N people and T ties, as arrays; only columns named in `given` are written.

    Unit: degrees (NaN unknown), `seen_at` seconds since 1970 (NaN unknown), `seats` -1 unknown,
    `duty` -1 unknown, else the index in `list(Duty)`. `ties`: shape (T, 2), pairs of row numbers;
    direction, repeats and ties to oneself don't matter. A column outside `given` may be empty.
    `given`: of `name`, `place` (lat and lon), `seats`, `duty`, `seen_at`.
    """

    externals: Sequence[str]
    names: Sequence[str | None] = ()
    lat: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    lon: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    seats: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    duty: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    seen_at: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    given: frozenset[str] = frozenset()
    ties: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    token_hashes: Sequence[bytes | None] = ()
    """The SHA-256 of a MEMBER token for each person, None for none; or empty for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What an import did. `ties_known`: distinct ties of the import that were there before."""

    people_added: int
    people_changed: int
    people_unchanged: int
    ties_added: int
    ties_known: int


Progress = Callable[[str, int, int], None]
"""Told of each stage: its name in plain words, how many are done, of how many."""


class NetworkStore(Protocol):
    """A store that takes a whole network."""

    def import_people_and_ties(self, people: Arrivals, progress: Progress | None = None) -> ImportCounts:
        """All or nothing; the same arrays a second time change nothing but the tokens, which are added."""
        ...
