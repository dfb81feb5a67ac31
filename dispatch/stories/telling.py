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
from dispatch.stories.bus import play_on
from dispatch.stories.figures import Night, bars
from dispatch.stories.page import page
from dispatch.stories.report import as_json as report_json
from dispatch.stories.report import table
from dispatch.stories.stage import Stage, stage
from dispatch.stories.tales import STORIES, StoryRefused, story_named

DEFAULT_POLICY: Final = "paced"
WILLING_FROM_FILES: Final = 12.0
"""How many times as willing as remembered the people of a network from files are taken to be, unless told otherwise:
they name no cars and no duty, few are near, and the story is there to show how they would be found."""
REPORTS: Final = Path("reports")
BAR: Final = 30


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
    say: Callable[[str], object] = lambda text: sys.stdout.write(text + "\n"),
) -> int:
    """Plays the story on seeds 0, 1, 2 …; 0 if every promise of the house held, else 1.

    `policy` "all", a rival's name, or names with commas: in memory, beside its rivals, on seeds 10,000 and up that
    nothing was tuned on (dispatch/stories/trial).
    `willing` multiplies everybody's chance of a yes; the policy is not told. None = 1, for files WILLING_FROM_FILES.
    `out`: the page's file, or a folder for it; without it reports/STORY.html, and none with `as_json`.
    Raises: StoryRefused with one sentence.
    """
    if story in WORLDS:
        return WORLDS[story](seeds, as_json, say)
    if people is None and ties is None and hub is None and _is_a_trial(story, policy):
        from dispatch.stories.trial.command import trial

        named = None if policy == "all" else policy
        return trial(story, seeds=seeds, policy=named, willingness=willing or 1.0, as_json=as_json, out=out, say=say)
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
    written = _write(tale.name, nights, out, wanted=out is not None or not as_json)
    if written is not None and not as_json:
        say(f"\nThe pictures: {written}")
    return 0 if all(bar["ok"] for bar in bars(nights)) else 1


def _surge(seeds: int, as_json: bool, say: Callable[[str], object]) -> int:
    from dispatch.stories.trial import flood

    return flood.simulate(seeds, as_json=as_json, say=say)


def _calibration(seeds: int, as_json: bool, say: Callable[[str], object]) -> int:
    from dispatch.stories.trial import honesty

    return honesty.simulate(seeds, as_json=as_json, say=say)


Shown = Callable[[str], object]
WORLDS: Final[dict[str, Callable[[int, bool, Shown], int]]] = {"surge": _surge, "calibration": _calibration}
"""Stories that are no single night."""


def _is_a_trial(story: str, policy: str | None) -> bool:
    """Is it asked beside its rivals (`--policy all`, a rival's name, names with commas), or a month of calls?"""
    from dispatch.stories.trial.rivals import RIVALS, STANDBY
    from dispatch.stories.trial.settings import TRIALS

    many = policy is not None and (policy == "all" or "," in policy or policy.removesuffix(STANDBY) in RIVALS)
    return story in TRIALS and (many or story not in STORIES)


def _json(story: str, nights: list[Night]) -> dict[str, object]:
    return report_json(story_named(story), nights)


def _all_nights(ready: Stage, seeds: int, willing: float, bar: "Bar") -> list[Night]:
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


def _one_by_one(ready: Stage, seeds: int, willing: float, bar: "Bar") -> Iterator[Night]:
    for seed in range(seeds):
        bar.show("playing nights", seed, seeds)
        yield play_on(ready, seed, willing)
    bar.show("playing nights", seeds, seeds)


def _write(story: str, nights: list[Night], out: Path | None, *, wanted: bool) -> Path | None:
    if not wanted:
        return None
    file = out or REPORTS / f"{story}.html"
    if file.is_dir():
        file = file / f"{story}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(story_named(story), nights), encoding="utf-8")
    return file


class Bar:
    """A bar on stderr, when somebody looks: what is done, of how much."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._stage = ""

    def show(self, stage: str, done: int, total: int) -> None:
        """Draws it."""
        if not self._shown:
            return
        if self._stage not in ("", stage):
            sys.stderr.write("\n")
        self._stage = stage
        full = BAR if total <= 0 else min(BAR, done * BAR // total)
        sys.stderr.write(f"\r{stage:<24} {'█' * full}{'·' * (BAR - full)} {done:,} of {total:,}\x1b[K")
        sys.stderr.flush()

    def end(self) -> None:
        """Leaves the cursor on a line of its own."""
        if self._stage:
            sys.stderr.write("\n")
