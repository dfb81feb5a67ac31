"""What people are told about their odds is held against what came of it, and a forecast that lies is found out."""

import json

import pytest

from dispatch.stories.trial.figures import calibrated
from dispatch.stories.trial.honesty import asked_about, bars, score, simulate


def test_a_forecast_that_promises_too_much_does_not_pass() -> None:
    right = calibrated([0.1] * 100 + [0.9] * 100, [n % 10 == 0 for n in range(100)] + [n % 10 != 0 for n in range(100)])
    rosy = calibrated([0.9] * 200, [n % 2 == 0 for n in range(200)])
    assert all(bar["ok"] for bar in bars(right, {"city": right}, right))
    assert not any(bar["ok"] for bar in bars(rosy, {"city": rosy}, rosy))


def test_readiness_is_asked_for_one_seat_and_for_nine_and_fewer_are_promised_nine() -> None:
    found = asked_about(1, 6)
    one, nine = score(found[1]), score(found[9])
    assert one.count == nine.count == 6
    assert one.mean >= nine.mean


@pytest.mark.timeout(240)
def test_a_few_nights_of_every_kind_come_out_near_what_was_said() -> None:
    said: list[str] = []
    simulate(20, as_json=True, say=said.append, worlds={"city": 1.0, "rural": 1.0}, workers=1)
    (answer,) = [json.loads(text) for text in said]
    assert abs(answer["rows"]["pooled"]["mean"] - answer["rows"]["pooled"]["outcome"]) < 0.15
    assert answer["rows"]["readiness"]["count"] == 60
