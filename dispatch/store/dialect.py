"""What differs between the two engines: the only file that asks which one it is.

Statements are SQLAlchemy Core, built once and turned into each engine's SQL once (`spelt`);
after that a statement costs what the driver costs. Measured on SQLite, one upsert: 10.7 µs of
processor through Connection.execute, 2.2 µs this way.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, literal_column
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import Dialect as CoreDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import NullType


@dataclass(frozen=True, slots=True)
class Spelt:
    """A statement as one engine reads it: text, and the names of its values in order."""

    sql: str
    names: tuple[str, ...]
    constants: dict[str, object]
    """Values that stand in the statement itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One engine's spelling of our statements, each worked out once."""

    name: str
    core: CoreDialect
    pour: Callable[[Any, str, list[str], list[tuple[Any, ...]]], None]
    """(cursor, table, columns, rows): very many rows into a table, the engine's fastest way."""
    known: dict[ClauseElement, Spelt] = field(default_factory=dict)

    def spelt(self, statement: ClauseElement) -> Spelt:
        """The statement in this engine's SQL."""
        compiled = statement.compile(dialect=self.core)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - only DML and SELECT come here
        names = tuple(compiled.positiontup or ())
        constants = {n: v for n, v in compiled.params.items() if v is not None and not compiled.binds[n].required}
        self.known[statement] = answer = Spelt(compiled.string, names, constants)
        return answer


def _pour_sqlite(cursor: Any, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:  # noqa: ANN401
    values = ", ".join("?" * len(columns))
    quoted = ", ".join(f'"{name}"' for name in columns)
    cursor.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({values})", rows)  # noqa: S608 - our own names


def _pour_postgres(cursor: Any, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:  # noqa: ANN401
    quoted = ", ".join(f'"{name}"' for name in columns)
    with cursor.copy(f"COPY {table} ({quoted}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


SQLITE = Dialect("sqlite", SQLiteDialect_pysqlite(paramstyle="qmark"), _pour_sqlite)
POSTGRES = Dialect("postgresql", PGDialect_psycopg(paramstyle="format"), _pour_postgres)  # type: ignore[no-untyped-call]


def one_of(column: ColumnElement[Any], states: Iterable[StrEnum]) -> ColumnElement[bool]:
    """`column IN ('a', 'b')`, the words spelt out, so that the planner can use a partial index."""
    return column.in_([literal_column(f"'{state.value}'") for state in sorted(states)])


class Among(ColumnElement[Any]):
    """`column IN (…)` for a list of any length as ONE value: JSON text, so one spelling serves all lengths."""

    inherit_cache = False
    # Not Boolean: SQLite has none, so SQLAlchemy would add "= 1", and no index would be used.
    type = NullType()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.listed = bindparam(name, type_=Text())


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: SQLCompiler, **kw: object) -> str:
    column, listed = compiler.process(element.column, **kw), compiler.process(element.listed, **kw)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - two compiled expressions


@compiles(Among, "postgresql")
def _among_postgres(element: Among, compiler: SQLCompiler, **kw: object) -> str:
    column, listed = compiler.process(element.column, **kw), compiler.process(element.listed, **kw)
    kind = "text" if isinstance(element.column.type, Text) else "bigint"
    return f"{column} = ANY (ARRAY(SELECT one::{kind} FROM json_array_elements_text({listed}::json) AS one))"  # noqa: S608 - two compiled expressions


class Timeline(ColumnElement[str]):
    """PostgreSQL's timeline, which a failover or a point-in-time recovery changes by itself; '' on SQLite."""

    inherit_cache = False
    type = Text()


@compiles(Timeline, "sqlite")
def _timeline_sqlite(_element: Timeline, _compiler: SQLCompiler, **_kw: object) -> str:
    return "''"


@compiles(Timeline, "postgresql")
def _timeline_postgres(_element: Timeline, _compiler: SQLCompiler, **_kw: object) -> str:
    # Not pg_control_checkpoint(): after a promotion it names the old timeline until the next checkpoint ends.
    return "'.' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"


class EngineNow(ColumnElement[int]):
    """The engine's own clock in microseconds; NULL on SQLite, where the process's clock counts."""

    inherit_cache = False
    type = BigInteger()


@compiles(EngineNow, "sqlite")
def _now_sqlite(_element: EngineNow, _compiler: SQLCompiler, **_kw: object) -> str:
    return "NULL"


@compiles(EngineNow, "postgresql")
def _now_postgres(_element: EngineNow, _compiler: SQLCompiler, **_kw: object) -> str:
    return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
