"""A migrated PostgreSQL database, and how long the faults go on: FLARE_TEST_TORTURE=1 is the long version."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from dispatch.store.migrations import upgrade
from tests.support.engines import Postgres

LONG = os.environ.get("FLARE_TEST_TORTURE") == "1"


def plain(url: str) -> str:
    """An address as settings take it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """An empty, migrated database; dropped afterwards."""
    url = postgres.create_like("migrated", upgrade)
    yield plain(url)
    postgres.drop(url)


@pytest.fixture
def rounds() -> int:
    """How often a fault strikes: a few times, or until it is boring."""
    return 20 if LONG else 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves the long ones out of every run that did not ask for them."""
    if not LONG:
        skip = pytest.mark.skip(reason="minutes long: make torture")
        for item in items:
            if item.get_closest_marker("torture"):
                item.add_marker(skip)
