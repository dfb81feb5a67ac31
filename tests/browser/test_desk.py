"""The desk in a real browser: readable by everybody, at every width, and of use without script."""

import json
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Enter, House
from tests.browser.test_everywhere import CUT, FITS, SMALL, TAGS, faults
from tests.safety.test_desk import make


def at_the_desk(enter: Enter, house: House, **more: object) -> Page:
    """A coordinator, with an ask nobody comes to, and its double."""
    make(house.world, "dora")
    ana, guest = enter("ana", "/"), enter(None, "/")
    for page in (ana, guest):
        page.fill("#quantity", "9")
        page.fill("#place", "I-15 near Baker, CA")
        page.click(".send .main")
        page.wait_for_url("**/r/**")
    house.world.clock.step(timedelta(minutes=11))
    return enter("dora", "/desk", **more)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_desk_nor_behind_the_glass(enter: Enter, house: House, axe: str, theme: str) -> None:
    page = at_the_desk(enter, house, color_scheme=theme)
    page.goto(f"{house.address}/desk")
    for summary in page.locator("main summary").all():
        summary.click()
    found = {"desk": faults(page, axe, json.dumps(TAGS))}
    page.locator("[name=reason]").first.fill("the sheriff asks")
    page.locator("text=Show the exact place").first.click()
    page.wait_for_selector("text=The exact place")
    found["glass"] = faults(page, axe, json.dumps(TAGS))
    assert not any(found.values()), found


def test_the_desk_is_used_without_script_on_a_small_phone(enter: Enter, house: House) -> None:
    page = at_the_desk(enter, house, script=False, viewport={"width": 320, "height": 640})
    page.goto(f"{house.address}/desk")
    page.locator("main summary").first.click()
    page.click("text=Make them one")
    assert page.locator("text=Make them one").count() == 0
    page.locator("text=I see to it").first.click()
    assert page.url.endswith("/desk")


@pytest.mark.parametrize("width", [320, 390, 1366])
def test_nothing_on_the_desk_scrolls_sideways_and_targets_are_large(enter: Enter, house: House, width: int) -> None:
    page = at_the_desk(enter, house, viewport={"width": width, "height": 844})
    page.goto(f"{house.address}/desk")
    for summary in page.locator("main summary").all():
        summary.click()
    assert page.evaluate(FITS)
    assert page.evaluate(SMALL) + page.evaluate(CUT) == []
