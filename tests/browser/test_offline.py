"""An ask that was written on a phone arrives exactly once, whatever dies in between: page, browser, worker, server.

A real server process behind a line that loses answers, a real browser with a profile of its own. Each seed is another
night: which mishaps happen, and in which order. `line.cut` is a line that is dead though the phone believes in it;
`offline` is a phone that knows. The count is the database's, read beside the server.
"""

import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Error, Page, expect

from tests.browser.conftest import PHONE
from tests.support.line import Line, line
from tests.support.site import Site, site

READY = "() => navigator.serviceWorker.ready.then(() => true)"
SETTLED = "() => !JSON.parse(localStorage['flare-outbox'] || '[]').some((each) => each.state === 'waiting')"
ARRIVED = f"() => location.pathname.startsWith('/r/') || ({SETTLED})()"
TOWNS = ("Baker, CA", "Barstow, CA", "Las Vegas, NV", "Needles, CA", "Kingman, AZ")


@dataclass
class Place:
    """One server, killed and started again as often as wanted, behind one line."""

    folder: Path
    line: Line
    running: ExitStack = field(default_factory=ExitStack)
    site: Site | None = None

    def start(self) -> None:
        """Starts the server; the line leads to it."""
        self.site = self.running.enter_context(site(self.folder, tokens={}))
        there = urlsplit(self.site.base)
        self.line.to = (str(there.hostname), int(there.port or 0))

    def kill(self) -> None:
        """SIGKILL to the server and its workers: nothing is finished, nothing is closed."""
        assert self.site is not None
        os.killpg(self.site.process.pid, signal.SIGKILL)
        self.site.process.wait(10)

    def asks(self) -> int:
        """How many asks the database holds."""
        with sqlite3.connect(f"file:{self.folder / 'flare.db'}?mode=ro", uri=True) as base:
            (count,) = base.execute("select count(*) from request").fetchone()
        return int(count)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    with line(("127.0.0.1", 9)) as made, ExitStack() as running:
        opened = Place(folder, made, running)
        opened.start()
        yield opened


@dataclass
class Phone:
    """A browser with a profile that outlives it, and the page somebody looks at."""

    place: Place
    open: Callable[[], BrowserContext]
    context: BrowserContext = field(init=False)
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.switch_on()

    def switch_on(self) -> None:
        """The browser starts, knowing only what its profile kept."""
        self.context = self.open()
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()

    def look(self, page: Page | None = None) -> None:
        """The form, from the net or from the phone."""
        page, form = page or self.page, self.place.line.address + "/"
        try:
            page.goto(form, wait_until="domcontentloaded")
        except Error:  # the page was just leaving by itself, for the ask that had arrived
            page.goto(form, wait_until="domcontentloaded")

    def signal(self, there: bool) -> None:
        """Signal as the phone knows it, and the line with it."""
        if there:
            self.place.line.down = False
        else:
            self.place.line.cut()
        self.context.set_offline(not there)

    # -- what may happen ----------------------------------------------------------------------------------

    def page_closed(self) -> None:
        """The page is closed, a new one opened."""
        fresh = self.context.new_page()
        self.page.close()
        self.page = fresh
        self.look()

    def browser_closed(self) -> None:
        """The browser is closed and opened again, without signal."""
        self.context.close()
        self.switch_on()
        self.context.set_offline(True)
        self.look()

    def worker_stopped(self) -> None:
        """The service worker is stopped."""
        session = self.context.new_cdp_session(self.page)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        session.detach()

    def second_tab(self) -> None:
        """Another tab with the form."""
        self.look(self.context.new_page())
        self.page.bring_to_front()

    def reloaded(self) -> None:
        """The page is loaded again."""
        self.page.reload(wait_until="domcontentloaded")

    def tapped_again(self) -> None:
        """Somebody taps the button once more."""
        if self.page.locator(".send .main").count():
            self.page.evaluate("() => document.querySelector('.send .main')?.click()")

    def flapping(self) -> None:
        """The signal comes and goes faster than anything is sent."""
        for there in (True, False, True, False):
            self.context.set_offline(not there)

    def answer_lost(self, then: Callable[[], None] = lambda: None) -> None:
        """The server has it, the phone never hears."""
        lost = threading.Event()

        def swallowed() -> None:
            then()
            lost.set()

        self.place.line.swallow = swallowed
        self.signal(True)
        lost.wait(3)  # nothing is lost where everything had arrived before
        self.place.line.swallow = None
        self.signal(False)

    def server_killed(self) -> None:
        """The server dies after the commit and before its answer, and is started again."""
        self.answer_lost(self.place.kill)
        assert self.place.site is not None
        if self.place.site.process.poll() is not None:
            self.place.start()


