"""House style that a machine can see: headers, docstrings, sizes, test names, sleeping tests, stray prints.

Each check returns its faults as sentences with file and line; none runs what it reads.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import Module, called, files, modules, within

LONGEST = 400
FEWEST_WORDS = 4
CODE = ("geo", "dispatch", "web", "bench")
# Tests that may sleep, mock or patch, and why nothing else would do. A path, then the reason.
ALLOWED: dict[str, str] = {}
MAY_PRINT = {"dispatch/__main__.py"}


def missing_headers(root: Path) -> list[str]:
    """Files that don't say what they are for."""
    return [
        f"{module.shown}:1: no header; say what it is for, what it must never do and what holds always"
        for module in modules(root, (*CODE, "tests"))
        if module.tree.body and not ast.get_docstring(module.tree)
    ]


def missing_docstrings(root: Path) -> list[str]:
    """Public functions and classes that don't say what comes back."""
    return [
        f"{module.shown}:{node.lineno}: {node.name} has no docstring"
        for module in modules(root, ("geo", "dispatch", "web"))
        if not within(module.name, ("dispatch.store.migrations",))
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]


def long_files(root: Path) -> list[str]:
    """Python and script files that nobody reads in one go."""
    found = []
    for path in files(root):
        if path.suffix not in {".py", ".js", ".mjs"} or "migrations" in path.parts:
            continue
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > LONGEST:
            found.append(
                f"{path.relative_to(root).as_posix()}: {lines} lines; more than {LONGEST} hide two files in one"
            )
    return found


def poor_test_names(root: Path) -> list[str]:
    """Tests whose name is not yet a sentence."""
    return [
        f"{module.shown}:{node.lineno}: {node.name} is no sentence; say what a user would want to be true"
        for module in modules(root, ("tests",))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        if len(node.name.split("_")) - 1 < FEWEST_WORDS
    ]


def sleepers_and_mocks(root: Path, allowed: dict[str, str] = ALLOWED) -> list[str]:
    """Tests that wait for time to pass, or stand in for our own code."""
    found = []
    for module in modules(root, ("tests",)):
        if module.shown not in allowed:
            found += [f"{module.shown}:{line}: {what}" for line, what in _shortcuts(module)]
    return found


def _shortcuts(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and called(node) == "sleep":
            # sleep(0) lets others run and takes no time.
            if not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0):
                yield node.lineno, "sleeps; step the clock, or wait for the thing itself"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            if any("mock" in name.split(".") for name in names):
                yield node.lineno, "imports mock; use the real thing, or a double that keeps the port's promise"
        elif isinstance(node, ast.arg) and node.arg in {"monkeypatch", "mocker"}:
            yield node.lineno, f"asks for {node.arg}; make it an argument of the code instead"


def stray_prints(root: Path) -> list[str]:
    """Code that talks to a terminal it doesn't own."""
    return [
        f"{module.shown}:{node.lineno}: prints; only the command line does, the rest returns text or logs"
        for module in modules(root)
        if module.shown not in MAY_PRINT
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
