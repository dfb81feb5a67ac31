"""`flare simulate calibration`: is what people are told true? Forecasts and readiness against what came of them.

Forecasts of calls at their first look, pooled over the worlds; readiness as the same question asked of nobody, at
places and hours of ordinary members, for one seat and for nine. Pure but for the trials it plays.
Must never leave a world out because it is embarrassing. Tests: tests/story/test_honesty.py.
"""

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from dispatch.stories.output import written
from dispatch.stories.trial import page
from dispatch.stories.trial.figures import Calibration, Row, bar, calibrated, clean
from dispatch.stories.trial.play import Outcome, Play
from dispatch.stories.trial.run import FRESH, run
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.worlds import calls_of

POOL: Final = {"bus": 1.0, "bus-member": 1.0, "bus-hop2": 1.0, "city": 1.0, "rural": 1.0, "month": 0.12, "town": 0.03}
"""Worlds, and how many of their seeds are played for each seed asked for: 200 make some 2,800 calls."""
PARTIES: Final = (1, 9)
DRAWS: Final = 1.5
"""Places and hours asked about for each seed asked for."""
ECE_MOST: Final = 0.05
GAP_MOST: Final = 0.10
MEAN_MOST: Final = 0.03
BRIER_LEAST: Final = 0.25
"""The Brier score is at least that much better than always saying the mean."""
Pairs = list[tuple[float, bool]]


def pairs_of(outcomes: list[Outcome]) -> Pairs:
    """(what was said at the first look, whether it came true) of each call."""
    return [(p, each.secured <= by) for each in outcomes for at, p, by in each.forecasts if at == 0.0]


def asked_about(seed: int, most: int) -> dict[int, Pairs]:
    """Readiness at up to `most` places and hours of that seed's month, for each party, and what a call would bring."""
    found: dict[int, Pairs] = {party: [] for party in PARTIES}
    for _, call in islice(calls_of(TRIALS["month"], seed), most):
        for party in PARTIES:
            found[party] += pairs_of([Play(replace(call, party=party), "paced").play()])
    return found


def score(pairs: Pairs) -> Calibration:
    """The calibration of those pairs."""
    return calibrated([p for p, _ in pairs], [came for _, came in pairs])


def bars(pooled: Calibration, by_world: Mapping[str, Calibration], ready: Calibration) -> list[Row]:
    """The thresholds of docs/matching.md, "The forecast"."""
    return [
        bar("pooled: ECE", pooled.ece, ECE_MOST),
        bar("pooled: |said - came|", abs(pooled.mean - pooled.outcome), MEAN_MOST),
        bar("pooled: Brier against always the mean", pooled.brier / max(1e-9, pooled.base), 1.0 - BRIER_LEAST),
        *(bar(f"{name}: |said - came|", abs(c.mean - c.outcome), GAP_MOST) for name, c in by_world.items()),
        bar("readiness: ECE", ready.ece, ECE_MOST),
        bar("readiness: |said - came|", abs(ready.mean - ready.outcome), MEAN_MOST),
    ]


def simulate(
    seeds: int,
    *,
    as_json: bool,
    say: Callable[[str], object],
    out: Path | None = None,
    worlds: Mapping[str, float] = POOL,
    workers: int | None = None,
) -> int:
    """Plays all of it on seeds from FRESH up; 0 if every bar held, else 1. Writes reports/calibration.html or `out`."""
    said: dict[str, Pairs] = {}
    for name, share in worlds.items():
        chosen = range(FRESH, FRESH + max(1, round(seeds * share)))
        played = run(name, chosen, ("paced",), workers=workers)
        said[name] = pairs_of([outcome for each in played for outcome in each.outcomes["paced"]])
    ready = _readiness(max(1, round(seeds * DRAWS)), workers)
    by_world = {name: score(pairs) for name, pairs in said.items() if pairs}
    pooled = score([pair for pairs in said.values() for pair in pairs])
    by_party = {f"readiness, {party} seats": score(pairs) for party, pairs in ready.items()}
    both = score([pair for pairs in ready.values() for pair in pairs])
    found = bars(pooled, by_world, both)
    rows = {"pooled": pooled, **by_world, "readiness": both, **by_party}
    text = "\n".join(_lines(rows, found))
    if as_json:
        told = {"story": "calibration", "seeds": seeds, "first_seed": FRESH, "bars": found,
                "rows": {name: asdict(row) for name, row in rows.items()}}  # fmt: skip
        say(json.dumps(clean(told)))
    else:
        say(text)
    if out is not None or not as_json:
        drawn = [
            (page.reliability(each), f"{name}: on the line is honest")
            for name, each in (("forecasts", pooled), ("readiness", both))
        ]
        file = written("calibration", out, page.page("Is it true?", text, drawn))
        if not as_json:
            say(f"\nThe pictures: {file}")
    return 0 if all(each["ok"] for each in found) else 1


def _readiness(draws: int, workers: int | None) -> dict[int, Pairs]:
    calls = TRIALS["month"].calls
    sizes = [min(calls, draws - start) for start in range(0, draws, calls)]
    count = min(len(sizes), workers or os.cpu_count() or 1)
    numbers = range(FRESH, FRESH + len(sizes))
    if count <= 1:
        parts = [asked_about(seed, most) for seed, most in zip(numbers, sizes, strict=True)]
    else:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(asked_about, numbers, sizes))
    return {party: [pair for part in parts for pair in part[party]] for party in PARTIES}


def _lines(rows: Mapping[str, Calibration], found: list[Row]) -> list[str]:
    head = f"{'':<22}{'calls':>7}{'said':>8}{'came':>8}{'ECE':>8}{'Brier':>8}{'mean':>8}"
    body = [
        f"{name:<22}{c.count:>7,}{c.mean:>8.3f}{c.outcome:>8.3f}{c.ece:>8.3f}{c.brier:>8.3f}{c.base:>8.3f}"
        for name, c in rows.items()
    ]
    return [head, *body, "", *page.held(found)]
