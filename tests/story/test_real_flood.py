"""The requests of one real flood night, shared out: places and times are real, cars and parties are made."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from dispatch.stories.trial.flood import Flood, first_come, flood, shared_out

IN_KERALA = ((8.0, 13.0), (74.5, 77.8))
"""The rest carries the reporter's own place, far away: not where help was needed."""


@pytest.fixture(scope="module")
def night(shared_data: Path) -> list[tuple[str, float, float]]:
    """(hour, lat, lon) of every request with a place in Kerala."""
    found = []
    with gzip.open(shared_data / "kerala_2018_requests_sanitised.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["lat"] and row["lon"]:
                place = float(row["lat"]), float(row["lon"])
                if all(low <= at <= high for at, (low, high) in zip(place, IN_KERALA, strict=True)):
                    found.append((row["t_utc"][:13], *place))
    return found


def busiest(night: list[tuple[str, float, float]], cars: int) -> Flood:
    """The hour with most requests, among cars that stand where people live: near somebody's request."""
    hours = [hour for hour, _, _ in night]
    most = max(set(hours), key=hours.count)
    asks = np.array([(lat, lon) for hour, lat, lon in night if hour == most])
    made = flood(7, len(asks), cars)
    middle = np.median(asks, axis=0)
    made.place = (asks - middle) * np.array([111.0, 109.0])
    luck = np.random.default_rng(7)
    made.car = made.place[luck.integers(len(asks), size=cars)] + luck.normal(0, 15, (cars, 2))
    return made


def test_of_a_real_flood_night_only_the_places_where_help_was_needed_are_used(
    night: list[tuple[str, float, float]],
) -> None:
    assert len(night) == 1_566


def test_in_the_busiest_hour_of_a_real_flood_more_need_is_met_than_by_first_come(
    night: list[tuple[str, float, float]],
) -> None:
    ours, theirs = busiest(night, 80), busiest(night, 80)
    shared_out(ours)
    first_come(theirs)
    need = [float((np.minimum(each.weight, 8) * (each.party - each.open)).sum()) for each in (ours, theirs)]
    assert len(ours.open) > 100
    assert (ours.seats >= 0).all()
    assert need[0] > need[1]