MISHAPS: tuple[Callable[[Phone], None], ...] = (
    Phone.page_closed,
    Phone.browser_closed,
    Phone.worker_stopped,
    Phone.second_tab,
    Phone.reloaded,
    Phone.tapped_again,
    Phone.flapping,
    Phone.answer_lost,
    Phone.server_killed,
)


@pytest.fixture
def phone(
    place: Place, browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Phone]:
    def switched_on() -> BrowserContext:
        context = browser_type.launch_persistent_context(tmp_path / "profile", **browser_type_launch_args, **PHONE)
        context.set_default_timeout(15_000)
        return context

    place.line.down = False
    made = Phone(place, switched_on)
    yield made
    made.context.close()


def write(page: Page, town: str, kind: str = "A ride") -> None:
    page.get_by_text(kind, exact=True).click()
    page.fill("#quantity", "3")
    page.fill("#place", town)


def settled(phone: Phone) -> None:
    """The signal is back for good: everything that was kept goes out."""
    phone.signal(True)
    if not phone.page.url.startswith("http"):
        phone.look()
    phone.page.wait_for_function(ARRIVED)
    phone.look()
    phone.page.wait_for_function(SETTLED)


@pytest.mark.parametrize("seed", range(20))
def test_an_ask_arrives_exactly_once_whatever_dies_in_between(place: Place, phone: Phone, seed: int) -> None:
    luck = random.Random(seed)
    before = place.asks()
    phone.look()
    phone.page.wait_for_function(READY)
    write(phone.page, luck.choice(TOWNS))
    phone.signal(False)
    phone.page.click(".send .main")
    expect(phone.page.locator("#note")).to_contain_text("kept on this phone")
    # Every mishap opens one of the nights, so that none is left to luck alone.
    story = [MISHAPS[seed % len(MISHAPS)], *luck.choices(MISHAPS[:-1], k=luck.randint(1, 3))]
    for mishap in story:
        mishap(phone)
    settled(phone)
    assert place.asks() == before + 1, [each.__name__ for each in story]
    assert phone.page.locator("main a[href^='/r/']").count() == 1


def test_two_asks_without_signal_are_two(place: Place, phone: Phone) -> None:
    before = place.asks()
    phone.look()
    phone.page.wait_for_function(READY)
    write(phone.page, "Baker, CA")
    phone.signal(False)
    phone.page.click(".send .main")
    phone.reloaded()
    expect(phone.page.locator("#note")).to_contain_text("kept on this phone")
    write(phone.page, "Las Vegas, NV", "A repair")
    phone.page.click(".send .main")
    phone.browser_closed()
    settled(phone)
    assert place.asks() == before + 2


def test_a_phone_that_knows_the_server_only_by_plain_http_can_ask(
    place: Place, browser_type: BrowserType, browser_type_launch_args: dict[str, Any]
) -> None:
    before = place.asks()
    place.line.down = False
    args = [*browser_type_launch_args["args"], "--host-resolver-rules=MAP flare.test 127.0.0.1"]
    browser = browser_type.launch(**(browser_type_launch_args | {"args": args}))
    page = browser.new_page(**PHONE)
    page.goto(place.line.address.replace("127.0.0.1", "flare.test") + "/")
    assert page.evaluate("() => isSecureContext") is False
    write(page, "Kingman, AZ")
    page.context.set_offline(True)
    page.click(".send .main")
    expect(page.locator("#note")).to_contain_text("kept on this phone")
    page.context.set_offline(False)
    page.wait_for_url("**/r/**")
    browser.close()
    assert place.asks() == before + 1
