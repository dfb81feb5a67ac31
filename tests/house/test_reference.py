"""The reference pages say what the code says: they are made from it, and a stale page is red."""

from pathlib import Path

from tools import make_docs


def test_every_state_code_setting_bound_and_command_stands_in_the_reference_as_it_is_in_the_code() -> None:
    assert make_docs.stale() == [], "run `make docs`"


def test_a_page_that_was_edited_by_hand_or_is_missing_is_noticed(tmp_path: Path) -> None:
    make_docs.write(tmp_path)
    assert make_docs.stale(tmp_path) == []
    page = tmp_path / "errors.md"
    page.write_text(page.read_text().replace("`seat-taken`", "`seat-gone`"))
    (tmp_path / "limits.md").unlink()
    assert make_docs.stale(tmp_path) == ["errors.md", "limits.md"]
