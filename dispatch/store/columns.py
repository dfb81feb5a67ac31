"""What the tables are made of: one metadata, and a short word for each kind of column."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite numbers rows by itself only where the type is spelt INTEGER.
ROW = BigInteger().with_variant(Integer, "sqlite")


def words(states: Iterable[StrEnum]) -> str:
    """`'a', 'b'`, in the enum's order, for a CHECK or a partial index."""
    chosen = set(states)
    return ", ".join(f"'{state.value}'" for state in type(next(iter(chosen))) if state in chosen)


def known(column: str, states: type[StrEnum]) -> CheckConstraint:
    """The column holds a word of that enum."""
    return CheckConstraint(f"{column} IN ({words(states)})", name=column)


def number() -> Column[int]:
    """The row's number, given by the engine."""
    return Column("id", ROW, Identity(), primary_key=True)


def public(name: str = "public_id") -> Column[str]:
    """A name for outsiders."""
    return Column(name, Text, nullable=False, unique=True)


def to(name: str, target: str, *, null: bool = False, key: bool = False) -> Column[int]:
    """The number of a row elsewhere."""
    return Column(name, ROW, ForeignKey(f"{target}.id"), nullable=null, primary_key=key, autoincrement=False)


def moment(name: str, *, null: bool = True) -> Column[int]:
    """Microseconds since 1970."""
    return Column(name, BigInteger, nullable=null)


def flag_(name: str) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean, nullable=False)


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over some rows only."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
