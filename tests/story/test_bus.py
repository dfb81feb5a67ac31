"""The night of the bus through the real matcher, actions, roster and SQLite, on a stepped clock."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.stories import StoryRefused, simulate
from dispatch.stories.bus import play, play_on
from dispatch.stories.figures import INF, Night, bars, summary
from dispatch.stories.stage import Stage, stage
from dispatch.stories.tales import STORIES, story_named

pytestmark = pytest.mark.slow

FOLLOWERS = 1_500
WILLING = 12.0
"""The small network has a thirtieth of the people: they are made that much more willing, so that cars come."""


@pytest.fixture(scope="module")
def ready() -> Iterator[Stage]:
    with stage(story_named("bus"), "paced", followers=FOLLOWERS) as made:
        yield made


@pytest.fixture(scope="module")
def nights(ready: Stage) -> list[Night]:
    return [play_on(ready, seed, WILLING) for seed in range(3)]


def test_one_seed_tells_the_same_night_twice(ready: Stage, nights: list[Night]) -> None:
    assert play_on(ready, 0, WILLING) == nights[0]


def test_another_seed_is_another_night(nights: list[Night]) -> None:
    assert len({night.coverage for night in nights}) == len(nights)


def test_no_promise_of_the_house_is_broken(nights: list[Night]) -> None:
    assert [night.faults for night in nights] == [()] * len(nights)
    assert all(bar["ok"] for bar in bars(nights))


def test_nobody_is_asked_twice_and_the_one_who_asks_never(nights: list[Night]) -> None:
    for night in nights:
        people = [each.person for each in night.asked]
        assert len(people) == len(set(people))
        assert {each.ring for each in night.asked} == {"1"}
        assert sum(wave.count for wave in night.waves) == night.alerts


def test_seats_add_up_at_the_end_of_every_night(nights: list[Night]) -> None:
    for night in nights:
        kept = sum(car.seats for car in night.cars if car.ended in {"met", "done"})
        assert kept == night.met <= night.party
        assert max(claimed for _, claimed in night.coverage) <= night.party
        if night.ended == "resolved":
            assert kept == night.party


def test_a_night_in_which_everybody_is_met_is_closed_by_the_one_who_asked(nights: list[Night]) -> None:
    resolved = [night for night in nights if night.ended == "resolved"]
    assert resolved
    for night in resolved:
        assert night.heard < night.first_claim < night.full <= night.secured < INF
        assert night.secured < night.pickups[0] or len(night.pickups) > 1
        assert night.closed == pytest.approx(night.pickups[-1] + 2, abs=0.01)
        assert [each.minute for each in night.timeline] == sorted(each.minute for each in night.timeline)


def test_a_promise_nobody_keeps_gives_its_seats_back(ready: Stage) -> None:
    broken: list[Night] = []
    for seed in range(3, 11):
        night = play_on(ready, seed, WILLING)
        broken += [night] if night.lapses or night.withdrawn else []
        if broken:
            break
    assert broken
    for night in broken:
        assert any(after < before for (_, before), (_, after) in zip(night.coverage, night.coverage[1:], strict=False))
        assert night.faults == ()


def test_people_as_willing_as_remembered_are_the_same_people_only_less_so(ready: Stage, nights: list[Night]) -> None:
    plain = play_on(ready, 0)
    assert plain.heard == nights[0].heard
    assert len(plain.would_come) <= len(nights[0].would_come)


def test_a_member_reaches_a_community_when_friends_are_far() -> None:
    night = play(0, story="bus-member", followers=1_500, willingness=WILLING)
    assert {each.ring for each in night.asked} >= {"community"}
    assert {each.ring for each in night.asked} <= {"1", "2", "3", "community"}
    assert night.faults == ()


@pytest.mark.parametrize(("story", "party"), [("city", 2), ("rural", 1)])
def test_by_day_near_people_a_few_are_asked_and_somebody_comes(story: str, party: int) -> None:
    night = play(0, story=story, followers=6_000)
    assert night.party == party
    assert night.faults == ()
    assert night.heard < 5
    if story == "city":
        assert night.ended == "resolved"
        assert night.secured < 30


def test_many_nights_make_one_row(nights: list[Night]) -> None:
    row = summary(nights)
    assert row["alerts"] == sum(night.alerts for night in nights) / len(nights)
    assert row["full"] == sum(night.secured < INF for night in nights) / len(nights)
    never = [dataclasses.replace(night, secured=INF) for night in nights]
    assert summary(never)["secured_p50"] == INF


def test_programs_get_json_with_the_agreed_names(tmp_path: Path) -> None:
    said: list[str] = []
    assert simulate("city", as_json=True, out=tmp_path / "city.html", say=said.append) == 0
    report = json.loads("".join(said))
    assert report["story"] == "city"
    assert report["seeds"] == 1
    assert {"code_version", "params_hash", "rows", "bars"} <= report.keys()
    row = report["rows"][0]
    assert {"policy", "alerts", "heard", "full", "le30", "le60", "secured_p50", "secured_p90", "pickup_p50", "served",
            "woken", "late"} <= row.keys()  # fmt: skip
    assert all({"test", "value", "limit", "ok"} == bar.keys() for bar in report["bars"])
    page = (tmp_path / "city.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "http" not in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"story": "train"}, "there is no story 'train'; there are bus"),
        ({"story": "bus", "policy": "loudest"}, "there is no policy 'loudest'"),
        ({"story": "bus", "ties": Path("t.csv")}, "--ties needs --people"),
        ({"story": "bus", "hub": "40"}, "--hub names somebody of a network from files"),
    ],
)
def test_a_story_that_cannot_be_told_says_why(wrong: dict, says: str) -> None:
    with pytest.raises(StoryRefused, match=says.replace("'", ".")):
        simulate(**wrong)


def test_a_broken_file_is_refused_with_its_line(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("person,lat,lon\na,35,-116\nb,95,-116\n")
    with pytest.raises(StoryRefused, match="3"):
        simulate("bus", people=people)


def test_every_story_plays_in_a_january_on_earth() -> None:
    assert all(story.at.month == 1 and story.at.tzinfo is not None for story in STORIES.values())
