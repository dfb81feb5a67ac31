"""Every broken row is named with its line and what to do, and then nothing is loaded."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from dispatch.actions.import_lines import BadFile
from dispatch.actions.import_network import import_network
from dispatch.domain import limits
from dispatch.ids import SeededIds
from dispatch.ports import Arrivals, ImportCounts, Progress

HEADER = "person,name,lat,lon,seats,duty,last_seen\n"


class Door:
    """A store that only notes whether anything got through to it."""

    def __init__(self) -> None:
        self.arrived: list[Arrivals] = []

    def import_people_and_ties(self, people: Arrivals, progress: Progress | None = None) -> ImportCounts:
        self.arrived.append(people)
        return ImportCounts(people_added=0, people_changed=0, people_unchanged=0, ties_added=0, ties_known=0)


def refusal(folder: Path, people: str | bytes, ties: str | bytes = "a,b\n") -> list[str]:
    door = Door()
    with pytest.raises(BadFile) as caught:
        load(door, folder, people, ties)
    assert door.arrived == [], "something was loaded"
    return caught.value.lines


def load(door: Door, folder: Path, people: str | bytes, ties: str | bytes) -> None:
    paths = folder / "people.csv", folder / "ties.csv"
    for path, text in zip(paths, (people, ties), strict=True):
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    import_network(door, *paths, ids=SeededIds(1))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,,95,0,,,", "Latitude 95 is beyond the pole. Latitude comes first: did you mean 0, 95?"),
        ("a,,-116.07,35.26,,,", "did you mean 35.26, -116.07?"),
        ("a,,10,3548205.0,,,", "goes past the date line"),
        ("a,,NaN,-116,,,", '"NaN" is no number of degrees'),
        ("a,,35,inf,,,", '"inf" is no number of degrees'),
        ("a,,1e400,0,,,", "lat"),
        ('a,,"35,2",-116,,,', '"35,2" is no number of degrees; write it like 35.2650'),
        ("a,,3_5,-116,,,", "is no number"),
        ("a,,0,0,,,", "0, 0 is the sea"),
        ("a,,35,,,,", "needs both lat and lon"),
        ("a,,,-116,,,", "needs both lat and lon"),
        ("a,,,,0,,", "whole number from 1 to 60"),
        ("a,,,,61,,", "whole number from 1 to 60"),
        ("a,,,,2.5,,", "whole number from 1 to 60"),
        ("a,,,,-1,,", "whole number from 1 to 60"),
        ("a,,,,1000000000000,,", "whole number from 1 to 60"),
        ("a,,,,,driving,", '"driving" is no duty; write one of off_duty, available, delayed, on_break'),
        ("a,,,,,committed,", "follows from claims"),
        ("a,,,,,,yesterday", "write 2026-01-31T18:30:00Z or seconds since 1970"),
        ("a,,,,,,2026-13-01", "write 2026-01-31T18:30:00Z"),
        ("a,,,,,,-5", "write 2026-01-31T18:30:00Z"),
        ("a,,,,,,1769882400000", "milliseconds? divide by 1000"),
        (",No Id,,,,,", "the person has no name of their own here"),
        ("good,Again,,,,,", 'the person "good" stands in line 2 already'),
        ("a,b", "has 2 columns where the first line names 7"),
        ("a,,,,,,,", "has 8 columns where the first line names 7"),
        ('a,"Open,,,,,', 'a quote (") is opened and not closed'),
        ("a,Nul\0,,,,,", "holds a NUL byte"),
        ("a,Bell\x07,,,,,", "control character U+0007"),
        ("a,\u202eevil,,,,,", "control character U+202E"),
        (f"a,{'x' * (limits.NAME_CHARS + 1)},,,,,", "the name has 81 characters; 80 at most"),
        (f"a,{'x' * limits.CSV_LINE_CHARS},,,,,", "is longer than 10,000 characters"),
    ],
)
def test_a_broken_row_is_named_with_its_line_and_what_to_do(tmp_path: Path, row: str, says: str) -> None:
    people = HEADER + "good,Good,35.2,-116.1,4,available,\n" + row + "\nlater,Later,,,,,\n"
    (line,) = refusal(tmp_path, people)
    assert line.startswith("people.csv, line 3: ")
    assert says in line


@pytest.mark.parametrize(
    "row",
    [
        f"a,{'x' * limits.NAME_CHARS},,,60,on_break,0",
        "a,,90,180,1,delayed,4102444799",
        "a,,-90,-180,1,,2026-01-31",
        "a,=1+1,35.2,-116.1,,,2026-01-31T18:30:00+02:00",
        'a,"Quote "" inside",,,,,',
        "a,😀 שלום,,,,,",
        "a," + "x" * 10 + "," * 5,
    ],
)
def test_what_is_unusual_but_right_comes_in(tmp_path: Path, row: str) -> None:
    door = Door()
    load(door, tmp_path, HEADER + row + "\n", "a,b\n")
    assert list(door.arrived[0].externals) == ["a"]


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ("", "people.csv: the file is empty"),
        ("\n\n", "people.csv, line 1: the first line is empty"),
        ("name,lat,lon\nAna,1,2\n", "line 1: no column is called person (or user, or id); there are: name, lat, lon"),
        ("person;name\nana;Ana\n", "separated by semicolons: save it with commas"),
        ("person,lat\nana,35\n", "line 1: a place needs both columns"),
        ("person,seats,seats\nana,1,2\n", "line 1: the column seats stands there twice"),
        ('person,"name\nana,Ana\n', "line 1: a quote"),
        (HEADER, "people.csv: there is nobody in it"),
        ("person\nana\n".encode("utf-16"), "line 1: the file is UTF-16"),
        ("person\nana\nbü\n".encode("latin-1"), "line 3: is not UTF-8"),
        (gzip.compress(HEADER.encode() * 1_000, mtime=0)[:40], "the gzip file is broken or cut short"),
        (b"\x1f\x8bnonsense", "the gzip file is broken"),
        (gzip.compress(b"x" * 3_000_000, mtime=0), "line 1: is longer than 10,000 characters"),
        (b"\x00\x01\x02\x03\x04", "line 1: holds a NUL byte"),
    ],
)
def test_a_file_that_is_not_a_list_of_people_says_why(tmp_path: Path, people: str | bytes, says: str) -> None:
    lines = refusal(tmp_path, people)
    assert len(lines) == 1
    assert says in lines[0]


@pytest.mark.parametrize(
    ("ties", "says"),
    [
        ("a,b\nana,bo\nana,nobody\n", 'ties.csv, line 3: "nobody" is nobody in the people file'),
        ("a,b\nana,bo,7\n", "ties.csv, line 2: has 3 columns where the first line names 2"),
        ("a,b\nana\n", "ties.csv, line 2: has 1 columns where the first line names 2"),
        ("a,b\nana\nana,bo,bo\n", "ties.csv, line 2: has 1 columns"),
        ("ana,bo\nbo,ana\n", "ties.csv, line 1: the first line is a tie already"),
        ("a,b,weight\nana,bo,1\n", "ties.csv, line 1: a tie is two columns"),
        ("a;b\nana;bo\n", "ties.csv, line 1: a tie is two columns, separated by a comma; here are 1"),
        ("", "ties.csv: the file is empty"),
        ('a,b\nana,"bo\n', 'ties.csv, line 2: a quote (")'),
        ("a,b\n,\n", 'ties.csv, line 2: "" is nobody'),
    ],
)
def test_a_broken_tie_is_named_with_its_line(tmp_path: Path, ties: str, says: str) -> None:
    assert says in refusal(tmp_path, "person\nana\nbo\n", ties)[0]


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"gone\.csv: can't be read \(No such file or directory\)"):
        import_network(Door(), tmp_path / "gone.csv", None, ids=SeededIds(1))


@pytest.mark.parametrize("broken", [limits.CSV_ERRORS_SHOWN, limits.CSV_ERRORS_SHOWN + 1, 5_000])
def test_the_first_faults_are_shown_and_the_others_counted(tmp_path: Path, broken: int) -> None:
    lines = refusal(tmp_path, HEADER + "".join(f"p{n},,99,0,,,\n" for n in range(broken)))
    shown = limits.CSV_ERRORS_SHOWN
    assert lines[0].startswith("people.csv, line 2: ")
    assert lines[shown - 1].startswith(f"people.csv, line {shown + 1}: ")
    assert lines[shown:] == ([f"and {broken - shown:,} more"] if broken > shown else [])


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(b"x" * 100_000_000, compresslevel=1, mtime=0)
    tracemalloc.start()
    try:
        (line,) = refusal(tmp_path, bomb)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert "is longer than 10,000 characters" in line


def test_lines_are_counted_right_far_down_a_long_file(tmp_path: Path) -> None:
    """Further than one piece of reading, in both files, on the quick way and the careful one."""
    count = 150_000
    people = "person,name\n" + "".join(f"{n},Somebody with a long name {n}\n" for n in range(count))
    assert refusal(tmp_path, people + "7,Again\n") == [
        f'people.csv, line {count + 2}: the person "7" stands in line 9 already'
    ]
    ties = "a,b\n" + "".join(f"{n},{n + 1}\n" for n in range(count - 1))
    (line,) = refusal(tmp_path, people, ties + "0,x\n")
    assert line.startswith(f'ties.csv, line {count + 1}: "x" is nobody')


def test_ties_arrive_as_the_rows_of_the_people_they_name(tmp_path: Path) -> None:
    door = Door()
    load(door, tmp_path, "person\nx\ny\nz\n", 'a,b\nz,x\n"y",z\nx, z\n')
    assert door.arrived[0].ties.tolist() == [[0, 2], [1, 2]]
