"""A phone is proved by a code: who guesses, who pumps texts for money and who fishes for members get nothing by it."""

import asyncio
import logging
import re
from typing import Any

import pytest

from dispatch.actions.prove_phone import ASKED, AskCode, ask_code, check_code, token_for
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.errors import WrongCode
from dispatch.domain.visibility import Viewer
from dispatch.notify.texts import Gateway as Address
from dispatch.notify.texts import TextSender
from tests.support.canaries import leaks
from tests.support.gateway import SECRET, Gateway, send, sent
from tests.support.phones import MINUTE, NUMBER, asks, code_of, let_out, other_than, proven
from tests.support.world import Night
from tests.web.conftest import Play, World

# -- the whole way, over a real gateway --------------------------------------------------------------------------------


def test_a_phone_is_proved_by_the_code_that_was_sent_to_it(play: Play, texts: Gateway) -> None:
    async def story(world: World) -> None:
        async with world.client("ben") as ben:
            asked = await world.post(ben, "/v1/me/phone", {"phone": "+1 (760) 555-0199"})
            assert (asked.status_code, asked.json()) == (202, ASKED)
            (handed,) = texts.receiver.wait_for(1)
            assert handed.headers["authorization"] == f"Bearer {SECRET}"
            assert len(handed.headers["idempotency-key"]) == 32
            ((to, text),) = texts.texts
            assert to == NUMBER
            assert "://" not in text
            assert "www" not in text
            wrong = await world.post(ben, "/v1/me/phone/check", {"code": other_than(texts.code)})
            assert (wrong.status_code, wrong.json()["code"], wrong.json()["tries_left"]) == (409, "wrong-code", 4)
            right = await world.post(ben, "/v1/me/phone/check", {"code": texts.code})
            assert (right.json()["phone"], right.json()["phone_proven"]) == (NUMBER, True)
            again = await world.post(ben, "/v1/me/phone/check", {"code": texts.code})
            assert again.status_code == 409
            assert 'flare_texts_total{outcome="sent"}' in (await ben.get("/metrics")).text
            for typed, proven in (("00 1 760 555 0199", True), ("+1 760 555 0111", False), (NUMBER, False)):
                assert (await ben.put("/v1/me", json={"phone": typed})).json()["phone_proven"] is proven

    play(story, **texts.settings)


def test_a_member_signs_in_by_a_code_to_the_phone_they_proved(play: Play, texts: Gateway) -> None:
    async def story(world: World) -> None:
        async with world.client("ben") as ben:
            await world.post(ben, "/v1/me/phone", {"phone": NUMBER})
            texts.receiver.wait_for(1)
            await world.post(ben, "/v1/me/phone/check", {"code": texts.code})
        world.clock.step(2 * MINUTE)
        async with world.client(**{"User-Agent": "a new phone"}) as anew:
            assert (await world.post(anew, "/v1/session/phone", {"phone": NUMBER})).json() == ASKED
            texts.receiver.wait_for(2)
            body, key = {"phone": NUMBER, "code": texts.code}, world.key()
            opened = await world.post(anew, "/v1/session/phone/check", body, key)
            assert opened.json() == {"power": "member", "person": world.people["ben"]}
            cookie = opened.headers["set-cookie"].partition(";")[0]
            me = await anew.get("/v1/me", headers={"Cookie": cookie})
            assert me.json()["id"] == world.people["ben"]
            lost = await world.post(anew, "/v1/session/phone/check", body, key)
            assert lost.headers["set-cookie"].partition(";")[0] != cookie
            spent = await world.post(anew, "/v1/session/phone/check", body)
            assert spent.status_code == 409

    play(story, **texts.settings)


