"""The pictures of the README, of the build that is here: `make pictures`.

Phones from the gallery's evening (gallery.py), the wall from the demo's night, played by a server of its own on made-up
people. Looked at by a person, compared by nobody. Writes docs/pictures/*.png.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.support.chromium import HOW, find
from tests.support.gallery import Visitors, evening, scenes
from tests.support.site import ROOT

INTO = ROOT / "docs" / "pictures"
PHONES = {
    "ask": ("ask", "body"),
    "follow": ("follow, on the way", "body"),
    "help": ("help, alerts", ".ask-card >> nth=1"),
}
"""By file: the scene, and what stands at the top."""
WALL: dict[str, Any] = {"viewport": {"width": 1600, "height": 900}, "color_scheme": "dark"}
ON_THE_WAY = ".side:has-text('on the way')"
# The gallery opens what is folded; a visitor finds it closed.
CLOSED = "() => document.querySelectorAll('main details[open]').forEach((each) => { each.open = false; })"


def phones(browser: Browser, folder: Path) -> None:
    """Ask, follow and help, as they stand in the first viewport of a phone."""
    with evening(folder) as held:
        visitors = Visitors(browser, held, {"device_scale_factor": 1.5, "color_scheme": "dark"})
        known = {scene.name: scene for scene in scenes(visitors.evening)}
        for name, (scene, top) in PHONES.items():
            page = visitors.look(known[scene])
            page.evaluate(CLOSED)
            page.locator(top).evaluate("(each) => each.scrollIntoView()")
            page.screenshot(path=INTO / f"{name}.png")
        visitors.close()


def wall(browser: Browser, folder: Path) -> None:
    """The demo's night, once cars are on their way."""
    command = [sys.executable, "-m", "dispatch", "up", "--demo", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            address = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
            page = browser.new_context(**WALL).new_page()
            page.goto(f"{address}/watch")
            page.wait_for_selector(ON_THE_WAY, timeout=240_000)
            page.screenshot(path=INTO / "watch.png")
        finally:
            server.terminate()


def main() -> int:
    """Takes them all; exit code 0."""
    chromium = find()
    if chromium is None:
        sys.exit(HOW)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=str(chromium.path), args=list(chromium.args))
        phones(browser, Path(folder) / "phones")
        wall(browser, Path(folder) / "demo")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
