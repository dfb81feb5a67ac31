"""House style is kept, and each check of it can fail."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house import manners
from tests.support.trees import write_tree

Check = Callable[[Path], list[str]]
CHECKS: list[Check] = [
    manners.missing_headers,
    manners.missing_docstrings,
    manners.long_files,
    manners.poor_test_names,
    manners.sleepers_and_mocks,
    manners.stray_prints,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_whole_project_keeps_house_style(check: Check, project_root: Path) -> None:
    faults = check(project_root)
    assert not faults, "\n".join(faults)


def test_whoever_may_sleep_or_mock_says_why_and_exists(project_root: Path) -> None:
    for path, reason in manners.ALLOWED.items():
        assert (project_root / path).is_file(), f"{path} is allowed to, but is no more"
        assert len(reason.split()) >= 4, f"{path}: say why nothing else would do"


LONG = '"""Long."""\n' + "x = 1\n" * manners.LONGEST
BAD = [
    (manners.missing_headers, "geo/a.py", "x = 1", "geo/a.py:1:"),
    (manners.missing_headers, "tests/test_a.py", "x = 1", "tests/test_a.py:1:"),
    (manners.missing_docstrings, "web/a.py", "def shown(): ...", "web/a.py:1: shown"),
    (manners.missing_docstrings, "geo/a.py", "x = 1\nclass Point: ...", "geo/a.py:2: Point"),
    (manners.long_files, "web/static/wall/map.js", LONG, "web/static/wall/map.js: 401 lines"),
    (manners.long_files, "dispatch/domain/waves.py", LONG, "dispatch/domain/waves.py: 401 lines"),
    (manners.poor_test_names, "tests/test_a.py", "def test_claims_work(): ...", "test_a.py:1: test_claims_work"),
    (manners.sleepers_and_mocks, "tests/test_a.py", "import time\ntime.sleep(1)", "test_a.py:2: sleeps"),
    (
        manners.sleepers_and_mocks,
        "tests/test_a.py",
        "async def f():\n  await asyncio.sleep(0.1)",
        "test_a.py:2: sleeps",
    ),
    (manners.sleepers_and_mocks, "tests/test_a.py", "from unittest import mock", "test_a.py:1: imports mock"),
    (manners.sleepers_and_mocks, "tests/test_a.py", "from unittest.mock import Mock", "test_a.py:1: imports mock"),
    (manners.sleepers_and_mocks, "tests/test_a.py", "def f(monkeypatch): ...", "test_a.py:1: asks for monkeypatch"),
    (manners.stray_prints, "dispatch/ticker.py", "print('tick')", "dispatch/ticker.py:1: prints"),
]
GOOD = [
    (manners.missing_headers, "tests/geo/__init__.py", ""),
    (manners.missing_docstrings, "geo/a.py", "def _inner(): ..."),
    (manners.missing_docstrings, "dispatch/store/migrations/0001.py", "def upgrade(): ..."),
    (manners.long_files, "dispatch/store/migrations/0001.py", LONG),
    (manners.long_files, "geo/data/places.csv", LONG),
    (manners.poor_test_names, "tests/test_a.py", "def test_a_second_claim_is_refused(): ..."),
    (manners.sleepers_and_mocks, "tests/test_a.py", "async def f():\n  await asyncio.sleep(0)"),
    (manners.stray_prints, "dispatch/__main__.py", "print('ready')"),
]


@pytest.mark.parametrize(("check", "file", "text", "says"), BAD)
def test_bad_manners_are_found_and_named(check: Check, file: str, text: str, says: str, tmp_path: Path) -> None:
    (fault,) = check(write_tree(tmp_path, {file: text}))
    assert says in fault


@pytest.mark.parametrize(("check", "file", "text"), GOOD)
def test_good_manners_are_left_alone(check: Check, file: str, text: str, tmp_path: Path) -> None:
    assert check(write_tree(tmp_path, {file: text})) == []


def test_a_reason_in_the_list_lets_one_file_sleep(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"tests/test_a.py": "time.sleep(1)"})
    assert manners.sleepers_and_mocks(tree, {"tests/test_a.py": "a real socket has to time out"}) == []
