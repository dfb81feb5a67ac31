"""How many databases ten thousand to a hundred million people need: each one's queue of writes, simulated.

    flare bench scale

People live where the towns of the United States are, by population; their asks come from there. A database is a group
of neighbourhoods (H3 cells of resolution 3, as docs/scale.md shards by place) and takes one write at a time, for as
long as was measured on PostgreSQL (docs/store.md). Ten minutes of the busiest hour, on a quiet day and on one with a
hundred times the asks; each write's wait by Lindley's recursion, which is exact. Luck has a seed.
Simulates queues, and nothing else: no figure of it says how fast anything is.
"""

import json
import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo import cells
from geo.gazetteer import gazetteer

PEOPLE: Final = (10_000, 1_000_000, 10_000_000, 100_000_000)
ASKS_A_DAY: Final = 1 / 2_000
"""Of each person; a disaster is a hundred times that, everywhere."""
DISASTER: Final = 100
WRITES: Final = 10
"""Commits of one ask from its first word to its end."""
PEAK: Final = 10
"""The busiest hour against the day's mean."""
WRITE_S: Final = (1 / 2_000, 1 / 750)
"""What one commit takes of the queue, at best and at worst: docs/store.md."""
SECONDS: Final = 600.0
PATIENCE_S: Final = 0.05
MOST: Final = 128
"""Databases, beyond which no more are tried."""
ROSTER_BYTES: Final = 140
"""One person and 11 ties: docs/roster.md."""
NEIGHBOURHOOD: Final = 3

Floats = NDArray[np.float64]


def shares() -> Floats:
    """The part of all people that lives in each neighbourhood, the largest first. Shape: (N,), sums to 1."""
    living: dict[str, int] = {}
    for place in gazetteer().settlements():
        if place.country == "US":
            cell = cells.cell_of(place.point, NEIGHBOURHOOD)
            living[cell] = living.get(cell, 0) + place.population
    people = np.sort(np.array(list(living.values()), dtype=np.float64))[::-1]
    parts: Floats = people / people.sum()
    return parts


def grouped(parts: Floats, databases: int) -> Floats:
    """The part each database gets: the largest neighbourhood to whichever has least. Shape: (databases,), sums to 1."""
    held = np.zeros(databases)
    for part in parts:
        held[held.argmin()] += part
    return held


def waits(rate: float, seconds: float, luck: np.random.Generator) -> Floats:
    """How long each write waits for those before it. Unit: seconds; `rate` in writes a second."""
    came = np.sort(luck.uniform(0, seconds, luck.poisson(rate * seconds)))
    taken = luck.uniform(*WRITE_S, len(came))
    # Lindley: each waits what the one before waited and took, less the time between them, and never less than nothing.
    change = np.concatenate(([0.0], taken[:-1] - np.diff(came))) if len(came) else came
    total = np.cumsum(change)
    return total - np.minimum.accumulate(np.minimum(total, 0.0))


def p99_s(rate: float, held: Floats, luck: np.random.Generator) -> float:
    """The wait that 99 of 100 writes stay below, over all databases. Unit: seconds."""
    waited = np.concatenate([waits(rate * part, SECONDS, luck) for part in held])
    return float(np.quantile(waited, 0.99)) if len(waited) else 0.0


def night(people: int, load: int, parts: Floats, luck: np.random.Generator) -> dict[str, Any]:
    """The fewest databases, doubled each time, that keep the p99 within `PATIENCE_S`, and what one alone would do."""
    rate = people * ASKS_A_DAY * load * WRITES * PEAK / 86_400
    held = grouped(parts, 1)
    one = least = p99_s(rate, held, luck)
    while least > PATIENCE_S and len(held) < MOST:
        held = grouped(parts, 2 * len(held))
        least = p99_s(rate, held, luck)
    fullest = float(held.max())
    return {
        "people": people,
        "load": load,
        "writes_per_s": round(rate, 1),
        "one_p99_ms": round(one * 1e3, 1),
        "databases": len(held),
        "p99_ms": round(least * 1e3, 1),
        "busiest": round(rate * fullest * float(np.mean(WRITE_S)), 2),
        "roster_mb": round(people * fullest * ROSTER_BYTES / 1e6),
    }


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the table; exit code 0."""
    parts, luck = shares(), np.random.default_rng(2009)
    rows = [night(people, load, parts, luck) for people in PEOPLE for load in (1, DISASTER)]
    if as_json:
        sys.stdout.write(json.dumps({"neighbourhoods": len(parts), "rows": rows}) + "\n")
        return 0
    sys.stdout.write(f"{len(parts)} neighbourhoods, the largest with {parts[0]:.1%} of all people\n")
    sys.stdout.write(f"{'people':>12} {'asks':>6} {'writes/s':>9} {'one: p99':>10} {'databases':>10} {'p99':>8}")
    sys.stdout.write(f" {'busiest':>8} {'roster':>9}\n")
    for row in rows:
        one = f"{row['one_p99_ms']:,.0f} ms"
        sys.stdout.write(
            f"{row['people']:>12,} {row['load']:>4} × {row['writes_per_s']:>9,} {one:>10} {row['databases']:>10}"
        )
        sys.stdout.write(f" {row['p99_ms']:>5} ms {row['busiest']:>8.0%} {row['roster_mb']:>6,} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
