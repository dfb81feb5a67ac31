"""Make web/pages/data/base_map.json.gz: land, borders, states and counties as short lines of whole numbers.

Run by hand when the borders are to be refreshed: `python tools/make_base_map.py` with npm at hand, which fetches
us-atlas 3.0.1 and world-atlas 2.0.2 into a folder that is thrown away (ISC; the data are public domain: US Census,
Natural Earth). Nothing at install or at run time asks npm.
Invariant: the same packages give the same bytes; tests/pages/test_svg_map.py holds what must be in it.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "web" / "pages" / "data" / "base_map.json.gz"
PACKAGES = ("us-atlas@3.0.1", "world-atlas@2.0.2")
SCALE = 400  # steps per degree: 280 m, finer than a phone's picture of a county
COARSE, FINE = 0.012, 0.004  # degrees a line may be off: the world, the United States

Line = list[tuple[float, float]]


def fetched(folder: Path) -> dict[str, Any]:
    """The TopoJSON files by name."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed once, to fetch the atlases")
    command = [npm, "pack", "--silent", *PACKAGES]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # our own words
    found = {}
    for archive in sorted(folder.glob("*.tgz")):
        with tarfile.open(archive) as package:
            for name in ("counties-10m.json", "countries-50m.json", "land-50m.json"):
                if any(member.name == f"package/{name}" for member in package.getmembers()):
                    stream = package.extractfile(f"package/{name}")
                    found[name] = json.load(stream) if stream else {}
    return found


def arcs_of(topology: dict[str, Any]) -> list[Line]:
    """Every arc in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        line: Line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * sx + tx, y * sy + ty))
        lines.append(line)
    return lines


def rings_of(geometry: dict[str, Any]) -> Iterator[list[int]]:
    """The rings of a polygon or of many, as lists of arc numbers (~n is arc n backwards)."""
    if geometry["type"] == "GeometryCollection":
        for each in geometry["geometries"]:
            yield from rings_of(each)
    elif geometry["type"] == "Polygon":
        yield from geometry["arcs"]
    elif geometry["type"] == "MultiPolygon":
        for polygon in geometry["arcs"]:
            yield from polygon


def users_of(topology: dict[str, Any], name: str) -> dict[int, set[str]]:
    """Which shapes use each arc."""
    users: dict[int, set[str]] = defaultdict(set)
    for geometry in topology["objects"][name]["geometries"]:
        for ring in rings_of(geometry):
            for arc in ring:
                users[arc if arc >= 0 else ~arc].add(str(geometry.get("id")) + geometry["properties"]["name"])
    return users


def simplified(line: Line, within: float) -> Line:
    """Douglas-Peucker: the line with every point left out that lies closer than that to what remains."""
    if len(line) < 3:
        return line
    kept = {0, len(line) - 1}
    todo = [(0, len(line) - 1)]
    while todo:
        first, last = todo.pop()
        (ax, ay), (bx, by) = line[first], line[last]
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        worst, where = within, 0
        for index in range(first + 1, last):
            px, py = line[index]
            if length == 0:
                far = ((px - ax) ** 2 + (py - ay) ** 2) ** 0.5
            else:
                far = abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length
            if far > worst:
                worst, where = far, index
        if where:
            kept.add(where)
            todo += [(first, where), (where, last)]
    return [line[index] for index in sorted(kept)]


def joined(lines: list[Line]) -> list[Line]:
    """Lines that meet end to end made one, so that fewer starts have to be written."""
    ends: dict[tuple[float, float], list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        ends[line[0]].append(index)
        ends[line[-1]].append(index)
    used: set[int] = set()
    whole = []
    for index, line in enumerate(lines):
        if index in used:
            continue
        used.add(index)
        grown = list(line)
        for _ in range(2):
            while True:
                there = [each for each in ends[grown[-1]] if each not in used]
                if len(ends[grown[-1]]) != 2 or not there:
                    break
                following = lines[there[0]]
                used.add(there[0])
                grown += following[1:] if following[0] == grown[-1] else following[-2::-1]
            grown.reverse()
        whole.append(grown)
    return whole


def written(line: Line, closed: bool) -> list[int]:
    """The line as whole numbers: the first point, then steps; [] when nothing is left of it."""
    points = [(round(x * SCALE), round(y * SCALE)) for x, y in line]
    steps = [points[0]]
    for point in points[1:]:
        if point != steps[-1]:
            steps.append(point)
    if len(steps) < (4 if closed else 2):
        return []
    flat = [*steps[0]]
    for (ax, ay), (bx, by) in pairwise(steps):
        flat += [bx - ax, by - ay]
    return flat


def rings(topology: dict[str, Any], name: str, within: float) -> list[Line]:
    """The outlines of an object, each arc simplified by itself so that neighbours still meet."""
    arcs = [simplified(line, within) for line in arcs_of(topology)]
    found = []
    for ring in rings_of(topology["objects"][name]):
        line: Line = []
        for arc in ring:
            part = arcs[arc] if arc >= 0 else arcs[~arc][::-1]
            line += part[1:] if line else part
        found.append(line)
    return found


def made() -> dict[str, Any]:
    """What is shipped: land as rings; coast, border, state and county as lines."""
    with tempfile.TemporaryDirectory() as folder:
        files = fetched(Path(folder))
    us, world, land = files["counties-10m.json"], files["countries-50m.json"], files["land-50m.json"]
    by_county, by_country = users_of(us, "counties"), users_of(world, "countries")
    states = {arc: {user[:2] for user in users} for arc, users in by_county.items()}
    fine = arcs_of(us)
    lines: dict[str, list[Line]] = {"county": [], "state": [], "border": [], "coast": []}
    for arc, users in sorted(by_county.items()):
        if len(users) == 2:
            lines["county" if len(states[arc]) == 1 else "state"].append(fine[arc])
    edge = [fine[arc] for arc, users in sorted(by_county.items()) if len(users) == 1]
    coarse = arcs_of(world)
    american = "United States of America"
    for arc, users in sorted(by_country.items()):
        ours = any(user.endswith(american) for user in users)
        if len(users) == 2:
            lines["border"].append(coarse[arc])
        elif not ours:
            lines["coast"].append(coarse[arc])
    lines["coast"] += edge
    shipped: dict[str, Any] = {"scale": SCALE}
    for name, found in lines.items():
        within = COARSE if name == "border" else FINE
        shipped[name] = [flat for line in joined(found) if (flat := written(simplified(line, within), closed=False))]
    outlines = rings(land, "land", COARSE) + rings(us, "nation", FINE)
    shipped["land"] = [flat for line in outlines if (flat := written(line, closed=True))]
    return shipped


def main() -> None:
    """Writes the table and says how large it is."""
    text = json.dumps(made(), separators=(",", ":")).encode()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(gzip.compress(text, 9, mtime=0))
    sys.stdout.write(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
