"""A network comes in: people.csv and ties.csv become people and ties, all of them or none.

Reading is done before the store is touched. The same files again change nothing; with `tokens`
everybody gets one more token each time, and the older ones stay.
Must never write a token down: the store gets its SHA-256, the caller gets the token once.
Invariant: a file with one bad row leaves no trace (tests/contract/test_import_bad_files.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import methodcaller
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.actions.import_lines import Faults, Table
from dispatch.actions.set_me import coarse
from dispatch.actions.words import hashed
from dispatch.domain import limits
from dispatch.domain.columns import once_each
from dispatch.domain.people import CHOSEN, Duty
from dispatch.ports import Arrivals, Ids, NetworkStore, Progress
from geo.point import NotOnEarth, Point

_NAMES_FOR_PERSON: Final = ("person", "user", "id")
_COLUMNS: Final = ("name", "lat", "lon", "seats", "duty", "last_seen")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,6}", re.ASCII)
_DUTIES: Final = {duty.value: number for number, duty in enumerate(Duty) if duty in CHOSEN}
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_NAN: Final = float("nan")
_commas: Final = methodcaller("count", ",")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came in."""

    people_added: int
    people_changed: int
    people_unchanged: int
    ties_added: int
    ties_known: int
    notices: tuple[str, ...]
    """What was left out, in sentences."""
    tokens: list[tuple[str, str]] = field(repr=False)
    """(person as in the file, their new token), when asked for. Shown once, stored by hash."""

    @property
    def says(self) -> str:
        """The sentence for whoever ran it."""
        return (
            f"people: {self.people_added:,} added, {self.people_changed:,} changed, "
            f"{self.people_unchanged:,} as before; "
            f"ties: {self.ties_added:,} added, {self.ties_known:,} known already"
        )


