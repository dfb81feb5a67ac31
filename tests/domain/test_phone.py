"""A number is one however it is typed, and what asking for codes may cost has a bound whatever is asked when."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.errors import Invalid
from dispatch.domain.phone import listed, may_ask, may_text, number_of, same_number

NOW = datetime(2026, 8, 31, tzinfo=UTC)
EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
numbers = st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z")


@given(numbers, st.sampled_from([" ", "-", ".", "\u2011", "(", "\u00a0"]), st.integers(1, 6))
def test_a_number_is_the_same_however_it_is_typed(number: str, gap: str, at: int) -> None:
    for typed in (number, number[:at] + gap + number[at:], f" {number} ", "00" + number[1:], number.translate(EASTERN)):
        assert number_of(typed) == number
        assert same_number(typed, number)


@given(st.text(max_size=24))
def test_whatever_is_typed_is_a_number_or_is_refused_in_words(typed: str) -> None:
    with suppress(Invalid):
        number = number_of(typed)
        assert number_of(number) == number
        assert number.isascii()


@pytest.mark.parametrize("typed", ["", "760 555 0142", "+0 760 555 0142", "+1 23", "call me"])
def test_what_has_no_country_code_is_no_number(typed: str) -> None:
    with pytest.raises(Invalid):
        number_of(typed)
    assert same_number(typed, typed)
    assert not same_number(typed, "+17605550142")


@given(numbers, st.lists(st.from_regex(r"\A[1-9][0-9]{0,4}\Z")))
def test_a_text_goes_only_where_the_operator_lets_it_by_the_longest_prefix(number: str, prefixes: list[str]) -> None:
    found = listed(number, prefixes)
    fits = [prefix for prefix in prefixes if number[1:].startswith(prefix)]
    assert (found is None) == (not fits)
    assert found is None or (found in fits and len(found) == max(map(len, fits)))


@given(st.lists(st.integers(0, 86_399)))
def test_however_often_a_number_is_asked_for_it_gets_no_more_than_its_bounds(tries: list[int]) -> None:
    given_: list[datetime] = []
    for at in sorted(tries):
        moment = NOW + timedelta(seconds=at)
        if may_ask(given_, moment):
            assert not given_ or moment - given_[-1] >= limits.PHONE_CODE_AGAIN
            given_.append(moment)
            assert sum(moment - each < timedelta(hours=1) for each in given_) <= limits.PHONE_CODES_HOUR
    assert len(given_) <= limits.PHONE_CODES_DAY


@given(st.integers(0, 1_000), st.integers(0, limits.TEXTS_JUDGED), st.integers(0, limits.TEXTS_JUDGED))
def test_a_country_stops_at_its_budget_or_when_hardly_any_code_is_typed(texted: int, settled: int, typed: int) -> None:
    typed = min(typed, settled)
    if may_text(texted, settled, typed):
        assert texted < limits.TEXTS_COUNTRY_DAY
        assert settled < limits.TEXTS_JUDGED or typed >= limits.TEXTS_TYPED_PART * settled
