"""A bar on stderr for the command line: what is done, of how much; quiet when nobody looks."""

import sys

import typer


class Progress:
    """A bar on stderr: what is done, of how much; quiet when nobody looks."""

    WIDTH = 30

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._stage = ""

    def show(self, stage: str, done: int, total: int) -> None:
        """Draws the bar of one stage."""
        if not self._shown:
            if stage != self._stage:
                self._stage = stage
                typer.echo(f"{stage} …", err=True)
            return
        full = self.WIDTH if total <= 0 else min(self.WIDTH, done * self.WIDTH // total)
        text = f"\r{stage:<24} {'█' * full}{'·' * (self.WIDTH - full)} {done:>10,} of {total:,}"
        sys.stderr.write(text + "\x1b[K")
        sys.stderr.flush()
        if stage != self._stage and self._stage:
            sys.stderr.write("\n")
        self._stage = stage

    def end(self) -> None:
        """Leaves the cursor on a line of its own."""
        if self._shown and self._stage:
            sys.stderr.write("\n")
