"""The table of needs: every row makes sense, and a quantity is refused one past its bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.errors import Invalid, UnknownKind
from dispatch.domain.kinds import KINDS, Kind, kind_named, quantity_of
from tests.support.strategies import kinds

COUNTED = [kind for kind in KINDS.values() if not kind.open_ended]


def test_the_seven_kinds_of_the_contract_are_in_the_table() -> None:
    assert list(KINDS) == ["ride", "supplies", "shelter", "repair", "advice", "funds", "words"]


@given(kinds())
def test_every_row_of_the_table_can_be_matched_and_said_in_words(kind: Kind) -> None:
    assert KINDS[kind.name] is kind
    assert kind.unit
    assert kind.one
    assert kind.quantity_max >= 1
    assert 0 < kind.accept <= 1
    assert kind.plan < kind.give_up
    assert 1 <= kind.wave_max <= limits.WAVE_CHUNK  # a wave is one transaction


def test_a_total_of_every_kind_fits_the_database_column() -> None:
    assert max(kind.quantity_max for kind in KINDS.values()) < 2**31


@pytest.mark.parametrize("kind", COUNTED, ids=lambda kind: kind.name)
def test_the_largest_quantity_is_taken_and_one_more_is_refused(kind: Kind) -> None:
    assert quantity_of(kind, 1) == 1
    assert quantity_of(kind, kind.quantity_max) == kind.quantity_max
    for wrong in (None, 0, -1, kind.quantity_max + 1):
        with pytest.raises(Invalid) as refusal:
            quantity_of(kind, wrong)
        assert refusal.value.errors[0]["field"] == "quantity"
        assert f"{kind.quantity_max:,}" in refusal.value.says


@given(st.none() | st.integers())
def test_an_open_ended_kind_has_no_total_whatever_is_sent(quantity: int | None) -> None:
    assert quantity_of(KINDS["words"], quantity) is None


@given(st.text())
def test_an_unknown_kind_is_refused_with_the_names_there_are(name: str) -> None:
    if name in KINDS:
        assert kind_named(name) is KINDS[name]
        return
    with pytest.raises(UnknownKind) as refusal:
        kind_named(name)
    assert refusal.value.known == list(KINDS)
