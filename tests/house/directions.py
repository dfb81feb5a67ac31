"""Who may import whom: docs/architecture.md's table as data, and the check that walks the imports.

Unlisted files of dispatch/ may import anything of geo and dispatch; only the command line reaches web.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.tree import ROOMS, Module, called, imports, modules, within

RULES_ONLY = {"dispatch.domain", "geo"}
PORTS = {"dispatch.ports", *RULES_ONLY}
DATABASE = {"sqlalchemy", "alembic", "psycopg", "sqlite3"}
HTTP = {"fastapi", "starlette", "uvicorn", "websockets"}
TOLD = {"dispatch.logs", "dispatch.tally", "dispatch.traces"}
# What a rule could learn the time, its luck or the outside world from.
OUTSIDE = {
    *("os", "sys", "time", "random", "secrets", "uuid", "asyncio", "threading", "subprocess", "socket", "logging"),
    *("pathlib", "io", "tempfile", "shutil", "http", "urllib", "httpx", "redis", *DATABASE, *HTTP),
}

ASKING = {
    *(f"{base}.{name}" for base in ("datetime", "date", "datetime.datetime") for name in ("now", "utcnow", "today")),
    *("np.random", "numpy.random"),
}
ENDS = {name.rpartition(".")[2] for name in ASKING}
CALLING = {"open", "input", "print", "exec", "eval", "__import__"}


@dataclass(frozen=True, slots=True)
class Direction:
    """One row of the table: the rooms it holds for, what of ours they may import, what of others they may not."""

    rooms: tuple[str, ...]
    ours: frozenset[str]
    never: frozenset[str] = frozenset()
    only: frozenset[str] | None = None


def _row(rooms: str, ours: set[str], never: set[str], only: set[str] | None = None) -> Direction:
    return Direction(tuple(rooms.split()), frozenset(ours), frozenset(never), None if only is None else frozenset(only))


# The first row that holds for a module is its row.
TABLE = (
    _row("geo", set(), set(), only={"geopy", "h3", "numpy"}),
    _row("dispatch.domain", {"geo"}, OUTSIDE),
    _row("dispatch.ports dispatch.clock dispatch.ids", RULES_ONLY, {*DATABASE, *HTTP, "redis"}),
    _row("dispatch.settings", RULES_ONLY, {*DATABASE, *HTTP, "redis"}),
    _row("dispatch.actions", PORTS, {*DATABASE, *HTTP, "redis", "asyncio", "os"}),
    _row("dispatch.store", PORTS, {*HTTP, "redis"}),
    _row("dispatch.bus", PORTS, {*HTTP, *DATABASE}),
    _row("dispatch.roster dispatch.notify", PORTS, {*HTTP, *DATABASE, "redis"}),
    _row(
        "dispatch.stories",
        {*PORTS, "dispatch.actions", "dispatch.clock", "dispatch.progress", "dispatch.runtime"},
        HTTP,
    ),
    _row("dispatch.__main__", {"dispatch", "geo", "web", "bench"}, set()),
    _row("dispatch", {"dispatch", "geo"}, {"fastapi", "starlette"}),
    # A conversation is messages in, messages out: it is tested without a socket because it cannot hold one.
    _row(
        "web.live.conversation",
        {*PORTS, "dispatch.actions", "web"},
        {*HTTP, *DATABASE, "redis", "asyncio", "time", "random"},
    ),
    _row("web", {*PORTS, "dispatch.actions", "dispatch.runtime", "dispatch.settings", *TOLD}, {*DATABASE, "redis"}),
)
# dispatch.ports, clock and ids are one row and may lean on each other; other shared rows are strangers.
NEIGHBOURS = {"dispatch.ports", "dispatch.clock", "dispatch.ids"}


def wrong_directions(root: Path) -> list[str]:
    """One sentence for each import that goes against the table."""
    return [fault for module in modules(root) for fault in _faults(module, root)]


def _faults(module: Module, root: Path) -> Iterator[str]:
    row = next(row for row in TABLE if within(module.name, row.rooms))
    room = next(room for room in row.rooms if within(module.name, (room,)))
    allowed = row.ours | {room} | (NEIGHBOURS if room in NEIGHBOURS else set())
    for line, target in imports(module, root):
        where, top = f"{module.shown}:{line}", target.partition(".")[0]
        if top in ROOMS:
            # Importing `dispatch` itself runs a docstring and nothing else.
            if not within(target, allowed) and target != "dispatch":
                may = ", ".join(sorted(row.ours)) or "nothing of ours"
                yield f"{where}: {room} imports {target}; of ours it may import {may}"
        elif within(target, row.never):
            yield f"{where}: {room} imports {target}, which it may not touch"
        elif row.only is not None and top not in row.only and top not in sys.stdlib_module_names:
            yield f"{where}: {room} imports {target}; besides the standard library only {', '.join(sorted(row.only))}"


def clocks_and_luck(root: Path) -> list[str]:
    """One sentence for each place where a rule looks at the clock, the disk or chance, rather than being told."""
    found = []
    for module in modules(root):
        if not within(module.name, ("dispatch.domain",)):
            continue
        for node in ast.walk(module.tree):
            where = f"{module.shown}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Attribute) and node.attr in ENDS and ast.unparse(node) in ASKING:
                found.append(f"{where}: a rule asks {ast.unparse(node)}; time and luck are arguments")
            elif isinstance(node, ast.Call) and called(node) in CALLING and isinstance(node.func, ast.Name):
                found.append(f"{where}: a rule calls {ast.unparse(node.func)}(); it may touch no one")
    return found
