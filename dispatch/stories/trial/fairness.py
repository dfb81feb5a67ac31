"""Who is served and who is asked: by how many ties the caller has, and by region, beside the bound and a plain rival.

Pure. How far a group is from the bound says whether its urgency weight is right: what the world could give it and
what it got. Must never name a person: a group has FEWEST calls or more. Tests: tests/story/test_fairness.py.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatch.stories.trial.play import Outcome

FIFTHS: Final = 5
FEWEST: Final = 40
"""A region with fewer calls says nothing."""
TENTH: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Callers of one kind and what came of their calls; shares of the calls, alerts a call."""

    name: str
    calls: int
    full: float
    le30: float
    alerts: float
    raised: float
    """Share of the calls whose urgency the matcher raised."""
    error: float
    """Standard error of `le30`."""


def group(name: str, outcomes: Sequence[Outcome]) -> Group:
    """What came of these calls."""
    secured = np.array([each.secured for each in outcomes])
    soon = float((secured <= 30).mean())
    return Group(
        name=name, calls=len(outcomes), full=float((secured < math.inf).mean()), le30=soon,
        error=math.sqrt(max(soon * (1.0 - soon), 1e-9) / len(outcomes)),
        alerts=float(np.mean([each.alerts for each in outcomes])),
        raised=float(np.mean([each.raised for each in outcomes])),
    )  # fmt: skip


def _fifth_of(degree: NDArray[np.int64]) -> NDArray[np.intp]:
    edges = np.quantile(degree, np.arange(1, FIFTHS) / FIFTHS)
    return np.searchsorted(edges, degree, side="left")


def by_ties(outcomes: Sequence[Outcome]) -> list[Group]:
    """Fifths of the callers, fewest ties first; fifths that nobody falls into are left out."""
    degree = np.array([each.degree for each in outcomes])
    fifth = _fifth_of(degree)
    found = []
    for number in range(FIFTHS):
        mine = [each for each, its in zip(outcomes, fifth.tolist(), strict=True) if its == number]
        if mine:
            low, high = min(each.degree for each in mine), max(each.degree for each in mine)
            found.append(group(f"{low} ties" if low == high else f"{low} to {high} ties", mine))
    return found


def by_region(outcomes: Sequence[Outcome]) -> list[Group]:
    """Regions with FEWEST calls or more, most calls first."""
    found: dict[str, list[Outcome]] = {}
    for each in outcomes:
        found.setdefault(each.region, []).append(each)
    known = sorted((name for name in found if len(found[name]) >= FEWEST), key=lambda name: (-len(found[name]), name))
    return [group(name, found[name]) for name in known]


def loneliest(outcomes: Sequence[Outcome]) -> Group:
    """The tenth of the callers with the fewest ties."""
    degree = np.array([each.degree for each in outcomes])
    few = degree <= np.quantile(degree, TENTH)
    return group("the loneliest tenth", [each for each, is_one in zip(outcomes, few, strict=True) if is_one])


def gap_between(groups: Iterable[Mapping[str, Any]]) -> float:
    """The best-off group less the worst-off, of the share secured within 30 minutes; 0 of nobody."""
    shares = [float(each["le30"]) for each in groups]
    return max(shares) - min(shares) if shares else 0.0
