"""The flood: seats are taken once, danger first, and sharing out beats first come."""

import json

import numpy as np

from dispatch.domain.surge import DANGER_WEIGHT
from dispatch.stories.telling import simulate
from dispatch.stories.trial.flood import CARS, STOPS, first_come, flood, played, shared_out


def test_no_car_takes_more_people_than_it_has_seats_and_stops_three_times_at_most() -> None:
    found = flood(1, 120, 60)
    seats, people = int(found.seats.sum()), int(found.party.sum())
    shared_out(found)
    assert (found.seats >= 0).all()
    assert (found.open >= 0).all()
    assert found.stops.max() <= STOPS
    assert people - int(found.open.sum()) == seats - int(found.seats.sum())


def test_in_a_flood_whoever_is_in_danger_is_fetched_before_everybody_else() -> None:
    ours, theirs = flood(2), flood(2)
    shared_out(ours)
    first_come(theirs)
    danger = ours.weight >= DANGER_WEIGHT
    assert ours.open[danger].sum() == 0 < theirs.open[danger].sum()
    assert len(ours.car) == CARS


def test_sharing_out_meets_more_of_the_need_than_first_come_and_sooner() -> None:
    rows = played(range(2))
    ours, theirs = rows["paced"], rows["first come, nearest"]
    assert ours["weighted"] > theirs["weighted"] + 0.05
    assert ours["wait"] < theirs["wait"]
    assert np.isclose(ours["people"], theirs["people"], atol=0.03)


def test_the_flood_is_a_story_like_any_other() -> None:
    said: list[str] = []
    code = simulate("surge", seeds=1, as_json=True, say=said.append)
    (answer,) = [json.loads(text) for text in said]
    assert [row["policy"] for row in answer["rows"]] == ["first come, nearest", "paced"]
    assert code == (0 if all(bar["ok"] for bar in answer["bars"]) else 1)
