"""Drawings of a night as inline SVG: seats over time, alerts over time, who was asked where, how soon.

Pure text. Never draws a person: places are H3 cells with five people or more (`Night.cells`).
Colours are CSS variables of the page (dispatch/stories/page.py); shape and word say the same.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from dispatch.stories.figures import INF, Night
from geo import cells, roads
from geo.point import Point

WIDE, HIGH = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 18, 40
LETTER, LINE = 7, 12
"""About as wide is a letter and as high a line of the words beside dots, in the drawing's units."""
PLACES: Final = (
    ("Las Vegas", Point(36.17, -115.14)), ("Barstow", Point(34.90, -117.02)), ("Los Angeles", Point(34.05, -118.24)),
    ("Bakersfield", Point(35.37, -119.02)), ("Phoenix", Point(33.45, -112.07)), ("Kingman", Point(35.19, -114.05)),
    ("San Diego", Point(32.72, -117.16)), ("Needles", Point(34.85, -114.61)),
)  # fmt: skip
ROADS: Final = ("I-15", "I-40", "I-10")


class Chart:
    """A frame with two axes; what is drawn in it is given in the axes' units."""

    def __init__(self, title: str, across: tuple[float, float], up: tuple[float, float], says: tuple[str, str]) -> None:
        self._across, self._up = across, up
        self._words: list[tuple[float, float, float]] = []
        self._parts = [
            f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(title)}">',
            f'<text class="axis" x="{LEFT}" y="{TOP - 4}">{escape(says[1])}</text>',
            f'<text class="axis end" x="{WIDE - RIGHT}" y="{HIGH - 4}">{escape(says[0])}</text>',
        ]
        for value in ticks(*across):
            x = self.x(value)
            self._parts.append(f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{HIGH - BOTTOM}"/>')
            self._parts.append(f'<text class="axis mid" x="{x}" y="{HIGH - BOTTOM + 16}">{value:g}</text>')
        for value in ticks(*up):
            y = self.y(value)
            self._parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDE - RIGHT}" y2="{y}"/>')
            self._parts.append(f'<text class="axis end" x="{LEFT - 8}" y="{y + 4}">{value:,g}</text>')

    def x(self, value: float) -> float:
        """Where that value stands across."""
        low, high = self._across
        return round(LEFT + (WIDE - LEFT - RIGHT) * (value - low) / max(1e-9, high - low), 1)

    def y(self, value: float) -> float:
        """Where that value stands up and down."""
        low, high = self._up
        return round(HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * (value - low) / max(1e-9, high - low), 1)

    def steps(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line that stays until it jumps, on to the frame's right edge."""
        if not points:
            return
        path = [f"M{self.x(points[0][0])} {self.y(points[0][1])}"]
        path += [f"H{self.x(min(at, self._across[1]))}V{self.y(value)}" for at, value in points[1:] if at < INF]
        self._parts.append(f'<path class="{kind}" d="{"".join(path)}H{self.x(self._across[1])}"/>')

    def mark(self, at: float, value: float, kind: str, says: str) -> None:
        """A dot with a word for whoever asks."""
        if at <= self._across[1]:
            spot = f'cx="{self.x(at)}" cy="{self.y(value)}"'
            self._parts.append(f'<circle class="{kind}" {spot} r="5"><title>{escape(says)}</title></circle>')

    def word(self, at: float, value: float, says: str) -> None:
        """A word beside that spot, where no other word lies; none if there is no room on either side."""
        x, y, wide = self.x(at), self.y(value) + 4, LETTER * len(says)
        for left, edge, kind in ((x + 9, x + 9, "axis"), (x - 9 - wide, x - 9, "axis end")):
            free = all(left > end or left + wide < start or abs(y - line) >= LINE for start, end, line in self._words)
            if free and left >= LEFT and left + wide <= WIDE:
                self._words.append((left, left + wide, y))
                self._parts.append(f'<text class="{kind} halo" x="{edge:.1f}" y="{y}">{escape(says)}</text>')
                return

    def done(self) -> str:
        """The drawing."""
        return "".join([*self._parts, "</svg>"])


def ticks(low: float, high: float) -> list[float]:
    """About six round values from low to high."""
    if high <= low:
        return [low]
    raw = (high - low) / 6
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
    return [round(low + step * n, 6) for n in range(int((high - low) / step + 1e-9) + 1)]


def seats_picture(night: Night) -> str:
    """Seats promised over the night; a dot where a car stands at the roadside."""
    last = max([at for at, _ in night.coverage] + [*night.pickups, *([night.closed] if night.closed < INF else [])])
    chart = Chart("seats over time", (0, max(30.0, last)), (0, night.party), ("minutes since the call", "seats"))
    chart.steps([(at, float(claimed)) for at, claimed in night.coverage], "go")
    aboard = 0
    for car in sorted(night.cars, key=lambda car: car.there):
        if car.there < INF:
            aboard += car.seats
            chart.mark(car.there, min(aboard, night.party), "dot", f"{round(car.there)} min: {car.seats} get in")
    return chart.done()


def alerts_picture(night: Night) -> str:
    """People asked over the night."""
    sent, points = 0, [(0.0, 0.0)]
    for wave in night.waves:
        sent += wave.count
        points.append((wave.minute, float(sent)))
    last = max(30.0, points[-1][0], night.full if night.full < INF else 0.0)
    chart = Chart("people asked over time", (0, last), (0, max(1, sent)), ("minutes since the call", "people asked"))
    chart.steps(points, "wait")
    chart.mark(night.full, float(sent), "dot", f"{night.full:.0f} min: every seat is taken")
    return chart.done()


def soon_picture(nights: Sequence[Night]) -> str:
    """Share of the nights in which every seat was taken for good by then."""
    known = sorted(night.secured for night in nights if night.secured < INF)
    chart = Chart(
        "how soon every seat was taken", (0, max([60.0, *known])), (0, 1), ("minutes since the call", "share of nights")
    )
    chart.steps([(0.0, 0.0), *((at, (n + 1) / len(nights)) for n, at in enumerate(known))], "go")
    return chart.done()


def map_picture(night: Night, place: Point) -> str:
    """Where people were asked, as cells, with the freeways as schematic lines."""
    outlines = {cell: cells.outline(cell) for cell in night.cells}
    corners = [corner for outline in outlines.values() for corner in outline] + [place]
    south, north = min(p.lat for p in corners) - 0.2, max(p.lat for p in corners) + 0.2
    west, east = min(p.lon for p in corners) - 0.2, max(p.lon for p in corners) + 0.2
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = WIDE / max(0.1, (east - west) * squeeze)
    high = round(min(900.0, max(200.0, (north - south) * scale)))

    def at(point: Point) -> str:
        return f"{(point.lon - west) * squeeze * scale:.1f} {(north - point.lat) * scale:.1f}"

    def inside(point: Point) -> bool:
        return south < point.lat < north and west < point.lon < east

    most = max(night.cells.values(), default=1)
    parts = [f'<svg viewBox="0 0 {WIDE} {high}" role="img" aria-label="where people were asked">']
    for cell, outline in outlines.items():
        shade = 0.15 + 0.75 * math.sqrt(night.cells[cell] / most)
        line = "L".join(at(corner) for corner in outline)
        says = f"<title>{night.cells[cell]} asked</title>"
        parts.append(f'<path class="cell" fill-opacity="{shade:.2f}" d="M{line}Z">{says}</path>')
    for name in ROADS:
        road = roads.corridor(name)
        if road is not None:
            parts.append(f'<path class="road" d="M{"L".join(at(point) for point in road.points)}"/>')
    for name, point in PLACES:
        if inside(point):
            x, y = at(point).split()
            parts.append(f'<circle class="town" cx="{x}" cy="{y}" r="2.5"/>')
            parts.append(f'<text class="axis halo" x="{float(x) + 6}" y="{float(y) + 4}">{name}</text>')
    x, y = at(cells.centre(cells.cell_of(place, cells.MEMBER))).split()
    parts.append(f'<path class="here" d="M{x} {float(y) - 11}l9.5 5.5v11l-9.5 5.5l-9.5-5.5v-11z"/>')
    parts.append(f'<text class="axis strong halo" x="{float(x) + 14}" y="{float(y) + 4}">the call</text>')
    return "".join([*parts, "</svg>"])
