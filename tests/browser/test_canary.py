"""The exact place, the note, a phone number and a link reach nobody's browser who may not have them, by whatever way.

Every byte a browser is sent or keeps: pages, answers of scripts, frames of the websocket, messages of event streams,
storage and caches, as the debugger sees them. tests/pages/test_canary.py reads the pages alone, without a browser.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Error, Page, Route

from geo import cells, plus_code
from geo.point import Point
from tests.support.gallery import Evening, Scene, Visitors, evening, scenes
from tests.web.conftest import BAKER

PLACE = Point(BAKER["lat"], BAKER["lon"])
STORED = """async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,
  window.caches ? await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()
    .then((keys) => keys.map((each) => each.url)))) : []])"""


def secrets(held: Evening) -> dict[str, str]:
    """What a stranger's browser must never hold, by what it is."""
    fine = {f"cell of resolution {n}": cells.cell_of(PLACE, n) for n in range(7, 13)}
    links = {f"owner's link of {name}": links["owner"] for name, links in held.links.items()}
    return fine | links | {
        "latitude": "35.212", "longitude": "116.123", "plus code": plus_code.encode(PLACE)[:11], "note": "Zephyrine",
        "phone": "555 0142", "its digits": "5550142", "surname": "Ana Lastname",
    }  # fmt: skip


@dataclass
class Ear:
    """Everything a page was sent."""

    heard: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """From now on: frames of the websocket, messages of the event stream."""
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: self.heard.append(str(frame))))
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.eventSourceMessageReceived", lambda event: self.heard.append(event["data"]))

    def pass_on(self, route: Route) -> None:
        """Every whole answer on its way; streams are heard by the debugger."""
        if route.request.resource_type == "eventsource":
            route.continue_()
            return
        answer = route.fetch(max_redirects=0, timeout=0)  # a long poll takes as long as it likes
        self.heard += [json.dumps(answer.headers), answer.body().decode("utf-8", "replace")]
        route.fulfill(response=answer)

    def all(self, page: Page) -> str:
        """As one text, with what stands on the page and what the browser keeps."""
        text = "\n".join([*self.heard, *kept(page)])
        self.heard.clear()
        return text


def kept(page: Page) -> tuple[str, str]:
    """What stands on the page and what the browser keeps; read once more where the page was just leaving."""
    page.wait_for_load_state("load")
    try:
        return page.content(), page.evaluate(STORED)
    except Error:
        page.wait_for_load_state("load")
        return page.content(), page.evaluate(STORED)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    with evening(tmp_path_factory.mktemp("canary")) as held:
        yield held


def visitors_heard(browser: Browser, held: Evening) -> tuple[Visitors, dict[Page, Ear]]:
    """Visitors, each page with an ear."""
    ears: dict[Page, Ear] = {}

    def listen(page: Page) -> None:
        ears[page] = Ear()
        ears[page].listen(page)

    return Visitors(browser, held, watch=listen), ears


def told(browser: Browser, held: Evening, who: set[str | None], names: tuple[str, ...] = ("",)) -> dict[str, str]:
    """What each scene of these people was sent."""
    visitors, ears = visitors_heard(browser, held)
    found: dict[str, str] = {}
    with closing(visitors):
        for scene in scenes(held):
            kind = scene.who.split()[0] if scene.who else None
            if kind in who and scene.name.startswith(names):
                page = visitors.page(scene)
                page.route("**", ears[page].pass_on)
                visitors.look(scene)
                found[f"{scene.name}, {scene.who}"] = ears[page].all(page)
                page.unroute_all(behavior="ignoreErrors")
    return found


def leaks(texts: dict[str, str], held: Evening) -> dict[str, list[str]]:
    """Which secrets stand where."""
    hidden = secrets(held)
    found = {name: [what for what, secret in hidden.items() if secret in own(text)] for name, text in texts.items()}
    return {name: what for name, what in found.items() if what}


def own(text: str) -> str:
    """Without what they typed themselves: their own name stands in their own settings."""
    return text.replace("Cem Lastname", "").replace("Dora Lastname", "")


@pytest.mark.timeout(180)
def test_no_byte_a_stranger_is_sent_or_keeps_holds_a_secret(browser: Browser, held: Evening) -> None:
    others: set[str | None] = {None, "cem", "view", "helper"}
    assert leaks(told(browser, held, others), held) == {}


SUBSCRIBED = """(ids) => new Promise((done) => {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/v1/live");
  let left = ids.length;
  socket.onopen = () => socket.send(JSON.stringify({f: "hello", v: 1}));
  socket.onmessage = ({data}) => { const frame = JSON.parse(data);
    if (frame.f === "welcome") ids.forEach((topic, id) => socket.send(JSON.stringify({f: "sub", id: id + 1, topic})));
    if (frame.f === "subbed" && !--left) done(true); }; })"""


def test_no_frame_and_no_message_holds_a_secret_while_things_happen(browser: Browser, held: Evening) -> None:
    visitors, ears = visitors_heard(browser, held)
    ask = held.asks["asked"]
    with closing(visitors):
        pages = {
            who: visitors.look(Scene("live", who, path))
            for who, path in (("view asked", f"/r/{ask}"), ("helper asked", f"/r/{ask}"), ("cem", "/help"))
        }
        pages["nobody"] = visitors.look(Scene("live", None, "/watch", wall=True))
        for who, page in pages.items():
            topics = ["inbox"] if who == "cem" else []
            assert page.evaluate(SUBSCRIBED, [f"req:{ask}", "map:*", f"pos:{ask}", *topics])
        held.post("ana", f"/v1/requests/{ask}/notes", {"text": "Zephyrine is by the water tank now"})
        held.claim("asked", 2)
        for who in ("view asked", "helper asked"):
            pages[who].locator("#headline", has_text="2 of 9 seats found").wait_for()
        texts = {who: ears[page].all(page) for who, page in pages.items()}
    assert all('"f":"subbed"' in text for text in texts.values())
    assert leaks(texts, held) == {}


def test_the_owner_and_whoever_comes_are_sent_what_they_need(browser: Browser, held: Evening) -> None:
    for who, names in (("ana", ("follow, some",)), ("ben", ("help, everything",))):
        for scene, text in told(browser, held, {who}, names).items():
            assert "Zephyrine" in text, scene
    claimer = "".join(told(browser, held, {"ben"}, ("help, everything",)).values())
    assert "35.212" in claimer
    assert "+1 760 555 0142" in claimer
