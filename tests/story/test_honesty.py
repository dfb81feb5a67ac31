"""What people are told about their odds is held against what came of it, and a forecast that lies is found out."""

import pytest

from dispatch.stories.trial.figures import calibrated
from dispatch.stories.trial.honesty import asked_about, bars, score, told_of


def test_a_forecast_that_promises_too_much_does_not_pass() -> None:
    right = calibrated([0.1] * 100 + [0.9] * 100, [n % 10 == 0 for n in range(100)] + [n % 10 != 0 for n in range(100)])
    rosy = calibrated([0.9] * 200, [n % 2 == 0 for n in range(200)])
    assert all(bar["ok"] for bar in bars(right, {"city": right}, right))
    assert not any(bar["ok"] for bar in bars(rosy, {"city": rosy}, rosy))


def test_few_forecasts_that_are_right_err_by_luck_and_many_hardly_do() -> None:
    few = calibrated([0.5] * 10, [n % 2 == 0 for n in range(10)])
    many = calibrated([0.5] * 1_000, [n % 2 == 0 for n in range(1_000)])
    assert few.luck > 0.1 > many.luck > 0
    assert calibrated([1.0] * 10, [True] * 10).luck == 0


def test_readiness_is_asked_for_one_seat_and_for_nine_and_fewer_are_promised_nine() -> None:
    found = asked_about(1, 6)
    one, nine = score(found[1]), score(found[9])
    assert one.count == nine.count == 6
    assert one.mean >= nine.mean


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_few_nights_of_every_kind_come_out_near_what_was_said() -> None:
    answer = told_of(20, worlds={"city": 1.0, "rural": 1.0}, workers=1)
    said = {row[0]: row for row in answer.tables[0].rows}
    assert abs(float(said["pooled"][2]) - float(said["pooled"][3])) < 0.15
    assert said["readiness"][1] == "60"
