"""How smoothly a wall moves: 5,000 lights on their way at once, at 1,920 x 1,080 and at 4K, in software.

    flare bench wall

A real page of a real server, in the Chromium of the tests without a graphics card. What a server would tell on a night
of disaster (500 asks with ten cars each) is put into the page where the answers of the network arrive; from there on it
is the page's own code. Frames are counted by the browser's own clock, the cost of drawing one by the page.
Must never be quoted from a machine that does something else.
"""

import json
import os
import sys
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from bench.machine import described, quantile
from bench.peers import running

LIGHTS: Final = 5_000
CARS: Final = 10
SECONDS: Final = 6
SIZES: Final = {"1080p": (1920, 1080), "4K": (3840, 2160)}
FEED: Final = """async (told) => {
  const own = window.fetch, body = JSON.stringify(told);
  window.fetch = (where, how) =>
    String(where).startsWith("/watch/scene") ? Promise.resolve(new Response(body)) : own(where, how);
  const root = document.documentElement;
  const shown = new Promise((done) =>
    new MutationObserver(() => root.dataset.mark === told.mark && done()).observe(root, { attributes: true }));
  window.dispatchEvent(new Event("online"));
  await shown;
}"""
FRAMES: Final = """(seconds) => new Promise((done) => {
  const gaps = []; let first = 0, last = 0;
  const count = (now) => {
    if (last) gaps.push(now - last); else first = now;
    last = now;
    if (now - first < seconds * 1000) requestAnimationFrame(count);
    else done({ gaps, drawn_ms: Number(document.documentElement.dataset.ms) });
  };
  requestAnimationFrame(count);
})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smooth:
    """Frames a second, the gap between two that 95 of 100 stay under, and what drawing one costs the page."""

    lights: int
    fps: float
    p95_ms: float
    drawn_ms: float


def surge(lights: int = LIGHTS) -> dict[str, Any]:
    """What a server tells on a night of disaster: so many cars on their way, CARS to an ask."""
    asks = {}
    for ask in range(lights // CARS):
        east, north = ask % 25, ask // 25
        place = [round(-121.0 + east * 0.42, 4), round(32.4 + north * 0.28, 4)]
        cars = [
            [0.34, [round(place[0] - 1.2 + car * 0.27, 4), round(place[1] + 0.4 - 0.13 * (car % 7), 4)]]
            for car in range(CARS)
        ]
        asks[f"a:{ask:022}"] = {
            "at": place,
            "open": ask % 9,
            "total": 9,
            "cars": cars,
            **({"hero": 1} if not ask else {}),
        }
    return {"mark": f"surge-{lights}", "all": True, "del": [], "put": {"home": [-116.5, 35.5], "many": True} | asks}


def smoothness(page: Page, lights: int = LIGHTS, seconds: float = SECONDS) -> Smooth:
    """Puts that many lights on an open wall and counts frames."""
    page.evaluate(FEED, surge(lights))
    page.evaluate(FRAMES, 2)  # the first picture and the compiler's share
    told = page.evaluate(FRAMES, seconds)
    gaps = told["gaps"]
    return Smooth(
        lights=lights,
        fps=round(1000 * len(gaps) / sum(gaps), 1),
        p95_ms=round(quantile(gaps, 0.95), 1),
        drawn_ms=round(told["drawn_ms"], 2),
    )


def open_wall(browser: Browser, address: str, size: tuple[int, int]) -> Page:
    """A wall at that address that has drawn its first picture."""
    page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
    page.goto(f"{address}/watch")
    page.wait_for_function("() => document.documentElement.classList.contains('drawn')")
    return page


def main(*, as_json: bool = False) -> int:
    """Runs it and prints the figures; exit code 0, 1 without a browser."""
    from tests.support.chromium import HOW, find

    chromium = find()
    if chromium is None:
        sys.stderr.write(HOW + "\n")
        return 1
    figures: dict[str, Any] = {"machine": described(), "load": round(os.getloadavg()[0], 1), "walls": {}}
    with running("flare", 4, None) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium.path), args=list(chromium.args), env={**os.environ, **chromium.env}
        )
        for name, size in SIZES.items():
            page = open_wall(browser, f"http://127.0.0.1:{server.port}", size)
            found = smoothness(page)
            figures["walls"][name] = {field: getattr(found, field) for field in Smooth.__slots__}
            page.context.close()
        browser.close()
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return 0
    sys.stdout.write(f"{figures['machine']}\nload before: {figures['load']}\n{LIGHTS:,} lights on their way\n")
    for name, row in figures["walls"].items():
        drawn = f"drawing one takes {row['drawn_ms']} ms"
        sys.stdout.write(f"{name:<6} {row['fps']:>5} frames a second, p95 {row['p95_ms']} ms between two; {drawn}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv))
