"""A whole network in one transaction: people matched by the operator's own names, ties between them.

All or nothing, and the same arrays twice change nothing the second time. An unknown value never
erases a known one: a person may have said more than the operator's file
(tests/contract/test_store_import.py). CSV is read elsewhere; here are arrays.
"""

from collections.abc import Iterator, Sized
from datetime import datetime
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    and_,
    false,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import CreateTable, DropTable
from sqlalchemy.sql import ClauseElement

from dispatch.domain import limits
from dispatch.domain.events import CONTROL, ControlKind
from dispatch.domain.people import Duty
from dispatch.ports import Arrivals, ImportCounts, Power, Progress, Tx
from dispatch.store.build import given
from dispatch.store.link import Link, Row
from dispatch.store.tables import grant_, person, tie
from dispatch.store.times import micros
from dispatch.store.tx import StoreTx

CHUNK: Final = 50_000
COLUMNS: Final = frozenset({"name", "place", "seats", "duty", "seen_at"})


_temporary = MetaData()
_in = Table(
    "incoming_person",
    _temporary,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("external", Text, nullable=False),
    Column("public_id", Text, nullable=False),
    Column("name", Text),
    Column("lat", Double),
    Column("lon", Double),
    Column("seats", SmallInteger),
    Column("duty", Text),
    Column("seen_at", BigInteger),
    Column("token_hash", LargeBinary),
    prefixes=["TEMPORARY"],
)
_tie_in = Table(
    "incoming_tie",
    _temporary,
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    prefixes=["TEMPORARY"],
)

_p, _i = person.c, _in.c
_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "name": ("name",), "place": ("lat", "lon"), "seats": ("seats",), "duty": ("duty",), "seen_at": ("seen_at",),
}  # fmt: skip
_NEW = insert(person).from_select(
    [
        "public_id", "external", "name", "lat", "lon", "seats", "duty", "seen_at", "alerts_per_week_max", "inbox_off",
        "guest", "created_at",
    ],
    select(
        _i.public_id, _i.external, _i.name, _i.lat, _i.lon, _i.seats, _i.duty, _i.seen_at,
        literal_column(str(limits.ALERTS_PER_WEEK)), literal_column("0"), false(), given("now"),
    )
    .select_from(_in.outerjoin(person, _p.external == _i.external))
    .where(_p.id.is_(None))
    .order_by(_i.row),
)  # fmt: skip
_IDS = select(_p.id).select_from(_in.join(person, _p.external == _i.external)).order_by(_i.row)
# "WHERE true": without it SQLite reads ON CONFLICT as the join's ON.
_NEW_TIES = (
    insert(tie)
    .from_select(["a", "b"], select(_tie_in.c.a, _tie_in.c.b).where(literal_column("1=1")))
    .on_conflict_do_nothing()
)
_NEW_GRANTS = (
    insert(grant_)
    .from_select(
        ["token_hash", "power", "person_id"],
        select(_i.token_hash, literal_column(f"'{Power.MEMBER.value}'"), _p.id)
        .select_from(_in.join(person, _p.external == _i.external))
        .where(_i.token_hash.is_not(None)),
    )
    .on_conflict_do_nothing()
)


def _update(columns: list[str]) -> ClauseElement:
    """Known values over what is stored; touches only rows that they change."""
    return (
        update(person)
        .values({name: func.coalesce(_i[name], _p[name]) for name in columns})
        .where(
            _p.external == _i.external,
            or_(*(and_(_i[name].is_not(None), _i[name].is_distinct_from(_p[name])) for name in columns)),
        )
    )


