"""Who is served, by ties and by region: groups are whole, small ones are not told, gaps are what they say."""

from typing import Any

from dispatch.stories.trial.fairness import FEWEST, by_region, by_ties, gap_between, loneliest
from dispatch.stories.trial.play import Outcome


def came(degree: int, minute: float, region: str = "Barstow", *, raised: bool = False) -> Outcome:
    plain: dict[str, Any] = {
        "alerts": degree, "heard": 0.1, "full": minute, "pickup": minute, "served": 1.0, "cars": 1, "woken": 0,
        "late": 0, "seen": 1, "forecasts": (), "waves": (),
    }  # fmt: skip
    return Outcome(secured=minute, degree=degree, region=region, raised=raised, **plain)


def test_callers_fall_into_fifths_by_their_ties_and_nobody_is_lost() -> None:
    groups = by_ties([came(ties, 10.0) for ties in range(1, 101)])
    assert [each.calls for each in groups] == [20] * 5
    assert groups[0].name == "1 to 20 ties"
    assert groups[0].alerts < groups[-1].alerts


def test_where_most_have_equally_few_ties_they_are_one_group() -> None:
    groups = by_ties([came(5, 10.0)] * 60 + [came(ties, 50.0) for ties in range(6, 46)])
    assert groups[0].name == "5 ties"
    assert sum(each.calls for each in groups) == 100
    assert groups[0].le30 == 1.0 > groups[-1].le30 == 0.0


def test_a_region_with_too_few_calls_is_not_told() -> None:
    many = [came(9, 10.0, "LasVegas", raised=True)] * FEWEST + [came(9, 10.0, "Needles")] * (FEWEST - 1)
    assert [(each.name, each.raised) for each in by_region(many)] == [("LasVegas", 1.0)]


def test_the_widest_gap_is_between_the_best_off_and_the_worst_off() -> None:
    outcomes = [came(1, 99.0)] * 10 + [came(50, 1.0)] * 90
    assert loneliest(outcomes).le30 == 0.0
    assert gap_between([{"le30": 0.5}, {"le30": 0.9}, {"le30": 0.7}]) == 0.4
    assert gap_between([]) == 0.0
