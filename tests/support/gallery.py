"""Every page in every state it can be in, built once: what axe, layout, the canary and the host recorder all look at.

One house, one evening: asks are posted, promised, broken and ended until each state of docs/screens.md stands at one
address. A `Scene` says who looks, where, and what they do there before it is what it is. Nothing here asserts anything.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Error, Page

from tests.browser.conftest import PHONE, House, served, sign_in
from tests.web.conftest import BAKER, NOTE
from tests.web.conftest import PHONE as NUMBER

BAKER_TEXT: Final = {"text": "I-15 near Baker, CA"}
CODE_WRONG: Final = "000"
NOBODY: Final[Mapping[str, str]] = {}
TEXTS: Final[Mapping[str, Any]] = {"sms_url": "http://127.0.0.1:1/texts", "sms_countries": ("1",)}
"""A gateway that nobody reaches: phones are checked as far as the page that wants the code."""
MAYA: Final = {"name": "Maya", "phone": "+15550177"}


@dataclass(frozen=True)
class Scene:
    """One page in one state. `who`: a member, "view" or "helper" with a link, None for nobody."""

    name: str
    who: str | None
    path: str
    act: Callable[[Page], None] = lambda page: None
    wall: bool = False


@dataclass
class Evening:
    """The house with everything that happened in it."""

    house: House
    asks: dict[str, str] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    invite: str = ""
    keys: Iterator[int] = field(default_factory=count)

    def post(self, who: str, path: str, body: object = None, *, status: int | None = None) -> Any:
        """What the API answered to that member, or to the holder of that token."""
        token = self.house.world.tokens.get(who, who)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"gallery-{next(self.keys):08}"}
        answer = httpx.post(self.house.address + path, json=body or {}, headers=headers, timeout=20)
        assert answer.status_code == status if status else answer.is_success, answer.text
        return answer.json()

    def ask(self, name: str, who: str = "ana", path: str = "/v1/requests", **more: Any) -> str:
        """An ask under a name of the gallery; its id."""
        usual: dict[str, Any] = {
            "kind": "ride", "quantity": 9, "place": BAKER, "note": NOTE, "contact": {"name": "Ana", "phone": NUMBER},
            "similar_ok": True,
        }  # fmt: skip
        made = self.post(who, path, usual | more)
        self.asks[name] = made["id"]
        self.links[name] = {power: link.rpartition("#")[2] for power, link in made["links"].items()}
        return str(made["id"])

    def joins(self, name: str) -> None:
        """A new friend of Ana's, near where everybody is stuck, whom nobody has asked for anything yet."""
        invited = {"token": self.post("ana", "/v1/invites")["token"], "name": name.title()}
        keyed = {"Idempotency-Key": f"gallery-{next(self.keys):08}"}
        answer = httpx.post(self.house.address + "/v1/session", json=invited, headers=keyed)
        self.house.world.tokens[name] = token = answer.json()["token"]
        duty = {"duty": "available", "place": BAKER_TEXT}
        httpx.put(self.house.address + "/v1/me/duty", json=duty, headers={"Authorization": f"Bearer {token}"})

    def come_by(self, name: str, link: str) -> None:
        """A guest who opened that link in a browser and offered two seats."""
        with httpx.Client(base_url=self.house.address, timeout=20) as guest:
            for path, body in (
                ("/v1/session", {"token": link}),
                (f"/v1/requests/{self.asks[name]}/claims", {"seats": 2} | MAYA),
            ):
                answer = guest.post(path, json=body, headers={"Idempotency-Key": f"gallery-{next(self.keys):08}"})
                assert answer.is_success, answer.text
                given = answer.headers.get("set-cookie", guest.headers.get("cookie", ""))
                guest.headers["cookie"] = given.partition(";")[0]

    def claim(self, name: str, seats: int, who: str = "ben", more: Mapping[str, str] = NOBODY, **about: Any) -> str:
        """Seats promised; the claim's id."""
        body = {"seats": seats} | about | dict(more)
        return str(self.post(who, f"/v1/requests/{self.asks[name]}/claims", body)["id"])

    def step(self, claim: str, *steps: str, who: str = "ben", **more: Any) -> None:
        """One step after the other."""
        for each in steps:
            self.post(who, f"/v1/claims/{claim}/steps", {"step": each} | more)

    def close(self, name: str, how: str, who: str = "ana") -> None:
        """The end of an ask."""
        self.post(who, f"/v1/requests/{self.asks[name]}/close", {"disposition": how})

    def wait(self, **by: float) -> None:
        """Lets time pass, and does what is due then."""
        self.house.world.clock.step(timedelta(**by))
        for _ in range(50):
            if not self.house.world.flare.ticker.turn():
                return

    def asked_too(self, name: str, who: str) -> None:
        """Lets time pass until that member was asked: the first look may not know them yet."""
        mine = {"Authorization": f"Bearer {self.house.world.tokens[who]}"}
        while self.asks[name] not in httpx.get(self.house.address + "/v1/me/alerts", headers=mine).text:
            self.wait(seconds=5)


