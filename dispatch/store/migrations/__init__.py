"""How a database comes to the newest schema, step by step; alembic is imported only here.

Invariant: what the steps build is what tables.py says, on both engines, up, down and up again
(tests/contract/test_store_migrations.py).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from dispatch.store.errors import cant_connect

TRIES: Final = 5
"""Times a step is run that met others who hold its tables the other way round."""
DEADLOCK: Final = "40P01"


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config


def upgrade(url: str, to: str = "head") -> None:
    """Brings the database up to that revision; a no-op where it is.

    Raises: StoreUnavailable where it can't be connected to.
    """
    _run(command.upgrade, _config(url), to)


def downgrade(url: str, to: str) -> None:
    """Takes it back to that revision; "base" is an empty database."""
    _run(command.downgrade, _config(url), to)


def _run(step: Callable[[Config, str], None], config: Config, to: str) -> None:
    """Runs it, and again where PostgreSQL ended it so that two would not wait for each other for ever: it left nothing.

    Raises: StoreUnavailable where there is no connection; whatever else it met, and the deadlock after TRIES.
    """
    for number in range(1, TRIES + 1):
        try:
            return step(config, to)
        except OperationalError as error:
            if error.statement is None:
                shown = make_url(config.attributes["url"]).render_as_string(hide_password=True)
                raise cant_connect(shown, error.orig) from error
            if number == TRIES or getattr(error.orig, "sqlstate", None) != DEADLOCK:
                raise
    return None


def gentle_locks(op: Any) -> None:  # noqa: ANN401 - alembic.op is a module
    """On PostgreSQL: wait 4 s at most for a table, then fail and be run again: a queue behind us stops everyone."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '4s'")
