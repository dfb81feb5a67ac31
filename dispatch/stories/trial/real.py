"""Real networks and real nights from files that are not ours to ship: read where they are, or the world is left out.

`bus-fixture` plays on the people and ties of a real network; `kerala` on the times and places of one flood night's
requests, with volunteers that are made. Must never copy a file, nor draw or print one person's place.
Tests: tests/story/test_real_worlds.py, skipped where the files are not there.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.people import Duty
from dispatch.domain.request import Urgency
from dispatch.stories.metros import metros
from dispatch.stories.tales import StoryRefused
from dispatch.stories.world import SEATS, SEATS_SHARE, World
from geo.point import Point

FOLDER: Final = Path("../shared/data")
"""Where the files are looked for, unless told otherwise."""
PEOPLE: Final = "bk_i15_users.csv.gz"
TIES: Final = "bk_i15_edges.csv.gz"
REQUESTS: Final = "kerala_2018_requests_sanitised.csv.gz"
HUB: Final = "40"
"""The best connected person of that network."""
IN_KERALA: Final = ((8.0, 13.0), (74.5, 77.8))
"""Requests elsewhere carry the reporter's own place, far away: not where help was needed."""
VOLUNTEERS: Final = 2_000
"""All of them available: who volunteers for a flood has said so."""
VOLUNTEERS_NEAR_KM: Final = 15.0
KM_PER_DEGREE: Final = 111.0


class Ask(NamedTuple):
    """One real request: when, where, and how pressing its words are."""

    at: datetime
    place: Point
    urgency: Urgency


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    file = folder / name
    if not file.is_file():
        raise StoryRefused(f"{name} is not in {folder}: worlds of real people are left out; --real names their folder")
    with gzip.open(file, "rt", newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


@lru_cache(maxsize=1)
def network(folder: Path) -> World:
    """That network: row 0 is its hub; nobody says how many seats or how ready they are.

    Raises: StoryRefused, with the sentence to print, if the files are not there.
    """
    people = list(_rows(folder, PEOPLE))
    people.sort(key=lambda row: row["user"] != HUB)
    row_of = {row["user"]: number for number, row in enumerate(people)}
    ties = [(row_of[row["a"]], row_of[row["b"]]) for row in _rows(folder, TIES)]
    count = len(people)
    return World(
        lat=np.array([_number(row["lat"]) for row in people]),
        lon=np.array([_number(row["lon"]) for row in people]),
        metro=np.full(count, -1),
        seats=np.full(count, -1, dtype=np.int16),
        duty=np.full(count, -1, dtype=np.int8),
        degree=np.zeros(count, dtype=np.int64),
        ties=np.sort(np.array(ties, dtype=np.int64), axis=1),
        names=("",) * count,
        towns=metros(show_week=False),
        show_week=True,
    )


@lru_cache(maxsize=1)
def asks(folder: Path) -> tuple[Ask, ...]:
    """The night's requests with a place in Kerala, in the order they were sent.

    Raises: StoryRefused as `network` does.
    """
    found = []
    for row in _rows(folder, REQUESTS):
        lat, lon = _number(row["lat"]), _number(row["lon"])
        if all(low <= at <= high for at, (low, high) in zip((lat, lon), IN_KERALA, strict=True)):
            rescue = "rescue" in row["needs"]
            urgency = Urgency.UNSAFE if rescue else Urgency.STRANDED
            if row["free_text_mentions_rescue"] == "1":
                urgency = Urgency.DANGER
            found.append(Ask(datetime.fromisoformat(row["t_utc"]), Point(lat, lon), urgency))
    return tuple(sorted(found))


@lru_cache(maxsize=2)
def volunteers(folder: Path, seed: int) -> World:
    """Made people who live where the requests came from; row 0 has no place: whoever asks."""
    luck = np.random.default_rng([seed, VOLUNTEERS])
    places = np.array([(ask.place.lat, ask.place.lon) for ask in asks(folder)])
    near: NDArray[np.float64] = places[luck.integers(len(places), size=VOLUNTEERS)]
    near = near + luck.normal(0.0, VOLUNTEERS_NEAR_KM / KM_PER_DEGREE, near.shape)
    seats = luck.choice(np.array(SEATS), size=VOLUNTEERS, p=np.array(SEATS_SHARE))
    return World(
        lat=np.concatenate([[np.nan], near[:, 0]]),
        lon=np.concatenate([[np.nan], near[:, 1]]),
        metro=np.full(VOLUNTEERS + 1, -1),
        seats=np.concatenate([[-1], seats]).astype(np.int16),
        duty=np.concatenate([[-1], np.full(VOLUNTEERS, list(Duty).index(Duty.AVAILABLE))]).astype(np.int8),
        degree=np.zeros(VOLUNTEERS + 1, dtype=np.int64),
        ties=np.zeros((0, 2), dtype=np.int64),
        names=("",) * (VOLUNTEERS + 1),
        towns=metros(show_week=False),
        show_week=False,
    )
