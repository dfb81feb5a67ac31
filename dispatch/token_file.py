"""The file of `flare import --tokens`: who signs in with what; nobody but its owner reads it.

It is opened before anything is loaded, so that tokens are never made that could not be written down; what it
held before stays until there is something to take its place. Invariant: mode 600, whoever made the file
(tests/domain/test_token_file.py).
"""

import csv
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dispatch.domain.plain_text import as_cell

Write = Callable[[Sequence[tuple[str, str]]], None]


@contextmanager
def token_file(path: Path | None) -> Iterator[Write]:
    """What writes the rows `(person, token)` there, or nowhere; an empty file is not left behind.

    Raises: OSError where it can't be written, at once.
    """
    if path is None:
        yield lambda _: None
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    # /dev/stdout and the like are written to as they are.
    ours = stat.S_ISREG(os.fstat(handle).st_mode)
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:

        def write(rows: Sequence[tuple[str, str]]) -> None:
            if ours:
                # It may be there from before, readable by all.
                os.fchmod(handle, 0o600)
                os.ftruncate(handle, 0)
            writer = csv.writer(file)
            writer.writerow(("person", "token"))
            writer.writerows((as_cell(person), token) for person, token in rows)

        try:
            yield write
        finally:
            file.flush()
            if ours and not os.fstat(handle).st_size:
                path.unlink(missing_ok=True)
