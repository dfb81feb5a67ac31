"""Small pieces that statements are made of: built at import, once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum

from sqlalchemy import ColumnElement, Insert, Table, bindparam

# PostgreSQL's own insert is the one with ON CONFLICT that both engines' compilers can read.
from sqlalchemy.dialects.postgresql import Insert as ConflictInsert
from sqlalchemy.dialects.postgresql import insert

from dispatch.store.link import as_json
from dispatch.store.times import micros
from geo.point import Point

__all__ = ["adding", "adding_all", "given", "stored", "stored_changes"]


def given(name: str) -> ColumnElement[object]:
    """A value that comes with each call; `w_…` where a column of that name is being set."""
    return bindparam(name)


def adding(table: Table, *without: str) -> ConflictInsert:
    """INSERT of every column but those, each given by its own name."""
    return insert(table).values({c.name: bindparam(c.name) for c in table.c if c.name not in without})


def adding_all(table: Table) -> Insert:
    """INSERT of every column but `id`, giving back the new id."""
    return adding(table, "id").returning(table.c.id)


def stored(value: object) -> object:
    """A field's value as its column holds it."""
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping | list | tuple):
        return as_json(value)
    return value


def stored_changes(changes: Mapping[str, object], places: Iterable[str] = ("place", "point")) -> dict[str, object]:
    """Changes named like a dataclass's fields, as columns; a Point becomes `lat` and `lon`."""
    columns: dict[str, object] = {}
    for name, value in changes.items():
        if name in places:
            point = value if isinstance(value, Point) else None
            columns["lat"], columns["lon"] = (point.lat, point.lon) if point else (None, None)
        else:
            columns[name] = stored(value)
    return columns
