"""People behave as docs/simulation.md says: the check values come out of the draws themselves."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dispatch.domain.people import Duty
from dispatch.domain.request import Urgency
from dispatch.stories.behaviour import Behaviour
from geo.point import Point

PLACE = Point(35.1926, -116.1503)
COUNT = 20_000
NOON = datetime(2009, 1, 8, 20, 0, tzinfo=UTC)


def people(seed: int = 0, count: int = COUNT, **given: float) -> Behaviour:
    return Behaviour(
        seed,
        lat=np.full(count, 35.27),
        lon=np.full(count, -116.07),
        seats=np.full(count, -1),
        duty=np.full(count, -1),
        place=PLACE,
        **given,
    )


@pytest.fixture(scope="module")
def crowd() -> Behaviour:
    return people()


@pytest.mark.parametrize(
    ("hour", "share"), [(21, 0.98), (23, 0.68), (0, 0.38), (2, 0.03), (6, 0.16), (7, 0.50), (8, 0.84)]
)
def test_as_many_people_are_awake_as_the_hour_says(crowd: Behaviour, hour: int, share: float) -> None:
    at = datetime(2009, 1, 9, (hour + 8) % 24, tzinfo=UTC)
    awake = sum(crowd.awake(row, at) for row in range(COUNT)) / COUNT
    assert awake == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize(("minutes", "share"), [(5, 0.32), (15, 0.61), (30, 0.73), (60, 0.83), (240, 0.97)])
def test_somebody_awake_who_answers_at_all_answers_this_soon(crowd: Behaviour, minutes: int, share: float) -> None:
    # Online people and those who can't be reached are another curve.
    rows = [row for row in range(COUNT) if crowd._u["online"][row] >= 0.12 and crowd._u["reachable"][row] < 0.70]
    assert answered(crowd, rows, minutes) == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize(("minutes", "share"), [(1, 0.11), (2, 0.50), (5, 0.94)])
def test_somebody_online_answers_within_minutes(crowd: Behaviour, minutes: int, share: float) -> None:
    rows = [row for row in range(COUNT) if crowd._u["online"][row] < 0.12]
    assert answered(crowd, rows, minutes) == pytest.approx(share, abs=0.025)


def answered(crowd: Behaviour, rows: list[int], minutes: int) -> float:
    within = 0
    for row in rows:
        seen, _ = crowd.sees(row, NOON)
        assert seen is not None
        within += seen + crowd.decides_after(row) <= NOON + timedelta(minutes=minutes)
    return within / len(rows)


def test_seven_in_ten_can_be_reached_and_everybody_online(crowd: Behaviour) -> None:
    seen = sum(crowd.sees(row, NOON)[0] is not None for row in range(COUNT)) / COUNT
    assert seen == pytest.approx(0.12 + 0.88 * 0.70, abs=0.012)


def test_the_sound_wakes_six_in_a_hundred_and_the_others_see_it_in_the_morning(crowd: Behaviour) -> None:
    night = datetime(2009, 1, 9, 11, tzinfo=UTC)
    asleep = [row for row in range(COUNT) if not crowd.awake(row, night)]
    seen = [crowd.sees(row, night) for row in asleep]
    reached = [each for each in seen if each[0] is not None]
    assert sum(woken for _, woken in reached) / len(reached) == pytest.approx(0.06, abs=0.007)
    mornings = [at for at, woken in reached if at is not None and not woken]
    assert np.median([(at - night).total_seconds() / 3600 for at in mornings]) == pytest.approx(4.0, abs=0.1)


def test_people_of_a_year_say_yes_as_often_as_the_base_says_on_average(crowd: Behaviour) -> None:
    chance = np.array([crowd.chance(row, NOON, kind="ride", urgency=Urgency.STRANDED, ring="1", ties=10)
                       for row in range(COUNT)])  # fmt: skip
    flat = 0.30 * 0.6 * np.exp(-float(crowd.travel_minutes[0]) / 35.0)
    # A little below: nobody says yes more often than nine times in ten.
    assert 0.80 * flat < chance.mean() < 1.02 * flat


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"ring": "2"}, 0.5),
        ({"ring": "3"}, 0.25),
        ({"ring": "community"}, 0.25),
        ({"ties": 501}, 0.35),
        ({"at": datetime(2009, 1, 9, 8, tzinfo=UTC)}, 0.7),
        ({"kind": "supplies"}, 0.5),
    ],
)
def test_the_chance_of_a_yes_falls_by_its_factor(crowd: Behaviour, change: dict, factor: float) -> None:
    plain = {"at": NOON, "kind": "ride", "urgency": Urgency.STRANDED, "ring": "1", "ties": 500}
    changed = plain | change
    row = int(np.argmax(crowd._z["het"] < 0.0))
    before = crowd.chance(row, plain.pop("at"), **plain)  # type: ignore[arg-type]
    after = crowd.chance(row, changed.pop("at"), **changed)
    assert after == pytest.approx(before * factor)


def test_two_in_nine_who_say_yes_never_come_and_most_of_them_say_so() -> None:
    crowd = people(willingness=8.0)
    said = [crowd.reaction(row, NOON, kind="ride", urgency=Urgency.DANGER, ring="1", ties=10) for row in range(COUNT)]
    yes = [each for each in said if each.comes]
    gone = [each for each in yes if each.no_show]
    assert len(gone) / len(yes) == pytest.approx(0.22, abs=0.015)
    assert sum(each.announces is not None for each in gone) / len(gone) == pytest.approx(0.60, abs=0.04)
    rest = [each for each in said if each.sees is not None and not each.comes]
    assert sum(each.says_no for each in rest) / len(rest) == pytest.approx(0.45, abs=0.015)


def test_the_same_seed_meets_the_same_people_whoever_is_asked_first() -> None:
    one, two = people(3, 500), people(3, 500)
    for row in (499, 0, 250):
        ask = {"kind": "ride", "urgency": Urgency.STRANDED, "ring": "1", "ties": 9}
        assert one.reaction(row, NOON, **ask) == two.reaction(row, NOON, **ask)  # type: ignore[arg-type]
    assert not np.array_equal(people(4, 500).seats, one.seats)


def test_what_people_said_of_themselves_is_kept_and_the_rest_drawn() -> None:
    seats = np.array([4, -1, 2])
    ready = np.array([list(Duty).index(Duty.AVAILABLE), -1, -1])
    crowd = Behaviour(0, lat=np.zeros(3), lon=np.zeros(3), seats=seats, duty=ready, place=Point(0, 0.1))
    assert crowd.seats[[0, 2]].tolist() == [4, 2]
    assert crowd.seats[1] in (1, 2, 3, 4, 6)
    assert crowd._ready.tolist() == [True, False, False]


def test_nobody_drives_further_than_four_hours() -> None:
    far = Behaviour(
        0, lat=np.array([47.55]), lon=np.array([-122.25]), seats=np.array([4]), duty=np.array([-1]), place=PLACE
    )
    assert far.chance(0, NOON, kind="ride", urgency=Urgency.DANGER, ring="1", ties=3) == 0.0
