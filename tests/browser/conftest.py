"""A real server on a free port with the small network of tests/web, and browsers that are somebody."""

import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from dispatch.clock import SteppedClock
from dispatch.ids import SystemIds
from dispatch.runtime import build
from tests.web.conftest import START, World, people_of, settings_for
from web.app import create_app
from web.live.sockets import listen, serve_config

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "locale": "en-US",
    "timezone_id": "America/Los_Angeles",
}
AXE = "axe-core@4.14"
HERE = {"latitude": 35.265, "longitude": -116.0745, "accuracy": 35}


@dataclass
class House:
    """A server under an address, with its world."""

    address: str
    world: World

    def asks(self) -> int:
        """How many asks go on."""
        return self.world.rows()["asks"]


@contextmanager
def served(folder: Path, **given: Any) -> Iterator[House]:
    """A house that is open, with those settings; closed with the block."""
    clock = SteppedClock(START)
    flare = build(settings_for(folder, **given), clock=clock, ids=SystemIds())
    flare.start()
    app = create_app(flare)
    world = World(flare, clock, app)
    people_of(world)
    bound = listen("127.0.0.1", 0)
    bound.listen(64)  # from here on a browser is answered late, never refused
    config = serve_config(app, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield House(f"http://127.0.0.1:{bound.getsockname()[1]}", world)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        flare.stop()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An open house."""
    with served(tmp_path) as opened:
        yield opened


def sign_in(page: Page, address: str, token: str) -> None:
    """What the form for a pasted link does, without drawing two pages; tests/browser/test_in_between.py fills it in."""
    fields: dict[str, str | float | bool] = {"token": token, "to": "/help", "key": token_hex(8)}
    answer = page.request.post(f"{address}/open", form=fields, max_redirects=0)
    assert answer.status == 303, answer.text()


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, house: House) -> Iterator[Enter]:
    """Makes a phone that is somebody ("ana", "ben" …) or nobody, at a page."""
    contexts: list[BrowserContext] = []

    def someone(who: str | None = None, path: str = "/help", *, script: bool = True, **more: Any) -> Page:
        context = browser.new_context(**(PHONE | {"java_script_enabled": script} | more))
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        if who is not None:
            sign_in(page, house.address, house.world.tokens[who])
        page.goto(house.address + path)
        if script and path.startswith("/watch"):
            page.wait_for_selector("html.drawn")  # its keys and its stream work from here on
        return page

    yield someone
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's source, fetched for the tests alone."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not there: axe-core can't be fetched")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run([npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, check=False)
    archives = list(Path(folder).glob("*.tgz"))
    if done.returncode or not archives:
        pytest.skip("npm is out of reach: axe-core can't be fetched")
    with tarfile.open(archives[0]) as package:
        stream = package.extractfile("package/axe.min.js")
        assert stream is not None
        return stream.read().decode()
