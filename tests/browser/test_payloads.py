"""Whatever is typed into any field is only ever text: nothing runs, nothing is fetched, the policy is never asked.

The corpus is tests/support/payloads.py. The pages are read in a real browser, which reports every break of the policy.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Dialog, Page, expect

from dispatch.actions.desk import appoint
from dispatch.actions.words import hashed
from dispatch.domain.people import Duty, Person
from dispatch.ports import Grant, Power, Tx
from geo.point import Point
from tests.browser.conftest import Enter, House
from tests.support.payloads import LONG, REFUSED, SHORT, TEXTS

LISTENER = """
window.ran = () => console.error('BROKEN: a payload ran');
addEventListener('securitypolicyviolation',
  (e) => console.error('BROKEN: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample), true);
"""
FOREIGN = """() => [...document.querySelectorAll(
  'iframe,object,base,[srcdoc],[ping],[onerror],[onload],[onfocus],script:not([src]),[href^="javascript:" i],'
  + '[action*="evil"],[href*="evil"],[src*="evil"]')].map((e) => e.outerHTML)"""


def heard(page: Page) -> list[str]:
    """A list that fills with everything a payload does on this page from now on."""
    broken: list[str] = []

    def shown(dialog: Dialog) -> None:
        broken.append(dialog.message)
        dialog.dismiss()

    page.add_init_script(LISTENER)
    page.on("console", lambda message: broken.append(message.text) if "BROKEN" in message.text else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("dialog", shown)
    page.on("request", lambda request: broken.append(request.url) if "evil" in request.url.partition("?")[0] else None)
    return broken


def one_word(text: str) -> str:
    """The same without blanks: a first name ends at one. Between attributes a stroke does as well."""
    return text.replace(" ", "/")


class Crowd:
    """A person for each payload: it is their name, their car, their place and all they ever say."""

    def __init__(self, house: House) -> None:
        self.house, self.asks, self.keys = house, [""] * len(TEXTS), 0
        self.client = httpx.Client(base_url=house.address)
        self.tokens = house.world.flare.store.submit(self._people).result()
        house.world.flare.feed.load()

    def _people(self, tx: Tx, now: datetime) -> list[str]:
        ben = tx.people.by_public(self.house.world.people["ben"])
        assert ben is not None
        tokens, before = [], None
        for number, _ in enumerate(TEXTS):
            place = Point(35.0 + number / 50, -116.2)
            person = tx.people.add(
                Person(id=0, public_id=tx.ids.public_id(), place=place, seats=4, duty=Duty.AVAILABLE, created_at=now,
                       alerts_per_week_max=50)
            )  # fmt: skip
            tokens.append(tx.ids.token("flm_"))
            tx.grants.add(Grant(token_hash=hashed(tokens[-1]), power=Power.MEMBER, person_id=person.id))
            tx.network.tie(ben.id, person.id)
            if before is not None:
                tx.network.tie(before, person.id)
            before = person.id
        return tokens

    def send(self, who: int, method: str, path: str, body: Any) -> httpx.Response:
        """What the one with that payload sends."""
        self.keys += 1
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Idempotency-Key": f"payload-key-{self.keys:08}"}
        return self.client.request(method, path, json=body, headers=headers)

    def introduce(self, who: int) -> None:
        """They say who they are and post an ask, the payload in every field there is."""
        text = TEXTS[who]
        said = self.send(who, "PUT", "/v1/me", {"name": one_word(text), "car": text})
        assert said.status_code == 200, said.text
        group = self.send(who, "POST", "/v1/communities", {"name": text})
        assert group.status_code == 201, group.text
        place = {"lat": 35.0 + who / 50, "lon": -116.1, "accuracy_m": 9, "text": text}
        about = {"note": text, "destination": text, "needs": [text], "contact": {"name": text}}
        ask = {"kind": "ride", "quantity": 4, "place": place, "urgency": "unsafe", **about}
        posted = self.send(who, "POST", "/v1/requests", ask)
        assert posted.status_code == 201, posted.text
        self.asks[who] = posted.json()["id"]
        noted = self.send(who, "POST", f"/v1/requests/{self.asks[who]}/notes", {"text": text})
        assert noted.status_code == 201, noted.text

    def come(self, who: int) -> None:
        """They take seats of the one before."""
        claimed = self.send(who, "POST", f"/v1/requests/{self.asks[who - 1]}/claims", {"seats": 2})
        assert claimed.status_code == 201, claimed.text


@pytest.fixture
def crowd(house: House) -> Iterator[Crowd]:
    """Everybody has asked, and every second one has somebody coming; a report waits at the desk."""
    made = Crowd(house)
    for who, _ in enumerate(TEXTS):
        made.introduce(who)
    for who in range(1, len(TEXTS), 2):
        made.come(who)
    reported = made.send(1, "POST", "/v1/reports", {"request": made.asks[0], "reason": TEXTS[0]})
    assert reported.status_code == 201, reported.text
    dora = house.world.people["dora"]
    house.world.flare.store.submit(lambda tx, now: appoint(tx, now, dora, may=True)).result()
    yield made
    made.client.close()


def test_no_page_runs_what_somebody_typed(enter: Enter, crowd: Crowd) -> None:
    page, house = enter(None, "/join"), crowd.house
    broken = heard(page)

    def read(token: str | None, *paths: str) -> None:
        page.set_extra_http_headers({"Authorization": f"Bearer {token}"} if token else {})
        for path in paths:
            page.goto(house.address + path, wait_until="domcontentloaded")
            assert page.evaluate(FOREIGN) == [], path

    for who, text in enumerate(TEXTS):
        read(crowd.tokens[who], f"/?again={crowd.asks[who]}")
        assert page.input_value("#words") == text
        read(crowd.tokens[who], f"/r/{crowd.asks[who]}")
        expect(page.locator("body")).to_contain_text(text)
    for who in range(0, len(TEXTS) - 1, 4):
        read(crowd.tokens[who], *(f"/r/{crowd.asks[who]}/{path}" for path in ("missing", "close", "report")))
        read(crowd.tokens[who + 1], f"/r/{crowd.asks[who]}", "/help")
    ben = house.world.tokens["ben"]
    read(ben, "/help")
    cards = page.eval_on_selector_all(".ask-card .main", "(links) => links.map((a) => a.getAttribute('href'))")
    assert len(cards) >= 3
    read(ben, *cards[:3])
    read(house.world.tokens["dora"], "/v1/desk", "/desk")
    read(None, *(f"/watch?q={httpx.QueryParams({'q': text})['q']}" for text in SHORT[:2]), f"/?again={SHORT[0]}")
    assert broken == []


def test_what_was_typed_wrong_comes_back_as_text(enter: Enter, house: House) -> None:
    page = enter(None, "/join")
    broken = heard(page)
    every = " ".join(TEXTS[:-1])
    page.goto(house.address + "/")
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.check("[name=who][value=other]", force=True)
    for field in ("#quantity", "#place", "#destination", "#words", "#name", "#phone"):
        page.locator(field).evaluate("(e, text) => { e.removeAttribute('maxlength'); e.value = text; }", every)
    page.click(".send .main")
    page.wait_for_selector(".faults")
    assert page.input_value("#words") == every
    assert page.evaluate(FOREIGN) == []
    page.goto(house.address + "/join")
    for field in ("#token", "#name", "#town"):
        page.locator(field).evaluate("(e, text) => { e.removeAttribute('maxlength'); e.value = text; }", every)
    page.click("form .main")
    page.wait_for_selector(".faults")
    assert page.evaluate(FOREIGN) == []
    assert broken == []


def test_what_arrives_on_an_open_page_is_text_too(enter: Enter, house: House) -> None:
    pages = [enter("ben"), enter("dora", "/watch"), enter("ana", "/")]
    broken = [heard(page) for page in pages]
    ben, wall, ana = pages
    ana.fill("#quantity", "4")
    ana.fill("#place", "I-15 near Baker, CA")
    ana.locator("#phone").evaluate("(e) => { e.value = 'javascript:ran(5550100)'; }")
    for page in (ben, wall):
        page.reload()
    ana.click(".send .main")
    ana.wait_for_url("**/r/**")
    with httpx.Client(base_url=house.address) as client:
        ask = ana.url.rpartition("/")[2]
        headers = {"Authorization": f"Bearer {house.world.tokens['ben']}"}
        named = client.put("/v1/me", json={"name": one_word(TEXTS[0]), "car": LONG[0]}, headers=headers)
        assert named.status_code == 200, named.text
        keyed = headers | {"Idempotency-Key": "payload-live-00000001"}
        claim = client.post(f"/v1/requests/{ask}/claims", json={"seats": 1}, headers=keyed)
        assert claim.status_code == 201, claim.text
    for text in (one_word(TEXTS[0]), LONG[0]):
        expect(ana.locator(".who-comes")).to_contain_text(text)
    expect(ben.locator(".mine")).to_contain_text("You have 1 seat")
    expect(wall.locator("body")).to_contain_text("1 of 4")
    assert [page.evaluate(FOREIGN) for page in pages] == [[], [], []]
    assert broken == [[], [], []]


def test_text_that_fools_its_reader_is_taken_by_no_field(house: House) -> None:
    with httpx.Client(base_url=house.address, headers={"Authorization": f"Bearer {house.world.tokens['ana']}"}) as ana:
        for number, text in enumerate(REFUSED):
            for field in ("name", "car", "phone"):
                assert ana.put("/v1/me", json={field: text}).status_code == 422, (field, text)
            for field, value in (
                ("note", text), ("destination", text), ("needs", [text]), ("contact", {"name": text}),
                ("contact", {"phone": text}), ("place", {"lat": 35.2, "lon": -116.1, "text": text}),
            ):  # fmt: skip
                ask = {"kind": "ride", "quantity": 1, "place": {"lat": 35.2, "lon": -116.1}, field: value}
                key = {"Idempotency-Key": f"refused-{number:08}-{field:0>12}"}
                assert ana.post("/v1/requests", json=ask, headers=key).status_code == 422, (field, text)
    assert house.asks() == 0


def test_the_listener_would_hear_a_payload_that_ran(enter: Enter, house: House) -> None:
    page = enter(None, "/join")
    broken = heard(page)
    page.goto(house.address + "/help")
    page.evaluate(
        "() => { const e = document.createElement('base'); e.href = '//evil.test'; document.head.append(e); }"
    )
    page.wait_for_function("() => performance.now() > 0")
    page.evaluate("() => ran()")
    assert any("base-uri" in line for line in broken)
    assert page.evaluate(FOREIGN) != []
    assert "BROKEN: a payload ran" in broken
