"""The same running world as tests/web, for one test at a time."""

from tests.contract.conftest import clock, migrated_url, open_sqlite_again, sqlite_path, store

__all__ = ["clock", "migrated_url", "open_sqlite_again", "sqlite_path", "store"]
