"""The one database that remembers everything; SQLite and PostgreSQL behind the same ports.

`open_store` chooses by the address. Nothing is opened by importing this.
"""

from pathlib import Path

from dispatch.ports import Clock, Ids
from dispatch.store.errors import StoreUnavailable
from dispatch.store.sql_store import SqlStore

__all__ = ["SqlStore", "StoreUnavailable", "open_store"]


def open_store(where: str | Path, *, clock: Clock, ids: Ids, secret: str, keyring: Path | None = None) -> SqlStore:
    """The store at a path, a `sqlite:///path` or a `postgresql://…` address.

    On PostgreSQL the server's own clock counts and `clock` is not used. `keyring`: the file of day keys;
    without it the one beside the SQLite file, or none (see open_postgres).
    Raises: StoreUnavailable with one sentence that says what to do.
    """
    from dispatch.store.keyring import Keyring

    address = str(where)
    keys = Keyring.in_file(keyring) if keyring is not None else None
    if address.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        from dispatch.store.postgres import open_postgres

        return open_postgres(address, ids=ids, secret=secret, keyring=keys)
    from dispatch.store.sqlite import open_sqlite

    return open_sqlite(address.removeprefix("sqlite:///"), clock=clock, ids=ids, secret=secret, keyring=keys)
