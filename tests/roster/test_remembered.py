"""What is remembered of people is at hand for thousands at once, fades with time, and is forgotten with them."""

import numpy as np
import pytest

from dispatch.domain.learning import Figures
from dispatch.roster.remembered import Remembered

NOW = 1_800_000_000.0
DAY = 86_400.0


def figures(*people: int, at: float = NOW, fatigue: float = 2.0, sent: tuple[float, ...] = (1.0,)) -> Figures:
    """The same figures for each of those people; `sent` in days ago."""
    count = len(people)
    return Figures(
        at_s=at,
        person=np.array(people, dtype=np.int64),
        fatigue=np.full(count, fatigue),
        accepts=np.full(count, 1.0),
        expected=np.full(count, 0.5),
        opened=np.full(count, 2.0),
        expected_opened=np.full(count, 3.0),
        waiting_s=np.full(count, at - 60),
        sent_person=np.repeat(np.array(people, dtype=np.int64), len(sent)),
        sent_s=np.tile(at - np.array(sent) * DAY, count),
    )


def test_people_nobody_asked_are_unknown_and_others_are_as_they_were_learned() -> None:
    held = Remembered()
    held.learn(figures(5, 900))
    found = held.gather(np.array([1, 5, 900, 100_000]), NOW)
    assert found["fatigue"].tolist() == [0, 2, 2, 0]
    assert found["accepts"].tolist() == [0, 1, 1, 0]
    assert found["sent_7d"].tolist() == [0, 1, 1, 0]
    assert found["elsewhere"].tolist() == [False, True, True, False]


def test_weariness_fades_and_a_week_later_nothing_counts_against_the_limit() -> None:
    held = Remembered()
    held.learn(figures(1, sent=(0.0, 2.0, 6.9)))
    assert held.gather(np.array([1]), NOW)["sent_7d"].tolist() == [3]
    later = held.gather(np.array([1]), NOW + 7 * DAY)
    assert later["fatigue"].tolist() == pytest.approx([2 / np.e])
    assert later["sent_7d"].tolist() == [0]
    assert later["elsewhere"].tolist() == [False]


def test_whoever_is_erased_is_forgotten() -> None:
    held = Remembered()
    held.learn(figures(1, 2))
    nothing = figures(1, fatigue=0.0, sent=())
    held.learn(nothing)
    assert held.gather(np.array([1, 2]), NOW)["sent_7d"].tolist() == [0, 1]
    assert held.gather(np.array([1, 2]), NOW)["fatigue"].tolist() == [0, 2]


def test_whoever_is_asked_again_is_counted_at_once_and_others_keep_their_count() -> None:
    held = Remembered()
    held.learn(figures(1, 2, sent=(1.0, 6.0)))
    assert held.gather(np.array([1, 2, 3]), NOW)["sent_7d"].tolist() == [2, 2, 0]
    held.learn(figures(1, at=NOW + 1, sent=(0.0, 1.0, 6.0)))
    assert held.gather(np.array([1, 2, 3]), NOW + 1)["sent_7d"].tolist() == [3, 2, 0]
    held.learn(figures(3, at=NOW + 2 * DAY, sent=(0.0,)))
    assert held.gather(np.array([1, 2, 3]), NOW + 2 * DAY)["sent_7d"].tolist() == [2, 1, 1]


def test_a_person_is_present_while_any_of_their_inboxes_is_open() -> None:
    held = Remembered()
    for sockets in (1, 1, -1):
        held.present(7, sockets)
    assert held.online(np.array([7, 8])).tolist() == [True, False]
    held.present(7, -1)
    assert held.online(np.array([7, 8])).tolist() == [False, False]


def test_a_roster_that_remembers_nobody_answers_all_the_same() -> None:
    assert Remembered().gather(np.array([3]), NOW)["sent_7d"].tolist() == [0]
