"""The wall by keys alone, its states, and a replay; on a laptop, by somebody without a mouse."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter, House
from web.pages import static

WALL: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
Call = Callable[..., Any]


@pytest.fixture
def call(house: House) -> Call:
    """Does something as somebody, over the API, two seconds after the last; the answer."""

    def done(who: str, path: str, body: Any) -> Any:
        keyed = {"Authorization": f"Bearer {house.world.tokens[who]}", "Idempotency-Key": os.urandom(16).hex()}
        answer = httpx.post(house.address + path, json=body, headers=keyed, timeout=20)
        assert answer.is_success, answer.text
        house.world.clock.step(timedelta(seconds=2))
        return answer.json()

    return done


def ask(call: Call, who: str, quantity: int, lon: float = -116.0745) -> str:
    """A ride for so many, asked for there; viewers may see how it travels."""
    place = {"lat": 35.265, "lon": lon, "accuracy_m": 35}
    body = {"kind": "ride", "quantity": quantity, "place": place, "show_travel": True, "similar_ok": True}
    return str(call(who, "/v1/requests", body)["id"])


def heading(page: Page, words: str) -> None:
    """The panel is about that."""
    expect(page.locator("#hero")).to_contain_text(words)


def test_the_keys_lead_through_the_asks_to_one_and_back(enter: Enter, call: Call) -> None:
    for number, lon in enumerate((-116.07, -115.1, -117.0), start=2):
        ask(call, "ana", number, lon)
    wall = enter(None, "/watch", **WALL)
    heading(wall, "2 people")
    wall.keyboard.press("ArrowDown")
    wall.keyboard.press("ArrowDown")
    expect(wall.locator("a[data-ask]").nth(1)).to_be_focused()
    wall.keyboard.press("Enter")
    heading(wall, "4 people")
    wall.keyboard.press("Escape")
    heading(wall, "2 people")
    wall.keyboard.press("w")
    expect(wall.locator("html.wall")).to_be_attached()
    wall.keyboard.press("w")
    wall.keyboard.press("?")
    expect(wall.locator("dialog")).to_be_visible()
    expect(wall.locator("dialog")).to_contain_text("motion on or off")
    wall.keyboard.press("Escape")
    expect(wall.locator("dialog")).to_be_hidden()
    heading(wall, "2 people")


def test_a_few_letters_leave_only_the_asks_that_have_them(enter: Enter, call: Call) -> None:
    ask(call, "ana", 2)
    ask(call, "ana", 3, -115.14)
    ask(call, "ana", 4, -117.02)
    wall = enter(None, "/watch", **WALL)
    expect(wall.locator("a[data-ask]")).to_have_count(2)
    wall.keyboard.press("/")
    wall.keyboard.type("4 people")
    expect(wall.locator("a[data-ask]")).to_have_count(1)
    wall.keyboard.type(" on the moon")
    expect(wall.locator("#panel")).to_contain_text("No ask has these words.")
    wall.keyboard.press("Escape")
    expect(wall.locator("a[data-ask]")).to_have_count(2)


def test_motion_stops_and_starts_again_by_a_key(enter: Enter, call: Call) -> None:
    ask(call, "ana", 2)
    wall = enter(None, "/watch", **WALL)
    wall.wait_for_selector("html[data-fps]")
    counted = "() => { delete document.documentElement.dataset.fps; return true }"
    wall.keyboard.press("m")
    wall.evaluate(counted)
    wall.wait_for_function("() => new Promise((done) => setTimeout(() => done(true), 3500))")
    assert wall.evaluate("() => document.documentElement.dataset.fps") is None
    wall.keyboard.press("m")
    wall.wait_for_selector("html[data-fps]")


def test_a_covered_call_says_how_long_it_took_and_a_lapse_flashes(enter: Enter, call: Call) -> None:
    request = ask(call, "ana", 3)
    wall = enter(None, "/watch", **WALL)
    claim = call("ben", f"/v1/requests/{request}/claims", {"seats": 3})["id"]
    expect(wall.locator(".hero.full")).to_contain_text("All 3 seats are found, 0:02 after the ask.")
    call("ben", f"/v1/claims/{claim}/steps", {"step": "withdraw"})
    expect(wall.locator(".news .flash")).to_contain_text("3 seats open again")
    expect(wall.locator(".hero.flash")).to_be_attached()


def test_a_call_that_has_ended_is_played_again_by_keys_alone(enter: Enter, call: Call) -> None:
    request = ask(call, "ana", 4)
    call("ben", f"/v1/requests/{request}/claims", {"seats": 4})
    call("ana", f"/v1/requests/{request}/close", {"disposition": "resolved"})
    wall = enter(None, "/watch", **WALL, reduced_motion="reduce")
    heading(wall, "Nobody is waiting.")
    expect(wall.locator(".hero")).to_contain_text("Last: 4 people near Baker, CA, resolved")
    wall.keyboard.press("ArrowDown")
    wall.keyboard.press("Enter")
    slider = wall.locator("#replay-at")
    expect(slider).to_be_focused()
    # Whoever wants things still is shown the end, and nothing runs by itself.
    expect(wall.locator("#replay-says")).to_have_text("Everyone is safe")
    heading(wall, "4 people near Baker, CA")
    wall.keyboard.press("Home")
    expect(wall.locator("#replay-says")).to_have_text("The ask went up")
    wall.keyboard.press("ArrowRight")
    expect(wall.locator("#replay-says")).not_to_have_text("The ask went up")
    assert slider.get_attribute("aria-valuetext") == wall.locator("#replay-says").inner_text()
    wall.keyboard.press("End")
    expect(wall.locator("#replay-says")).to_have_text("Everyone is safe")
    wall.locator("#replay-close").press("Enter")
    heading(wall, "Nobody is waiting.")
    expect(wall.locator("#replay")).to_be_hidden()


def test_news_in_the_panel_leave_the_focus_where_it_was(enter: Enter, call: Call) -> None:
    ended = ask(call, "ana", 4)
    call("ana", f"/v1/requests/{ended}/close", {"disposition": "resolved"})
    wall = enter(None, "/watch", **WALL)
    wall.keyboard.press("ArrowDown")
    expect(wall.locator("a[data-ended]")).to_be_focused()
    for waiting, lon in ((2, -116.07), (3, -117.0)):
        ask(call, "ana", waiting, lon)
        expect(wall.locator(".four dd").first).to_have_text("2" if waiting == 2 else "5")
        expect(wall.locator("a[data-ended]")).to_be_focused()


def test_a_replay_keeps_its_view_from_step_to_step(enter: Enter, house: House, call: Call) -> None:
    request = ask(call, "ana", 4)
    call("ana", f"/v1/requests/{request}/close", {"disposition": "resolved"})
    wall = enter("ana", "/watch", **WALL, reduced_motion="reduce")
    shown = """async ([replay, url]) => {
      const { makeReplay } = await import(replay), given = [];
      await makeReplay((...told) => given.push(told.length), () => null).start(url);
      return given;
    }"""
    address = static.address("wall/replay.js")
    assert wall.evaluate(shown, [address, f"/r/{request}/replay"]) == [1], "a second argument means: look there anew"


def test_a_report_plays_its_call_when_somebody_wants_that(enter: Enter, house: House, call: Call) -> None:
    request = ask(call, "ana", 4)
    call("ana", f"/v1/requests/{request}/close", {"disposition": "resolved"})
    ana = enter("ana")
    asked: list[str] = []
    ana.on("request", lambda each: asked.append(each.url))
    ana.goto(f"{house.address}/r/{request}/report")
    assert not [each for each in asked if "/wall/" in each]
    ana.click("text=Play it again")
    expect(ana.locator("#replay-says")).to_have_text("Everyone is safe", timeout=15_000)
    expect(ana.locator("#stage .chip").first).to_contain_text("resolved")
    expect(ana.locator("#replay-play")).to_have_text("Play")
