"""How long the roster takes to say who could come, beside two engines that are asked the same.

One seeded world: people over the cities of the south-west, ties by degree, one hub with 48,000
friends (fewer in a smaller world). One run measures all, so the ratios hold even where the
milliseconds are another machine's. Numbers: docs/roster.md. Run: `python -m bench.match --help`.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from bench import decide, match_peers
from bench.match_world import HUB, SEED, World, make_world
from dispatch.ports import Search
from dispatch.roster import MemoryRoster
from geo.point import Point

SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
PLACES = {"desert": Point(35.27, -116.07), "city": Point(34.05, -118.24)}
LIMITS_MS = {"hub": 15.0, "ordinary": 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question, asked many times."""

    engine: str
    who: str
    place: str
    hops: int
    km: int
    found: int
    ms: float
    """The fastest. A machine that others use only ever adds to it, so limits and ratios are judged by this."""
    ms_median: float
    limit_ms: float | None = None


def timed(question: Callable[[], int], seconds: float = 1.0, most: int = 200) -> tuple[int, float, float]:
    """What it answered last, and the fastest and the median of its milliseconds."""
    found = question()
    spent: list[float] = []
    until = time.perf_counter() + seconds
    while len(spent) < 3 or (time.perf_counter() < until and len(spent) < most):
        start = time.perf_counter()
        found = question()
        spent.append((time.perf_counter() - start) * 1e3)
    return found, min(spent), float(np.median(spent))


def ordinary_people(world: World, count: int = 50) -> list[int]:
    return np.random.default_rng(SEED + 1).choice(len(world.people), size=count, replace=False).tolist()


def roster_rows(world: World, roster: MemoryRoster) -> list[Row]:
    rows = []
    for place, origin in PLACES.items():
        for km in (50, 150, 300):
            for hops in (1, 2, 3):
                hub = Search(requester=HUB, origin=origin, radius_km=km, rings_max=hops)
                found, ms, median = timed(lambda hub=hub: len(roster.search(hub)))
                limit = LIMITS_MS["hub"] if (km, hops, place) == (150, 2, "desert") else None
                rows.append(
                    Row(
                        engine="roster",
                        who="hub",
                        place=place,
                        hops=hops,
                        km=km,
                        found=found,
                        ms=ms,
                        ms_median=median,
                        limit_ms=limit,
                    )
                )
        asking = iter(ordinary_people(world) * 100)

        def ordinary(origin: Point = origin, asking: "iter" = asking) -> int:
            return len(roster.search(Search(requester=1 + next(asking), origin=origin, radius_km=150, rings_max=2)))

        # Fifty different people: the fastest of them says nothing about the others.
        found, _, median = timed(ordinary)
        ms = median
        rows.append(
            Row(
                engine="roster",
                who="ordinary",
                place=place,
                hops=2,
                km=150,
                found=found,
                ms=ms,
                ms_median=median,
                limit_ms=LIMITS_MS["ordinary"],
            )
        )
    return rows


def other_figures(world: World, roster: MemoryRoster) -> dict[str, float]:
    def path_us() -> float:
        asked = roster.search(Search(requester=HUB, origin=PLACES["desert"], radius_km=150, rings_max=2)).person[:500]
        start = time.perf_counter()
        for person in asked.tolist():
            roster.path(HUB, person)
        return (time.perf_counter() - start) / max(1, len(asked)) * 1e6

    figures = {"path_us": path_us()}
    for number in range(1_000):
        roster.tie(2 + number, 3_000 + number)
    figures["with_1000_changes_ms"] = timed(
        lambda: len(roster.search(Search(requester=HUB, origin=PLACES["desert"], radius_km=150, rings_max=2)))
    )[1]
    start = time.perf_counter()
    roster.fold()
    figures["fold_s"] = time.perf_counter() - start
    return figures | decide.figures()


def measure(size: str, peers: Sequence[str]) -> dict[str, object]:
    world = make_world(SIZES[size])
    roster = MemoryRoster()
    start = time.perf_counter()
    roster.load(world.people, world.ties, np.zeros((0, 2), dtype=np.int64))
    loaded = time.perf_counter() - start
    rows = roster_rows(world, roster)
    theirs = [Row(**row) for peer in peers for row in match_peers.PEERS[peer](world, PLACES, timed)]
    if theirs:
        # Before the peers and after them: others' minutes on this machine must not decide.
        rows = [min(pair, key=lambda row: row.ms) for pair in zip(rows, roster_rows(world, roster), strict=True)]
    rows += theirs
    check(rows)
    return {
        "people": len(world.people),
        "ties": len(world.ties),
        "load_s": loaded,
        **other_figures(world, roster),
        "rows": [asdict(row) for row in rows],
        "ratios": ratios(rows),
    }


