"""An ask without signal is kept, sent by itself when the signal is back, and sent exactly once."""

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Enter, House

SETTLED = "() => !JSON.parse(localStorage['flare-outbox'] || '[]').some((each) => each.state === 'waiting')"


def write(page: Page, place: str = "I-15 near Baker, CA") -> None:
    """Fills in the form."""
    page.fill("#quantity", "3")
    page.fill("#place", place)


def test_an_ask_without_signal_goes_out_by_itself_once(enter: Enter, house: House) -> None:
    page = enter(None, "/")
    write(page)
    page.context.set_offline(True)
    page.click(".send .main")
    expect(page.locator("#note")).to_contain_text("No signal. Your ask is kept on this phone")
    assert house.asks() == 0
    page.context.set_offline(False)
    page.wait_for_url("**/r/**")
    expect(page.locator("h1")).to_contain_text("3 people near Baker, CA")
    assert house.asks() == 1


def test_an_ask_survives_a_reload_and_a_second_tab_and_is_one(enter: Enter, house: House) -> None:
    page = enter(None, "/")
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    write(page)
    page.context.set_offline(True)
    page.click(".send .main")
    expect(page.locator("#note")).to_contain_text("kept on this phone")
    page.reload()
    second = page.context.new_page()
    second.goto(house.address + "/")
    expect(second.locator("#note")).to_contain_text("kept on this phone")
    page.context.set_offline(False)
    page.bring_to_front()
    page.wait_for_function(f"() => location.pathname.startsWith('/r/') || ({SETTLED})()")
    assert house.asks() == 1


def test_an_answer_lost_after_the_commit_makes_no_second_ask(enter: Enter, house: House) -> None:
    page = enter(None, "/")
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort("connectionreset")

    page.route(house.address + "/", lose_the_first)
    write(page)
    page.click(".send .main")
    page.wait_for_url("**/r/**")
    assert len(lost) == 1
    assert house.asks() == 1


def test_what_was_typed_is_still_there_after_the_page_was_closed(enter: Enter, house: House) -> None:
    page = enter(None, "/")
    write(page, "mile marker 239, I-15")
    again = page.context.new_page()
    page.close()
    again.goto(house.address + "/")
    expect(again.locator("#place")).to_have_value("mile marker 239, I-15")


def test_two_different_asks_without_signal_are_two(enter: Enter, house: House) -> None:
    page = enter(None, "/")
    write(page)
    page.context.set_offline(True)
    page.click(".send .main")
    expect(page.locator("#note")).to_contain_text("kept on this phone")
    page.click("text=A repair")
    page.fill("#place", "Las Vegas, NV")
    page.click(".send .main")
    page.context.set_offline(False)
    page.wait_for_url("**/r/**")
    page.goto(house.address + "/")
    page.wait_for_function(SETTLED)
    assert house.asks() == 2
