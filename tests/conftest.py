"""What every test may ask for, and which marks are set without anybody writing them."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.scratch import scratch

pytest_plugins = ["tests.support.engines", "tests.support.chromium"]

# As the command line does, for the same reason (dispatch/__main__.py).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
# Tests speak to this machine alone, in clear. Every client they make would first read all authorities there are: 33 ms.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(ROOT / "tests")
if scratch() is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch()))

NEEDS_ENGINES = {"postgres", "postgres_url", "valkey_server", "redis_url"}
NEEDS_BROWSER = {"browser", "context", "page", "new_context", "browser_type_launch_args"}

# A shared machine is sometimes slow and never wrong: no deadlines. CI plays the same examples each time, so that a
# red build is about the change; people's machines look for new ones.
settings.register_profile("people", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("ci", settings.get_profile("people"), derandomize=True, database=None)
# What is played again and again while somebody works (`make check`): a fifth of the examples.
settings.register_profile("check", settings.get_profile("people"), max_examples=20)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "people")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they ask for, before -m looks; getfixturevalue is not seen, so mark such params by hand."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & NEEDS_ENGINES:
            item.add_marker("engines")
        if asked & NEEDS_BROWSER:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real networks, which are not ours to ship; tests that ask are skipped without it."""
    folder = Path(os.environ.get("FLARE_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("shared/data not present: real-network tests skipped")
    return folder


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no garbage collection looks through it again."""
    gc.collect()
    gc.freeze()
