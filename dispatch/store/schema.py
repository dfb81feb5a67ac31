"""A new database, made without importing alembic: `flare up` must be ready in two seconds.

The same tables as the migrations build, stamped with their revision
(tests/contract/test_store_migrations.py compares the two).
"""

from typing import Final

from sqlalchemy.schema import CreateIndex, CreateTable

from dispatch.store.dialect import Dialect
from dispatch.store.link import Link
from dispatch.store.tables import metadata

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""Every revision there is, oldest first; the last is what this code needs."""


def create(link: Link, dialect: Dialect) -> None:
    """Every table, index and the stamp, inside the caller's transaction."""
    for table in metadata.sorted_tables:
        link.say(str(CreateTable(table).compile(dialect=dialect.core)))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            link.say(str(CreateIndex(index).compile(dialect=dialect.core)))
    link.say("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    link.say(f"INSERT INTO alembic_version (version_num) VALUES ('{REVISIONS[-1]}')")  # noqa: S608 - our own
