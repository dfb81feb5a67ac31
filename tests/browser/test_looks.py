"""Every page at every width, in both themes and directions: nothing sideways, one button in sight, no axe finding."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Enter, House

PACKAGE = "axe-core@4.14"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CALM = ["/", "/help", "/watch", "/join", "/status", "/offline", "/nothing"]
FITS = "() => document.documentElement.scrollWidth <= innerWidth"
TARGETS = "main button, main a.btn, main input:not([type=hidden]), main summary, .pick label, .chips label"
SMALL = """(targets) => [...document.querySelectorAll(targets)]
  .filter((e) => e.checkVisibility() && !e.matches('[type=radio],[type=checkbox]'))
  .filter((e) => e.getBoundingClientRect().height < 47.5).map((e) => e.outerHTML.slice(0, 90))"""
RUN = """axe.run(document, {runOnly: %s}).then((found) => JSON.stringify(
  found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120)).join(' | '))))"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's source, fetched for the tests alone."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not there: axe-core can't be fetched")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, check=False)
    archives = list(Path(folder).glob("*.tgz"))
    if done.returncode or not archives:
        pytest.skip("npm is out of reach: axe-core can't be fetched")
    with tarfile.open(archives[0]) as package:
        stream = package.extractfile("package/axe.min.js")
        assert stream is not None
        return stream.read().decode()


def violations(page: Page, source: str) -> list[str]:
    """What axe finds, one line each. By the debugger: the page's own policy lets no script in, and that is right."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": source})
    answer: dict[str, Any] = session.send(
        "Runtime.evaluate", {"expression": RUN % TAGS, "awaitPromise": True, "returnByValue": True}
    )
    found: list[str] = json.loads(answer["result"]["value"])
    return found


def pages_of(enter: Enter, house: House, **more: Any) -> list[Page]:
    """An owner's, a helper's and the form's page, each with something on it."""
    ana = enter("ana", "/", **more)
    ana.fill("#quantity", "9")
    ana.fill("#place", "I-15 near Baker, CA")
    ana.click(".send .main")
    ana.wait_for_url("**/r/**")
    ben = enter("ben", **more)
    ben.wait_for_selector(".ask-card")
    take = enter("cem", **more)
    return [ana, ben, take]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(enter: Enter, house: House, axe: str, theme: str) -> None:
    found: dict[str, list[str]] = {}
    for page in pages_of(enter, house, color_scheme=theme):
        found[page.url] = violations(page, axe)
    page = enter(None, "/", color_scheme=theme)
    for path in CALM:
        page.goto(house.address + path)
        found[path] = violations(page, axe)
    assert not any(found.values()), found


@pytest.mark.parametrize("width", [320, 360, 390, 768, 1366, 1920])
@pytest.mark.parametrize("lang", ["en", "es", "ar"])
def test_nothing_scrolls_sideways_and_targets_are_large(enter: Enter, house: House, width: int, lang: str) -> None:
    page = enter(None, "/", viewport={"width": width, "height": 844})
    for path in CALM:
        page.goto(f"{house.address}{path}?lang={lang}")
        assert page.evaluate(FITS), f"{path} at {width} in {lang}"
        if path != "/watch":
            assert page.evaluate(SMALL, TARGETS) == [], f"{path} at {width} in {lang}"


def test_the_one_button_is_in_sight_on_a_phone(enter: Enter, house: House) -> None:
    for page in pages_of(enter, house)[1:2]:
        box = page.locator(".ask-card .main").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 844
        assert box["height"] >= 56
    form = enter(None, "/")
    box = form.locator(".send .main").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 844
    assert box["height"] >= 60


def test_the_wall_stands_still_for_whoever_wants_that(enter: Enter, house: House) -> None:
    still = enter(None, "/watch", reduced_motion="reduce", viewport={"width": 1920, "height": 1080})
    still.wait_for_selector("html.drawn")
    assert still.evaluate("() => document.documentElement.dataset.fps") is None


def test_no_page_breaks_its_own_policy(enter: Enter, house: House) -> None:
    broken: list[str] = []
    page = enter(None, "/")
    page.on(
        "console", lambda message: broken.append(message.text) if "Content Security Policy" in message.text else None
    )
    page.on("pageerror", lambda error: broken.append(str(error)))
    for path in CALM:
        page.goto(house.address + path)
        page.wait_for_load_state("networkidle" if path != "/watch" else "load")
    for held in pages_of(enter, house):
        held.on("pageerror", lambda error: broken.append(str(error)))
        held.reload()
    assert broken == []