@contextmanager
def evening(folder: Path) -> Iterator[Evening]:
    """An open house in which everything has happened, so that each state stands. Times count back from its end."""
    with served(folder, **TEXTS) as house:
        yield _after_everything(Evening(house))


def _after_everything(held: Evening) -> Evening:
    held.ask("expired")
    held.claim("expired", 4)
    held.wait(hours=7)
    for name, how in (("cancelled", "cancelled"), ("resolved", "resolved")):
        held.ask(name)
        claim = held.claim(name, 4)
        held.step(claim, "en_route", "on_scene", *(["met"] if how == "resolved" else []))
        held.close(name, how)
    held.ask("nobody yet", quantity=3)
    held.ask("nobody yet, danger", quantity=2, urgency="danger")
    held.wait(minutes=6)
    held.ask("lapsed", quantity=4)
    held.claim("lapsed", 4)
    held.ask("silent", quantity=4)
    held.step(held.claim("silent", 4), "en_route")
    held.wait(minutes=4)
    held.ask("warned", quantity=4)
    held.claim("warned", 2)
    held.wait(minutes=8)
    held.ask("asked")
    held.wait(seconds=5)
    held.ask("done", quantity=4)
    held.step(held.claim("done", 4), "en_route", "on_scene", "met", "done")
    held.ask("taken over", quantity=1)
    gone = held.claim("taken over", 1, who="cem")
    held.claim("taken over", 1, standby=True)
    held.step(gone, "withdraw", who="cem")
    held.ask("unheard", who="dora", quantity=2)
    held.ask("some")
    held.claim("some", 4, eta_minutes=60)
    held.ask("covered")
    held.claim("covered", 5, eta_minutes=30)
    held.claim("covered", 4, who=held.links["covered"]["helper"], more=MAYA)
    held.ask("standby", quantity=1)
    held.claim("standby", 1, who=held.links["standby"]["helper"], more=MAYA)
    held.claim("standby", 1, standby=True)
    held.claim("standby", 1, who="cem", standby=True)
    held.ask("on the way", quantity=4)
    held.step(held.claim("on the way", 4, eta_minutes=50), "en_route")
    driven = held.post("ben", f"/v1/requests/{held.asks['on the way']}/trips")
    held.links["on the way"]["trip"] = driven["link"].rpartition("#")[2]
    held.ask("reopened")
    held.step(held.claim("reopened", 4), "withdraw")
    held.ask("there", quantity=4)
    held.step(held.claim("there", 4), "en_route", "on_scene")
    held.ask("partly met")
    held.step(held.claim("partly met", 4), "en_route", "on_scene", "met")
    held.ask("all met", quantity=4)
    held.step(held.claim("all met", 4), "en_route", "on_scene", "met")
    held.ask("money", kind="funds", quantity=4_000, place=None)
    held.ask("kind words", kind="words", quantity=None, place=None)
    held.ask("for another", who="dora", for_other=True, place=BAKER_TEXT)
    held.joins("eva")
    held.ask("passed on")
    held.asked_too("passed on", "eva")
    held.ask("a drill", path="/v1/drills")
    held.ask("asked last")
    held.wait(seconds=5)
    link = held.post("eva", f"/v1/requests/{held.asks['passed on']}/relays", {"named": True})["token"]
    held.come_by("passed on", link)
    held.invite = held.post("ana", "/v1/invites")["token"]
    held.wait(seconds=30)
    return held


