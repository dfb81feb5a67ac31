"""What happens in between: news while a fold is open, a link on a line that breaks, a replay somebody left already."""

import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import Enter, House
from tests.browser.test_wall_states import WALL, Call, ask, call, heading
from web.pages import static

__all__ = ["call"]


def test_an_open_fold_stays_with_its_person_when_somebody_else_comes_first(enter: Enter, call: Call) -> None:
    request = ask(call, "ana", 9)
    call("ben", f"/v1/requests/{request}/claims", {"seats": 2})
    ana = enter("ana", f"/r/{request}")
    cards = ana.locator(".who-comes")
    cards.filter(has_text="Ben").locator("summary").click()
    claim = call("cem", f"/v1/requests/{request}/claims", {"seats": 3})["id"]
    call("cem", f"/v1/claims/{claim}/steps", {"step": "en_route"})
    expect(cards.first).to_contain_text("Cem")
    expect(cards.filter(has_text="Ben").get_by_role("button", name="Never this person again")).to_be_visible()
    expect(cards.filter(has_text="Cem").get_by_role("button", name="Never this person again")).to_be_hidden()


def test_a_link_opened_without_signal_is_kept_to_be_tried_again(enter: Enter, house: House) -> None:
    token = house.world.tokens["ben"]
    page = enter(None, "/help")
    page.route("**/v1/session", lambda route: route.abort())
    page.goto(f"{house.address}/ready#{token}")
    expect(page.locator("#opening")).to_be_hidden()
    assert "#" not in page.url
    expect(page.locator("body")).not_to_contain_text("This link has ended")
    expect(page.locator("#token")).to_have_value(token)
    page.unroute("**/v1/session")
    page.route("**/v1/session", lambda route: route.fulfill(status=503, body="{}"))
    page.goto("about:blank")
    page.goto(f"{house.address}/ready#{token}")
    expect(page.locator("#token")).to_have_value(token)
    expect(page.locator("body")).not_to_contain_text("This link has ended")
    page.unroute("**/v1/session")
    page.click("main form .main")
    expect(page.locator("body")).to_contain_text("Settings")


def test_a_page_that_asks_too_often_says_that_it_tries_again_and_stays(enter: Enter, call: Call) -> None:
    request = ask(call, "ana", 4)
    page = enter("ana", "/")
    page.add_init_script("delete window.EventSource")
    page.clock.install()
    page.route("**/live?*wait=*", lambda route: route.fulfill(status=429))
    page.goto(f"{page.url}r/{request}")
    page.evaluate("() => (window.stayed = true)")
    expect(page.locator("#fresh")).to_contain_text("Trying again")
    page.unroute_all()
    call("ben", f"/v1/requests/{request}/claims", {"seats": 2})
    page.clock.fast_forward(10_000)
    expect(page.locator("#headline")).to_contain_text("2 of 4 seats found")
    assert page.evaluate("() => window.stayed")


def test_escape_leads_out_of_a_replay_from_its_slider(enter: Enter, call: Call) -> None:
    request = ask(call, "ana", 4)
    call("ana", f"/v1/requests/{request}/close", {"disposition": "resolved"})
    wall = enter(None, "/watch", **WALL, reduced_motion="reduce")
    wall.click("a[data-ended]")
    expect(wall.locator("#replay-at")).to_be_focused()
    wall.keyboard.press("Escape")
    expect(wall.locator("#replay")).to_be_hidden()
    heading(wall, "Nobody is waiting.")


def test_a_replay_that_was_left_before_it_came_does_not_open(enter: Enter, call: Call) -> None:
    ended = ask(call, "ana", 4)
    call("ana", f"/v1/requests/{ended}/close", {"disposition": "resolved"})
    for quantity, lon in ((2, -116.07), (3, -117.0)):
        ask(call, "ana", quantity, lon)
    wall = enter(None, "/watch", **WALL, reduced_motion="reduce")
    waiting: list[Route] = []
    wall.route(re.compile("/watch/replay"), lambda route: waiting.append(route))
    wall.click("a[data-ended]")
    wall.wait_for_selector(".hero.over")
    wall.keyboard.press("Escape")
    heading(wall, "2 people")
    with wall.expect_response(re.compile("/watch/replay")):
        waiting[0].continue_()
    wall.evaluate("() => new Promise((done) => setTimeout(done, 200))")
    expect(wall.locator("#replay")).to_be_hidden()


CROWD = """async (module) => {
  const { makeWords } = await import(module), stage = document.getElementById('stage');
  const ground = { project: (x, y) => [x, y], reserve: () => null };
  const rings = [[760, 470], [766, 474], [770, 462], [755, 480]];
  const cars = rings.map((at, i) => [0, at, [`${i + 2} seats`, 'on the way']]);
  const ask = { id: 'a', at: [700, 440], hero: 1, chip: ['14 people waiting', 'near Baker'], cars };
  makeWords(stage, ground).place({ asks: [ask] });
  const boxes = (kind) => [...document.querySelectorAll(`#chips ${kind}`)].map((each) => each.getBoundingClientRect());
  const from = (low, at, high) => Math.max(low - at, 0, at - high);
  const meet = (a, b) => from(a.left, b.left, a.right) < b.width + 2 && from(a.top, b.top, a.bottom) < b.height + 2;
  return boxes('.comes.chip').map((box, i) => {
    const [x, y] = rings[i], far = Math.hypot(from(box.left, x, box.right), from(box.top, y, box.bottom));
    return { far, led: boxes('.lead').some((line) => meet(box, line)) };
  });
}"""


def test_words_that_find_no_room_beside_what_they_name_have_a_line_to_it(enter: Enter) -> None:
    wall = enter(None, "/watch", viewport={"width": 1366, "height": 900})
    told = wall.evaluate(CROWD, static.address("wall/words.js"))
    assert len(told) == 4, told
    assert any(each["led"] for each in told), told
    assert all(each["led"] for each in told if each["far"] > 40), told
    assert all(each["far"] > 6 for each in told), "words stand on the ring they name"
