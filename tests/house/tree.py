"""The project as the house checks see it: files, modules and what they import. Reads, never runs, what it finds."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOMS = ("geo", "dispatch", "web")
SKIPPED = {".git", ".venv", ".cache", "node_modules", "__pycache__", "build", "dist"}


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: its name as an import would say it, and its parsed text."""

    name: str
    path: Path
    shown: str
    tree: ast.Module


def files(root: Path) -> list[Path]:
    """What is in git or about to be (not ignored); without git, what lies there."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
        return [root / name for name in sorted(set(listed)) if name and (root / name).is_file()]
    return sorted(
        path for path in root.rglob("*") if path.is_file() and not SKIPPED & set(path.relative_to(root).parts)
    )


def modules(root: Path, rooms: tuple[str, ...] = ROOMS) -> Iterator[Module]:
    """Every Python file of these rooms; a room that isn't built yet is simply empty."""
    for path in files(root):
        inside = path.relative_to(root)
        if path.suffix != ".py" or inside.parts[0] not in rooms:
            continue
        parts = inside.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        shown = inside.as_posix()
        yield Module(name, path, shown, _parsed(path.read_text(encoding="utf-8"), shown))


@cache
def _parsed(text: str, shown: str) -> ast.Module:
    """The same text is read once, however many rules look at it; nobody changes what they look at."""
    return ast.parse(text, shown)


def called(call: ast.Call) -> str:
    """The last word of what is called: sleep of time.sleep."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def imports(module: Module, root: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a module imports, wherever in the file; relative names made absolute."""
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                # `from dispatch import store` means the module, `from dispatch.ports import Store` a name in one.
                inner = f"{source}.{alias.name}"
                yield node.lineno, inner if _is_module(root, inner) else source


def _is_module(root: Path, name: str) -> bool:
    path = root.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def within(name: str, rooms: frozenset[str] | set[str] | tuple[str, ...]) -> bool:
    """Whether a dotted name is one of these rooms or lies inside one."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)
