"""A phone that sleeps is told: from the button on the page to the notification on the screen and back to the page.

Only the browser maker's own push service is missing: no test may call it. In its place stands a receiver on loopback,
and what it got, decrypted with the browser's keys, is handed to the browser by its developer tools.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dispatch.notify.web_push import b64
from tests.browser.conftest import Enter, House, served
from tests.support.receiver import Phone, Receiver, receiving

# The browser's side of a push service: a subscription like any other, at our receiver.
SUBSCRIBES = """({ endpoint, p256dh, auth }) => {
  let held = null;
  PushManager.prototype.getSubscription = async () => held;
  PushManager.prototype.subscribe = async (options) => (held = {
    endpoint, options: { applicationServerKey: options.applicationServerKey.buffer },
    toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh, auth } }),
    unsubscribe: async () => { held = null; return true; },
  });
}"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house that may push to this machine."""
    with served(tmp_path, push_loopback=True) as opened:
        yield opened


def prepared(page: Page, phone: Phone, house: House) -> Page:
    """The page again, in a browser that may show notifications and can subscribe."""
    keys = {"endpoint": phone.endpoint, "p256dh": b64(phone.reader.p256dh), "auth": b64(phone.reader.auth)}
    page.context.grant_permissions(["notifications"], origin=house.address)
    page.add_init_script(f"({SUBSCRIBES})({json.dumps(keys)})")
    page.reload()
    if page.evaluate("() => Notification.permission") != "granted":
        pytest.skip("this browser shows no notifications to anybody")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    return page


