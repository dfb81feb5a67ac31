"""Worlds of real people and real requests play where their files are, and say a sentence where they are not."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from dispatch.domain.request import Urgency
from dispatch.stories import StoryRefused, simulate
from dispatch.stories.trial import everything, real
from dispatch.stories.trial.command import trial, trial_of
from dispatch.stories.trial.play import Play
from dispatch.stories.trial.rush import DAY, Rush
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.told import publish
from dispatch.stories.trial.worlds import calls_of, net_of


def test_without_the_files_a_real_world_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoryRefused, match="worlds of real people are left out"):
        simulate("bus-fixture", seeds=1, real=tmp_path)
    real_ones = ("bus-fixture", "kerala")
    told, left_out = everything.told_of(1, real=tmp_path, worlds=real_ones, willing=(), honest={"city": 1.0})
    assert [each.name for each in told] == ["surge", "calibration"]
    assert [says.split(" is left out")[0] for says in left_out] == ["bus-fixture", "kerala"]
    said: list[str] = []
    page = tmp_path / "all.html"
    code = publish("all", told, as_json=False, out=page, say=said.append, left_out=left_out)
    assert code == (0 if all(each.ok for each in told) else 1)
    shown = page.read_text(encoding="utf-8")
    assert all(f'id="{each.name}"' in shown and each.name in said[0] for each in told)
    assert "What held" in shown
    assert all(says.split(":")[0] in shown and says in said[0] for says in left_out)


def test_the_real_network_plays_beside_its_rivals_and_its_hub_asks(shared_data: Path) -> None:
    chosen = trial_of("bus-fixture", shared_data)
    net = net_of(chosen, 0)
    assert len(net.world) == 12_777
    assert int(net.degree[0]) == 1_134
    told = trial(chosen, seeds=2, policy="paced,waves-50+sb,blast-all+sb", workers=1)
    assert [row[0] for row in told.tables[0].rows] == ["paced", "waves-50+sb", "blast-all+sb"]


def test_nobody_whose_place_is_unknown_is_asked_on_the_real_network(shared_data: Path) -> None:
    chosen = trial_of("bus-fixture", shared_data)
    _, call = next(calls_of(chosen, 0))
    world = net_of(chosen, 0).world
    assert np.isfinite(world.lat[call.rows]).all()
    assert np.isfinite(world.lat[Play(call, "paced").play().asked]).all()


def test_the_flood_night_is_played_at_the_minutes_its_requests_were_sent(shared_data: Path) -> None:
    asks = real.asks(shared_data)
    assert len(asks) == 1_566
    assert {ask.urgency for ask in asks} == {Urgency.STRANDED, Urgency.UNSAFE, Urgency.DANGER}
    chosen = replace(TRIALS["kerala"], real=shared_data)
    found = list(islice(calls_of(chosen, 0), 12))
    assert [one.at for one, _ in found] == [ask.at for ask in asks[:12]]
    night = Rush([(one.day * DAY, call) for one, call in found], "paced", real.VOLUNTEERS + 1, 0)
    outcomes, toll = night.play()
    assert len(outcomes) == 12
    assert toll.sent.sum() == sum(outcome.alerts for outcome in outcomes)