def _form(page: Page, **fields: str) -> None:
    for name, value in ({"quantity": "3", "place": "I-15 near Baker, CA"} | fields).items():
        page.fill(f"[name={name}]", value)
    page.click(".send .main")


def _refused(**fields: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        _form(page, **fields)
        page.wait_for_selector(".faults")

    return act


def _open(selector: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for each in page.locator(selector).all():
            if each.is_visible():
                each.click()

    return act


def _danger(page: Page) -> None:
    page.click(".more > summary")
    page.locator("label:has([value=danger])").click()


def _offline(page: Page) -> None:
    page.unroute_all(behavior="ignoreErrors")  # whoever fetches for a page has signal even so
    page.context.set_offline(True)
    _form(page)
    page.wait_for_selector("#note:not(:empty)")


def _town(page: Page) -> None:
    page.fill("#town", "Baker, CA")
    page.click("main form .main")
    page.wait_for_selector("table")


def _press(selector: str, then: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_selector(then)

    return act


OWNED: Final = (
    "expired", "cancelled", "resolved", "nobody yet", "nobody yet, danger", "silent", "asked", "some", "covered",
    "on the way", "reopened", "taken over", "there", "partly met", "all met", "money", "kind words",
)  # fmt: skip
LINKED: Final = ("asked", "covered", "on the way", "all met", "resolved")


def scenes(held: Evening) -> Sequence[Scene]:
    """Every page and state there is, phones first, then the wall."""
    asks = held.asks
    ask = f"/r/{asks['some']}"
    return [
        Scene("ask", None, "/"),
        Scene("ask, everything open", None, "/", _open("main details > summary")),
        Scene("ask, a member", "cem", "/"),
        Scene("ask, own asks", "dora", "/"),
        Scene("ask, no such place", "cem", "/", _refused(place="zzqqvv nowhere at all")),
        Scene("ask, two places", "cem", "/", _refused(place="Baker")),
        Scene("ask, no number", "cem", "/", _refused(quantity="many")),
        Scene("ask, danger", None, "/", _danger),
        Scene("ask, no signal", None, "/", _offline),
        Scene("ask again", "ana", f"/?again={asks['expired']}"),
        Scene("offline", None, "/offline"),
        *(Scene(f"follow, {name}", "ana", f"/r/{asks[name]}", _open("main details > summary")) for name in OWNED),
        Scene("follow, unheard", "dora", f"/r/{asks['unheard']}"),
        Scene("follow, claimer", "ben", ask),
        *(Scene(f"follow by link, {name}", f"view {name}", f"/r/{asks[name]}") for name in LINKED),
        Scene("follow by helpers' link", "helper asked", f"/r/{asks['asked']}"),
        Scene("share", "ana", ask, _press("form[action$=share] button", "#view")),
        Scene("share a trip", "ana", f"/r/{asks['on the way']}/trip", _share_a_trip),
        Scene("a shared trip", "trip on the way", f"/trip/{asks['on the way']}"),
        Scene("a trip's link that is needed", None, f"/trip/{asks['on the way']}"),
        Scene("take, passing it on", "eva", "/help", _pass_form),
        Scene("follow, a stranger offers", "ana", f"/r/{asks['passed on']}"),
        Scene("links that were passed on", "ana", f"/r/{asks['passed on']}/passed"),
        Scene("follow, a drill", "ana", f"/r/{asks['a drill']}"),
        Scene("a drill's question", "eva", f"/r/{asks['a drill']}", _press(".live .main", "[value=could]")),
        Scene("close", "ana", f"{ask}/close?as=resolved"),
        Scene("cancel", "ana", f"{ask}/close?as=cancelled"),
        Scene("who did not come", "ana", f"/r/{asks['all met']}/missing"),
        Scene("a link that is needed", None, ask),
        Scene("help, everything", "ben", "/help", _open("main details > summary")),
        Scene("help, alerts", "cem", "/help"),
        Scene("help, nothing", "dora", "/help"),
        Scene("help, blocked", "ben", "/help/blocked"),
        Scene("help, nobody", None, "/help"),
        Scene("phone", "ana", "/phone"),
        Scene("phone, a wrong code", "ben", "/phone?asked=1", _wrong_phone_code),
        Scene("phone, signing in", None, ask, _sign_in_by_phone),
        Scene("take", "cem", f"/r/{asks['asked']}/take"),
        Scene("take, by link", "helper asked", f"/r/{asks['asked']}/take"),
        Scene("take, all found", "helper covered", f"/r/{asks['covered']}/take"),
        Scene("take, over", "helper resolved", f"/r/{asks['resolved']}/take"),
        Scene("wrong code", "ben", "/help", _wrong_code),
        Scene("join", None, "/join"),
        Scene("join, ended link", None, "/join", _press("main form .main", "[role=alert]")),
        Scene("ready", "ana", "/ready"),
        Scene("ready, a town", "ana", "/ready", _town),
        Scene("ready, nobody", "dora", "/ready", _town),
        Scene("invite", "ana", "/ready", _press("form[action$=invite] button", "#link")),
        Scene("report", "ana", f"/r/{asks['resolved']}/report"),
        Scene("status", None, "/status"),
        Scene("no such page", None, "/nothing"),
        Scene("watch", None, "/watch", wall=True),
        Scene("watch, in a room", None, "/watch?wall=1", wall=True),
    ]


def _wrong_phone_code(page: Page) -> None:
    page.fill("#code", "000000")
    page.click("form[action$=check] button")
    page.wait_for_selector("[role=alert]")


def _sign_in_by_phone(page: Page) -> None:
    """The place to type the code, for a number that is nobody's."""
    page.click("main details > summary")
    page.fill("#phone", "+1 760 555 0100")
    page.click("form[action$=in] button")
    page.wait_for_selector("#code")


def _pass_form(page: Page) -> None:
    """The alert's own page, with the way to somebody else open."""
    page.click(".live a.main")
    page.wait_for_selector("form[action$=pass]")
    page.click("form[action$=pass] summary")


def _share_a_trip(page: Page) -> None:
    """A fresh link; the ones of earlier looks are ended, since there may be only so many."""
    if page.locator("form[action$=end] button").count():
        page.click("form[action$=end] button")
    page.click("form[action$=trip] button")
    page.wait_for_selector("#trip")


def _wrong_code(page: Page) -> None:
    page.locator("[name=code]").first.fill(CODE_WRONG)
    page.locator("form:has([name=code]) .main").first.click()
    page.wait_for_url("**/step")


WALL: Final[dict[str, Any]] = {"viewport": {"width": 1920, "height": 1080}}


@dataclass
class Visitors:
    """A browser that can be anybody of the evening; each is signed in once and keeps one page open."""

    browser: Browser
    evening: Evening
    more: dict[str, Any] = field(default_factory=dict)
    watch: Callable[[Page], None] = lambda page: None
    """Called with every page before anything is looked at."""
    pages: dict[tuple[str | None, bool], Page] = field(default_factory=dict)

    def page(self, scene: Scene) -> Page:
        """The page of whoever looks."""
        key = (scene.who, scene.wall)
        if key not in self.pages:
            about = PHONE | {"service_workers": "block"} | (WALL if scene.wall else {}) | self.more
            context = self.browser.new_context(**about)
            context.set_default_timeout(15_000)
            self.pages[key] = context.new_page()
            if scene.who is not None:
                self._sign_in(self.pages[key], scene.who)
            self.watch(self.pages[key])
        return self.pages[key]

    def _sign_in(self, page: Page, who: str) -> None:
        power, _, name = who.partition(" ")
        token = self.evening.links[name][power] if name else self.evening.house.world.tokens[who]
        sign_in(page, self.evening.house.address, token)

    def look(self, scene: Scene, lang: str = "en") -> Page:
        """The page in its state."""
        page = self.page(scene)
        # What an earlier look kept on the phone for want of signal is thrown away before there is signal again.
        with suppress(Error):  # no page yet, or one that is about to leave
            page.evaluate("() => localStorage.clear()")
        page.context.set_offline(False)
        join = "&" if "?" in scene.path else "?"
        page.goto(f"{self.evening.house.address}{scene.path}{join}lang={lang}", wait_until="domcontentloaded")
        scene.act(page)
        return page

    def close(self) -> None:
        """Everybody leaves."""
        for page in self.pages.values():
            page.unroute_all(behavior="ignoreErrors")
            page.context.close()
