"""No layer calls back: the imports go only the way docs/architecture.md says, and the rules read no clock.

Shown able to fail: the same checks on small trees that break one rule each.
"""

from pathlib import Path

import pytest

from tests.house.directions import clocks_and_luck, wrong_directions
from tests.support.trees import write_tree


def test_every_import_goes_the_way_the_table_says(project_root: Path) -> None:
    faults = wrong_directions(project_root)
    assert not faults, "\n".join(faults)


def test_the_rules_are_told_the_time_and_never_ask(project_root: Path) -> None:
    faults = clocks_and_luck(project_root)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("geo/point.py", "from dispatch.domain import kinds", "geo/point.py:1: geo imports dispatch.domain"),
        ("geo/point.py", "import scipy", "geo/point.py:1: geo imports scipy; besides the standard library"),
        ("dispatch/domain/waves.py", "import random", "dispatch.domain imports random, which it may not touch"),
        ("dispatch/domain/waves.py", "def f():\n    import logging", "waves.py:2: dispatch.domain imports logging"),
        ("dispatch/domain/waves.py", "from .. import ports", "dispatch.domain imports dispatch.ports"),
        ("dispatch/ports.py", "import sqlalchemy.engine", "dispatch.ports imports sqlalchemy.engine"),
        ("dispatch/actions/post.py", "from dispatch import store", "dispatch.actions imports dispatch.store"),
        ("dispatch/actions/post.py", "import asyncio", "dispatch.actions imports asyncio"),
        ("dispatch/roster/load.py", "from dispatch.store import tables", "dispatch.roster imports dispatch.store"),
        ("dispatch/roster/load.py", "import sqlalchemy", "dispatch.roster imports sqlalchemy"),
        ("dispatch/store/hints.py", "import redis", "dispatch.store imports redis"),
        ("dispatch/stories/play.py", "from fastapi import FastAPI", "dispatch.stories imports fastapi"),
        ("dispatch/runtime.py", "import web.app", "dispatch imports web.app"),
        ("dispatch/runtime.py", "from fastapi import FastAPI", "dispatch imports fastapi"),
        ("web/app.py", "from dispatch.store import tables", "web imports dispatch.store"),
        ("web/app.py", "import redis.asyncio", "web imports redis.asyncio"),
        ("web/live/conversation.py", "import asyncio", "web.live.conversation imports asyncio"),
    ],
)
def test_an_import_against_the_table_is_found_and_named(tmp_path: Path, file: str, text: str, says: str) -> None:
    write_tree(tmp_path, {"dispatch/store/tables.py": "", "dispatch/ports.py": "", file: text})
    (fault,) = wrong_directions(tmp_path)
    assert says in fault


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("geo/cells.py", "import h3, numpy, json\nfrom . import point"),
        ("dispatch/domain/waves.py", "from dispatch.domain import limits\nfrom geo.point import Point"),
        ("dispatch/clock.py", "import time\nfrom dispatch.ports import Clock"),
        ("dispatch/__main__.py", "def serve():\n    from web.app import build"),
        ("web/app.py", "import fastapi\nfrom dispatch.runtime import build\nfrom web import routes"),
    ],
)
def test_an_import_along_the_table_is_left_alone(tmp_path: Path, file: str, text: str) -> None:
    write_tree(tmp_path, {"dispatch/ports.py": "", "geo/point.py": "", "web/routes/a.py": "", file: text})
    assert wrong_directions(tmp_path) == []


@pytest.mark.parametrize(
    "text", ["at = datetime.now(UTC)", "day = date.today()", "x = numpy.random.rand()", "open('x')"]
)
def test_a_rule_that_looks_at_the_world_is_found(tmp_path: Path, text: str) -> None:
    write_tree(tmp_path, {"dispatch/domain/waves.py": text, "dispatch/clock.py": text})
    (fault,) = clocks_and_luck(tmp_path)
    assert fault.startswith("dispatch/domain/waves.py:1:")
