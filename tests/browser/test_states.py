"""What each state says, in a real browser: the sentences a person reads."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import Enter, House
from tests.support.gallery import Evening, Visitors, evening, scenes

# The scene, where on its page, and what stands there.
SAYS: dict[str, tuple[tuple[str, str], ...]] = {
    "ask": (("h1", "What do you need?"), (".send .main", "Ask for help")),
    "ask, a member": (("main", "We ask people who know you, or know someone who does, closest first."),),
    "ask, own asks": (("main", "Follow your ask: a ride for 2"),),
    "ask, no such place": ((".faults", "We could not find that place. Add the nearest town."),
                           (".faults", "Send it as it is")),
    "ask, two places": ((".faults", "Which Baker?"), (".faults", "Baker, CA")),
    "follow, nobody yet, danger": (("#live", "Call 911 now."),),
    "ask, danger": ((".call", "Call 911 now. Then ask here too."),),
    "ask, no signal": (("#note", "No signal. Your ask is kept on this phone and goes out by itself."),),
    "follow, unheard": ((".state", "Your ask is up"), (".state", "We are asking people who know you, closest first.")),
    "follow, asked": ((".state", "We are asking people near you"), (".state", "asked, nobody has seen it")),
    "follow, nobody yet": ((".state", "Nobody yet"), (".state", "a tow truck, a taxi, 911 if it gets unsafe.")),
    "follow, some": ((".state", "4 of 9 seats found"), (".state", "Ben has promised 4 seats."),
                     (".state", "We are looking for 5 more.")),
    "follow, covered": ((".state", "All 9 seats are found"), (".state", "First arrival about")),
    "follow, on the way": ((".state", "Ben is on the way"), (".state", "They look for you at the place you sent.")),
    "follow, silent": ((".state", "We have not heard from Ben for 12 min"), (".state", "They may be out of signal.")),
    "follow, reopened": ((".state", "Ben can't make it"), (".state", "4 seats open again. We are asking more people")),
    "follow, taken over": ((".state", "Cem can't make it"), (".state", "Ben was standing by and takes")),
    "follow, there": ((".state", "Ben is there"), (".state", "they tell you")),
    "follow, partly met": ((".state", "4 of you are with Ben"), (".state", "5 still waiting."),
                           (".state", "4 of 9 seats found")),
    "follow, all met": ((".state", "Is everyone safe?"), ("#live", "Yes, we are safe"),
                        ("#live", "No, someone still needs help")),
    "follow, resolved": ((".state", "You are safe. Good."), (".state", "Thanks went to the person who came."),
                         (".state", "4 of 9 seats found"),
                         ("#live", "See the report")),
    "follow, expired": ((".state", "This ask has ended"), ("#live", "Ask again")),
    "follow, cancelled": ((".state", "You cancelled at"), (".state", "the people coming were told."),
                          ("#live", "Ask again")),
    "follow, money": (("h1", "40 USD"),),
    "follow by link, covered": ((".state", "All 9 seats are found"),),
    "follow by helpers' link": (("#live", "I can help"),),
    "help, everything": (("#live", "Here is where they are."), ("#live", "Have you left?"),
                         ("#live", "You are standing by."), ("#live", "Pull over before you use the phone."),
                         ("#live", "They tell you 3 digits"), ("#live", "Everyone where they wanted to be?"),
                         ("#live", "Still coming?"), ("#live", "Take them again"),
                         ("#live", "Thank you. 4 people got there with you.")),
    "help, alerts": (("#live", "You know Ben, Ben knows Ana."), ("#live", "still needed"), ("#live", "Not now")),
    "help, nothing": (("#live", "Nobody needs you right now."),),
    "take, all found": (("main", "Stand by: we call you if someone drops out"),
                        ("main", "All seats are found. Thank you."), ("main", "No need to leave.")),
    "take, over": (("main", "This ask has ended. Thank you."),),
    "wrong code": (("h1", "That is not the code. 4 tries left."),),
    "join, ended link": (("[role=alert]", "This link has ended or is not complete."),),
    "ready, nobody": (("main", "Nobody would hear you yet."),),
    "status": (("h1", "Flare is working."),),
}  # fmt: skip


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    with evening(tmp_path_factory.mktemp("states")) as held:
        yield held


@pytest.mark.timeout(180)
def test_every_state_says_what_it_is_and_what_comes_next(browser: Browser, held: Evening) -> None:
    known = {scene.name: scene for scene in scenes(held)}
    missing: list[str] = []
    with closing(Visitors(browser, held)) as visitors:
        for name, sentences in SAYS.items():
            page = visitors.look(known[name])
            for where, words in sentences:
                if not page.locator(where, has_text=words).count():
                    missing.append(f"{name}: {words}")
    assert missing == []


def test_a_page_that_lost_its_signal_says_since_when(enter: Enter, house: House) -> None:
    page = enter("ben")
    expect(page.locator("#fresh")).to_contain_text("Updated")
    page.context.set_offline(True)
    expect(page.locator("#fresh")).to_contain_text("No signal now. This page updates by itself.")
    page.context.set_offline(False)
    expect(page.locator("#fresh")).to_contain_text("Updated")


WORDS = """() => {
  const fresh = document.getElementById("fresh");
  window.words = [];
  new MutationObserver(() => words.push(fresh.textContent)).observe(fresh, { childList: true });
}"""


def test_what_was_under_way_when_the_signal_went_does_not_make_a_page_say_it_is_fresh(enter: Enter) -> None:
    page = enter("ben")
    held: list[Route] = []
    page.route("**/live?*", lambda route: held.append(route))
    with page.expect_request("**/live?*"):
        page.reload()
    page.evaluate(WORDS)
    page.context.set_offline(True)
    expect(page.locator("#fresh")).to_contain_text("No signal now.")
    held[0].fulfill(content_type="text/event-stream", body="event: beat\ndata:\n\n")
    page.wait_for_function("() => words.length > 1")
    assert all("No signal now." in words for words in page.evaluate("words"))


def test_seats_taken_without_signal_are_not_promised_and_go_out_by_themselves(enter: Enter, house: House) -> None:
    ana, ben = enter("ana", "/"), enter("ben")
    ana.fill("#place", "Baker, CA")
    ana.click(".send .main")
    ana.wait_for_url("**/r/**")
    ben.click(".ask-card a.main")
    ben.wait_for_url("**/help/*")
    ben.wait_for_load_state("load")
    ben.context.set_offline(True)
    ben.click("article form .main")
    expect(ben.locator("#note")).to_have_text("Kept on this phone, not sent. The seats are not yours yet.")
    ben.context.set_offline(False)
    ben.wait_for_url("**/help")
    expect(ben.locator("#live")).to_contain_text("You have 1 seat. Here is where they are.")


def test_a_step_pressed_without_signal_says_that_it_was_not_sent_and_keeps_the_page(enter: Enter, house: House) -> None:
    page = enter("ben")
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # from here on the worker has this page, too
    page.context.set_offline(True)
    page.get_by_role("button", name="Off", exact=True).click()
    expect(page.locator(".duty [role=alert]")).to_have_text(
        "No signal. That was not sent. Press it again when there is signal."
    )
    # A phone may be wrong about its signal: pressed again it tries, and comes back to the same page.
    page.get_by_role("button", name="Off", exact=True).click()
    expect(page.locator("main > [role=alert]")).to_contain_text("That was not sent.")
    assert page.url.endswith("/help")
    page.context.set_offline(False)
    page.get_by_role("button", name="Off", exact=True).click()
    expect(page.get_by_role("button", name="Off", exact=True)).to_have_attribute("aria-pressed", "true")


def test_a_link_pasted_over_the_page_that_asks_for_one_opens(enter: Enter, house: House) -> None:
    page = enter(None, "/help")
    expect(page.locator("h1")).to_have_text("Open your link")
    page.goto(f"{house.address}/help#{house.world.tokens['ben']}")
    expect(page.get_by_role("button", name="Available")).to_be_visible()