def deliver(page: Page, house: House, data: dict[str, Any]) -> list[dict[str, Any]]:
    """What the phone shows after the browser was handed that message."""
    tools = page.context.new_cdp_session(page)
    known: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: known.extend(each["registrationId"] for each in told["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.wait_for_function("() => true")
    body = {"origin": house.address, "registrationId": known[-1], "data": json.dumps(data)}
    tools.send("ServiceWorker.deliverPushMessage", body)
    page.wait_for_function(
        """async (title) => (await (await navigator.serviceWorker.ready).getNotifications())
             .some((each) => each.title === title)""",
        arg=data["title"],
    )
    shown: list[dict[str, Any]] = page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(
             ({ title, body, tag, silent, renotify, lang, data, actions }) =>
             ({ title, body, tag, silent, renotify, lang, data, actions: actions.map((each) => each.title) }))"""
    )
    return shown


def tapped(context: BrowserContext, action: str = "") -> list[str]:
    """A tap on the newest notification, or on one of its buttons; which addresses the phone was told to open."""
    opened: list[str] = context.service_workers[0].evaluate(
        """async (action) => {
          const opened = [];
          self.clients.openWindow = async (url) => void opened.push(url);  // a test's tap opens no window by itself
          let notification;  // what was shown a moment ago may not be listed yet
          while (!notification) [notification] = (await self.registration.getNotifications()).reverse();
          const event = new NotificationEvent("notificationclick", { notification, action });
          event.waitUntil = () => {};  // only the browser's own taps may wait
          self.dispatchEvent(event);
          await new Promise((go) => setTimeout(go, 300));
          return opened;
        }""",
        action,
    )
    return opened


def test_from_the_button_to_the_notification_and_back(enter: Enter, house: House, receiver: Receiver) -> None:
    phone = Phone(receiver, "/bens-phone")
    ben = prepared(enter("ben"), phone, house)
    expect(ben.locator("#push h2")).to_have_text("Can we alert this phone?")
    ben.click("text=Yes, alert me")
    expect(ben.locator("#push").get_by_text("We will alert this phone.")).to_be_visible()
    ben.click("text=Send me a test")
    expect(ben.locator("#push").get_by_text("Sent. It should arrive within a few seconds.")).to_be_visible()
    receiver.wait_for(1)
    assert phone.shows()[0]["title"] == "This phone can be alerted."

    ana = enter("ana", "/")
    ana.fill("#quantity", "4")
    ana.fill("#place", "I-15 near Baker, CA")
    ana.click(".send .main")
    ana.wait_for_url("**/r/**")
    receiver.wait_for(2)
    told = phone.shows()[1]
    (shown,) = deliver(ben, house, told)
    assert shown["title"] == "Ana asks: a ride for 4, near Baker, CA"
    assert (shown["tag"], shown["actions"]) == (told["tag"], ["See it", "Not now"])
    assert tapped(ben.context) == [told["url"]]
    ben.goto(house.address + told["url"])
    expect(ben.locator("h1")).to_contain_text("Ana asks: a ride for 4")


def test_not_now_on_the_notification_is_an_answer(enter: Enter, house: House, receiver: Receiver) -> None:
    phone = Phone(receiver, "/bens-phone")
    ben = prepared(enter("ben"), phone, house)
    ben.click("text=Yes, alert me")
    expect(ben.locator("#push").get_by_text("We will alert this phone.")).to_be_visible()
    ana = enter("ana", "/")
    ana.fill("#quantity", "4")
    ana.fill("#place", "I-15 near Baker, CA")
    ana.click(".send .main")
    receiver.wait_for(1)
    told = phone.shows()[0]
    deliver(ben, house, told)
    with ben.context.expect_event("request", lambda request: "declined" in (request.post_data or "")) as asked:
        assert tapped(ben.context, "no") == []
    answer = asked.value.response()
    assert answer is not None
    assert answer.status == 200
    alerts = house.world.flare.store.read_now(lambda tx, now: tx.alerts.by_public(told["alert"]))
    assert alerts is not None
    assert alerts.answer == "declined"


def test_covered_takes_the_place_of_the_alert_on_the_screen(enter: Enter, house: House, receiver: Receiver) -> None:
    ben = prepared(enter("ben"), Phone(receiver, "/bens-phone"), house)
    base = {"body": "", "lang": "en", "dir": "ltr", "url": "/help", "tag": "ask-1", "again": False, "at": 1}
    deliver(ben, house, base | {"title": "Ana asks", "silent": False, "alert": "a", "yes": "See it", "no": "Not now"})
    (shown,) = deliver(ben, house, base | {"title": "Covered, thank you.", "silent": True})
    assert shown["title"] == "Covered, thank you."
    assert (shown["silent"], shown["renotify"], shown["actions"]) == (True, False, [])


def test_whoever_waits_can_be_told_on_their_own_phone_and_is_promised_it_only_then(
    enter: Enter, house: House, receiver: Receiver
) -> None:
    phone = Phone(receiver, "/anas-phone")
    ana = enter("ana", "/")
    ana.fill("#quantity", "4")
    ana.fill("#place", "I-15 near Baker, CA")
    ana.click(".send .main")
    ana.wait_for_url("**/r/**")
    expect(ana.locator("#live")).to_contain_text("asked")
    expect(ana.locator("#live")).to_contain_text("Leave this page open")
    prepared(ana, phone, house)
    ana.click("text=Yes, alert me")
    expect(ana.get_by_text("We will alert this phone.")).to_be_visible()
    ana.reload()
    expect(ana.locator("#live")).to_contain_text("You can put the phone away; we will alert you.")
    ben = enter("ben")
    ben.click(".ask-card .main")
    ben.click("article form .main")
    receiver.wait_for(1)
    assert phone.shows()[0]["title"] == "All 4 seats are found"


def test_a_browser_that_can_not_be_alerted_says_so_plainly(enter: Enter, house: House) -> None:
    page = enter("ben")
    page.add_init_script("delete window.PushManager")
    page.reload()
    expect(page.locator("#push").get_by_text("This browser can't alert you while it is closed.")).to_be_visible()
    expect(page.locator("#push button:visible")).to_have_count(0)


def test_signing_out_forgets_the_device_and_every_page_of_ones_own(
    enter: Enter, house: House, receiver: Receiver
) -> None:
    ben = prepared(enter("ben"), Phone(receiver, "/bens-phone"), house)
    ben.click("text=Yes, alert me")
    expect(ben.locator("#push").get_by_text("We will alert this phone.")).to_be_visible()
    ben.reload()
    kept = "async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((each) => new URL(each.url).pathname)))).flat().filter((path) => !path.startsWith('/static'))"  # noqa: E501
    assert "/help" in ben.evaluate(kept)
    ben.click("text=Settings")
    ben.click("text=Sign out on this browser")
    ben.wait_for_url("**/?left=1")
    assert "/help" not in ben.evaluate(kept)
    store = house.world.flare.store
    assert store.read_now(lambda tx, now: tx.devices.of_people(range(1, 99))) == []
    ben.context.set_offline(True)
    ben.goto(f"{house.address}/help")
    expect(ben.locator("body")).not_to_contain_text("Settings")


def test_a_page_of_ones_own_is_kept_for_a_day_and_no_longer(enter: Enter, house: House) -> None:
    ben = enter("ben")
    ben.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    put = """async (hours) => {
      const [name] = await caches.keys(), cache = await caches.open(name);
      const headers = { date: new Date(Date.now() - hours * 3600e3).toUTCString(), "content-type": "text/html" };
      await cache.put("/r/an-old-ask", new Response("<h1>9 people near Baker</h1>", { headers }));
    }"""
    for hours, there in ((23, True), (25, False)):
        ben.evaluate(put, hours)
        ben.context.set_offline(True)
        ben.goto(f"{house.address}/r/an-old-ask")
        seen = ben.locator("text=9 people near Baker")
        expect(seen).to_have_count(1 if there else 0)
        ben.context.set_offline(False)
        ben.goto(f"{house.address}/help")
