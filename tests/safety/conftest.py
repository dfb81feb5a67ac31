"""The stores of tests/contract, the running world of tests/web, and nights on them."""

from collections.abc import Iterator
from typing import Any

import pytest

from dispatch.clock import SteppedClock
from dispatch.store import SqlStore
from tests.contract.conftest import clock, migrated_url, open_sqlite_again, sqlite_path, store
from tests.support.gateway import Gateway, gateway
from tests.support.world import Night, night_on
from tests.web.conftest import play

__all__ = ["clock", "migrated_url", "open_sqlite_again", "play", "sqlite_path", "store"]


@pytest.fixture
def texts() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


@pytest.fixture
def quick(open_sqlite_again: Any, clock: SteppedClock) -> Iterator[Night]:
    with open_sqlite_again() as store:
        yield night_on(store, clock)
