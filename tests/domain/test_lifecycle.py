"""The two tables of states: final ones never move, all can be reached, and nothing else is possible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, Table

from dispatch.domain import lifecycle
from dispatch.domain.errors import RequestOver, WrongStep
from dispatch.domain.lifecycle import (
    BY_CLAIMER,
    BY_REQUESTER,
    CLAIM_TRANSITIONS,
    DISPOSITIONS,
    FINAL,
    HOLDS_SEATS,
    LEASED,
    REQUEST_TRANSITIONS,
    STANDING,
    UNFINISHED,
    ClaimState,
    Disposition,
    Happening,
    RequestState,
    Step,
    after_happening,
    after_step,
)
from dispatch.store.tables import claim, request

FINISHED = frozenset(ClaimState) - UNFINISHED


@given(st.sampled_from(list(RequestState)), st.lists(st.sampled_from(list(Happening)), max_size=20))
def test_whatever_happens_a_final_state_never_moves(state: RequestState, script: list[Happening]) -> None:
    for happening in script:
        if (state, happening) in REQUEST_TRANSITIONS:
            assert state not in FINAL
            state = after_happening(state, happening)
            continue
        with pytest.raises(RequestOver) as refusal:
            after_happening(state, happening)
        assert refusal.value.status == state


@given(st.lists(st.sampled_from(list(Step)), max_size=20))
def test_whatever_is_tried_a_claim_that_ended_never_moves(script: list[Step]) -> None:
    state = ClaimState.COMMITTED
    for step in script:
        if (state, step) in CLAIM_TRANSITIONS:
            assert state not in FINISHED
            state = after_step(state, step)
            continue
        with pytest.raises(WrongStep) as refusal:
            after_step(state, step)
        assert (refusal.value.state, refusal.value.step) == (state, step)
        for possible in refusal.value.possible:
            assert after_step(state, Step(possible))
            assert Step(possible) in BY_CLAIMER


def test_a_request_ends_as_resolved_cancelled_or_expired_only() -> None:
    assert {RequestState.RESOLVED, RequestState.CANCELLED, RequestState.EXPIRED} == FINAL


def test_every_request_state_can_be_reached_from_a_new_request() -> None:
    assert _reached(RequestState.OPEN, REQUEST_TRANSITIONS) == set(RequestState)


def test_every_claim_state_can_be_reached_from_a_yes_or_a_standby() -> None:
    reached = _reached(ClaimState.COMMITTED, CLAIM_TRANSITIONS) | _reached(ClaimState.STANDBY, CLAIM_TRANSITIONS)
    assert reached == set(ClaimState)


def _reached(start: object, table: object) -> set[object]:
    assert isinstance(table, dict)
    found, before = {start}, 0
    while len(found) > before:
        before = len(found)
        found |= {after for (state, _), after in table.items() if state in found}
    return found


def test_every_disposition_ends_a_request_that_goes_on() -> None:
    assert set(DISPOSITIONS) == set(Disposition)
    for happening in DISPOSITIONS.values():
        for state in set(RequestState) - FINAL:
            assert after_happening(state, happening) in FINAL


def test_a_step_that_ends_a_claim_early_gives_its_seats_back() -> None:
    for (state, _step), after in CLAIM_TRANSITIONS.items():
        if state in HOLDS_SEATS and after not in HOLDS_SEATS:
            assert after in FINISHED - {ClaimState.DONE}
        if after in HOLDS_SEATS and state not in HOLDS_SEATS:
            assert state is ClaimState.STANDBY  # seats are taken by a new claim or a promotion, never by a step


def test_the_sets_of_claim_states_nest_as_their_names_say() -> None:
    assert LEASED < STANDING < UNFINISHED
    assert STANDING < HOLDS_SEATS
    assert {ClaimState.DONE} == HOLDS_SEATS - STANDING
    assert {state for (state, step) in CLAIM_TRANSITIONS if step is Step.LAPSE} == LEASED


def test_nobody_takes_a_step_that_is_the_clocks_or_the_houses() -> None:
    assert not BY_CLAIMER & BY_REQUESTER
    assert set(Step) - BY_CLAIMER - BY_REQUESTER == {Step.PROMOTE, Step.LAPSE, Step.STAND_DOWN}


@pytest.mark.parametrize(
    ("table", "column", "states"),
    [
        (request, "status", RequestState),
        (request, "disposition", Disposition),
        (claim, "status", ClaimState),
    ],
)
def test_the_database_knows_exactly_the_states_of_the_table(table: Table, column: str, states: type) -> None:
    check = next(
        c for c in table.constraints if isinstance(c, CheckConstraint) and str(c.sqltext).startswith(f"{column} IN")
    )
    known = str(check.sqltext).partition("(")[2].rstrip(")").split(", ")
    assert set(known) == {f"'{state.value}'" for state in states}  # type: ignore[attr-defined]


def test_the_table_speaks_the_words_of_the_contract() -> None:
    assert [s.value for s in RequestState] == ["open", "claimed", "resolved", "cancelled", "expired"]
    assert {s.value for s in lifecycle.UNFINISHED} == {"standby", "committed", "en_route", "on_scene", "met"}
    assert {s.value for s in BY_CLAIMER} == {"en_route", "on_scene", "met", "done", "withdraw", "extend"}
    assert {s.value for s in BY_REQUESTER} == {"no_show"}