def test_no_log_no_metric_and_no_file_holds_a_number_a_code_or_the_gateways_secret(
    play: Play, texts: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts.receiver.say("/texts", "503 Busy", "400 Bad Request", "200 OK")

    async def story(world: World) -> tuple[str, bytes]:
        await asyncio.to_thread(world.flare.texts.stop)  # type: ignore[union-attr]  # a gateway is set
        address = Address(url=texts.settings["sms_url"], headers=dict(texts.settings["sms_headers"]))
        sender = TextSender(world.flare.store, world.clock, address, b"s" * 32)
        async with world.client("ben") as ben:
            for _ in range(2):
                await world.post(ben, "/v1/me/phone", {"phone": NUMBER})
                await sent(sender)
                world.clock.step(2 * MINUTE)
                await sent(sender)
            seen = (await ben.get("/metrics")).text
        assert len(texts.handed) == 3
        folder = world.flare.settings.data
        return seen, b"".join(file.read_bytes() for file in folder.glob("flare.db*") if file.suffix != ".keys")

    metrics, file = play(story, **texts.settings)
    secret = [NUMBER, NUMBER[1:], SECRET, *(text[:6] for _, text in texts.texts)]
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    said = "\n".join(record.getMessage() + str(vars(record)) for record in ours)
    assert "answered a text with 400" in said
    assert leaks(metrics + said, secret) == []
    assert [word for word in secret if word.encode() in file] == []


def test_without_a_gateway_nothing_is_sent_and_everybody_is_told_so(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ben") as ben:
            assert (await ben.get("/v1/me")).json()["phone_provable"] is False
            assert (await world.post(ben, "/v1/me/phone", {"phone": NUMBER})).status_code == 403
            assert (await world.post(ben, "/v1/session/phone", {"phone": NUMBER})).status_code == 403

    play(story)


def test_a_text_that_the_gateway_did_not_take_is_tried_again_under_the_same_name(
    quick: Night, texts: Gateway, clock: SteppedClock
) -> None:
    ana = quick.person("Ana")
    sender = TextSender(quick.store, clock, Address(url=texts.settings["sms_url"], headers={}), b"s" * 32)
    texts.receiver.say("/texts", "503 Busy", "429 Slow\r\nRetry-After: 30", "200 OK")
    asks(quick, ana)
    for _ in range(3):
        send(sender)
        quick.wait(MINUTE)
    send(sender)
    assert len(texts.handed) == 3
    assert len({handed.headers["idempotency-key"] for handed in texts.handed}) == 1
    asks(quick, ana)
    quick.wait(limits.PHONE_CODE_LIFE)
    send(sender)
    assert len(texts.handed) == 3  # a code that lasts no longer is not sent any more


# -- who guesses -------------------------------------------------------------------------------------------------------


def test_a_guesser_is_stopped_at_five_and_the_right_code_is_worth_nothing_then(night: Night) -> None:
    ana = night.person("Ana")
    asks(night, ana)
    right, viewer = code_of(night, ana), Viewer(person_id=ana)
    tries = [night.store.submit(lambda tx, now: check_code(tx, now, viewer, other_than(right))) for _ in range(30)]
    refusals = [each.result() for each in tries]
    left = sorted(refusal.tries_left for refusal in refusals if isinstance(refusal, WrongCode))
    assert left == [0] * 26 + [1, 2, 3, 4]
    assert isinstance(night.do(check_code, viewer, right), WrongCode)
    assert night.see(lambda tx: tx.people.by_id(ana).phone_proven) is False  # type: ignore[union-attr]  # just made


def test_a_code_is_worth_nothing_after_ten_minutes_for_another_or_after_a_newer_one(quick: Night) -> None:
    ana, ben = quick.person("Ana"), quick.person("Ben")
    asks(quick, ana)
    first = code_of(quick, ana)
    assert isinstance(quick.do(check_code, Viewer(person_id=ben), first), WrongCode)
    quick.wait(2 * MINUTE)
    asks(quick, ben)  # of the same number: one of its codes is alive
    assert isinstance(quick.do(check_code, Viewer(person_id=ana), first), WrongCode)
    second = code_of(quick, ben)
    quick.wait(limits.PHONE_CODE_LIFE)
    assert isinstance(quick.do(check_code, Viewer(person_id=ben), second), WrongCode)


def test_a_code_to_prove_a_phone_signs_nobody_in(night: Night) -> None:
    ana = proven(night)  # who could sign in by it, with the right kind of code
    asks(night, ana)
    assert isinstance(night.do(token_for, NUMBER, code_of(night, ana)), WrongCode)


# -- who fishes --------------------------------------------------------------------------------------------------------


def test_a_number_of_a_member_and_one_of_nobody_are_dealt_with_alike(quick: Night) -> None:
    proven(quick)

    def traced(number: str) -> tuple[Any, list[str]]:
        """The answer, and every statement it took, without its values."""
        said: list[str] = []

        def job(tx: Any, now: Any) -> Any:
            tx.link.raw.set_trace_callback(said.append)
            try:
                return ask_code(tx, now, AskCode(number=number, viewer=None, prefixes=("1",)))
            finally:
                tx.link.raw.set_trace_callback(None)

        answer = quick.store.submit(job).result()
        return answer, [re.sub(r"'[^']*'|\b[0-9]+\b|\bNULL\b", "?", statement) for statement in said]

    nobodys, members = traced("+17605550100"), traced(NUMBER)
    assert nobodys[0] == members[0] == ASKED
    assert nobodys[1] == members[1]
    assert len(nobodys[1]) > 5
    assert let_out(quick) == 2
    for number in (NUMBER, "+17605550100"):
        answers = [quick.do(token_for, number, "000000") for _ in range(6)]
        assert [each.tries_left for each in answers if isinstance(each, WrongCode)] == [4, 3, 2, 1, 0, 0]


def test_only_the_one_of_a_member_is_really_sent(night: Night, texts: Gateway) -> None:
    proven(night)
    asks(night, None, "+17605550100")
    asks(night, None)
    clock = night.clock or SteppedClock(night.now())
    address = Address(url=texts.settings["sms_url"], headers={})
    send(TextSender(night.store, clock, address, b"s" * 32))
    assert [to for to, _ in texts.texts] == [NUMBER]


def test_whoever_shows_last_that_they_have_a_number_signs_in_by_it(night: Night) -> None:
    ana, ben = proven(night), night.person("Ben")
    asks(night, ben)
    night.do(check_code, Viewer(person_id=ben), code_of(night, ben))
    people = night.see(lambda tx: tx.people.by_ids([ana, ben]))
    assert (people[ana].phone_proven, people[ben].phone_proven) == (False, True)
    assert [person.id for person in night.see(lambda tx: tx.people.with_phone(NUMBER))] == [ben]
