"""A real network around the place of the breakdown gives the counts it is known to have."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dispatch.ports import PeopleColumns, Search
from dispatch.roster import MemoryRoster
from geo.point import Point


def lines(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def meta(shared_data: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((shared_data / "bk_i15_meta.json").read_text())
    return read


@pytest.fixture(scope="module")
def users(shared_data: Path) -> list[dict[str, str]]:
    return list(lines(shared_data / "bk_i15_users.csv.gz"))


@pytest.fixture(scope="module")
def roster(shared_data: Path, users: list[dict[str, str]]) -> MemoryRoster:
    count = len(users)

    def nothing(dtype: type) -> np.ndarray:
        return np.full(count, -1, dtype=dtype)

    made = MemoryRoster()
    made.load(
        PeopleColumns(
            id=np.array([int(user["user"]) for user in users]),
            lat=np.array([float(user["lat"] or "nan") for user in users]),
            lon=np.array([float(user["lon"] or "nan") for user in users]),
            seen_at=np.full(count, np.nan),
            seats=nothing(np.int16),
            duty=nothing(np.int8),
            duty_until=np.full(count, np.nan),
            reach_minutes=nothing(np.int16),
            quiet_from=nothing(np.int16),
            quiet_to=nothing(np.int16),
            weekly_max=nothing(np.int16),
            guest=np.zeros(count, dtype=np.bool_),
        ),
        np.array([(int(row["a"]), int(row["b"])) for row in lines(shared_data / "bk_i15_edges.csv.gz")]),
        np.zeros((0, 2), dtype=np.int64),
    )
    return made


def test_every_seeker_hears_as_many_people_as_the_network_is_known_to_have(
    roster: MemoryRoster, meta: dict[str, Any]
) -> None:
    centre = Point(*meta["centre"])
    checked = 0
    for seeker in meta["seekers"]:
        known = seeker["volunteers_within_km_by_hop"]
        for radius in known["1"]:
            expected = tuple(known[hop][radius] for hop in ("1", "2", "3"))
            assert roster.counts_by_hop(seeker["seeker"], centre, float(radius)) == expected, (seeker["seeker"], radius)
            found = roster.search(
                Search(requester=seeker["seeker"], origin=centre, radius_km=float(radius), rings_max=3)
            )
            assert tuple(int((found.ring == hop).sum()) for hop in (1, 2, 3)) == expected
            checked += 3
    assert checked == 6 * 7 * 3


def test_the_bus_finds_nobody_within_100_km_and_101_people_within_150(
    roster: MemoryRoster, meta: dict[str, Any]
) -> None:
    centre = Point(*meta["centre"])
    assert roster.counts_by_hop(40, centre, 100, hops=1) == (0,)
    found = roster.search(Search(requester=40, origin=centre, radius_km=150, rings_max=2))
    assert len(found) == 101


@pytest.mark.parametrize(
    ("radius", "people"), [(30, 0), (50, 2), (100, 8), (150, 280), (200, 474), (250, 2399), (300, 2922), (400, 3157)]
)
def test_everybody_near_the_breakdown_is_counted(
    roster: MemoryRoster, meta: dict[str, Any], radius: int, people: int
) -> None:
    question = Search(requester=-1, origin=Point(*meta["centre"]), radius_km=float(radius), rings_max=1, open=True)
    assert len(roster.search(question)) == people


def test_who_would_have_nobody_near_is_as_many_as_measured(
    roster: MemoryRoster, meta: dict[str, Any], users: list[dict[str, str]]
) -> None:
    everybody = roster.search(
        Search(requester=-1, origin=Point(*meta["centre"]), radius_km=350, rings_max=1, open=True)
    )
    core = {int(user["user"]) for user in users if user["ring"] == "0"}
    asking = [i for i, person in enumerate(everybody.person.tolist()) if person in core]
    places = {int(user["user"]): (user["lat"], user["lon"]) for user in users}
    up_to = np.cumsum(
        [
            roster.counts_by_hop(person, Point(*map(float, places[person])), 50.0)
            for person in everybody.person[asking].tolist()
        ],
        axis=1,
    )
    assert len(asking) == 3_035
    assert (up_to == 0).sum(axis=0).tolist() == [1_205, 535, 161]
    assert np.median(up_to, axis=0).tolist() == [1, 8, 101]
