"""Pages keep to their own policy, and the wall stands still for whoever wants that."""

from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import Enter, House

CALM = ["/", "/help", "/watch", "/join", "/status", "/offline", "/nothing"]


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
