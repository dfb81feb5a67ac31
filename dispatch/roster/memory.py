"""The roster: answers the matcher's questions without a query.

Threads: one writer at a time (a lock), any number of readers with none. A reader takes the
current world, one reference, and finishes on it; folding builds the next world beside it and
swaps the reference. So a search is never held up by a change and never sees half a load.
Must never decide whom to ask: it says who is there (dispatch/domain/matching.py decides).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.columns import once_each
from dispatch.domain.habits import TEXTBOOK
from dispatch.domain.learning import Figures
from dispatch.domain.network import CODE
from dispatch.domain.people import Person
from dispatch.ports import Candidates, PeopleColumns, Search
from dispatch.roster.base import Numbers, Ranges, build, joined, numbers_where, positions
from dispatch.roster.delta import Delta
from dispatch.roster.hops import SELF, marks_of
from dispatch.roster.kept import Kept
from dispatch.roster.paths import shortest
from dispatch.roster.people import PERSON, Rows, duty_at, may_be_asked, row_of, rows_of, stub
from dispatch.roster.remembered import Remembered
from dispatch.roster.rim import within
from geo.cells import cell_of
from geo.point import Point

_G = TypeVar("_G", bound=np.generic)

COMMUNITY: Final = CODE["community"]
OPEN: Final = CODE["open"]
VOUCHED: Final = CODE["vouched"]
_THIRD: Final = 3
FOLD_AFTER: Final = 10_000
"""Changes kept beside the base before it is built anew."""


@dataclass(frozen=True, slots=True)
class _World:
    """What one reader works on: a base with its changes, and who is in which community."""

    delta: Delta
    members: dict[int, Numbers]


class MemoryRoster:
    """Everyone who could help, as numpy arrays. Fill it with `load`, keep it current with the rest."""

    def __init__(self, *, fold_after: int = FOLD_AFTER) -> None:
        self._writing = Lock()
        self._room = max(fold_after, _THIRD)
        self._cells: dict[int, Counter[str]] = {}
        self._remembered = Remembered()
        self.habits = TEXTBOOK
        self._kept, self._version = Kept(), 0
        nobody = np.zeros(0, dtype=np.int64)
        self._world = self._made(np.zeros(0, dtype=PERSON), nobody, nobody, {})

    def __len__(self) -> int:
        delta = self._world.delta
        return len(delta.base) + len(delta.newcomers)

    @property
    def unfolded(self) -> int:
        """How many changes stand beside the base."""
        return self._world.delta.changes

    # -- questions ------------------------------------------------------------------------------

    def search(self, question: Search) -> Candidates:
        """Everybody within the radius and the rings; never the requester, guests, or people off duty.

        Shape: each person once, in their nearest ring (1, 2, vouched, 3, community, open).
        Unit: `km` on the sphere of 6371.0088 km, exact to a metre and on the rim to a millimetre;
        0 when the question has no origin (then people whose place is unknown count as well).
        `duty` is what it counts as at `question.now`.
        """
        version = self._version
        found = self._kept.take(question, version)
        if found is None:
            found = self._found(question)
            self._kept.put(question, version, found)
        return found

    def _found(self, question: Search) -> Candidates:
        world = self._world
        delta = world.delta
        near = None if question.origin is None else delta.base.near(question.origin, question.radius_km)
        ring = self._rings(world, question, near)
        people, rows, vectors = _gathered(delta, ring, near)
        duty = duty_at(rows, question.now)
        asked = may_be_asked(rows, duty)
        if question.origin is None:
            km = np.zeros(len(people), dtype=np.float32)
        else:
            inside, km = within(question.origin, question.radius_km, rows, vectors)
            asked &= inside
        at = np.flatnonzero(asked)
        people, rows, km, duty = people.take(at), rows.take(at), km.take(at), duty.take(at)
        rings = ring.take(people).view(np.int8)
        return Candidates(
            person=_own(rows["id"]),
            ring=rings,
            km=km,
            lat=rows["lat"].astype(np.float32),
            lon=rows["lon"].astype(np.float32),
            seats=_own(rows["seats"]),
            duty=duty,
            reach_minutes=_own(rows["reach_minutes"]),
            quiet_from=_own(rows["quiet_from"]),
            quiet_to=_own(rows["quiet_to"]),
            weekly_max=_own(rows["weekly_max"]),
            seen_at=_own(rows["seen_at"]),
            closed=_own(rows["closed"]),
            community=_communities(world, question, people, rings),
            remembered=self._remembered.gather(rows["id"], question.now) if question.now is not None else {},
        )

    def counts_by_hop(self, requester: int, origin: Point, radius_km: float, hops: int = 3) -> tuple[int, ...]:
        """People at exactly hop 1 … hops within the radius, whatever their duty; guests never count."""
        delta = self._world.delta
        near = delta.base.near(origin, radius_km)
        mark = marks_of(delta, delta.number_of(requester), hops, near)
        mark[mark == SELF] = 0
        people, rows, vectors = _gathered(delta, mark, near)
        inside, _ = within(origin, radius_km, rows, vectors)
        found = np.bincount(mark[people[inside & ~rows["guest"]]], minlength=hops + 1)
        return tuple(int(count) for count in found[1 : hops + 1])

    def path(self, requester: int, person: int, hops: int = 3) -> tuple[int, ...] | None:
        """The people between the two on a shortest way (person ids, () for friends); None = further than that.

        () as well for one person and themselves.
        """
        delta = self._world.delta
        start, end = delta.number_of(requester), delta.number_of(person)
        if start < 0 or end < 0:
            return None
        way = shortest(delta, start, end, hops)
        return None if way is None else tuple(delta.ids(np.array(way[1:-1], dtype=np.int64)).tolist())

    def cell_counts(self, resolution: int) -> Mapping[str, int]:
        """Members with a known place per H3 cell, whatever their duty. A copy.

        Cost: 2 µs a person the first time, nothing to speak of afterwards: moves keep it current.
        """
        with self._writing:
            if resolution not in self._cells:
                rows, _, _ = self._world.delta.everything()
                self._cells[resolution] = Counter(_cells_of(rows, resolution))
            return +self._cells[resolution]

    # -- changes --------------------------------------------------------------------------------

    def load(self, people: PeopleColumns, ties: NDArray[np.int64], memberships: NDArray[np.int64]) -> None:
        """Replaces everything it holds; searches go on over the old world until it is done.

        A tie or membership of somebody who is not among the people is left out.
        """
        rows = rows_of(people)
        at = positions(people.id, ties.reshape(-1, 2))
        known = (at >= 0).all(axis=1)
        if not known.all():
            at = at[known]
        groups = _grouped(memberships.reshape(-1, 2), people.id)
        with self._change():
            self._cells.clear()
            self._world = self._made(rows, at[:, 0], at[:, 1], groups)

    def put_person(self, person: Person) -> None:
        """The person as they are now, new or known."""
        with self._change():
            delta = self._roomy().delta
            number = delta.number_of(person.id)
            before = delta.row(number) if number >= 0 else None
            delta.put(person.id, row_of(person))
            for resolution, counts in self._cells.items():
                if before is not None:
                    counts.subtract(_cells_of([before], resolution))
                counts.update(_cells_of([delta.row(delta.number_of(person.id))], resolution))

    def learn(self, figures: Figures) -> None:
        """What is remembered of these people is what is given, whatever it was before."""
        with self._change():
            self._remembered.learn(figures)

    def present(self, person: int, sockets: int) -> None:
        """So many more (or fewer) inboxes of that person are open in front of them."""
        with self._change():
            self._remembered.present(person, sockets)

    def tie(self, a: int, b: int) -> None:
        """Those two would hear each other from now on. Whoever is unknown is a guest until `put_person`."""
        with self._change():
            delta = self._roomy().delta
            delta.tie(_number(delta, a), _number(delta, b))

    def untie(self, a: int, b: int) -> None:
        """They would not any more."""
        with self._change():
            delta = self._roomy().delta
            one, other = delta.number_of(a), delta.number_of(b)
            if one >= 0 and other >= 0:
                delta.untie(one, other)

    def join(self, community_id: int, person_id: int) -> None:
        """That person is a member from now on."""
        with self._change():
            world = self._roomy()
            number = _number(world.delta, person_id)
            members = world.members.get(community_id, np.zeros(0, dtype=np.int64))
            if number not in members:
                world.members[community_id] = np.append(members, number)

    def leave(self, community_id: int, person_id: int) -> None:
        """That person is no member any more."""
        with self._change():
            world = self._world
            number, members = world.delta.number_of(person_id), world.members.get(community_id)
            if members is not None:
                world.members[community_id] = members[members != number]

    def fold(self) -> None:
        """Builds the base anew with all changes in it. Happens by itself every `fold_after` changes.

        Cost: 1 M people with 5.5 M ties about a second on the calling thread; readers are not held up.
        """
        with self._writing:
            self._fold()

    def degree(self, person: int) -> int:
        """How many people would hear that person; 0 for somebody unknown."""
        delta = self._world.delta
        number = delta.number_of(person)
        return len(delta.ties_of(number)) if number >= 0 else 0

    # -- inside ---------------------------------------------------------------------------------

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One writer; afterwards no answer of before is given again."""
        with self._writing:
            yield
            self._version += 1

    def _roomy(self) -> _World:
        """The world, with room for one more change."""
        if self._world.delta.full:
            self._fold()
        return self._world

    def _fold(self) -> None:
        world = self._world
        if not world.delta.empty:
            self._world = self._made(*world.delta.everything(), world.members)

    def _made(self, rows: Rows, a: Numbers, b: Numbers, members: dict[int, Numbers]) -> _World:
        base, rank = build(rows, a, b, self._room)
        return _World(Delta(base, self._room), {community: rank[each] for community, each in members.items()})

    def _rings(self, world: _World, question: Search, near: Ranges | None) -> NDArray[np.uint8]:
        """The ring of everybody the question may reach, by number; 0 for others and the requester."""
        delta = world.delta
        me = delta.number_of(question.requester)
        ring = marks_of(delta, me, min(question.rings_max, _THIRD), near)
        if question.vouchers:
            third = ring == _THIRD
            ring[third] = 0
            for voucher in question.vouchers:
                number = delta.number_of(voucher)
                if number >= 0:
                    _reach(ring, delta.ties_of(number), VOUCHED)
            ring[third & (ring == 0)] = _THIRD
        for community in question.communities:
            if community in world.members:
                _reach(ring, world.members[community], COMMUNITY)
        if question.open:
            everybody = ring[: len(delta.base) + len(delta.newcomers)]
            everybody[everybody == 0] = OPEN
        if me >= 0:
            ring[me] = 0
        return ring


