"""Three browsers: one asks, one comes, one watches; once with script and once without."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HERE, Enter, House


def seen(page: Page, words: str, *, script: bool) -> None:
    """The words appear by themselves; without script after a look."""
    if not script:
        page.reload()
    expect(page.locator("body")).to_contain_text(words, timeout=10_000)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_the_ask_to_safe_everyone_follows(enter: Enter, house: House, script: bool) -> None:
    ana = enter("ana", "/", script=script)
    ben = enter("ben", script=script)
    wall = enter(None, "/watch", script=script, viewport={"width": 1920, "height": 1080})
    ana.fill("#quantity", "4")
    ana.fill("#place", "I-15 near Baker, CA")
    ana.click(".send .main")
    ana.wait_for_url("**/r/**")
    seen(wall, "4 people near Baker, CA", script=script)
    seen(ben, "Ana asks: a ride for 4", script=script)
    ben.click(".ask-card .main")
    ben.click("article form .main")
    ben.wait_for_selector("text=You have 4 seats. Here is where they are.")
    seen(ana, "Ben has promised 4 seats", script=script)
    ben.click("text=I have left")
    ben.wait_for_selector("text=Pull over before you use the phone.")
    seen(ana, "Ben is on the way", script=script)
    seen(wall, "4 seats on the way", script=script)
    ben.click("text=I am there")
    ben.wait_for_selector("text=They tell you 3 digits")
    seen(ana, "Ben is there", script=script)
    tell = ana.locator(".code b").first.inner_text()
    ben.fill("[name=code]", tell)
    ben.click("text=We have met")
    ben.wait_for_selector("text=Everyone where they wanted to be?")
    seen(ana, "Is everyone safe?", script=script)
    ana.reload()
    ana.click("text=Yes, we are safe")
    expect(ana.locator("#headline")).to_have_text("You are safe. Good.")
    seen(wall, "Nobody is waiting.", script=script)
    assert house.asks() == 0


def test_a_phone_that_knows_where_it_is_sends_that(enter: Enter, house: House) -> None:
    page = enter(None, "/", geolocation=HERE, permissions=["geolocation"])
    page.click("#here")
    expect(page.locator("#found")).to_contain_text("Found you: near Baker, CA, within 40 m.")
    page.click("[data-step='1']")
    page.click(".send .main")
    page.wait_for_url("**/r/**")
    expect(page.locator("h1")).to_contain_text("2 people near Baker, CA")


def test_a_phone_that_may_not_say_where_it_is_asks_for_words(enter: Enter) -> None:
    page = enter(None, "/", permissions=[])
    page.click("#here")
    expect(page.locator("#found")).to_have_text("No location from this phone. Type where you are.")
    expect(page.locator("#place")).to_be_focused()


def test_a_link_drops_its_token_from_the_address_and_opens(enter: Enter, house: House) -> None:
    page = enter(None, f"/help#{house.world.tokens['ben']}")
    expect(page.locator("body")).to_contain_text("Nobody needs you right now.")
    assert "#" not in page.url
    broken = enter(None, "/help#flm_AAAAAAAAAAAAAAAAAAAAAA")
    expect(broken.locator("#ended")).to_contain_text("This link has ended or is not complete.")
