"""The stores of tests/contract and the running world of tests/web."""

from tests.contract.conftest import clock, migrated_url, open_sqlite_again, sqlite_path, store
from tests.web.conftest import play

__all__ = ["clock", "migrated_url", "open_sqlite_again", "play", "sqlite_path", "store"]
