"""`flare simulate STORY --seeds N`: every policy's row beside ours, the bars, one page of drawings."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from dispatch.stories.output import Bar, written
from dispatch.stories.tales import StoryRefused
from dispatch.stories.trial import page
from dispatch.stories.trial.figures import bars_of, calibration
from dispatch.stories.trial.rivals import ALL, BOUND
from dispatch.stories.trial.run import FRESH, Played, rows_of, run
from dispatch.stories.trial.settings import TRIALS


def trial(
    story: str,
    *,
    seeds: int,
    first_seed: int = FRESH,
    policy: str | None = None,
    willingness: float = 1.0,
    as_json: bool = False,
    out: Path | None = None,
    workers: int | None = None,
    say: Callable[[str], object] = lambda text: sys.stdout.write(text + "\n"),
) -> int:
    """Plays the trial; 0 if every bar held, else 1. `policy`: names with commas between; None = all of them.

    Raises: StoryRefused with one sentence.
    """
    if story not in TRIALS:
        raise StoryRefused(f"there is no trial {story!r}; there are {', '.join(TRIALS)}")
    policies = ALL if policy in (None, "all") else tuple(str(policy).split(","))
    if unknown := [name for name in policies if name not in ALL]:
        raise StoryRefused(f"there is no policy {unknown[0]!r}; there are {', '.join(ALL)}")
    row, chosen = TRIALS[story], range(first_seed, first_seed + seeds)
    bar = Bar()
    played = run(story, chosen, policies, willingness=willingness, workers=workers, told=bar.show)
    bar.end()
    rows = rows_of(story, played, policies)
    bars = bars_of(story, rows, willingness)
    ours = "paced" if "paced" in policies else policies[0]
    forecast = calibration([o for each in played for o in each.outcomes[ours]])
    text = page.table(row, rows, bars, chosen, willingness)
    if forecast.count:
        said = f"said {forecast.mean:.3f}, came true {forecast.outcome:.3f}"
        brier = f"Brier {forecast.brier:.3f} (always the mean: {forecast.base:.3f})"
        text += f"\n\nforecast of {ours} at the start: {said}; {brier}; ECE {forecast.ece:.3f}; {forecast.count} calls"
    if as_json:
        say(json.dumps(page.as_json(row, rows, bars, chosen, willingness, forecast), ensure_ascii=False))
    else:
        say(text)
    if out is not None or not as_json:
        drawn = [
            (page.frontier(rows), "Alerts against calls secured within 30 minutes; rings are ours."),
            (
                page.secured(_times(played, (ours, BOUND))),
                f"How soon every seat was taken for good: {ours}, the bound.",
            ),
            (page.reliability(forecast) if forecast.count else "", "Forecasts at the start against what came true."),
            (_burden(played, ours), "How often members were asked in a month."),
            (page.map_of(played[0].cells), f"Where people were asked in the night of seed {played[0].seed}."),
        ]
        file = written(story, out, page.page(story, text, drawn))
        if not as_json:
            say(f"\nThe pictures: {file}")
    return 0 if all(each["ok"] for each in bars) else 1


def _times(played: list[Played], policies: tuple[str, ...]) -> dict[str, list[float]]:
    return {
        policy: [outcome.secured for each in played for outcome in each.outcomes[policy]]
        for policy in policies
        if policy in played[0].outcomes
    }


def _burden(played: list[Played], policy: str) -> str:
    tolls = {name: each for name in (policy, "waves-50+sb") if (each := played[0].tolls.get(name))}
    return page.burden({name: toll.sent.tolist() for name, toll in tolls.items()}) if tolls else ""
