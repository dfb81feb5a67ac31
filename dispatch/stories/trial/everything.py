"""`flare simulate all`: every world under every policy, one after the other, each on its share of the seeds.

Must never leave a world out in silence: one whose files are not there is named, with the sentence that says why.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from dispatch.progress import Bar
from dispatch.stories.tales import StoryRefused
from dispatch.stories.trial import flood, honesty
from dispatch.stories.trial.command import trial, trial_of
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.told import Told

WILLING: Final = (0.5, 2.0)
"""The hero's night is played again with people half and twice as willing, the policy not told."""
HERO: Final = "bus"
FEW: Final = "paced,waves-200+sb,waves-500+sb,blast-all+sb"


def told_of(
    seeds: int,
    *,
    real: Path | None = None,
    worlds: Iterable[str] = tuple(TRIALS),
    willing: Iterable[float] = WILLING,
    honest: Mapping[str, float] = honesty.POOL,
) -> tuple[list[Told], list[str]]:
    """What each world told, and a sentence for each that was left out. `seeds`: nights of a single-night world.

    `honest`: the worlds whose forecasts are held against what came, with their shares of the seeds.
    """
    bar = Bar()
    found: list[Told] = []
    left_out: list[str] = []
    for name in worlds:
        chosen = trial_of(name, real)
        try:
            found.append(trial(chosen, seeds=max(1, round(seeds * chosen.share)), bar=bar))
        except StoryRefused as missing:
            left_out.append(f"{name} is left out: {missing}")
    found += [trial(trial_of(HERO), seeds=seeds, policy=FEW, willingness=factor, bar=bar) for factor in willing]
    found.append(flood.told_of(seeds))
    found.append(honesty.told_of(seeds, worlds=honest, bar=bar))
    bar.end()
    return found, left_out
