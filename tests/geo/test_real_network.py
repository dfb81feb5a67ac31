"""Distances and roads against data that is not part of the project; skipped where it is absent."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from geo import roads
from geo.distance import chord_km, unit_vectors
from geo.point import NotOnEarth, Point
from tests.geo.places import CENTRE, LAS_VEGAS

SHARED = Path(os.environ.get("FLARE_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip("shared/data not present: real-network tests skipped")
    return SHARED / name


@pytest.fixture(scope="module")
def people() -> np.ndarray:
    with gzip.open(shared("bk_i15_users.csv.gz"), "rt", encoding="utf-8") as file:
        rows = [(float(row["lat"] or "nan"), float(row["lon"] or "nan")) for row in csv.DictReader(file)]
    return unit_vectors(*np.array(rows).T)


@pytest.mark.parametrize(("km", "count"), [
    (30, 0), (50, 2), (100, 8), (150, 280), (200, 474), (250, 2399), (300, 2922), (400, 3157),
])  # fmt: skip
def test_as_many_people_live_around_the_breakdown_as_were_counted(people: np.ndarray, km: int, count: int) -> None:
    assert int((chord_km(CENTRE, people) <= km).sum()) == count


def test_as_many_people_live_around_las_vegas_as_were_counted(people: np.ndarray) -> None:
    assert int((chord_km(LAS_VEGAS, people) <= 30).sum()) == 249


@pytest.mark.parametrize("name", ["I-5", "I-8", "I-10", "I-15", "I-40"])
def test_our_schematic_road_stays_within_20_km_of_the_real_one(name: str) -> None:
    features = json.loads(shared("interstates_sw.geojson").read_text("utf-8"))["features"]
    (real,) = [each for each in features if each["properties"]["name"] == name]
    vertices = np.array([spot for line in real["geometry"]["coordinates"] for spot in line])
    line = roads.corridor(name)
    assert line is not None
    gaps = line.distances_km(unit_vectors(vertices[:, 1], vertices[:, 0]))
    assert float(gaps.max()) < 20
    assert float(np.median(gaps)) < 5


def test_of_one_night_of_real_requests_only_the_malformed_row_is_refused() -> None:
    refused = []
    with gzip.open(shared("kerala_2018_requests_sanitised.csv.gz"), "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["lat"] and row["lon"]:
                try:
                    Point(float(row["lat"]), float(row["lon"]))
                except NotOnEarth as error:
                    refused.append(error.lon)
    assert refused == [3548205.0]
