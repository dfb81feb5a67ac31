"""What people type is kept as typed, and refused only where a reader could be fooled by it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.errors import Invalid
from dispatch.domain.plain_text import BIDI, as_cell, check_phone, check_text, in_plain_digits

plain = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="".join(BIDI)))


@given(plain)
def test_ordinary_text_of_any_language_is_kept_as_typed(text: str) -> None:
    assert check_text("note", text, 10_000) == (text.strip() or None)


@given(plain, st.sampled_from([*BIDI, "\x00", "\x1b", "\x7f", "\x85", "\x9b", "\ud800", "\r"]), plain)
def test_text_that_could_fool_a_reader_is_refused(before: str, trick: str, after: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_text("note", f"a{before}{trick}{after}b".replace("\r\n", "\r"), 10_000)
    assert refusal.value.errors[0]["field"] == "note"


@pytest.mark.parametrize("bound", [limits.NOTE_CHARS, limits.NAME_CHARS, limits.REASON_CHARS, limits.PLACE_CHARS])
def test_a_text_as_long_as_its_bound_is_kept_and_one_more_is_refused(bound: int) -> None:
    assert check_text("note", "é" * bound, bound) == "é" * bound
    assert check_text("note", "  " + "é" * bound + "\n", bound) == "é" * bound
    with pytest.raises(Invalid):
        check_text("note", "é" * (bound + 1), bound)


def test_lines_may_be_broken_as_every_browser_form_breaks_them() -> None:
    assert check_text("note", "two\nlines\tand a tab", 100) == "two\nlines\tand a tab"
    assert check_text("note", "two\r\nlines", 100) == "two\nlines"
    assert check_text("note", "é" * 50 + "\r\n" + "é" * 49, 100) is not None


@pytest.mark.parametrize("nothing", [None, "", "   ", "\n\t "])
def test_nothing_but_blanks_is_nothing(nothing: str | None) -> None:
    assert check_text("note", nothing, 10) is None


@pytest.mark.parametrize("number", ["555", "+1 760 555 0142", "(0)30-12", "٥٥٥ ٠١٤٢"])
def test_a_number_one_can_dial_is_kept_as_typed(number: str) -> None:
    assert check_phone("phone", number) == number


@pytest.mark.parametrize("number", ["call me", "12", "+", "5" * (limits.PHONE_CHARS + 1), "555\u202e"])
def test_what_nobody_can_dial_is_no_phone_number(number: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_phone("phone", number)
    assert refused.value.errors[0]["field"] == "phone"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"])
def test_a_cell_that_begins_like_a_formula_is_text_to_a_spreadsheet(cell: str) -> None:
    assert as_cell(cell) == "'" + cell
    assert as_cell(f"row {cell}") == f"row {cell}"


def test_markup_stays_text_for_the_page_to_show() -> None:
    assert check_text("note", "<b>not bold</b> & co", 100) == "<b>not bold</b> & co"
    assert all(unicodedata.category(char) == "Cf" for char in BIDI)


@pytest.mark.parametrize("typed", ["417", " 4 1 7 ", "٤١٧", "۴۱۷", "４１７"])
def test_a_code_is_the_same_in_anybodys_digits(typed: str) -> None:
    assert in_plain_digits(typed) == "417"


@given(st.text(max_size=16))
def test_whatever_is_typed_as_a_code_is_no_error(typed: str) -> None:
    assert all(char.isascii() or not char.isdecimal() for char in in_plain_digits(typed))
