"""A wall that is left alone for weeks: it asks ever later when nobody answers, and nothing more once it may not look.

The stream's own module in a real browser on a stepped clock; what is made up is the network alone.
"""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter, House
from tests.browser.test_wall_states import Call, ask, call, heading
from tests.web.conftest import START
from web.pages import static

__all__ = ["call"]

WALL: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
# A network that answers every question alike, and sockets that say what a test lets them say.
NETWORK = """([status, headers]) => {
  window.asked = 0;
  window.sockets = [];
  window.barred = 0;
  window.fetch = async () => (window.asked++, new Response(null, { status, headers }));
  window.WebSocket = class {
    constructor() { window.sockets.push(this); }
    send() {}
    close() {}
  };
}"""
FETCHER = """async (url) => {
  const { fetcher } = await import(url);
  window.fetching = fetcher(() => "", () => null, () => { window.barred++; window.fetching.stop(); });
}"""
LISTEN = """async (url) => {
  const { listen } = await import(url);
  listen(() => null, () => null, () => window.barred++);
}"""


@pytest.fixture
def screen(enter: Enter) -> Page:
    """A page of ours whose time stands still."""
    page = enter(None, "/join")
    page.clock.install()
    return page


def pass_by(page: Page, seconds: int) -> None:
    """So many seconds, each with what its answers set off."""
    for _ in range(seconds):
        page.clock.run_for(1_000)


def test_a_wall_that_gets_no_answer_asks_ever_later_and_not_once_for_each_time_it_was_woken(screen: Page) -> None:
    screen.evaluate(NETWORK, [503, {}])
    screen.evaluate(FETCHER, static.address("wall/stream.js"))
    for _ in range(6):
        screen.evaluate("() => fetching.refresh()")
    assert screen.evaluate("() => asked") == 6, "whoever is woken asks"
    pass_by(screen, 90)
    assert 2 <= screen.evaluate("() => asked") - 6 <= 9


def test_a_wall_that_is_told_when_to_come_back_does_not_come_before(screen: Page) -> None:
    screen.evaluate(NETWORK, [503, {"retry-after": "20"}])
    screen.evaluate(FETCHER, static.address("wall/stream.js"))
    screen.evaluate("() => fetching.refresh()")
    for _ in range(9):
        pass_by(screen, 2)
        screen.evaluate("() => fetching.refresh()")
    assert screen.evaluate("() => asked") == 1
    pass_by(screen, 4)
    assert screen.evaluate("() => asked") == 2


def test_a_wall_that_may_not_look_does_not_ask_again(screen: Page) -> None:
    screen.evaluate(NETWORK, [401, {}])
    screen.evaluate(FETCHER, static.address("wall/stream.js"))
    screen.evaluate("() => fetching.refresh()")
    pass_by(screen, 40)
    screen.evaluate("() => fetching.refresh()")
    assert screen.evaluate("() => [asked, barred]") == [1, 1]


@pytest.mark.parametrize(("code", "opened", "barred"), [(4001, 2, 0), (4500, 1, 0), (4501, 1, 1), (4503, 1, 1)])
def test_a_socket_comes_back_only_where_coming_back_helps(screen: Page, code: int, opened: int, barred: int) -> None:
    screen.evaluate(NETWORK, [200, {}])
    screen.evaluate(LISTEN, static.address("wall/stream.js"))
    said = '(code) => sockets[0].onmessage({ data: JSON.stringify({ f: "bye", code, retry_ms: 2000 }) })'
    screen.evaluate(said, code)
    screen.evaluate("() => sockets[0].onclose({ code: 1006 })")
    pass_by(screen, 3)
    assert screen.evaluate("() => [sockets.length, barred]") == [opened, barred]


def test_a_wall_comes_back_over_as_long_as_the_last_ping_said_when_its_server_dies(screen: Page) -> None:
    screen.evaluate("() => (Math.random = () => 0.9)")
    screen.evaluate(NETWORK, [200, {}])
    screen.evaluate(LISTEN, static.address("wall/stream.js"))
    said = '() => sockets[0].onmessage({ data: JSON.stringify({ f: "ping", n: 1, heads: {}, retry_ms: 20000 }) })'
    screen.evaluate(said)
    screen.evaluate("() => sockets[0].onclose({ code: 1006 })")
    pass_by(screen, 17)
    assert screen.evaluate("() => sockets.length") == 1
    pass_by(screen, 2)
    assert screen.evaluate("() => sockets.length") == 2


def test_a_members_wall_whose_session_ends_shows_nothing_more_and_says_what_to_do(
    enter: Enter, house: House, call: Call
) -> None:
    ask(call, "ana", 4)
    wall = enter("cem", "/watch", **WALL)
    heading(wall, "4 people")
    wall.wait_for_selector(".chip")
    cookies = {each["name"]: each["value"] for each in wall.context.cookies()}
    looked: list[str] = []
    wall.on("request", lambda each: looked.append(each.url))
    gone = httpx.delete(f"{house.address}/v1/session", cookies=cookies)
    assert gone.is_success, gone.text
    expect(wall.locator("#stale")).to_have_text("This map is for members. Open your link on this screen.")
    expect(wall.locator("#panel")).to_be_empty()
    expect(wall.locator(".chip")).to_have_count(0)
    looked.clear()
    wall.locator("#filter").fill("four people")
    call("ana", "/v1/requests", {"kind": "repair", "quantity": 1, "place": {"text": "Baker, CA"}, "similar_ok": True})
    expect(wall.locator("#panel")).to_be_empty()
    assert not [each for each in looked if "/watch/" in each or each.startswith("ws")]


def test_in_a_room_the_wall_turns_to_whoever_needs_somebody_most_and_its_panels_wander(
    enter: Enter, call: Call
) -> None:
    ask(call, "ana", 2)
    ask(call, "ana", 3, -115.14)
    wall = enter(None, "/status", **WALL)
    # Not near a full hour: the panels move when it strikes, and this test counts how often it does.
    wall.clock.install(time=START.replace(minute=10))
    wall.goto(wall.url.replace("/status", "/watch?wall=1"))
    wall.wait_for_selector("html.drawn")
    heading(wall, "2 people")
    for shown in ("2 people", "3 people", "2 people"):
        wall.clock.run_for(20_000)
        heading(wall, shown)
    danger = {"kind": "ride", "quantity": 4, "place": {"text": "Baker, CA"}, "urgency": "danger", "similar_ok": True}
    call("dora", "/v1/requests", danger)
    expect(wall.locator("a[data-ask]")).to_have_count(2)
    wall.clock.run_for(20_000)
    heading(wall, "4 people")
    place = "() => { const at = document.querySelector('.side').getBoundingClientRect(); return [at.x, at.y] }"
    before = wall.evaluate(place)
    wall.clock.fast_forward(3_600_000)
    wall.wait_for_function(f"(before) => ({place})()[0] !== before", arg=before[0])
    after = wall.evaluate(place)
    assert [abs(new - old) for new, old in zip(after, before, strict=True)] == [2, 2]
