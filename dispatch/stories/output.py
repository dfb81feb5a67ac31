"""Where a story's report goes, and how far its nights are: the page's file, a bar on stderr.

Must never write to stdout: that is the report's own.
"""

import sys
from pathlib import Path
from typing import Final

REPORTS: Final = Path("reports")
WIDTH: Final = 30


def written(story: str, out: Path | None, text: str) -> Path:
    """The file the page was written to. `out`: the file, or a folder for it; None = reports/STORY.html."""
    file = out or REPORTS / f"{story}.html"
    if file.is_dir():
        file = file / f"{story}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


class Bar:
    """A bar on stderr, when somebody looks: what is done, of how much."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._stage = ""

    def show(self, stage: str, done: int, total: int) -> None:
        """Draws it."""
        if not self._shown:
            return
        if self._stage not in ("", stage):
            sys.stderr.write("\n")
        self._stage = stage
        full = WIDTH if total <= 0 else min(WIDTH, done * WIDTH // total)
        sys.stderr.write(f"\r{stage:<24} {'█' * full}{'·' * (WIDTH - full)} {done:,} of {total:,}\x1b[K")
        sys.stderr.flush()

    def end(self) -> None:
        """Leaves the cursor on a line of its own."""
        if self._stage:
            sys.stderr.write("\n")
