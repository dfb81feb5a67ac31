"""A new database, made without importing alembic: `flare up` must be ready in two seconds.

The same tables as the migrations build, stamped with their revision
(tests/contract/test_store_migrations.py compares the two).
"""

from functools import cache
from typing import Final

from sqlalchemy.schema import CreateIndex, CreateTable

from dispatch.store.dialect import Dialect
from dispatch.store.link import Link
from dispatch.store.tables import metadata

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
"""Every revision there is, oldest first; the last is what this code needs."""


def create(link: Link, dialect: Dialect) -> None:
    """Every table, index and the stamp, inside the caller's transaction."""
    for statement in _statements(dialect):
        link.say(statement)


@cache
def _statements(dialect: Dialect) -> tuple[str, ...]:
    """What is said to the engine; a tenth of making a database is finding these words, so they are found once."""
    found: list[str] = []
    for table in metadata.sorted_tables:
        found.append(str(CreateTable(table).compile(dialect=dialect.core)))
        indexes = sorted(table.indexes, key=lambda one: str(one.name))
        found += [str(CreateIndex(index).compile(dialect=dialect.core)) for index in indexes]
    found.append("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    found.append(f"INSERT INTO alembic_version (version_num) VALUES ('{REVISIONS[-1]}')")  # noqa: S608 - our own
    return tuple(found)
