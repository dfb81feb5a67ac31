"""One connection of a driver, and our statements run on it.

Both drivers (sqlite3, psycopg) are in autocommit: BEGIN, SAVEPOINT and COMMIT are ours alone.
A link belongs to one thread at a time.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy.sql import ClauseElement

from dispatch.store.dialect import Dialect

# A row is whatever the columns hold; the repositories turn it into a dataclass at once.
Row = tuple[Any, ...]


class Link:
    """Runs statements and gives back plain rows."""

    __slots__ = ("_known", "cursor", "dialect", "raw")

    def __init__(self, raw: Any, dialect: Dialect) -> None:  # noqa: ANN401 - two drivers without a common type
        self.raw = raw
        self.cursor: Any = raw.cursor()
        self.dialect = dialect
        self._known = dialect.known

    def _execute(self, statement: ClauseElement, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - the driver's cursor
        spelt = self._known.get(statement) or self.dialect.spelt(statement)
        if spelt.constants:
            values = {**spelt.constants, **values}
        self.cursor.execute(spelt.sql, tuple([values[name] for name in spelt.names]))
        return self.cursor

    def run(self, statement: ClauseElement, **values: object) -> int:
        """How many rows it changed."""
        changed: int = self._execute(statement, values).rowcount
        return changed

    def row(self, statement: ClauseElement, **values: object) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._execute(statement, values).fetchone()
        return row

    def one(self, statement: ClauseElement, **values: object) -> Row:
        """The one row there must be. Raises: LookupError without it."""
        row = self.row(statement, **values)
        if row is None:
            raise LookupError("a row that must be there is missing")
        return row

    def rows(self, statement: ClauseElement, **values: object) -> list[Row]:
        """Every row."""
        rows: list[Row] = self._execute(statement, values).fetchall()
        return rows

    def each(self, statement: ClauseElement, **values: object) -> Iterator[Row]:
        """Row by row, for very many; finish before the next statement."""
        return iter(self._execute(statement, values))

    def many(self, statement: ClauseElement, rows: Iterable[Mapping[str, object]]) -> None:
        """The statement once per row, in one go."""
        spelt = self._known.get(statement) or self.dialect.spelt(statement)
        names, constants = spelt.names, spelt.constants
        self.cursor.executemany(spelt.sql, [tuple([{**constants, **r}[name] for name in names]) for r in rows])

    def say(self, sql: str) -> None:
        """Plain SQL without values: BEGIN, SAVEPOINT, SET."""
        self.cursor.execute(sql)


def as_json(value: object) -> str:
    """Compact JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
