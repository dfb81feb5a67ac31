"""`flare simulate`: plays the nights on all cores, prints what came of them, writes the page."""

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from dispatch.domain.waves import POLICIES
from dispatch.progress import Bar
from dispatch.stories.bus import play_on
from dispatch.stories.figures import Night, bars
from dispatch.stories.output import written
from dispatch.stories.page import page
from dispatch.stories.report import as_json as report_json
from dispatch.stories.report import table
from dispatch.stories.stage import Stage, stage
from dispatch.stories.tales import STORIES, StoryRefused, story_named
from dispatch.stories.trial import everything, flood, honesty
from dispatch.stories.trial.command import trial, trial_of
from dispatch.stories.trial.rivals import RIVALS, STANDBY
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.told import Told, publish

DEFAULT_POLICY: Final = "paced"
WILLING_FROM_FILES: Final = 12.0
"""How many times as willing as remembered the people of a network from files are taken to be, unless told otherwise:
they name no cars and no duty, few are near, and the story is there to show how they would be found."""


def simulate(
    story: str,
    *,
    people: Path | None = None,
    ties: Path | None = None,
    seeds: int = 1,
    policy: str | None = None,
    as_json: bool = False,
    out: Path | None = None,
    hub: str | None = None,
    willing: float | None = None,
    real: Path | None = None,
    say: Callable[[str], object] = lambda text: sys.stdout.write(text + "\n"),
) -> int:
    """Plays the story on seeds 0, 1, 2 …; 0 if every promise of the house held, else 1.

    `story` "all": every world, one page. `policy` "all", a rival's name, or names with commas: in memory, beside its
    rivals, on seeds that nothing was tuned on (dispatch/stories/trial). `real`: the folder of real networks.
    `willing` multiplies everybody's chance of a yes; the policy is not told. None = 1, for files WILLING_FROM_FILES.
    `out`: the page's file, or a folder for it; without it reports/STORY.html, and none with `as_json`.
    Raises: StoryRefused with one sentence.
    """
    if story in WORLDS or story == ALL_WORLDS:
        given = {"people": people, "ties": ties, "hub": hub, "policy": policy, "willing": willing}
        if unfit := [f"--{name}" for name, value in given.items() if value is not None]:
            raise StoryRefused(f"{story} plays its own people under the rule that ships; leave out {', '.join(unfit)}")
        every, left_out = everything.told_of(seeds, real=real) if story == ALL_WORLDS else ([WORLDS[story](seeds)], [])
        return publish(story, every, as_json=as_json, out=out, say=say, left_out=left_out)
    if people is None and ties is None and hub is None and _is_a_trial(story, policy):
        played = trial(trial_of(story, real), seeds=seeds, policy=policy, willingness=willing or 1.0)
        return publish(story, [played], as_json=as_json, out=out, say=say)
    tale = story_named(story)
    chosen = policy or DEFAULT_POLICY
    if chosen not in POLICIES:
        raise StoryRefused(f"there is no policy {chosen!r}; there are {', '.join(POLICIES)}")
    if ties is not None and people is None:
        raise StoryRefused("--ties needs --people: ties are between people of a file")
    factor = willing if willing is not None else (1.0 if people is None else WILLING_FROM_FILES)
    if not 0.0 < factor <= 1_000.0:
        raise StoryRefused("--willing is more than 0 and at most 1000 times as remembered")
    bar = Bar()
    with stage(tale, chosen, people=people, ties=ties, hub=hub, progress=bar.show) as ready:
        nights = _all_nights(ready, seeds, factor, bar)
    bar.end()
    if as_json:
        say(json.dumps(_json(tale.name, nights), ensure_ascii=False))
    else:
        say(table(tale, nights))
        if factor != 1.0:
            say(f"\nPlayed with people {factor:g} times as willing as remembered; --willing 1 plays it as remembered.")
    if out is not None or not as_json:
        file = written(tale.name, out, page(tale, nights))
        if not as_json:
            say(f"\nThe pictures: {file}")
    return 0 if all(bar["ok"] for bar in bars(nights)) else 1


ALL_WORLDS: Final = "all"
WORLDS: Final[dict[str, Callable[[int], Told]]] = {"surge": flood.told_of, "calibration": honesty.told_of}
"""Stories that are no single night: they play their own people under the rule that ships."""


def _is_a_trial(story: str, policy: str | None) -> bool:
    """Is it asked beside its rivals (`--policy all`, a rival's name, names with commas), or a month of calls?"""
    many = policy is not None and (policy == "all" or "," in policy or policy.removesuffix(STANDBY) in RIVALS)
    return story in TRIALS and (many or story not in STORIES)


def _json(story: str, nights: list[Night]) -> dict[str, object]:
    return report_json(story_named(story), nights)


def _all_nights(ready: Stage, seeds: int, willing: float, bar: Bar) -> list[Night]:
    """Every night in the order of the seeds, on all cores when there is more than one."""
    workers = min(seeds, os.cpu_count() or 1)
    if workers == 1:
        return list(_one_by_one(ready, seeds, willing, bar))
    # Spawned, not forked: a fork copies the store's threads without their work.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(play_on, ready, seed, willing) for seed in range(seeds)]
        for done, _ in enumerate(as_completed(waiting), 1):
            bar.show("playing nights", done, seeds)
        return [each.result() for each in waiting]


def _one_by_one(ready: Stage, seeds: int, willing: float, bar: Bar) -> Iterator[Night]:
    for seed in range(seeds):
        bar.show("playing nights", seed, seeds)
        yield play_on(ready, seed, willing)
    bar.show("playing nights", seeds, seeds)
