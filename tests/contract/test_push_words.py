"""What stands on a locked phone: enough to decide, in the reader's language, and nothing a stranger may not read."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch.actions import send_wave
from dispatch.actions.push import send_test
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import NewAlert, Reasons
from dispatch.domain.forecast import Forecast
from dispatch.domain.lifecycle import Disposition, Step
from dispatch.domain.visibility import Viewer
from dispatch.store import SqlStore
from geo import cells
from tests.contract.pushing import Pushing
from tests.support.receiver import Phone, receiving
from tests.support.world import ZZYZX, night_on

NOTE = "behind the blue water tank, ask for Zephyrine"
PHONE = "+1 760 555 0142"


@pytest.fixture
def push(store: SqlStore, clock: SteppedClock) -> Iterator[Pushing]:
    with receiving() as receiver:
        yield Pushing(night_on(store, clock), receiver)


def test_an_alert_says_who_what_near_where_why_how_far_and_when(push: Pushing) -> None:
    ana = push.night.person("Ana Lastname")
    ben = push.night.person("Ben", friend_of=ana)
    phone = push.phone(ben)
    push.night.post(ana)
    push.settle()
    (shown,) = phone.shows()
    assert shown["title"] == "Ana asks: a ride for 9, near Baker, CA"
    why, far, needed = shown["body"].split("\n")
    assert (why, far) == ("You know Ana.", "About half an hour from you")
    assert re.fullmatch(r"9 of 9 seats still needed, \d\d:\d\d", needed)
    assert (shown["yes"], shown["no"], shown["dir"]) == ("See it", "Not now", "ltr")


@pytest.mark.parametrize(("lang", "title"), [("es", "Ana pide: "), ("xx", "Ana asks: "), (None, "Ana pide: ")])
def test_each_device_is_told_in_its_own_language_else_in_its_owners(
    push: Pushing, lang: str | None, title: str
) -> None:
    ana = push.night.person("Ana")
    phone = push.phone(push.night.person("Ben", friend_of=ana, lang="es"), lang=lang)
    push.night.post(ana)
    push.settle()
    (shown,) = phone.shows()
    assert shown["title"].startswith(title)


def test_a_drill_says_that_it_is_one_before_anything_else(push: Pushing) -> None:
    ana = push.night.person("Ana")
    phone = push.phone(push.night.person("Ben", friend_of=ana))
    push.night.post(ana, drill=True)
    push.settle()
    (shown,) = phone.shows()
    assert shown["title"].startswith("Drill: Ana asks")
    assert "Nobody drives." in shown["body"].split("\n")[0]


def test_what_is_sent_in_quiet_hours_makes_no_sound(push: Pushing) -> None:
    ana = push.night.person("Ana")
    ben = push.night.person("Ben", friend_of=ana)
    phone = push.phone(ben)
    request = push.night.post(ana).request
    now = push.night.now()
    quietly = send_wave.Plan(
        request_id=request.id, planned_at=now, wave=1, next_look=None, raised=False,
        ask=(NewAlert(person_id=ben, reasons=Reasons(ring="1", silent=True)),),
        forecast=Forecast(p=0.5, by=now + timedelta(hours=1), early=True, alerted=0, in_reach=1),
    )  # fmt: skip
    push.night.do(send_wave.send, quietly)
    push.send()
    (shown,), (handed,) = phone.shows(), phone.handed
    assert shown["silent"]
    assert handed.headers["urgency"] == "normal"


def test_nothing_on_any_phone_is_finer_than_its_reader_may_know(push: Pushing) -> None:
    ana = push.night.person("Ana Lastname")
    ben, cem, dan, eve = (push.night.person(f"{name} Lastname", friend_of=ana, seats=4) for name in "BCDE")
    phones = [push.phone(person) for person in (ana, ben, cem, dan, eve)]
    posted = push.night.post(
        ana, 4, note=NOTE, destination="Hotel Zephyrine", contact_phone=PHONE, place_text="mile 239, blue water tank"
    )
    request = posted.request
    push.settle()
    first = push.night.claim(request.public_id, ben, 2)
    second = push.night.claim(request.public_id, cem, 2)
    push.night.claim(request.public_id, dan, 2, standby=True)
    push.settle()
    for step in (Step.EN_ROUTE, Step.ON_SCENE):
        push.night.step(first["id"], ben, step)
    push.settle()
    push.night.step(second["id"], cem, Step.WITHDRAW)
    push.settle()
    push.night.close(request.public_id, ana, Disposition.CANCELLED)
    push.night.do(send_test, Viewer(person_id=ana, session=f"session of {phones[0].path}"))
    push.settle()
    told = [shown for phone in phones for shown in phone.shows()]
    assert len(told) >= 9
    text = json.dumps(told, ensure_ascii=False)
    fine = [cells.parent(cell, size) for cell in [cells.cell_of(ZZYZX, 12)] for size in range(6, 13)]
    codes = [str(code) for claim in push.night.claims(request.id) for code in (claim.tell, claim.hear)]
    secrets = ["35.1", "116.1", "Zzyzx", "Zephyrine", "water tank", "mile 239", "555", "Lastname", "phone-of-"]
    for secret in [*secrets, *fine]:
        assert secret not in text, secret
    for token in posted.tokens.values():
        assert token not in text
    assert not [code for code in codes if re.search(rf"\b{code}\b", text.replace('"at": ', '"at":x'))]
    assert all(len(each.body) <= limits.PUSH_BYTES + 103 for each in push.receiver.got)
    raw = b"".join(each.body + json.dumps(each.headers).encode() for each in push.receiver.got)
    assert b"Baker" not in raw
    assert request.public_id.encode() not in raw


def test_the_longest_names_still_fit_into_one_message(push: Pushing) -> None:
    ana = push.night.person("\N{SMILING FACE WITH SUNGLASSES}" * limits.NAME_CHARS)
    phone = push.phone(push.night.person("Ben", friend_of=ana), lang="es")
    push.night.post(ana, drill=True)
    push.settle()
    (shown,) = phone.shows()
    assert len(json.dumps(shown, ensure_ascii=False).encode()) <= limits.PUSH_BYTES
    assert shown["body"].endswith(tuple("0123456789"))


def test_an_alert_that_no_phone_took_in_time_is_not_delivered_any_more(push: Pushing) -> None:
    if push.night.clock is None:
        pytest.skip("the server's clock can't be moved on")
    ana = push.night.person("Ana")
    phone = push.phone(push.night.person("Ben", friend_of=ana))
    push.night.post(ana)
    push.night.settle()
    push.wait(limits.PUSH_ALERT_LIFE)
    push.send()
    assert (phone.handed, push.waiting()) == ([], 0)


def test_neither_the_file_nor_its_log_names_where_a_phone_is_reached(push: Pushing, sqlite_path: Path) -> None:
    if push.night.clock is None:
        pytest.skip("there is no file to look into")
    phone = Phone(push.receiver, "/a-path-that-is-a-secret")
    push.night.do(phone.wants(push.night.person("Ben"), session="s"))
    stored = b"".join(each.read_bytes() for each in sqlite_path.parent.glob("flare.db*"))
    assert b"a-path-that-is-a-secret" not in stored
    assert phone.reader.auth not in stored


def test_the_keys_of_devices_are_renewed_with_all_others(push: Pushing) -> None:
    if push.night.clock is None:
        pytest.skip("the server's clock can't be moved on")
    ben = push.night.person("Ben")
    push.phone(ben)
    before = push.night.see(lambda tx: tx.devices.of_person(ben))
    for _ in range(60):
        push.night.wait(timedelta(days=1))
        push.night.do(lambda tx, now: tx.keys.rewrap(limits.REWRAP_CHUNK))
        push.night.do(lambda tx, now: tx.keys.destroy_old())
    assert push.night.see(lambda tx: tx.devices.of_person(ben)) == before
    assert len(before) == 1