def check(rows: Sequence[Row]) -> None:
    """Raises when a peer found other people: its Earth is 0.1 % larger, its world must be the same."""
    ours = {(row.who, row.place, row.hops, row.km): row.found for row in rows if row.engine == "roster"}
    for row in rows:
        mine = ours.get((row.who, row.place, row.hops, row.km), row.found)
        if abs(row.found - mine) > 5 + mine / 100:
            raise AssertionError(f"{row.engine} found {row.found} where the roster found {mine}: {row}")


def ratios(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Each engine's time over the roster's, for the same question."""
    ours = {(row.who, row.place, row.hops, row.km): row for row in rows if row.engine == "roster"}
    return [
        {
            "engine": row.engine,
            "who": row.who,
            "place": row.place,
            "hops": row.hops,
            "km": row.km,
            "times": row.ms / mine.ms,
        }
        for row in rows
        if row.engine != "roster" and (mine := ours.get((row.who, row.place, row.hops, row.km)))
    ]


def growth(small: dict[str, object], large: dict[str, object]) -> dict[str, float]:
    """The larger world's milliseconds over the smaller one's, desert, 150 km, two hops."""

    def ms(report: dict[str, object], who: str) -> float:
        return next(
            row["ms"] for row in report["rows"]  # type: ignore[attr-defined]
            if (row["engine"], row["who"], row["place"], row["hops"], row["km"]) == ("roster", who, "desert", 2, 150)
        )  # fmt: skip

    return {who: ms(large, who) / ms(small, who) for who in ("hub", "ordinary")}


def show(report: dict[str, object]) -> None:
    print(
        f"\n{report['people']:,} people, {report['ties']:,} ties: loaded in {report['load_s']:.2f} s, "
        f"folded in {report['fold_s']:.2f} s, path {report['path_us']:.0f} µs, "
        f"hub with 1,000 changes {report['with_1000_changes_ms']:.1f} ms\n"
        f"one decision of Paced on 20,000 candidates: {report['decide_20k_ms']:.1f} ms (limit {decide.LIMIT_MS:g}), "
        f"with 5,000 asked before {report['decide_20k_5000_asked_ms']:.1f} ms"
    )
    print(f"{'engine':<12}{'who':<10}{'place':<8}{'hops':>4}{'km':>5}{'found':>9}{'ms':>9}{'median':>9}  limit")
    for row in report["rows"]:  # type: ignore[attr-defined]
        limit = (
            ""
            if row["limit_ms"] is None
            else f"{row['limit_ms']:g} {'ok' if row['ms'] <= row['limit_ms'] else 'MISSED'}"
        )
        print(
            f"{row['engine']:<12}{row['who']:<10}{row['place']:<8}{row['hops']:>4}{row['km']:>5}{row['found']:>9,}"
            f"{row['ms']:>9.2f}{row['ms_median']:>9.2f}  {limit}"
        )
    for row in report["ratios"]:  # type: ignore[attr-defined]
        print(
            f"{row['engine']} takes {row['times']:.1f} × the roster: "
            f"{row['who']}, {row['place']}, hops {row['hops']}, {row['km']} km"
        )


def asked_for(argv: Sequence[str] | None, *, as_json: bool = False) -> argparse.Namespace:
    """What is measured: sizes, peers and the form. None, as `flare bench match`: both sizes, every peer beside ours."""
    parser = argparse.ArgumentParser(prog="bench.match", description="Who could come: the roster and its peers.")
    parser.add_argument("--size", action="append", choices=SIZES, help="may be given twice; default 100k and 1M")
    parser.add_argument("--peer", action="append", choices=match_peers.PEERS, help="may be given twice; default none")
    parser.add_argument("--json", action="store_true", default=as_json)
    every = [word for peer in match_peers.PEERS for word in ("--peer", peer)]
    return parser.parse_args(every if argv is None else argv)


def main(argv: Sequence[str] | None = None, *, as_json: bool = False) -> int:
    """0; 1 when a limit is missed."""
    asked = asked_for(argv, as_json=as_json)
    sizes = asked.size or ["100k", "1M"]
    reports = [measure(size, asked.peer or ()) for size in sizes]
    grown = growth(reports[0], reports[-1]) if len(reports) > 1 else {}
    if asked.json:
        print(json.dumps({"name": "match", "worlds": reports, "growth": grown}))
    else:
        for report in reports:
            show(report)
        more = SIZES[sizes[-1]] / SIZES[sizes[0]]
        for who, times in grown.items():
            print(f"growth, {who}: {times:.1f} × the time for {more:.0f} × the people")
    missed = [row for report in reports for row in report["rows"] if row["limit_ms"] and row["ms"] > row["limit_ms"]]  # type: ignore[attr-defined]
    slow = [report for report in reports if report["decide_20k_ms"] > decide.LIMIT_MS]  # type: ignore[operator]
    return 1 if missed or slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
