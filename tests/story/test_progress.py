"""Whoever waits sees how far it is: a bar on a screen, a line for each stage in a log."""

import io
import sys

import pytest

from dispatch.progress import Bar


class Screen(io.StringIO):
    """A terminal's stderr."""

    def isatty(self) -> bool:
        """Somebody looks."""
        return True


def run_through() -> None:
    bar = Bar()
    for stage in ("people", "ties"):
        for done in (0, 50, 100):
            bar.show(stage, done, 100)
    bar.end()


def test_a_log_says_each_stage_once(capsys: pytest.CaptureFixture[str]) -> None:
    run_through()
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "people …\nties …\n")


def test_on_a_screen_each_stage_has_one_line_that_fills() -> None:
    screen, before = Screen(), sys.stderr
    sys.stderr = screen
    try:
        run_through()
    finally:
        sys.stderr = before
    lines = screen.getvalue().removesuffix("\n").split("\n")
    assert [line.count("\r") for line in lines] == [3, 3]
    assert [line.rsplit("\r", 1)[1].split()[0] for line in lines] == ["people", "ties"]
    assert all("100 of 100" in line for line in lines)
