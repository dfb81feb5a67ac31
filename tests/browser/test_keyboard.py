"""From the ask to safe with a keyboard alone: every stop is seen, none lies under the bar at the bottom."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter, House

STOPS_MOST = 60
FOCUSED = """(selector) => {
  const here = document.activeElement;
  const shown = here.matches('[type=radio], [type=checkbox]') ? here.closest('label') : here;
  const box = shown.getBoundingClientRect(), style = getComputedStyle(shown);
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {there: here.matches(selector), name: here.outerHTML.slice(0, 80), body: here === document.body,
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 3,
    uncovered: Boolean(top) && (shown.contains(top) || top.contains(shown))};
}"""


def reach(page: Page, selector: str) -> None:
    """Tabs until the focus is there; every stop on the way must be seen."""
    for _ in range(STOPS_MOST):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED, selector)
        if not found["body"]:
            assert found["outlined"], f"no focus to be seen on {found['name']}"
            assert found["uncovered"], f"covered: {found['name']}"
        if found["there"]:
            return
    raise AssertionError(f"{selector} is out of reach of the Tab key")


def press(page: Page, selector: str) -> None:
    """Goes there and presses Enter."""
    reach(page, selector)
    page.keyboard.press("Enter")


def step(page: Page, name: str, then: str) -> None:
    """The volunteer's next step, and the words that follow."""
    press(page, f"form:has([value={name}]) button")
    page.wait_for_selector(f"text={then}")


def test_from_the_ask_to_safe_by_keyboard_alone(enter: Enter, house: House) -> None:
    ana, ben = enter("ana", "/"), enter("ben")
    ana.goto(house.address + "/")
    reach(ana, "#quantity")
    ana.keyboard.press("Control+a")
    ana.keyboard.type("4")
    reach(ana, "#place")
    ana.keyboard.type("I-15 near Baker, CA")
    press(ana, ".send .main")
    ana.wait_for_url("**/r/**")
    ben.wait_for_selector(".ask-card")
    press(ben, ".ask-card a.main")
    ben.wait_for_url("**/help/*")
    press(ben, "article form .main")
    ben.wait_for_selector("text=You have 4 seats. Here is where they are.")
    step(ben, "en_route", "Pull over before you use the phone.")
    step(ben, "on_scene", "They tell you 3 digits")
    expect(ana.locator("#headline")).to_contain_text("Ben is there")
    reach(ben, "[name=code]")
    ben.keyboard.type(ana.locator(".code b").first.inner_text())
    ben.keyboard.press("Enter")
    ben.wait_for_selector("text=Everyone where they wanted to be?")
    # The question comes by itself, and so does the button under it.
    expect(ana.locator("#headline")).to_contain_text("Is everyone safe?")
    press(ana, "#live form .main")
    expect(ana.locator("#headline")).to_have_text("You are safe. Good.")


def test_the_focus_stays_where_it_was_when_a_new_picture_comes(enter: Enter, house: House) -> None:
    ana, ben = enter("ana", "/"), enter("ben")
    held = None
    for quantity, town in (("3", "Baker, CA"), ("2", "Barstow, CA")):
        ana.goto(house.address + "/")
        ana.fill("#quantity", quantity)
        ana.fill("#place", town)
        ana.click(".send .main")
        ana.wait_for_url("**/r/**")
        if quantity == "3":
            ben.wait_for_selector(".ask-card")
            reach(ben, ".ask-card a.main")
            held = ben.evaluate("() => document.activeElement.getAttribute('href')")
    ben.locator(".ask-card").nth(1).wait_for()
    assert ben.evaluate("() => document.activeElement.getAttribute('href')") == held
