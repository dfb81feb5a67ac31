"""Small worlds for roster tests, and the slow, plain answers to hold the roster against."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from dispatch.domain.people import SILENT, Duty, Person
from dispatch.ports import PeopleColumns, Search
from dispatch.roster import MemoryRoster
from geo.distance import great_circle_km
from geo.point import Point

NOW = 1_000_000.0
DUTIES = list(Duty)


def somebody(person_id: int, **fields: object) -> Person:
    return replace(Person(id=person_id, public_id=f"p{person_id}"), **fields)  # type: ignore[arg-type]


@dataclass
class Plain:
    """The same network as dictionaries, answered by the definitions."""

    people: dict[int, Person] = field(default_factory=dict)
    ties: set[tuple[int, int]] = field(default_factory=set)
    members: dict[int, set[int]] = field(default_factory=dict)

    def columns(self) -> PeopleColumns:
        everybody = list(self.people.values())
        nan = float("nan")

        def numbers(values: Iterable[float | int | None], dtype: type, none: float) -> np.ndarray:
            return np.array([none if value is None else value for value in values], dtype=dtype)

        return PeopleColumns(
            id=numbers((p.id for p in everybody), np.int64, -1),
            lat=numbers((p.place.lat if p.place else None for p in everybody), np.float64, nan),
            lon=numbers((p.place.lon if p.place else None for p in everybody), np.float64, nan),
            seen_at=numbers((p.seen_at.timestamp() if p.seen_at else None for p in everybody), np.float64, nan),
            seats=numbers((p.seats for p in everybody), np.int16, -1),
            duty=numbers((DUTIES.index(p.duty) if p.duty else None for p in everybody), np.int8, -1),
            duty_until=numbers(
                (p.duty_until.timestamp() if p.duty_until else None for p in everybody), np.float64, nan
            ),
            reach_minutes=numbers((p.reach_minutes for p in everybody), np.int16, -1),
            quiet_from=numbers((p.quiet_from for p in everybody), np.int16, -1),
            quiet_to=numbers((p.quiet_to for p in everybody), np.int16, -1),
            weekly_max=numbers((p.alerts_per_week_max for p in everybody), np.int16, -1),
            guest=np.array([p.guest for p in everybody], dtype=np.bool_),
        )

    def roster(self, fold_after: int = 10_000) -> MemoryRoster:
        made = MemoryRoster(fold_after=fold_after)
        made.load(
            self.columns(),
            np.array(sorted(self.ties), dtype=np.int64).reshape(-1, 2),
            np.array([(c, p) for c, who in self.members.items() for p in who], dtype=np.int64).reshape(-1, 2),
        )
        return made

    def neighbours(self, person: int) -> set[int]:
        return {b for a, b in self.ties if a == person} | {a for a, b in self.ties if b == person}

    def hops(self, start: int) -> dict[int, int]:
        found, waiting = {start: 0}, deque([start])
        while waiting:
            one = waiting.popleft()
            for other in self.neighbours(one):
                if other not in found:
                    found[other] = found[one] + 1
                    waiting.append(other)
        return found

    def duty(self, person: Person, now: float | None) -> Duty | None:
        if now is None or person.duty_until is None or person.duty_until.timestamp() > now:
            return person.duty
        return Duty.AVAILABLE if person.duty is Duty.ON_BREAK else None

    def search(self, question: Search) -> dict[int, tuple[int, int]]:
        """Person to (ring, community)."""
        hops = self.hops(question.requester)
        vouched = {friend for voucher in question.vouchers for friend in self.neighbours(voucher)}
        answer = {}
        for person in self.people.values():
            through = next((c for c in question.communities if person.id in self.members.get(c, ())), 0)
            hop = hops.get(person.id, 99)
            ring = (
                hop
                if hop <= min(2, question.rings_max)
                else 6
                if person.id in vouched
                else 3
                if hop <= question.rings_max
                else 4
                if through
                else 5
                if question.open
                else 0
            )
            if ring == 0 or person.id == question.requester or person.guest:
                continue
            if self.duty(person, question.now) in SILENT:
                continue
            if question.origin is not None and (
                person.place is None or great_circle_km(question.origin, person.place) > question.radius_km
            ):
                continue
            answer[person.id] = (ring, through if ring == 4 else 0)
        return answer


CORNERS = [(90, 0), (-90, 10), (0, 180), (0, -180), (10, 179.99), (10, -179.99), (89.99, 170), (-89.9, -20), (0, 0)]


def places() -> st.SearchStrategy[Point]:
    anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
    corner = st.sampled_from(CORNERS).map(lambda pair: Point(*pair))
    desert = st.builds(Point, st.floats(34, 36), st.floats(-117, -115))
    return anywhere | corner | desert


def persons(person_id: int) -> st.SearchStrategy[Person]:
    return st.builds(
        somebody,
        st.just(person_id),
        place=st.none() | places(),
        seats=st.none() | st.integers(1, 60),
        duty=st.none() | st.sampled_from(DUTIES),
        duty_until=st.none() | st.sampled_from([NOW - 1, NOW, NOW + 1]).map(lambda s: datetime.fromtimestamp(s, UTC)),
        guest=st.sampled_from([False] * 9 + [True]),
    )


@st.composite
def worlds(draw: st.DrawFn, ids: Sequence[int] = (3, 5, 6, 7, 8, 9, 20, 21, 22, 1_000_000_000_007)) -> Plain:
    chosen = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    pairs = [(a, b) for i, a in enumerate(chosen) for b in chosen[i + 1 :]]
    return Plain(
        people={each: draw(persons(each)) for each in chosen},
        ties=draw(st.sets(st.sampled_from(pairs), max_size=20)) if pairs else set(),
        members=draw(st.dictionaries(st.sampled_from([1, 2, 3]), st.sets(st.sampled_from(chosen)))),
    )


@st.composite
def questions(draw: st.DrawFn, plain: Plain) -> Search:
    everybody = st.sampled_from([*plain.people, 999])
    return Search(
        requester=draw(everybody),
        origin=draw(st.none() | places() | st.sampled_from([p.place for p in plain.people.values()])),
        radius_km=draw(
            st.sampled_from([0.0, 1.0, 25.0, 150.0, 2_000.0, 9_999.0, 15_000.0, 20_100.0]) | st.floats(0, 21_000)
        ),
        rings_max=draw(st.integers(0, 3)),
        communities=tuple(draw(st.lists(st.sampled_from([1, 2, 3, 9]), unique=True))),
        vouchers=tuple(draw(st.lists(everybody, max_size=2))),
        open=draw(st.booleans()),
        now=draw(st.none() | st.just(NOW)),
    )
