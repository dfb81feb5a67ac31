"""A link of our own that only reads, beside a running server: for `flare doctor`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from dispatch.store.dialect import POSTGRES, SQLITE
from dispatch.store.errors import StoreUnavailable
from dispatch.store.link import Link


@contextmanager
def beside(url: str) -> Iterator[Link]:
    """A link to the database at that address, until the block ends.

    Raises: StoreUnavailable for a database that is not there, or is of another version.
    """
    import psycopg

    address = make_url(url)
    try:
        if address.get_backend_name() == "sqlite":
            path = Path(address.database or "").absolute()
            if not path.exists():
                raise StoreUnavailable("There is no database yet.")
            link = Link(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True), SQLITE)
        else:
            at = address.set(drivername="postgresql").render_as_string(hide_password=False)
            link = Link(psycopg.connect(at), POSTGRES)
    except (sqlite3.Error, psycopg.Error) as error:
        raise StoreUnavailable(f"The database can't be read ({type(error).__name__}).") from error
    try:
        yield link
    except (sqlite3.Error, psycopg.Error) as error:
        raise StoreUnavailable(f"The database can't be read ({type(error).__name__}).") from error
    finally:
        link.raw.close()
