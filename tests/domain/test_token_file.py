"""Tokens are written down where only the operator reads them, or not made at all."""

import os
from pathlib import Path

import pytest

from dispatch.token_file import token_file

ROWS = [("ana", "flm_one"), ("=cmd()", "flm_two")]


@pytest.fixture(params=["new", "readable by all"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the tokens go."""
    path = tmp_path / "tokens.csv"
    if request.param != "new":
        path.write_text("person,token\n" + "old,flm_old\n" * 100)
        path.chmod(0o644)
    return path


def test_only_the_operator_reads_the_tokens_whoever_made_the_file(path: Path) -> None:
    with token_file(path) as write:
        write(ROWS)
    assert path.read_text() == "person,token\nana,flm_one\n'=cmd(),flm_two\n".replace("\n", os.linesep)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_refused_import_leaves_the_tokens_of_before_and_no_empty_file(path: Path) -> None:
    before = path.read_text() if path.exists() else None
    with pytest.raises(ValueError, match="refused"), token_file(path):
        raise ValueError("refused")
    assert (path.read_text() if path.exists() else None) == before


def test_a_place_that_can_not_be_written_is_known_before_tokens_are_made(tmp_path: Path) -> None:
    for nowhere in (tmp_path, tmp_path / "none" / "tokens.csv"):
        with pytest.raises(OSError, match=nowhere.name), token_file(nowhere):
            pytest.fail("tokens were made")


def test_a_pipe_takes_tokens_as_any_file_does() -> None:
    reads, writes = os.pipe()
    with token_file(Path(f"/dev/fd/{writes}")) as write:
        write(ROWS[:1])
    os.close(writes)
    with os.fdopen(reads) as pipe:
        assert pipe.read().split() == ["person,token", "ana,flm_one"]
