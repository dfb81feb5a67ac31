"""The fast harness and the whole house, store and actions included, tell the same people at the same moments."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.stories.bus import play_on
from dispatch.stories.stage import Stage, stage
from dispatch.stories.tales import STORIES
from dispatch.stories.trial.play import Play
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.worlds import calls_of

FOLLOWERS = 3_000


@pytest.fixture(scope="module", params=["city", "rural"])
def network(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage(STORIES[request.param], "paced", followers=FOLLOWERS) as made:
        yield made


@pytest.mark.parametrize("seed", [0, 5, 10])
def test_three_nights_through_store_and_actions_give_the_wave_log_of_the_trial(network: Stage, seed: int) -> None:
    night = play_on(network, seed, beat=timedelta(0))
    trial = replace(TRIALS[network.story.name], people=FOLLOWERS)
    _, call = next(iter(calls_of(trial, seed, as_stored=True)))
    fast = Play(call, "paced").play()
    assert [wave.count for wave in night.waves] == [n for _, n in fast.waves]
    assert [wave.minute for wave in night.waves] == pytest.approx([at for at, _ in fast.waves], abs=0.01)
    assert [each.person for each in night.asked] == (fast.asked + 1).tolist()
    assert night.secured == pytest.approx(fast.secured, abs=0.01)
