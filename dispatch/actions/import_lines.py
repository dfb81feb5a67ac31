"""A file of lines, read in pieces: what a CSV is before anybody knows its columns.

One physical line is one row: no name of ours holds a line break, so a quote that is never
closed spoils its own line and not the rest of the file. Faults are gathered, not thrown, so that
somebody who fixes a file sees more than the first one; nothing is loaded while there is any.
Invariant: every fault names its file and line (tests/contract/test_import_bad_files.py).
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from dispatch.domain import limits
from dispatch.domain.plain_text import BIDI
from dispatch.ports import Progress

_PIECE: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_UNSEEN: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029" + "".join(sorted(BIDI)) + "]")


class BadFile(ValueError):
    """A file that can't be loaded; nothing was. Says where and what to do, a line each.

    `lines` are for people, at most limits.CSV_ERRORS_SHOWN of them and one that counts the rest;
    `count` is how many faults there are.
    """

    code: ClassVar[str] = "bad-file"

    def __init__(self, lines: Sequence[str], count: int) -> None:
        super().__init__("\n".join(lines))
        self.lines, self.count = list(lines), count


class Faults:
    """What is wrong with the files so far."""

    def __init__(self) -> None:
        self.count = 0
        self._lines: list[str] = []

    def add(self, path: Path, line: int, says: str) -> None:
        """One more, at that line (from 1; 0 = the file as a whole)."""
        self.count += 1
        if len(self._lines) < limits.CSV_ERRORS_SHOWN:
            self._lines.append(f"{path.name}, line {line}: {says}" if line else f"{path.name}: {says}")

    def stop(self) -> None:
        """Raises BadFile if there was any."""
        if self.count:
            more = self.count - len(self._lines)
            raise BadFile([*self._lines, f"and {more:,} more"] if more else self._lines, self.count)


class Table:
    """A CSV file: its header, then its rows in pieces.

    Takes commas, quotes, a BOM, CRLF and gzip (seen by its first bytes, whatever the name says).
    """

    def __init__(self, path: Path, faults: Faults, stage: str, progress: Progress | None) -> None:
        self.path, self.faults = path, faults
        self.header: list[str] = []
        self._tell, self._stage = progress or _nobody, stage

    def fault(self, line: int, says: str) -> None:
        """Notes one fault of this file."""
        self.faults.add(self.path, line, says)

    def pieces(self) -> Iterator[tuple[int, list[str]]]:
        """The lines behind the header: number of the first, then the lines without their ends; `header` is set first.

        Lines that can't be text are reported and come as "", like empty ones: skip both.
        """
        waiting = True
        for first, lines in self._lines():
            if waiting:
                waiting = False
                if not lines[0].strip():
                    if not self.faults.count:  # else it was no text, and that is said already
                        self.fault(1, "the first line is empty; it must name the columns")
                    return
                self.header = [name.strip() for name in self.fields(1, lines[0]) or ()]
                if not self.header:
                    return
                yield first + 1, lines[1:]
            else:
                yield first, lines
        if waiting and not self.faults.count:
            self.fault(0, "the file is empty; its first line must name the columns")

    def rows(self, first: int, lines: list[str]) -> Iterator[tuple[int, list[str]]]:
        """The fields of each line that has as many as the header; the others are reported."""
        if '"' not in "".join(lines):
            parsed: Iterator[list[str] | None] = csv.reader(lines)
        else:
            parsed = (self.fields(first + at, line) if line else [] for at, line in enumerate(lines))
        width = len(self.header)
        for number, row in enumerate(parsed, first):
            if not row:
                continue
            if len(row) != width:
                self.fault(number, f"has {len(row)} columns where the first line names {width}")
            else:
                yield number, row

    def fields(self, number: int, line: str) -> list[str] | None:
        """The fields of one line; None after reporting a quote that is not closed."""
        try:
            return next(csv.reader([line], strict=True), [])
        except csv.Error:
            self.fault(number, 'a quote (") is opened and not closed, or stands inside a word; write it twice ("")')
            return None

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        try:
            with self.path.open("rb") as raw:
                size = self.path.stat().st_size
                packed = raw.read(2) == _GZIP
                raw.seek(0)
                file = gzip.GzipFile(fileobj=raw) if packed else raw
                number, rest, start = 1, b"", True
                while piece := file.read(_PIECE):
                    if start:
                        start = False
                        if piece[:2] in _WIDE:
                            self.fault(1, "the file is UTF-16; save it as CSV in UTF-8")
                            return
                        piece = piece.removeprefix(_BOM)
                    *whole, rest = (rest + piece).split(b"\n")
                    if len(rest) > 4 * limits.CSV_LINE_CHARS:
                        self.fault(number + len(whole), _too_long())
                        return
                    if whole:
                        yield number, self._text(number, whole)
                        number += len(whole)
                    self._tell(self._stage, raw.tell(), size)
                if rest:
                    yield number, self._text(number, [rest])
        except (gzip.BadGzipFile, EOFError, zlib.error):
            self.fault(0, "the gzip file is broken or cut short; pack it again")
        except OSError as error:
            self.fault(0, f"can't be read ({error.strerror or error})")

    def _text(self, first: int, lines: list[bytes]) -> list[str]:
        whole = b"\n".join(lines).replace(b"\r\n", b"\n").removesuffix(b"\r")
        try:
            text = whole.decode("utf-8")
            # Whole pieces are fine as a rule: one look at a megabyte instead of one per line.
            if not _UNSEEN.search(text.replace("\n", "")):
                found = text.split("\n")
                if len(max(found, key=len)) <= limits.CSV_LINE_CHARS:
                    return found
        except UnicodeDecodeError:
            pass  # the line that spoils it is looked for below
        return [self._one(number, line) for number, line in enumerate(lines, first)]

    def _one(self, number: int, raw: bytes) -> str:
        try:
            line = raw.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError:
            self.fault(number, "is not UTF-8; save the file as CSV in UTF-8")
            return ""
        if len(line) > limits.CSV_LINE_CHARS:
            self.fault(number, _too_long())
        elif found := _UNSEEN.search(line):
            what = "a NUL byte" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
            self.fault(number, f"holds {what}; take it out")
        else:
            return line
        return ""


def _too_long() -> str:
    return f"is longer than {limits.CSV_LINE_CHARS:,} characters; is this a CSV file?"


def _nobody(_stage: str, _done: int, _total: int) -> None:
    pass
