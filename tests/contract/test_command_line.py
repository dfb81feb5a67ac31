"""The command line refuses in one line that says why: 1 for what can't be done, 2 for what can't be meant."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app

NOBODY = "postgresql://flare:s3cret@127.0.0.1:1/flare"
"""A database that does not answer: nothing may listen on port 1."""


def run(folder: Path, *words: str, **environ: str) -> tuple[int, list[str]]:
    """The exit code and the lines on stderr; a stack trace fails."""
    people = folder / "people.csv"
    people.write_text("person\nana\nben\n")
    told = CliRunner().invoke(
        app,
        [word.format(people=people, folder=folder) for word in words],
        env={"FLARE_DATA": str(folder / "data"), "FLARE_DATABASE_URL": None, **environ},
    )
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told.exit_code, told.stderr.splitlines()


@pytest.mark.parametrize(("words", "environ", "says"), [
    (("import", "--people", "{people}", "--tokens", "{folder}/none/tokens.csv"), {}, "none/tokens.csv"),
    (("import", "--people", "{people}", "--tokens", "{folder}"), {}, "Is a directory"),
    (("import", "--people", "{people}", "--data", "{people}"), {}, "people.csv"),
    (("migrate",), {"FLARE_DATABASE_URL": NOBODY}, "can't be used"),
    (("migrate",), {"FLARE_DATABASE_URL": NOBODY.replace("ql:", ":")}, "can't be used"),
    (("migrate",), {"FLARE_DATABASE_URL": "mysql://127.0.0.1/flare"}, "postgresql://… or sqlite:///path"),
    (("serve",), {"FLARE_DATABASE_URL": NOBODY, "FLARE_SECRET": "s" * 40}, "can't be used"),
    (("serve",), {"FLARE_PORT": "http"}, "FLARE_PORT: a whole number"),
    (("serve", "--workers", "2"), {}, "PostgreSQL"),
    (("simulate", "nothing"), {}, "bus"),
    (("simulate", "bus", "--policy", "nothing"), {}, "paced"),
    (("bench", "nothing", "--json"), {}, "claims"),
    (("backup", "{folder}/none/file"), {}, "no database"),
    (("restore", "{people}"), {}, "not a Flare backup"),
    (("coordinator", "add", "nobody"), {}, "nobody"),
])  # fmt: skip
def test_what_can_not_be_done_is_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...], environ: dict[str, str], says: str
) -> None:
    code, lines = run(tmp_path, *words, **environ)
    assert code == 1
    refused = [line for line in lines if line.startswith("flare: ")]
    assert lines[-1:] == refused, lines
    assert says in refused[0]
    assert "s3cret" not in refused[0]


@pytest.mark.parametrize("words", [
    ("nothing",),
    ("serve", "--port", "65536"),
    ("serve", "--port", "-1"),
    ("serve", "--port", "http"),
    ("serve", "--workers", "0"),
    ("up", "--port", "99999"),
    ("import",),
    ("simulate", "bus", "--seeds", "0"),
    ("coordinator", "praise", "ana"),
])  # fmt: skip
def test_what_can_not_be_meant_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    code, lines = run(tmp_path, *words)
    assert code == 2
    assert any(line.startswith("Usage: ") for line in lines), lines


def test_an_import_whose_tokens_have_no_place_loads_nobody(tmp_path: Path) -> None:
    run(tmp_path, "import", "--people", "{people}", "--tokens", "{folder}/none/tokens.csv")
    assert not (tmp_path / "data").exists()
