"""The wall's ground in a browser: a map where there is one and a screen for it, the drawn one everywhere else."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserType, Page, expect

from tests.browser.conftest import PHONE, Enter, House
from tests.browser.test_everywhere import TAGS, faults
from tests.support.tiles import LAYERS, tiles_file
from web import built

WALL: dict[str, Any] = {"viewport": {"width": 1920, "height": 1080}}
BYTES, REQUESTS = 700_000, 25
full = pytest.mark.skipif(built.built().level != built.FULL, reason="the wall's map was not built here: make ui")
# Where a name of a place was drawn, the canvas is not empty; boxes in CSS pixels.
WRITTEN = """(boxes) => {
  const canvas = document.querySelector('canvas.names'), k = canvas.width / innerWidth, draw = canvas.getContext('2d');
  return boxes.map(([x, y, w, h]) => draw.getImageData(x * k, y * k, w * k, h * k).data.some((v) => v > 0));
}"""
PANELS = ".side, .find, .four, .legend, .source, .chip"


def opened(page: Page, ground: str) -> None:
    """The wall has settled on its ground."""
    expect(page.locator("#stage")).to_have_attribute("data-ready", ground, timeout=30_000)


def ask(enter: Enter, house: House) -> None:
    """Nine people near Baker wait."""
    ana = enter("ana", "/")
    ana.fill("#quantity", "9")
    ana.fill("#place", "I-15 near Baker, CA")
    ana.click(".send .main")
    ana.wait_for_url("**/r/**")


@full
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_map_appears_from_our_own_host_within_its_budget_and_breaks_no_policy(
    enter: Enter, house: House, theme: str
) -> None:
    ask(enter, house)
    page = enter(None, "/status", color_scheme=theme, **WALL)
    said: list[str] = []
    asked: list[str] = []
    weights: list[int] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.requestWillBeSent", lambda each: asked.append(each["request"]["url"]))
    session.on("Network.loadingFinished", lambda each: weights.append(int(each["encodedDataLength"])))
    page.goto(house.address + "/watch")
    opened(page, "map")
    assert [url for url in asked if not url.startswith((house.address, "data:", "blob:"))] == []
    assert sum(weights) <= BYTES
    # What it is made of; how often it asks for news while it opens depends on how long that takes.
    made_of = [url for url in asked if url.startswith(house.address) and "/watch/scene" not in url]
    assert len(made_of) <= REQUESTS, asked
    assert [line for line in said if "GPU stall" not in line] == []
    assert page.locator(".map-box canvas").count() == 1


@full
def test_axe_finds_nothing_on_the_wall_with_a_map(enter: Enter, house: House, axe: str) -> None:
    ask(enter, house)
    page = enter(None, "/watch", color_scheme="light", **WALL)
    opened(page, "map")
    assert faults(page, axe, json.dumps(TAGS)) == []


@full
@pytest.mark.parametrize("width", [1366, 1920])
def test_no_name_of_a_place_stands_under_a_panel_or_a_chip(enter: Enter, house: House, width: int) -> None:
    ask(enter, house)
    page = enter(None, "/watch", viewport={"width": width, "height": width * 9 // 16})
    opened(page, "map")
    page.wait_for_selector(".chip")
    boxes = [each.bounding_box() for each in page.locator(PANELS).all()]
    held = [[box["x"], box["y"], box["width"], box["height"]] for box in boxes if box]
    assert page.evaluate(WRITTEN, [[0, 0, width, width * 9 // 16]]) == [True], "there are names"
    assert page.evaluate(WRITTEN, held) == [False] * len(held)


@full
def test_a_laptop_moves_the_map_by_keys_and_it_is_not_taken_from_under_its_hand(enter: Enter, house: House) -> None:
    page = enter(None, "/watch", reduced_motion="reduce", **WALL)
    opened(page, "map")
    before = page.locator(".map-box").screenshot()
    page.locator(".map-box canvas").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#stage').dataset.moved === 'hand'")
    after = page.locator(".map-box").screenshot()
    assert before != after


def test_a_small_screen_is_not_sent_a_map(enter: Enter) -> None:
    asked: list[str] = []
    page = enter(None, "/status")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page.url.replace("/status", "/watch"))
    opened(page, "drawn")
    assert not [url for url in asked if "maplibre" in url or "ground_map" in url]


@pytest.fixture
def flat(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Page]:
    """A wall on a machine that can't draw maps."""
    args = [*browser_type_launch_args.get("args", []), "--disable-3d-apis"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": args})
    yield browser.new_page(**(PHONE | WALL))
    browser.close()


def test_without_webgl_the_wall_draws_its_ground_says_so_once_and_has_the_same_panels(
    flat: Page, enter: Enter, house: House
) -> None:
    ask(enter, house)
    said: list[str] = []
    flat.on("console", lambda message: said.append(message.text))
    flat.goto(house.address + "/watch")
    opened(flat, "drawn")
    assert len([line for line in said if line.startswith("The wall draws its own map")]) == 1
    other = enter(None, "/watch", **WALL)
    words = [re.sub(r"\d+(:\d\d)+", "", page.locator("#panel").inner_text()) for page in (flat, other)]
    assert words[0] == words[1]
    assert flat.evaluate(WRITTEN, [[0, 0, 1920, 1080]]) == [True]


@full
def test_a_map_that_can_not_be_read_leaves_the_drawn_ground(enter: Enter, house: House) -> None:
    page = enter(None, "/status", **WALL)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.route("**/base.pmtiles", lambda route: route.fulfill(status=500))
    page.goto(house.address + "/watch")
    opened(page, "drawn")
    assert len([line for line in said if line.startswith("The wall draws its own map")]) == 1
    assert page.locator(".map-box").count() == 0
    assert page.evaluate(WRITTEN, [[0, 0, 1920, 1080]]) == [True]


@full
def test_a_tile_that_does_not_come_leaves_a_gap_and_not_a_blank_wall(enter: Enter, house: House) -> None:
    page = enter(None, "/watch", **WALL)
    opened(page, "map")
    page.route("**/base.pmtiles", lambda route: route.fulfill(status=500))
    page.locator(".map-box canvas").focus()
    with page.expect_console_message(lambda message: "PMTiles" in message.text or "500" in message.text):
        for _ in range(12):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(0)
    page.unroute("**/base.pmtiles")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".map-box canvas")).to_have_count(1)
    assert page.evaluate(WRITTEN, [[0, 0, 1920, 1080]]) == [True]


@full
@pytest.mark.parametrize("kind", ["openmaptiles", "protomaps"])
def test_the_operators_streets_are_drawn_from_their_own_file(
    enter: Enter, house: House, tmp_path: Path, kind: str
) -> None:
    file = tiles_file(tmp_path / "streets.pmtiles", LAYERS[kind], attribution="© OpenStreetMap")
    object.__setattr__(house.world.flare, "settings", replace(house.world.flare.settings, basemap=file))
    page = enter(None, "/status", **WALL)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(house.address + "/watch")
    opened(page, "map")
    assert [line for line in said if "GPU stall" not in line] == []
    assert any(url.endswith("base.pmtiles") and built.built().mark not in url for url in asked)
    expect(page.locator(".source")).to_contain_text("© OpenStreetMap")
