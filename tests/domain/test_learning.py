"""What is remembered of people follows from their alerts, and from nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.learning import AlertFacts, Figures, asked_words, figures_of

NOW = 1_800_000_000.0
HOUR, DAY = 3_600.0, 86_400.0
NAMES = ("fatigue", "accepts", "expected", "opened", "expected_opened", "waiting_s")


def facts(*rows: dict[str, float]) -> AlertFacts:
    """One alert per row; what is left out never happened."""

    def column(name: str, usual: float) -> np.ndarray:
        return np.array([row.get(name, usual) for row in rows], dtype=np.float64)

    nan = float("nan")
    seen, ended, claimed = column("seen", nan), column("ended", nan), column("claimed", 0) > 0
    return AlertFacts(
        person=column("person", 1).astype(np.int64),
        sent_s=NOW - column("sent", HOUR),
        seen_s=NOW - seen,
        ended_s=NOW - ended,
        claimed=claimed,
        open=np.isnan(ended) & ~claimed & (column("declined", 0) == 0),
        exclusive=np.zeros(len(rows), dtype=np.bool_),
        hears=column("hears", 0.5),
        usual=column("usual", 0.1),
    )


def of(*rows: dict[str, float], people: tuple[int, ...] = (1,)) -> Figures:
    return figures_of(facts(*rows), np.array(people), NOW)


def test_somebody_who_was_never_asked_is_unknown() -> None:
    figures = figures_of(facts(), np.array([7, 3]), NOW)
    assert figures.person.tolist() == [3, 7]
    for name in NAMES[:-1]:
        assert getattr(figures, name).tolist() == [0, 0]
    assert np.isnan(figures.waiting_s).all()
    assert len(figures.sent_s) == 0


def test_a_yes_to_an_alert_that_was_seen_is_held_against_what_the_crowd_would_have_said() -> None:
    figures = of({"seen": HOUR, "claimed": 1, "usual": 0.2}, {"seen": HOUR, "declined": 1, "usual": 0.3}, {})
    assert figures.accepts.tolist() == [1]
    assert figures.expected.tolist() == pytest.approx([0.5])
    assert figures.opened.tolist() == [2]


def test_seen_alerts_weary_and_it_fades_by_e_in_a_week() -> None:
    figures = of({"sent": 8 * DAY, "seen": 7 * DAY}, {"sent": HOUR, "seen": 0.0}, {"sent": HOUR})
    assert figures.fatigue.tolist() == pytest.approx([1 + 1 / np.e])


def test_nobody_is_thought_deaf_because_help_came_quickly() -> None:
    quick = of({"sent": HOUR, "ended": HOUR - 60, "hears": 0.7})
    silent = of({"sent": HOUR, "hears": 0.7})
    assert quick.expected_opened[0] < 0.05
    assert silent.expected_opened[0] == pytest.approx(0.7, abs=0.03)


def test_only_alerts_of_the_last_seven_days_count_against_the_weekly_limit() -> None:
    figures = of({"sent": 8 * DAY}, {"sent": 6 * DAY}, {"sent": HOUR, "person": 2}, people=(1, 2))
    assert sorted(figures.sent_person.tolist()) == [1, 2]


def test_whoever_waits_with_an_answer_is_known_by_the_newest_alert() -> None:
    figures = of({"sent": 300.0}, {"sent": 100.0}, {"sent": 50.0, "declined": 1})
    assert figures.waiting_s.tolist() == [NOW - 100.0]


@given(st.permutations(range(6)), st.integers(0, 2**32 - 1))
def test_the_order_of_the_alerts_does_not_matter(order: list[int], seed: int) -> None:
    luck = np.random.default_rng(seed)
    rows = [
        {"person": float(luck.integers(1, 4)), "sent": float(luck.random() * 20 * DAY), "usual": float(luck.random())}
        | ({"seen": 10.0} if luck.random() < 0.5 else {})
        for _ in range(6)
    ]
    one, two = of(*rows, people=(1, 2, 3)), of(*[rows[n] for n in order], people=(1, 2, 3))
    for name in NAMES:
        np.testing.assert_allclose(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize(
    ("times", "says"), [(0, "not asked this week"), (1, "asked once this week"), (3, "asked 3 times this week")]
)
def test_people_read_how_often_they_were_asked(times: int, says: str) -> None:
    assert asked_words(times, 4) == f"{says}, 4 at most"