def import_network(
    store: NetworkStore,
    people_path: Path,
    ties_path: Path | None,
    *,
    ids: Ids,
    tokens: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """What was added, changed and known already, once it is committed.

    Raises: BadFile, and then nothing was loaded: every broken row with file, line and what to do.
    Unit: `progress` is told bytes of the file while it is read, then what the store counts.
    Cost: 200,000 people and 2 M ties: docs/roster.md.
    """
    notices: list[str] = []
    people = _People(people_path, progress)
    people.read(notices)
    ties = _ties(ties_path, people.line_of, progress, notices) if ties_path else np.empty((0, 2), np.int64)
    fresh = [(person, ids.token("flm_")) for person in people.line_of] if tokens else []
    arrivals = Arrivals(
        externals=list(people.line_of),
        names=people.names,
        lat=np.array(people.lat, dtype=np.float64),
        lon=np.array(people.lon, dtype=np.float64),
        seats=np.array(people.seats, dtype=np.int16),
        duty=np.array(people.duty, dtype=np.int8),
        seen_at=np.array(people.seen_at, dtype=np.float64),
        given=people.given,
        ties=ties,
        token_hashes=[hashed(token) for _, token in fresh],
    )
    counts = store.import_people_and_ties(arrivals, progress)
    return ImportReport(
        people_added=counts.people_added,
        people_changed=counts.people_changed,
        people_unchanged=counts.people_unchanged,
        ties_added=counts.ties_added,
        ties_known=counts.ties_known,
        notices=tuple(notices),
        tokens=fresh,
    )


class _People:
    """people.csv, column by column."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self.table = Table(path, Faults(), "reading people", progress)
        self.line_of: dict[str, int] = {}
        """Where each person stands, in the order of the file."""
        self.given: frozenset[str] = frozenset()
        self.names: list[str | None] = []
        self.lat: list[float] = []
        self.lon: list[float] = []
        self.seats: list[int] = []
        self.duty: list[int] = []
        self.seen_at: list[float] = []
        self._line = 0

    def read(self, notices: list[str]) -> None:
        """Reads it all. Raises: BadFile."""
        at: Mapping[str, int] | None = None
        for first, lines in self.table.pieces():
            at = at or self._columns(notices)
            if at is None:
                break
            for number, row in self.table.rows(first, lines):
                self._take(number, row, at)
        if not self.line_of and not self.table.faults.count:
            self.table.fault(0, "there is nobody in it")
        self.table.faults.stop()

    def _columns(self, notices: list[str]) -> Mapping[str, int] | None:
        """Which column holds what; None after reporting a header nobody can use."""
        header = [name.lower() for name in self.table.header]
        person = next((name for name in _NAMES_FOR_PERSON if name in header), None)
        if person is None:
            shown = ", ".join(self.table.header)[:200]
            hint = " It looks separated by semicolons: save it with commas." if ";" in shown else ""
            self.table.fault(1, f"no column is called person (or user, or id); there are: {shown}.{hint}")
            return None
        wanted = (person, *_COLUMNS)
        twice = sorted({name for name in wanted if header.count(name) > 1})
        if twice:
            self.table.fault(1, f"the column {twice[0]} stands there twice")
        if ("lat" in header) != ("lon" in header):
            self.table.fault(1, "a place needs both columns, lat and lon")
        if self.table.faults.count:
            return None
        ignored = [name for name in header if name not in wanted]
        if ignored:
            notices.append(f"{self.table.path.name}: columns not used: {', '.join(ignored)[:200]}")
        at: dict[str, int] = {name: header.index(name) for name in _COLUMNS if name in header}
        known = {"last_seen": "seen_at", "lat": "place", "lon": "place"}
        self.given = frozenset(known.get(name, name) for name in at)
        return {"person": header.index(person), **at}

    def _take(self, number: int, row: list[str], at: Mapping[str, int]) -> None:
        self._line = number
        person = row[at["person"]].strip()
        if not person:
            self.table.fault(number, "the person has no name of their own here: fill in the column person")
            return
        if person in self.line_of:
            self.table.fault(number, f"the person {_quoted(person)} stands in line {self.line_of[person]} already")
            return
        self.line_of[person] = number

        def field(name: str) -> str:
            return row[at[name]].strip() if name in at else ""

        lat, lon = self._place(field("lat"), field("lon"))
        self.names.append(self._name(field("name")))
        self.lat.append(lat)
        self.lon.append(lon)
        self.seats.append(self._seats(field("seats")))
        self.duty.append(self._duty(field("duty")))
        self.seen_at.append(self._moment(field("last_seen")))

    def _fault(self, says: str) -> None:
        self.table.fault(self._line, says)

    def _name(self, text: str) -> str | None:
        if len(text) > limits.NAME_CHARS:
            self._fault(f"the name has {len(text)} characters; {limits.NAME_CHARS} at most")
        return text or None

    def _place(self, lat: str, lon: str) -> tuple[float, float]:
        if not lat and not lon:
            return _NAN, _NAN
        if not lat or not lon:
            self._fault("a place needs both lat and lon; leave both empty when it is unknown")
        elif not _NUMBER.fullmatch(lat) or not _NUMBER.fullmatch(lon):
            wrong = lon if _NUMBER.fullmatch(lat) else lat
            self._fault(f"{_quoted(wrong)} is no number of degrees; write it like 35.2650, or leave lat and lon empty")
        else:
            north, east = float(lat), float(lon)
            if north == 0 == east:
                self._fault("0, 0 is the sea south of Ghana; leave lat and lon empty when the place is unknown")
            elif -90 <= north <= 90 and -180 <= east <= 180:
                # As everywhere: whoever reads the database learns a cell of where somebody lives, and no house.
                kept = coarse(Point(north, east))
                return kept.lat, kept.lon
            else:
                try:
                    Point(north, east)
                except NotOnEarth as error:
                    self._fault(error.says)
        return _NAN, _NAN

    def _seats(self, text: str) -> int:
        if not text:
            return -1
        if _WHOLE.fullmatch(text) and 1 <= int(text) <= limits.PERSON_SEATS_MAX:
            return int(text)
        most = limits.PERSON_SEATS_MAX
        self._fault(f"seats is {_quoted(text)}; write a whole number from 1 to {most}, or leave it empty")
        return -1

    def _duty(self, text: str) -> int:
        if not text:
            return -1
        if text in _DUTIES:
            return _DUTIES[text]
        why = "follows from claims and can't be brought in" if text == Duty.COMMITTED else "is no duty"
        self._fault(f"{_quoted(text)} {why}; write one of {', '.join(_DUTIES)}, or leave it empty")
        return -1

    def _moment(self, text: str) -> float:
        if not text:
            return _NAN
        seconds = _NAN
        if _NUMBER.fullmatch(text):
            seconds = float(text)
        else:
            try:
                moment = datetime.fromisoformat(text)
                seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            except (ValueError, OverflowError):
                seconds = _NAN
        if 0 <= seconds < _LATEST:
            return seconds
        hint = " (milliseconds? divide by 1000)" if seconds >= _LATEST else ""
        self._fault(f"last_seen is {_quoted(text)}{hint}; write 2026-01-31T18:30:00Z or seconds since 1970")
        return _NAN


def _ties(path: Path, people: Mapping[str, int], progress: Progress | None, notices: list[str]) -> NDArray[np.int64]:
    """Every tie once, as row numbers, the smaller first. Raises: BadFile."""
    table = Table(path, Faults(), "reading ties", progress)
    row_of = dict(zip(people, range(len(people)), strict=True))
    found = [np.empty((0, 2), dtype=np.int64)]
    for first, lines in table.pieces():
        if first == 2 and not _tie_header(table, row_of):
            break
        pairs = _quick(lines, row_of)
        found.append(_slow(table, first, lines, row_of) if pairs is None else pairs)
    table.faults.stop()
    every = np.concatenate(found)
    every.sort(axis=1)
    real = every[every[:, 0] != every[:, 1]]
    if len(real) < len(every):
        notices.append(f"{path.name}: {len(every) - len(real):,} ties of somebody to themselves were left out")
    keys = once_each(real[:, 0] * len(row_of) + real[:, 1])
    if len(keys) < len(real):
        notices.append(f"{path.name}: {len(real) - len(keys):,} ties stand there more than once; each counts once")
    return np.stack(np.divmod(keys, len(row_of)), axis=1)


def _tie_header(table: Table, row_of: Mapping[str, int]) -> bool:
    """Can the file be one of ties? Reports why not."""
    if len(table.header) != 2:
        table.fault(1, f"a tie is two columns, separated by a comma; here are {len(table.header)}")
    elif all(name in row_of for name in table.header):
        table.fault(1, "the first line is a tie already; put one above it that names the columns, like a,b")
    return not table.faults.count


def _quick(lines: list[str], row_of: Mapping[str, int]) -> NDArray[np.int64] | None:
    """The ties of lines without a quote, a space or a fault, which is nearly all; None when any is not so."""
    if not lines or set(map(_commas, lines)) != {1}:
        return None
    # One split of a megabyte instead of one per line: 2 M ties in under a second.
    names = ",".join(lines).split(",")
    try:
        return np.fromiter(map(row_of.__getitem__, names), dtype=np.int64, count=len(names)).reshape(-1, 2)
    except KeyError:
        return None


def _slow(table: Table, first: int, lines: list[str], row_of: Mapping[str, int]) -> NDArray[np.int64]:
    found = []
    for number, row in table.rows(first, lines):
        one, other = (name.strip() for name in row)
        missing = [name for name in (one, other) if name not in row_of]
        for name in missing:
            table.fault(number, f"{_quoted(name)} is nobody in the people file; add them there or take this line out")
        if not missing:
            found.append((row_of[one], row_of[other]))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _quoted(text: str) -> str:
    """The text as somebody can find it in their file, not longer than a line of the screen."""
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'