def import_people_and_ties(
    given_tx: Tx, now: datetime, people: Arrivals, progress: Progress | None = None
) -> ImportCounts:
    """Runs inside a writing transaction of its own. Raises: ValueError for arrays that don't fit."""
    tx = cast("StoreTx", given_tx)  # a store gives its jobs its own
    count = len(people.externals)
    _check(people, count)
    tell = progress or (lambda _what, _done, _all: None)
    tx.patiently()
    link = tx.link
    for table in (_in, _tie_in):
        link.say(str(CreateTable(table).compile(dialect=link.dialect.core)))
    _pour(link, _in, _rows(tx, people, count), count, "people", tell)
    columns = [column for name in sorted(people.given) for column in _VALUES[name]]
    changed = link.run(_update(columns)) if columns else 0
    added = link.run(_NEW, now=micros(now))
    ids = np.fromiter((row[0] for row in link.rows(_IDS)), dtype=np.int64, count=count)
    if people.token_hashes:
        link.run(_NEW_GRANTS)
    pairs = _distinct(ids[people.ties])
    _pour(link, _tie_in, _pairs(pairs), len(pairs), "ties", tell)
    ties_added = link.run(_NEW_TIES)
    for table in (_in, _tie_in):
        link.say(str(DropTable(table).compile(dialect=link.dialect.core)))
    counts = ImportCounts(
        people_added=added,
        people_changed=changed,
        people_unchanged=count - added - changed,
        ties_added=ties_added,
        ties_known=len(pairs) - ties_added,
    )
    tx.journal.append(CONTROL, ControlKind.IMPORTED, {"people": added + changed, "ties": ties_added})
    return counts


def _check(people: Arrivals, count: int) -> None:
    if not people.given <= COLUMNS:
        raise ValueError(f"no such columns: {sorted(people.given - COLUMNS)}")
    if len(set(people.externals)) != count:
        raise ValueError("somebody stands in the list twice")
    wanted: dict[str, tuple[Sized, ...]] = {
        "name": (people.names,), "place": (people.lat, people.lon), "seats": (people.seats,), "duty": (people.duty,),
        "seen_at": (people.seen_at,),
    }  # fmt: skip
    if any(len(array) != count for name in people.given for array in wanted[name]):
        raise ValueError("columns of different lengths")
    if len(people.token_hashes) not in {0, count}:
        raise ValueError("one token for each person, or none")
    if people.ties.size and (people.ties.min() < 0 or people.ties.max() >= count):
        raise ValueError("a tie to a row that isn't there")


def _rows(tx: StoreTx, people: Arrivals, count: int) -> Iterator[Row]:
    """Rows of `incoming_person`; what is unknown or not given is NULL."""
    nothing: list[Any] = [None] * count
    has = people.given.__contains__
    duties = [duty.value for duty in Duty]
    known = ~(np.isnan(people.lat) | np.isnan(people.lon)) if has("place") else np.empty(0)
    places = [
        [value if ok else None for value, ok in zip(column.tolist(), known.tolist(), strict=True)]
        if has("place")
        else nothing
        for column in (people.lat, people.lon)
    ]
    seats = [None if n < 0 else n for n in people.seats.tolist()] if has("seats") else nothing
    duty = [None if n < 0 else duties[n] for n in people.duty.tolist()] if has("duty") else nothing
    seen = [None if s != s else round(s * 1e6) for s in people.seen_at.tolist()] if has("seen_at") else nothing
    return zip(
        range(count), people.externals, (tx.ids.public_id() for _ in range(count)),
        people.names if has("name") else nothing, places[0], places[1], seats, duty, seen,
        people.token_hashes or nothing,
        strict=True,
    )  # fmt: skip


def _distinct(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each tie once, a < b, sorted: the index then grows at its end, several times faster."""
    pairs = np.sort(pairs.reshape(-1, 2), axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def _pairs(pairs: NDArray[np.int64]) -> Iterator[Row]:
    for start in range(0, len(pairs), CHUNK):
        yield from map(tuple, pairs[start : start + CHUNK].tolist())


def _pour(link: Link, table: Table, rows: Iterator[Row], total: int, what: str, tell: Progress) -> None:
    names = [column.name for column in table.c]
    for done in range(0, total, CHUNK):
        tell(what, done, total)
        link.dialect.pour(link.cursor, table.name, names, [next(rows) for _ in range(min(CHUNK, total - done))])
    tell(what, total, total)
