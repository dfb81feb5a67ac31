"""How far a long piece of work is, on stderr: a bar for whoever looks, a line for each stage in a log.

Must never write to stdout: that is the answer's own.
"""

import sys
from typing import Final

WIDTH: Final = 30


class Bar:
    """What is done, of how much. `show` is a dispatch.ports.Progress."""

    def __init__(self) -> None:
        self._drawn = sys.stderr.isatty()
        self._stage = ""

    def show(self, stage: str, done: int, total: int) -> None:
        """So much of this stage; each stage has a line of its own."""
        if stage != self._stage:
            self.end()
            self._stage = stage
            if not self._drawn:
                sys.stderr.write(f"{stage} …\n")
        if self._drawn:
            full = WIDTH if total <= 0 else min(WIDTH, done * WIDTH // total)
            sys.stderr.write(f"\r{stage:<24} {'█' * full}{'·' * (WIDTH - full)} {done:>10,} of {total:,}\x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        """Leaves the cursor on a line of its own."""
        if self._drawn and self._stage:
            sys.stderr.write("\n")
        self._stage = ""
