"""Small values of the domain: seats, urgency, first names, what an alert keeps."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.alert import Answer, NewAlert, Reasons
from dispatch.domain.people import CHOSEN, SILENT, Duty, Person
from dispatch.domain.request import RAISED_WEIGHT, WEIGHT, Request, Seats, Urgency
from tests.support.strategies import NOON, requests


@given(st.none() | st.integers(1, 60), st.integers(0, 60))
def test_the_open_seats_are_what_nobody_promised(total: int | None, claimed: int) -> None:
    seats = Seats(total=total, claimed=claimed)
    assert seats.open == (None if total is None else total - claimed)
    assert seats.as_json() == {"total": total, "claimed": claimed, "open": seats.open}


@given(requests())
def test_a_raised_call_weighs_at_least_eight_and_never_less_than_was_said(request: Request) -> None:
    raised, plain = (replace(request, raised=flag).weight for flag in (True, False))
    assert plain == WEIGHT[request.urgency]
    assert raised == max(plain, RAISED_WEIGHT)
    assert request.age(request.created_at + timedelta(minutes=5)) == timedelta(minutes=5)


def test_urgency_weighs_what_the_contract_says() -> None:
    assert [WEIGHT[urgency] for urgency in Urgency] == [1, 2, 4, 8, 40]


@pytest.mark.parametrize(
    ("name", "first"), [("Ana Lima", "Ana"), ("  Ana ", "Ana"), ("", None), ("  ", None), (None, None)]
)
def test_other_people_are_shown_a_first_name_at_most(name: str | None, first: str | None) -> None:
    assert Person(id=1, public_id="p", name=name).first_name == first


def test_nobody_can_call_themselves_committed_and_breaks_are_silent() -> None:
    assert set(Duty) - CHOSEN == {Duty.COMMITTED}
    assert {Duty.OFF_DUTY, Duty.ON_BREAK} == SILENT


def test_an_alert_begins_without_an_answer_and_with_a_reason() -> None:
    assert NewAlert(person_id=1).reasons == Reasons(ring="1")
    assert {answer.value for answer in Answer} == {"acknowledged", "declined", "claimed", "could", "stood_down"}


@given(requests())
def test_a_request_is_over_exactly_in_its_final_states(request: Request) -> None:
    assert not request.over
    assert replace(request, status="expired", closed_at=NOON).over  # type: ignore[arg-type]
