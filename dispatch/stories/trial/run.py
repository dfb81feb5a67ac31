"""Plays a trial on many seeds and all cores: one task per seed, every policy of a task on the same people."""

import math
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dispatch.stories.trial.figures import Row, held_up, ratio, row_of
from dispatch.stories.trial.month import RESTED, Toll, months
from dispatch.stories.trial.play import Outcome, Play
from dispatch.stories.trial.rivals import ALL, STANDBY
from dispatch.stories.trial.rush import SHARES, nights
from dispatch.stories.trial.settings import Trial
from dispatch.stories.trial.worlds import GRAPHS, calls_of, net_of
from geo.cells import cell_of
from geo.point import Point

TUNED_BELOW: Final = 50_000
"""Seeds below this were met while something was chosen …"""
FRESH: Final = TUNED_BELOW
"""… and what is claimed is measured from here on."""
CONTROLLED: Final = ("paced", "paced-u4")
CELL_PEOPLE: Final = 5
MAP_RES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One seed of one trial under some policies."""

    trial: Trial
    seed: int
    policies: tuple[str, ...]
    willingness: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a task gave, without the people. `cells`: where `paced` asked, five people or more a cell."""

    seed: int
    outcomes: dict[str, list[Outcome]]
    tolls: dict[str, Toll]
    cells: dict[str, int]


def play_task(task: Task) -> Played:
    """The calls of that seed, under each policy."""
    trial = task.trial
    if trial.calls > 1:
        play = nights if trial.together else months
        found = play(trial, task.seed, task.policies, willingness=task.willingness)
        outcomes = {policy: [_light(o) for o in played] for policy, (played, _) in found.items()}
        return Played(
            seed=task.seed, outcomes=outcomes, tolls={policy: toll for policy, (_, toll) in found.items()}, cells={}
        )
    outcomes = {policy: [] for policy in task.policies}
    cells: dict[str, int] = {}
    for _, call in calls_of(trial, task.seed, willingness=task.willingness):
        for policy in task.policies:
            outcome = Play(call, policy).play()
            if policy == "paced":
                cells = _cells(task, outcome)
            outcomes[policy].append(_light(outcome))
    return Played(seed=task.seed, outcomes=outcomes, tolls={}, cells=cells)


def _light(outcome: Outcome) -> Outcome:
    nobody = np.zeros(0, dtype=np.intp)
    none = np.zeros(0)
    return replace(
        outcome, asked=nobody, saw=nobody, judged=nobody, judged_usual=none, sent_hears=none, yes=nobody, drove=nobody
    )


def _cells(task: Task, outcome: Outcome) -> dict[str, int]:
    world = net_of(task.trial, task.seed).world
    counts: dict[str, int] = {}
    for row in outcome.asked.tolist():
        cell = cell_of(Point(float(world.lat[row]), float(world.lon[row])), MAP_RES)
        counts[cell] = counts.get(cell, 0) + 1
    return {cell: n for cell, n in counts.items() if n >= CELL_PEOPLE}


def run(
    trial: Trial,
    seeds: Iterable[int],
    policies: tuple[str, ...],
    *,
    willingness: float = 1.0,
    workers: int | None = None,
    told: Callable[[str, int, int], object] = lambda stage, done, total: None,
) -> list[Played]:
    """Every seed, in their order. `told` hears how far it is.

    Raises: StoryRefused if the trial's files are not there.
    """
    tasks = [Task(trial=trial, seed=seed, policies=policies, willingness=willingness) for seed in seeds]
    count = min(len(tasks), workers or os.cpu_count() or 1)
    stage = trial.name
    if count <= 1:
        found = []
        for done, task in enumerate(tasks):
            told(stage, done, len(tasks))
            found.append(play_task(task))
        told(stage, len(tasks), len(tasks))
        return found
    # Seeds of one network one after the other, so that a process keeps what it has built.
    order = sorted(tasks, key=lambda task: (task.seed % GRAPHS, task.seed))
    played: dict[int, Played] = {}
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(play_task, task) for task in order]
        for done, each in enumerate(as_completed(waiting), 1):
            told(stage, done, len(tasks))
            result = each.result()
            played[result.seed] = result
    return [played[task.seed] for task in tasks]


def rows_of(trial: Trial, played: list[Played], policies: tuple[str, ...]) -> dict[str, Row]:
    """One row per policy; in a month each is also held beside its control, if that was played."""
    calls = 0 if trial.together else trial.calls
    rows, held = {}, {}
    for policy in policies:
        outcomes = [outcome for each in played for outcome in each.outcomes[policy]]
        tolls = [] if policy.endswith(RESTED) else [each.tolls[policy] for each in played if policy in each.tolls]
        rows[policy] = row_of(policy, outcomes, tolls, calls)
        if "kept" in rows[policy]:
            held[policy] = held_up(np.array([each.secured for each in outcomes]) < math.inf, calls)
    for policy in policies:
        if policy in held and policy + RESTED in held:
            beside, error = ratio(held[policy], held[policy + RESTED])
            rows[policy] |= {"kept_beside": beside, "kept_beside_se": error}
    return rows


def policies_of(trial: Trial) -> tuple[str, ...]:
    """Every policy that trial is played under unless told otherwise: ours, the rivals, and a month's controls."""
    if trial.together:
        return (SHARES, *(name for name in ALL if name.endswith(STANDBY)))
    if trial.calls > 1:
        return (*ALL, *(name + RESTED for name in CONTROLLED))
    return ALL
