"""A drill, as rules: gentle, small, and told in counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.alert import Alert, Answer, Reasons
from dispatch.domain.drill import drilled, gentle, next_allowed, within_a_drill
from dispatch.domain.request import WEIGHT, Urgency
from dispatch.domain.standing import REACHES, Backing

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def alert(number: int, answer: Answer | None, minutes: int | None) -> Alert:
    at = None if answer is None or minutes is None else NOW + timedelta(minutes=minutes)
    return Alert(
        id=number, public_id=f"a{number}", request_id=1, person_id=number, wave=1, ring="1", reasons=Reasons(ring="1"),
        created_at=NOW, answer=answer, answered_at=at,
    )  # fmt: skip


@pytest.mark.parametrize("urgency", list(Urgency))
def test_nobody_is_frightened_for_practice(urgency: Urgency) -> None:
    assert gentle(urgency) in (urgency, Urgency.STRANDED)
    assert WEIGHT[gentle(urgency)] <= WEIGHT[Urgency.STRANDED]


@pytest.mark.parametrize("who", list(Backing))
def test_a_drill_reaches_forty_people_at_most_and_no_stranger(who: Backing) -> None:
    bound = within_a_drill(REACHES[who])
    assert bound.a_call <= limits.DRILL_ALERTS_MAX
    assert bound.strangers == 0
    assert bound.lately == REACHES[who].lately


@given(st.lists(st.tuples(st.none() | st.sampled_from(Answer), st.integers(0, 59)), max_size=50))
def test_counts_say_what_was_said_and_the_first_who_could(said: list[tuple[Answer | None, int]]) -> None:
    counts = drilled(NOW, [alert(number, answer, minutes) for number, (answer, minutes) in enumerate(said)])
    could = [minutes * 60.0 for answer, minutes in said if answer is Answer.COULD]
    assert (counts.could, counts.first_s) == (len(could), min(could, default=None))
    assert counts.no == sum(answer is Answer.DECLINED for answer, _ in said)
    assert counts.could + counts.no <= len(said)


def test_the_next_drill_is_a_week_later() -> None:
    assert next_allowed(NOW) == NOW + limits.DRILL_AGAIN
