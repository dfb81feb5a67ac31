"""`flare simulate STORY --policy all` prints every policy's row beside ours, the bars, and one page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dispatch.stories import StoryRefused
from dispatch.stories.telling import simulate
from dispatch.stories.trial import command
from dispatch.stories.trial.rivals import ALL
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.worlds import calls_of


def test_a_story_beside_its_rivals_is_json_of_the_agreed_shape(tmp_path: Path) -> None:
    said: list[str] = []
    page = tmp_path / "city.html"
    code = simulate("city", policy="paced,waves-50+sb,blast-all+sb", as_json=True, out=page, say=said.append)
    (answer,) = [json.loads(text) for text in said]
    assert {"story", "seeds", "code_version", "params_hash", "rows", "bars", "forecast"} <= answer.keys()
    assert [row["policy"] for row in answer["rows"]] == ["paced", "waves-50+sb", "blast-all+sb"]
    assert {"alerts", "heard", "full", "le30", "le60", "secured_p50", "pickup_p50", "served"} <= answer["rows"][
        0
    ].keys()
    assert {"test", "value", "limit", "ok"} == answer["bars"][0].keys()
    assert answer["first_seed"] == 50_000
    assert code == (0 if all(bar["ok"] for bar in answer["bars"]) else 1)
    assert page.read_text(encoding="utf-8").count("<svg") >= 2


def test_a_policy_nobody_knows_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(StoryRefused, match="waves-50"):
        command.trial(command.trial_of("city"), seeds=1, policy="waves-51")
    assert len(ALL) == 5 + 2 * 9


def test_a_vouched_call_reaches_further_than_the_same_call_among_friends() -> None:
    reach = {}
    for name in ("bus-hop2", "bus-member", "bus-vouched"):
        _, call = next(iter(calls_of(replace(TRIALS[name], people=3_000), 0)))
        reach[name] = len(call.pool)
    assert reach["bus-hop2"] < reach["bus-member"] == reach["bus-vouched"]


@pytest.mark.parametrize("world", ["surge", "calibration", "all"])
@pytest.mark.parametrize(
    ("option", "given"),
    [("--people", {"people": Path("P.csv")}), ("--policy", {"policy": "waves-50"}), ("--willing", {"willing": 2.0})],
)
def test_a_world_with_people_of_its_own_refuses_what_it_would_have_to_ignore(
    world: str, option: str, given: dict[str, Any]
) -> None:
    with pytest.raises(StoryRefused, match=option):
        simulate(world, **given)


def test_the_flood_writes_its_page_where_it_was_told_to(tmp_path: Path) -> None:
    said: list[str] = []
    simulate("surge", out=tmp_path, say=said.append)
    assert "danger" in (tmp_path / "surge.html").read_text(encoding="utf-8")
    assert str(tmp_path) in said[-1]
