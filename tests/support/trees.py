"""Small made-up projects, for showing that a check can fail."""

from collections.abc import Mapping
from pathlib import Path


def write_tree(root: Path, texts: Mapping[str, str]) -> Path:
    """The root, now holding these files (path inside it: text)."""
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
