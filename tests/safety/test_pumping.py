"""Texts cost money and calls cost attention: who pumps the one or pranks with ten numbers stays within a budget."""

from datetime import timedelta
from typing import Any

from dispatch.actions import desk, erase, send_wave
from dispatch.actions.prove_phone import ASKED, AskCode, ask_code, forget_codes
from dispatch.actions.reach import bound_of
from dispatch.actions.send_wave import Plan
from dispatch.bus.buckets import RedisBuckets
from dispatch.domain import limits
from dispatch.domain.alert import NewAlert, Reasons
from dispatch.domain.forecast import Forecast
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.people import Duty
from dispatch.domain.request import Urgency
from dispatch.domain.standing import REACHES, Backing
from dispatch.domain.visibility import Viewer
from dispatch.store.sqlite import SqliteStore
from tests.safety.test_attackers import strangers
from tests.support.gateway import Gateway
from tests.support.phones import DAY, HOUR, NUMBER, asks, let_out, proven
from tests.support.world import Night
from tests.web.conftest import Play, World
from web.limiter import Limiter

# -- who pumps ---------------------------------------------------------------------------------------------------------


def pumped(night: Night, tries: int, numbers: int, every: timedelta) -> int:
    """So many tries over so many numbers, a number after the other; how many texts were let out."""
    assert night.clock is not None
    person = Viewer(person_id=night.person("Mallory"))
    batch = max(1, int(tries // 200)) if every else tries // 10

    def some(start: int) -> Any:
        def job(tx: Any, now: Any) -> None:
            for number in range(start, min(start + batch, tries)):
                to = f"+1760{number % numbers:07}"
                ask_code(tx, now, AskCode(number=to, viewer=person, prefixes=("1",)))

        return job

    for start in range(0, tries, batch):
        night.store.submit(some(start)).result()
        night.wait(every * batch or DAY / 10.5)
    return let_out(night)


def test_ten_thousand_tries_over_a_thousand_numbers_stay_within_the_days_budget(quick: Night) -> None:
    assert pumped(quick, 10_000, 1_000, timedelta(0)) == limits.TEXTS_COUNTRY_DAY == 200


def test_where_hardly_any_code_is_typed_in_no_more_are_sent(quick: Night) -> None:
    assert pumped(quick, 400, 400, timedelta(minutes=3)) == limits.TEXTS_JUDGED
    quick.wait(DAY)
    asks(quick, quick.person("Ana"))
    assert let_out(quick) == limits.TEXTS_JUDGED + 1  # a day later there is room again


def test_one_number_gets_one_code_a_minute_three_an_hour_and_five_a_day(quick: Night) -> None:
    ana, got = quick.person("Ana"), []
    for minutes in (0, 0.9, 2, 4, 6, 70, 72, 74, 140):
        quick.wait(timedelta(minutes=minutes) - (quick.now() - quick.store.read_now(lambda tx, now: quick_start(tx))))
        before = let_out(quick)
        assert asks(quick, ana) == ASKED
        got.append(let_out(quick) - before)
    assert got == [1, 0, 1, 1, 0, 1, 1, 0, 0]


def quick_start(tx: Any) -> Any:
    """When the first person of that night was made."""
    return tx.people.by_id(1).created_at


def test_no_text_goes_to_a_country_the_operator_did_not_name(quick: Night) -> None:
    ana = quick.person("Ana")
    assert asks(quick, ana, "+882130000000") == ASKED
    assert let_out(quick) == 0
    asks(quick, ana, "+34600000000")
    assert let_out(quick) == 1


def test_many_that_ask_at_once_for_one_number_get_one_text(night: Night) -> None:
    viewer = Viewer(person_id=night.person("Ana"))
    command = AskCode(number=NUMBER, viewer=viewer, prefixes=("1",))
    for each in [night.store.submit(lambda tx, now: ask_code(tx, now, command)) for _ in range(16)]:
        assert each.result() == ASKED
    assert let_out(night) == 1


def test_a_neighbourhood_has_ten_codes_an_hour_and_none_while_nobody_can_count(play: Play, texts: Gateway) -> None:
    async def story(world: World) -> None:
        async with world.client("ben", address="198.51.100.7") as ben:
            said = [
                (await world.post(ben, "/v1/me/phone", {"phone": f"+1760555{number:04}"})).status_code
                for number in range(12)
            ]
            assert said == [202] * 10 + [429] * 2
            assert world.app.api is not None
            dead = RedisBuckets("redis://127.0.0.1:1")
            world.app.api.state.limiter = Limiter(lambda: 0.0, always=True, workers=2, buckets=dead)
            away = await world.post(ben, "/v1/me/phone", {"phone": NUMBER})
            assert (away.status_code, away.json()["code"]) == (503, "busy")
            dead.close()

    play(story, limits=True, **texts.settings)


def test_what_was_asked_for_is_forgotten_after_a_day(quick: Night) -> None:
    asks(quick, quick.person("Ana"))
    quick.wait(DAY)
    quick.do(forget_codes, 1)
    assert quick.everything()["phone_code"] == []


# -- who pranks --------------------------------------------------------------------------------------------------------


def test_a_guest_whose_phone_is_proved_is_looked_for_again_at_once(play: Play, texts: Gateway) -> None:
    async def story(world: World) -> None:
        strangers(world, 120)
        async with world.client() as guest:
            ask = await world.post(
                guest, "/v1/requests", {"kind": "ride", "quantity": 60, "place": {"lat": 35.2, "lon": -116.1}}
            )
            cookie = {"Cookie": ask.headers["set-cookie"].partition(";")[0]}
            for _ in range(12):
                await world.turn(timedelta(minutes=5))

            def alerted() -> int:
                found = world.flare.store.read_now(lambda tx, now: tx.requests.by_public(ask.json()["id"]))
                assert found is not None
                return found.alerted

            assert alerted() == limits.GUEST_ALERTS_MAX
            guest.headers.update(cookie)
            await world.post(guest, "/v1/me/phone", {"phone": NUMBER})
            texts.receiver.wait_for(1)
            assert (await world.post(guest, "/v1/me/phone/check", {"code": texts.code})).status_code == 200
            await world.turn()
            assert alerted() > limits.GUEST_ALERTS_MAX
            for _ in range(11):
                await world.turn(timedelta(minutes=5))
            assert alerted() <= limits.GUEST_ALERTS_MAX + limits.PROVEN_ALERTS_HOUR

    play(story, **texts.settings)


def test_ten_proved_numbers_reach_a_hundred_and_fifty_an_hour_from_one_place_and_five_hundred_from_ten(
    quick: Night,
) -> None:
    people = [quick.person(f"S{number}", duty=Duty.AVAILABLE, alerts_per_week_max=100) for number in range(60)]
    everybody = tuple(NewAlert(person_id=person, reasons=Reasons(ring="open")) for person in people)

    def reached(origins: int, first: int) -> int:
        """A call of each number from two browsers; each wave asks everybody there is."""
        total = 0
        for number in range(20):
            guest = proven(quick, f"G{first + number}", f"+1760{first + number % 10:07}", guest=True)
            origin = f"198.51.{number % origins + first}.0/24"
            ask = quick.post(guest, 60, origin=origin, urgency=Urgency.UNSAFE).request.id
            odds = Forecast(p=0.5, by=quick.now(), early=True, alerted=0, in_reach=60)
            wave = Plan(
                request_id=ask,
                planned_at=quick.now(),
                wave=1,
                ask=everybody,
                next_look=None,
                forecast=odds,
                raised=False,
            )
            total += quick.do(send_wave.send, wave)
        return total

    assert reached(1, 100) == limits.GUESTS_NEARBY_HOUR == 150
    quick.wait(2 * HOUR)
    assert reached(10, 200) == 10 * limits.PROVEN_ALERTS_HOUR == 500


def test_a_mark_against_a_guest_follows_the_number_into_another_browser_and_past_the_erasing(quick: Night) -> None:
    one = proven(quick, "G1", guest=True)
    first = quick.post(one, 2).request
    dora = quick.person("Dora")
    quick.do(desk.close, Viewer(person_id=dora, coordinator=True), first.public_id, Disposition.UNFOUNDED)
    other = quick.post(proven(quick, "G2", guest=True), 2).request
    bound = quick.see(lambda tx: bound_of(tx, quick.now(), other))
    assert bound.a_call == REACHES[Backing.PROVEN].a_call // limits.MARK_DIVIDES
    quick.wait(limits.EXACT_KEPT + HOUR)
    quick.do(erase.shred_request, first.id, limits.EXACT_KEPT)
    assert quick.see(lambda tx: tx.people.by_id(one).phone) is None  # type: ignore[union-attr]  # a row stays
    assert quick.see(lambda tx: bound_of(tx, quick.now(), other)).a_call < REACHES[Backing.PROVEN].a_call


def test_a_proved_number_is_found_again_after_its_key_was_made_anew(quick: Night) -> None:
    ana = proven(quick)
    quick.wait(3 * DAY)
    while quick.store.submit(lambda tx, now: tx.keys.rewrap(limits.REWRAP_CHUNK)).result():
        pass
    assert isinstance(quick.store, SqliteStore)
    assert [person.id for person in quick.see(lambda tx: tx.people.with_phone(NUMBER))] == [ana]
    assert quick.see(lambda tx: tx.people.by_id(ana).phone) == NUMBER  # type: ignore[union-attr]  # just made
