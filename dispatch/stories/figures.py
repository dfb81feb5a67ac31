"""What one played night gave, and what many nights give together: the figures of docs/simulation.md.

Pure. Unit: minutes since the request was posted; infinity = never within the story's horizon.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

INF = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveSent:
    """One look that asked people."""

    minute: float
    count: int
    rings: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One alert: whom (the store's id), in which wave and ring. Never printed."""

    person: int
    wave: int
    ring: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """One claim: when, how many seats, how it ended, when it was there."""

    minute: float
    seats: int
    ended: str
    stood_by: bool
    there: float = INF


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the night's timeline."""

    minute: float
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One story, played once."""

    story: str
    seed: int
    policy: str
    willing: float
    """Everybody's chance of a yes was multiplied by that."""
    people: int
    ties: int
    party: int
    waves: tuple[WaveSent, ...]
    asked: tuple[Asked, ...] = field(repr=False)
    cells: dict[str, int] = field(repr=False)
    """People asked per H3 cell; cells with fewer than five are left out."""
    cars: tuple[Car, ...]
    coverage: tuple[tuple[float, int], ...]
    """(minute, seats claimed) at every change."""
    timeline: tuple[Moment, ...]
    seen: int
    """How many alerts were looked at while the night lasted."""
    declined: int
    heard: float
    first_claim: float
    full: float
    """First moment without an open seat."""
    secured: float
    """Last moment at which a seat was open."""
    woken: int
    late: int
    """Alerts first looked at after the last seat was taken."""
    served: float
    """Share of the seats that were kept."""
    met: int
    """People who got into a car."""
    in_reach: int
    """People the rings and the roads allow to be asked at all."""
    would_come: tuple[int, ...]
    """Seats of each car that would come and stay if all of those were asked in the first minute."""
    ended: str
    closed: float
    faults: tuple[str, ...]
    """Promises of the house that did not hold; empty, always."""

    @property
    def alerts(self) -> int:
        """Distinct people alerted."""
        return len(self.asked)

    @property
    def pickups(self) -> list[float]:
        """When each car that was kept stood at the roadside, soonest first."""
        return sorted(car.there for car in self.cars if car.there < INF)

    @property
    def lapses(self) -> int:
        """Claims that ended without a sign of life."""
        return sum(car.ended == "lapsed" for car in self.cars)

    @property
    def withdrawn(self) -> int:
        """Claims taken back by their people."""
        return sum(car.ended == "withdrawn" for car in self.cars)

    @property
    def stood_by(self) -> int:
        """Yeses that came after the last seat and waited."""
        return sum(car.stood_by for car in self.cars)

    def as_json(self) -> dict[str, Any]:
        """Everything but who was asked; infinities as None."""
        plain = {spec.name: getattr(self, spec.name) for spec in fields(self) if spec.name not in ("asked", "cells")}
        plain["alerts"] = self.alerts
        plain["pickups"] = self.pickups
        plain["waves"] = [{"minute": w.minute, "count": w.count, "rings": w.rings} for w in self.waves]
        plain["cars"] = [{spec.name: getattr(car, spec.name) for spec in fields(car)} for car in self.cars]
        plain["timeline"] = [{"minute": m.minute, "says": m.says} for m in self.timeline]
        return finite_fields(plain)


def finite(value: object) -> object:
    """The same, ready for JSON: infinities are null, numbers have two decimals."""
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, float | np.floating):
        number = float(value)
        return round(number, 2) if math.isfinite(number) else None
    return int(value) if isinstance(value, np.integer) else value


def finite_fields(facts: dict[str, Any]) -> dict[str, Any]:
    """An object's fields, each ready for JSON."""
    return {name: finite(value) for name, value in facts.items()}


def share(holds: Iterable[bool]) -> float:
    """Which share of them holds; NaN of none."""
    return mean([float(each) for each in holds])


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the nights lies; infinite nights count as the slowest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else INF


def mean(values: Sequence[float]) -> float:
    """The mean; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def summary(nights: Sequence[Night]) -> dict[str, Any]:
    """One row of the table: all nights of one policy."""
    secured = [night.secured for night in nights]
    last = [night.pickups[-1] if night.full < INF and night.pickups else INF for night in nights]
    return {
        "policy": nights[0].policy,
        "alerts": mean([night.alerts for night in nights]),
        "heard": quantile([night.heard for night in nights], 0.5),
        "full": share(s < INF for s in secured),
        "le30": share(s <= 30 for s in secured),
        "le60": share(s <= 60 for s in secured),
        "ever_full": share(night.full < INF for night in nights),
        "secured_p50": quantile(secured, 0.5),
        "secured_p90": quantile(secured, 0.9),
        "pickup_p50": quantile(last, 0.5),
        "served": mean([night.served for night in nights]),
        "all_met": share(night.met >= night.party for night in nights),
        "woken": mean([night.woken for night in nights]),
        "late": mean([night.late for night in nights]),
        "seen": mean([night.seen for night in nights]),
        "cars": mean([len(night.pickups) for night in nights]),
        "lapses": mean([night.lapses for night in nights]),
        "stood_by": mean([night.stood_by for night in nights]),
        "bound": share(sum(night.would_come) >= night.party for night in nights),
        "bound_cars": mean([len(night.would_come) for night in nights]),
    }


def bars(nights: Sequence[Night]) -> list[dict[str, Any]]:
    """What must hold in every night, whatever the policy, with what was found."""
    faults = sum(len(night.faults) for night in nights)
    twice = sum(len(night.asked) - len({each.person for each in night.asked}) for night in nights)
    over = max((claimed - night.party for night in nights for _, claimed in night.coverage), default=0)
    found = (("nobody is asked twice", twice, 0), ("never more seats claimed than asked for", over, 0),
             ("promises of the house broken", faults, 0))  # fmt: skip
    return [{"test": test, "value": value, "limit": limit, "ok": value <= limit} for test, value, limit in found]
