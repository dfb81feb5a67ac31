"""Members and guests. A phone number is sealed under a key of its own; one that was proved is found by a keyed mark."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from sqlalchemy import select, update
from sqlalchemy.sql import ClauseElement

from dispatch.domain.people import Duty, Person
from dispatch.store.build import adding_all, given, stored_changes
from dispatch.store.dialect import Among
from dispatch.store.keyring import Keyring, day_of
from dispatch.store.link import Link, Row, as_json
from dispatch.store.secrets import closed, opened
from dispatch.store.state import State
from dispatch.store.tables import person
from dispatch.store.times import micros_or_none, moment_or_none
from geo.point import Point

_p = person.c
_ALL = tuple(person.c)

_ADD = adding_all(person)
_BY_ID = select(*_ALL).where(_p.id == given("id"))
_BY_IDS = select(*_ALL).where(Among(_p.id, "ids"))
_BY_PUBLIC = select(*_ALL).where(_p.public_id == given("public_id"))
_WITH_PHONE = select(*_ALL).where(Among(_p.phone_mark, "marks")).order_by(_p.id.desc())
_BY_EXTERNAL = select(*_ALL).where(_p.external == given("external"))


@cache
def _set(columns: tuple[str, ...]) -> ClauseElement:
    return update(person).values({name: given(name) for name in columns}).where(_p.id == given("w_id")).returning(*_ALL)


def _person(row: Row, phone: str | None) -> Person:
    return Person(
        id=row[0], public_id=row[1], name=row[2], external=row[3], lang=row[4], car=row[5], phone=phone,
        seats=row[7], place=None if row[8] is None else Point(row[8], row[9]), place_text=row[10],
        seen_at=moment_or_none(row[11]), duty=None if row[12] is None else Duty(row[12]),
        duty_until=moment_or_none(row[13]), reach_minutes=row[14], quiet_from=row[15], quiet_to=row[16],
        alerts_per_week_max=row[17], inbox_off=row[18], guest=bool(row[19]), created_at=moment_or_none(row[20]),
        closed=row[21], phone_proven=phone is not None and row[22] is not None,
    )  # fmt: skip


class StoredPeople:
    """ports.People over one link."""

    def __init__(self, link: Link, state: State, keyring: Keyring) -> None:
        self._link, self._state, self._keyring = link, state, keyring

    def _person(self, row: Row) -> Person:
        """The row, in the table's order, as the domain knows it."""
        phone = row[6] and opened(self._keyring, row[6], row[1])
        return _person(row, phone)

    def add(self, person: Person) -> Person:
        """The person with their new id."""
        p = person
        phone = p.phone and closed(self._keyring, self._day, p.phone, p.public_id)
        row = self._link.one(
            _ADD, public_id=p.public_id, name=p.name, external=p.external, lang=p.lang, car=p.car, phone=phone,
            seats=p.seats, lat=p.place.lat if p.place else None, lon=p.place.lon if p.place else None,
            place_text=p.place_text, seen_at=micros_or_none(p.seen_at), duty=p.duty.value if p.duty else None,
            duty_until=micros_or_none(p.duty_until), reach_minutes=p.reach_minutes, quiet_from=p.quiet_from,
            quiet_to=p.quiet_to, alerts_per_week_max=p.alerts_per_week_max, inbox_off=p.inbox_off, guest=p.guest,
            created_at=micros_or_none(p.created_at), closed=p.closed, phone_mark=None,
        )  # fmt: skip
        return replace(p, id=row[0])

    def by_id(self, person_id: int) -> Person | None:
        """The person of that id."""
        row = self._link.row(_BY_ID, id=person_id)
        return self._person(row) if row else None

    def by_ids(self, person_ids: Iterable[int]) -> dict[int, Person]:
        """Those that exist, by id."""
        return {
            row[0]: self._person(row) for row in self._link.rows(_BY_IDS, ids=as_json([int(i) for i in person_ids]))
        }

    def by_public(self, public_id: str) -> Person | None:
        """The person of that public id."""
        row = self._link.row(_BY_PUBLIC, public_id=public_id)
        return self._person(row) if row else None

    def with_phone(self, number: str) -> list[Person]:
        """Everybody who proved that number, the one who came last first."""
        marks = as_json(self._keyring.lasting_marks(self._day, number))
        return [self._person(row) for row in self._link.rows(_WITH_PHONE, marks=marks)]

    def forget_phone(self, person_id: int, *, but_its_mark: bool) -> None:
        """No number any more; with `but_its_mark` they are still found by it, until its key ends."""
        columns: dict[str, object] = {"phone": None} if but_its_mark else {"phone": None, "phone_mark": None}
        self._link.row(_set(tuple(columns)), w_id=person_id, **columns)

    @property
    def _day(self) -> int:
        return day_of(self._state.now)

    def by_external(self, external: str) -> Person | None:
        """The person whom the operator calls that."""
        row = self._link.row(_BY_EXTERNAL, external=external)
        return self._person(row) if row else None

    def set(self, person_id: int, **changes: object) -> Person:
        """The person after changes named like the dataclass's fields. Raises: KeyError for an unknown person."""
        columns = stored_changes(changes)
        proven, phone = columns.pop("phone_proven", False), columns.get("phone")
        if "phone" in columns:
            columns["phone_mark"] = self._keyring.lasting_mark(self._day, str(phone)) if phone and proven else None
        if phone:
            held = self._link.row(_BY_ID, id=person_id)
            if held is None:
                raise KeyError(f"no person {person_id}")
            columns["phone"] = closed(self._keyring, self._day, str(phone), held[1])
        row = self._link.row(_set(tuple(columns)), w_id=person_id, **columns)
        if row is None:
            raise KeyError(f"no person {person_id}")
        return self._person(row)