def _reach(ring: NDArray[np.uint8], people: NDArray[np.signedinteger], code: int) -> None:
    ring[people[ring[people] == 0]] = code


def _gathered(delta: Delta, mark: NDArray[np.uint8], near: Ranges | None) -> tuple[Numbers, Rows, NDArray[np.float32]]:
    """Everybody with a mark (in those ranges, if given; moved people wherever they were): numbers, rows, vectors."""
    # `take` and `compress`, never rows[...]: indexing copies records field by field, forty times slower.
    base, moved = delta.base, delta.moved()
    ranges = [(0, len(base))] if near is None else near
    people = numbers_where(joined(mark, ranges) != 0, ranges)
    if not len(moved.numbers):
        return people, base.rows.take(people), base.vectors.take(people, axis=0)
    people = people[~moved.is_moved.take(people)]
    reached = np.flatnonzero(mark[moved.numbers])
    return (
        np.concatenate([people, moved.numbers[reached]]),
        np.concatenate([base.rows.take(people), moved.rows.take(reached)]),
        np.concatenate([base.vectors.take(people, axis=0), moved.vectors.take(reached, axis=0)]),
    )


def _communities(world: _World, question: Search, people: Numbers, rings: NDArray[np.int8]) -> NDArray[np.int64]:
    """The first of the asked communities each ring-4 person belongs to; 0 for all others."""
    answer = np.zeros(len(people), dtype=np.int64)
    waiting = np.flatnonzero(rings == COMMUNITY)
    for community in question.communities:
        if not len(waiting) or community not in world.members:
            continue
        inside = np.isin(people[waiting], world.members[community])
        answer[waiting[inside]] = community
        waiting = waiting[~inside]
    return answer


def _grouped(memberships: NDArray[np.int64], ids: NDArray[np.int64]) -> dict[int, Numbers]:
    at = positions(ids, memberships[:, 1])
    pairs = np.stack([memberships[:, 0], at], axis=1)[at >= 0]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    communities, first = np.unique(pairs[:, 0], return_index=True)
    split = np.split(pairs[:, 1], first[1:])
    return {int(community): once_each(each) for community, each in zip(communities, split, strict=False)}


def _number(delta: Delta, person_id: int) -> int:
    number = delta.number_of(person_id)
    return number if number >= 0 else delta.put(person_id, stub(person_id))


def _cells_of(rows: Iterable[np.void] | Rows, resolution: int) -> list[str]:
    return [
        cell_of(Point(float(row["lat"]), float(row["lon"])), resolution)
        for row in rows
        if not row["guest"] and row["lat"] == row["lat"]
    ]


def _own(column: NDArray[_G]) -> NDArray[_G]:
    return np.ascontiguousarray(column)
