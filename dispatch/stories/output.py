"""Where a story's report goes: the page's file."""

from pathlib import Path
from typing import Final

REPORTS: Final = Path("reports")


def written(story: str, out: Path | None, text: str) -> Path:
    """The file the page was written to. `out`: the file, or a folder for it; None = reports/STORY.html."""
    file = out or REPORTS / f"{story}.html"
    if file.is_dir():
        file = file / f"{story}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
