"""`flare simulate calibration`: is what people are told true? Forecasts and readiness against what came of them.

Forecasts of calls at their first look, pooled over the worlds; readiness as the same question asked of nobody, at
places and hours of ordinary members, for one seat and for nine. Pure but for the trials it plays.
Must never leave a world out because it is embarrassing. Tests: tests/story/test_honesty.py.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from itertools import islice
from multiprocessing import get_context
from typing import Final

from dispatch.progress import Bar
from dispatch.stories.trial import drawings
from dispatch.stories.trial.bars import bar
from dispatch.stories.trial.figures import Calibration, Row, calibrated
from dispatch.stories.trial.play import Outcome, Play
from dispatch.stories.trial.run import FRESH, run
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.told import Drawing, Table, Told
from dispatch.stories.trial.worlds import calls_of

POOL: Final = {name: TRIALS[name].share for name in ("bus", "bus-member", "bus-hop2", "city", "rural", "month", "town")}
"""Worlds, and how many of their seeds are played for each seed asked for: 200 make some 3,400 calls."""
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


def told_of(
    seeds: int, *, worlds: Mapping[str, float] = POOL, workers: int | None = None, bar: Bar | None = None
) -> Told:
    """`flare simulate calibration`: all of it on seeds from FRESH up. `worlds`: shares of them by name."""
    said: dict[str, Pairs] = {}
    shown = bar or Bar()
    for name, share in worlds.items():
        chosen = range(FRESH, FRESH + max(1, round(seeds * share)))
        played = run(TRIALS[name], chosen, ("paced",), workers=workers, told=shown.show)
        said[name] = pairs_of([outcome for each in played for outcome in each.outcomes["paced"]])
    ready = _readiness(max(1, round(seeds * DRAWS)), workers)
    if bar is None:
        shown.end()
    return told(said, ready, seeds)


def told(said: Mapping[str, Pairs], ready: Mapping[int, Pairs], seeds: int) -> Told:
    """What those forecasts, world by world, and those questions, party by party, told."""
    by_world = {name: score(pairs) for name, pairs in said.items() if pairs}
    pooled = score([pair for pairs in said.values() for pair in pairs])
    by_party = {f"readiness, {party} seats": score(pairs) for party, pairs in ready.items()}
    both = score([pair for pairs in ready.values() for pair in pairs])
    found = bars(pooled, by_world, both)
    rows = {"pooled": pooled, **by_world, "readiness": both, **by_party}
    head = ["", "calls", "said", "came", "ECE", "by luck", "Brier", "the mean's"]
    body = [
        [name, f"{c.count:,}", *(f"{x:.3f}" for x in (c.mean, c.outcome, c.ece, c.luck, c.brier, c.base))]
        for name, c in rows.items()
    ]
    return Told(
        name="calibration",
        says=(
            "calibration: is what people are told true?",
            f"seeds {FRESH:,} and up, {seeds} of a night; ECE by luck: what forecasts that are right would show",
        ),
        tables=[Table("", head, body)],
        bars=found,
        drawn=[
            Drawing(drawings.reliability(each), f"{name}: on the line is honest")
            for name, each in (("Forecasts", pooled), ("Readiness", both))
        ],
        facts={"story": "calibration", "seeds": seeds, "first_seed": FRESH, "bars": found,
               "rows": {name: asdict(row) for name, row in rows.items()}},
    )  # fmt: skip


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
