"""Nothing in git names a machine, a folder of one, or an index somebody happens to use, and nothing is left undone.

Locks hold versions and hashes only: whoever installs decides from where. Reads files, changes none.
"""

import fnmatch
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import files

LOCKS = ("*lock*.json", "*lock*.toml", "*lock*.y*ml", "*lock*.txt", "*.lock", "constraints*")
NEVER_IN_GIT = {"uv.lock", "pylock.toml", "poetry.lock", ".pypirc", "pip.conf", "uv.toml", ".netrc"}
SET_UP = ("pyproject.toml", "Makefile", "Dockerfile", "compose*.y*ml", ".ci/*", "deploy/*")
NPMRC = "omit-lockfile-registry-resolved=true"
# Written in halves, so that this file does not find itself.
INDEX = re.compile("(?<!no-emit-)index" + "-url|extra" + "-index|find" + "-links|registry" + "=")
MACHINE = re.compile(r"(?<![\w./{}-])/(?:home|root|Users|work|mnt)" + r"/[\w.-]+")
UNDONE = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|HA" + r"CK)\b")
TEXT = {
    ".py",
    ".ts",
    ".js",
    ".mjs",
    ".css",
    ".html",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".sh",
    ".txt",
    ".cfg",
    ".ini",
    "",
}


def addresses(root: Path) -> list[str]:
    """One sentence for each address, machine path or unfinished note."""
    found: list[str] = []
    for path in files(root):
        shown = path.relative_to(root).as_posix()
        if path.name in NEVER_IN_GIT:
            found.append(f"{shown}: never in git; it holds addresses or secrets of one machine")
        elif path.suffix in TEXT or path.name == "package-lock.json":
            found += (f"{shown}{fault}" for fault in _faults(path, shown))
    return found


def _faults(path: Path, shown: str) -> Iterator[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.name == ".npmrc":
        if text.strip() != NPMRC:
            yield f": only `{NPMRC}` belongs here"
        return
    if path.name == "package-lock.json":
        yield from (f": {where}" for where in _in_npm_lock(json.loads(text), "package-lock"))
        return
    lock = any(fnmatch.fnmatch(path.name, pattern) for pattern in LOCKS)
    set_up = any(fnmatch.fnmatch(shown, pattern) for pattern in SET_UP)
    for number, line in enumerate(text.splitlines(), 1):
        if lock and "://" in line:
            yield f":{number}: a lock with an address; make lock writes none"
        if set_up and INDEX.search(line):
            yield f":{number}: names an index; whoever installs decides from where"
        if MACHINE.search(line):
            yield f":{number}: a folder of one machine: {line.strip()[:80]}"
        if UNDONE.search(line):
            yield f":{number}: left undone; do it, or say in the changelog what is missing"


def _in_npm_lock(value: object, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "resolved":
                yield f"{where} says where a package was fetched from"
            elif key != "funding":
                yield from _in_npm_lock(inner, f"{where} > {key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _in_npm_lock(inner, where)
    elif isinstance(value, str) and "://" in value:
        yield f"{where} holds an address"
