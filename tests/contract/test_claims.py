"""Taking seats: never one too many however many reach at once, every refusal says what is left, seats come back."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.step_claim import StepClaim, step_claim
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.errors import (
    AlreadyClaimed,
    Invalid,
    NoMoreTime,
    NotFound,
    OwnRequest,
    Refused,
    RequestOver,
    SeatTaken,
    SignIn,
    WrongCode,
    WrongStep,
)
from dispatch.domain.events import request_topic
from dispatch.domain.lifecycle import BY_CLAIMER, HOLDS_SEATS, ClaimState, RequestState, Step
from dispatch.domain.people import Person
from dispatch.domain.visibility import NOBODY, Viewer
from dispatch.ids import SystemIds
from dispatch.store import SqlStore
from dispatch.store.postgres import open_postgres
from tests.support.world import SECRET, Night, night_on

ROUNDS = int(os.environ.get("FLARE_TEST_ROUNDS", "200"))


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


def reach(stores: list[SqlStore], request: str, wants: dict[int, int]) -> dict[int, int]:
    """Everybody at once; whoever is told how many are left takes those. Answers the seats each person got."""
    got: dict[int, int] = {}
    while wants:
        tries: dict[int, Future[Any]] = {}
        for number, (person, seats) in enumerate(wants.items()):
            command = ClaimSeats(request=request, viewer=Viewer(person_id=person), seats=seats, ring="1")
            tries[person] = stores[number % len(stores)].submit(partial(claim_seats, command=command))
        again: dict[int, int] = {}
        for person, answer in tries.items():
            try:
                got[person] = answer.result()["seats"]
            except SeatTaken as refusal:
                left = refusal.seats_open
                again[person] = left
            if person in again:
                assert again[person] < wants[person]  # else it would have fitted
        wants = {person: left for person, left in again.items() if left}
    return got


def assert_nine_rounds_hold(stores: list[SqlStore], night: Night, rounds: int) -> None:
    owner = night.person("Robert")
    people = [night.person(f"V{number}") for number in range(50)]
    for number in range(rounds):
        posted = night.post(owner, 9).request
        wants = {person: (person * 7 + number) % 3 + 1 for person in people}
        got = reach(stores, posted.public_id, wants)
        request, claims = night.request(posted.id), night.claims(posted.id)
        assert request.status is RequestState.CLAIMED
        assert request.seats_taken == sum(got.values()) == 9  # none too many, none left while wanted
        assert sorted((c.person_id, c.seats) for c in claims) == sorted(got.items())
        kinds = night.kinds_of(request_topic(posted.id))
        assert kinds == ["posted", *["claimed"] * len(got), "covered"]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_fifty_people_and_nine_seats_end_in_nine_promises_every_time(night: Night, store: SqlStore) -> None:
    assert_nine_rounds_hold([store], night, ROUNDS)


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_two_workers_with_fifty_people_never_promise_a_tenth_seat(store_pair: list[SqlStore]) -> None:
    assert_nine_rounds_hold(store_pair, Night(store=store_pair[0], clock=None), max(1, ROUNDS // 4))


@pytest.fixture
def store_pair(migrated_url: str) -> Any:
    pair = [open_postgres(migrated_url, ids=SystemIds(), secret=SECRET, writers=4) for _ in range(2)]
    yield pair
    for store in pair:
        store.close()


@pytest.mark.engines
def test_two_taps_in_two_workers_are_one_claim_and_one_polite_no(store_pair: list[SqlStore]) -> None:
    night = Night(store=store_pair[0], clock=None)
    owner, helper = night.person("Robert"), night.person("Ana")
    for _ in range(20):
        request = night.post(owner, 9).request
        command = ClaimSeats(request=request.public_id, viewer=Viewer(person_id=helper), seats=1, standby=True)
        taps = [store.submit(partial(claim_seats, command=command)) for store in store_pair * 3]
        faults = [tap.exception() for tap in taps]
        assert {type(fault) for fault in faults if fault is not None} == {AlreadyClaimed}
        assert len([fault for fault in faults if fault is None]) == 1
        assert len(night.claims(request.id)) == 1


@pytest.mark.engines
@pytest.mark.slow
def test_nobody_is_left_on_standby_while_seats_are_open(store_pair: list[SqlStore]) -> None:
    """One worker gives the seats back while another stands by for them."""
    night = Night(store=store_pair[0], clock=None)
    owner, first, second = (night.person(name) for name in ("Robert", "Ana", "Bo"))
    with ThreadPoolExecutor(2) as pool:
        for _ in range(60):
            request = night.post(owner, 1).request
            claim = night.claim(request.public_id, first)
            leave = StepClaim(claim=claim["id"], viewer=Viewer(person_id=first), step=Step.WITHDRAW)
            wait = ClaimSeats(request=request.public_id, viewer=Viewer(person_id=second), seats=1, standby=True)
            left = pool.submit(store_pair[0].submit, partial(step_claim, command=leave))
            came = pool.submit(store_pair[1].submit, partial(claim_seats, command=wait))
            assert left.result().result()
            assert came.result().result()
            assert [c.status for c in night.claims(request.id) if c.person_id == second] == [ClaimState.COMMITTED]
            night.step(night.claims(request.id)[-1].public_id, second, Step.WITHDRAW)


def test_a_refusal_says_how_many_seats_are_left_and_leaves_no_trace(night: Night) -> None:
    owner, ana, bo = (night.person(name) for name in ("Robert", "Ana", "Bo"))
    request = night.post(owner, 3).request.public_id
    night.claim(request, ana, 2)
    with night.no_trace(), pytest.raises(SeatTaken) as refusal:
        night.claim(request, bo, 2)
    assert refusal.value.seats_open == 1


def test_every_other_refusal_of_a_claim_leaves_no_trace_either(night: Night) -> None:
    owner, ana, di = (night.person(name) for name in ("Robert", "Ana", "Di"))
    guest = night.do(lambda tx, _: tx.people.add(Person(id=0, public_id=tx.ids.public_id(), guest=True))).id
    posted = night.post(owner, 3).request
    night.claim(posted.public_id, ana)
    refused: list[tuple[type[Refused], dict[str, Any]]] = [
        (AlreadyClaimed, {"person_id": ana}),
        (OwnRequest, {"person_id": owner}),
        (Invalid, {"person_id": night.person("Bo"), "seats": limits.CLAIM_SEATS_MAX + 1}),
        (Invalid, {"person_id": night.person("Cy"), "seats": 0}),
        (NotFound, {"person_id": ana, "request": "x" * 22}),
        (NotFound, {"person_id": 0, "viewer": NOBODY}),
        (SignIn, {"person_id": 0, "viewer": Viewer(powers={posted.id: "view"})}),
        (NotFound, {"person_id": guest, "viewer": Viewer(person_id=guest, guest=True)}),
        (Invalid, {"person_id": 0, "viewer": Viewer(powers={posted.id: "helper"})}),
    ]
    for kind, given in refused:
        with night.no_trace(), pytest.raises(kind):
            night.claim(**{"request": posted.public_id} | given)
    night.close(posted.public_id, owner)
    with night.no_trace(), pytest.raises(RequestOver):
        night.claim(posted.public_id, di)


def test_seats_at_the_bound_are_taken_and_one_past_is_refused(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    many = night.post(owner, 1_000, kind="supplies").request.public_id
    with pytest.raises(Invalid):
        night.claim(many, ana, 1_001)
    assert night.claim(many, ana, 1_000)["seats"] == 1_000


def test_a_guest_with_the_helper_link_becomes_a_person_and_may_come_back(night: Night) -> None:
    owner = night.person("Robert")
    posted = night.post(owner, 3).request
    viewer = Viewer(powers={posted.id: "helper"})
    answer = night.claim(posted.public_id, 0, viewer=viewer, name="Gil", phone="555", ring=None)
    assert answer["token"].startswith("flm_")
    assert answer["place"]["lat"] == pytest.approx(35.142857)
    guest = night.claims(posted.id)[0].person_id
    night.step(answer["id"], guest, Step.WITHDRAW)
    back = Viewer(person_id=guest, guest=True, powers={posted.id: "helper"})
    assert night.claim(posted.public_id, guest, viewer=back)["status"] == "committed"


def test_standbys_wait_in_line_and_a_fourth_is_told_it_is_full(night: Night) -> None:
    owner = night.person("Robert")
    people = [night.person(f"V{number}") for number in range(6)]
    posted = night.post(owner, 1).request
    night.claim(posted.public_id, people[0])
    for person in people[1 : limits.STANDBY_MAX + 1]:
        assert night.claim(posted.public_id, person, standby=True)["status"] == "standby"
    with night.no_trace(), pytest.raises(SeatTaken):
        night.claim(posted.public_id, people[5], standby=True)
    assert night.kinds_of(request_topic(posted.id)).count("covered") == 1


def test_seats_that_come_back_go_to_whoever_has_waited_longest_as_many_as_fit(night: Night) -> None:
    owner = night.person("Robert")
    one, two, three = (night.person(name) for name in ("One", "Two", "Three"))
    posted = night.post(owner, 2).request
    held = night.claim(posted.public_id, one, 1)
    night.claim(posted.public_id, night.person("Four"), 1)
    night.claim(posted.public_id, two, 2, standby=True)
    night.claim(posted.public_id, three, 1, standby=True)
    night.step(held["id"], one, Step.WITHDRAW)
    claims = {claim.person_id: claim for claim in night.claims(posted.id)}
    assert (claims[two].status, claims[two].seats) == (ClaimState.COMMITTED, 1)  # a bigger car takes what is open
    assert claims[three].status is ClaimState.STANDBY
    assert night.request(posted.id).status is RequestState.CLAIMED
    assert "reopened" not in night.kinds_of(request_topic(posted.id))


def test_a_stranger_who_moves_up_still_waits_for_the_owners_word(night: Night) -> None:
    owner, friend, stranger = (night.person(name) for name in ("Robert", "Ana", "Stranger"))
    posted = night.post(owner, 1).request
    held = night.claim(posted.public_id, friend)
    waiting = night.claim(posted.public_id, stranger, standby=True, ring=None)
    night.step(held["id"], friend, Step.WITHDRAW)
    moved = night.step(waiting["id"], stranger, Step.EN_ROUTE)
    assert moved["status"] == "en_route"
    assert "lat" not in moved["place"]


def test_a_claim_goes_step_by_step_and_never_two_at_once(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    for too_far in (Step.ON_SCENE, Step.MET, Step.DONE):
        with night.no_trace(), pytest.raises(WrongStep):
            night.step(claim, ana, too_far)
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET, Step.DONE):
        assert night.step(claim, ana, step)["status"] == step
    assert night.request(posted.id).seats_taken == 1  # kept seats stay taken
    with night.no_trace(), pytest.raises(WrongStep):
        night.step(claim, ana, Step.WITHDRAW)


@pytest.mark.parametrize("step", [*(s for s in Step if s not in BY_CLAIMER)])
def test_a_claimer_cannot_take_the_steps_of_the_clock_or_the_owner(night: Night, step: Step) -> None:
    owner, ana, bo = (night.person(name) for name in ("Robert", "Ana", "Bo"))
    posted = night.post(owner, 1).request
    mine = night.claim(posted.public_id, ana)["id"]
    waiting = night.claim(posted.public_id, bo, standby=True)["id"]
    for claim, person in ((mine, ana), (waiting, bo)):
        with night.no_trace(), pytest.raises(NotFound):
            night.step(claim, person, step)


def test_nobody_steps_another_persons_claim_but_the_owner_may_say_no_show(night: Night) -> None:
    owner, ana, bo = (night.person(name) for name in ("Robert", "Ana", "Bo"))
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    for person in (bo, owner):
        with night.no_trace(), pytest.raises(NotFound):
            night.step(claim, person, Step.EN_ROUTE)
    assert night.step(claim, owner, Step.NO_SHOW)["status"] == "no_show"
    assert night.request(posted.id).seats_taken == 0


def test_a_yes_may_be_extended_twice_and_not_a_third_time(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    before = night.claims(posted.id)[0].lease_until
    for _ in range(limits.EXTENSIONS_MAX):
        night.step(claim, ana, Step.EXTEND)
    after = night.claims(posted.id)[0].lease_until
    assert before is not None
    assert after is not None
    assert after - before == limits.EXTENSIONS_MAX * timedelta(minutes=12)
    with night.no_trace(), pytest.raises(NoMoreTime):
        night.step(claim, ana, Step.EXTEND)


def test_a_guesser_of_the_meet_code_is_stopped_after_five_tries(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    night.step(claim, ana, Step.EN_ROUTE)
    night.step(claim, ana, Step.ON_SCENE)
    right = night.claims(posted.id)[0].tell
    wrong = "000" if right != "000" else "111"
    left = [night.step(claim, ana, Step.MET, code=wrong) for _ in range(limits.CODE_TRIES)]
    assert [answer.tries_left for answer in left] == [4, 3, 2, 1, 0]
    assert isinstance(night.step(claim, ana, Step.MET, code=right), WrongCode)  # even the right one, now
    met = night.step(claim, ana, Step.MET)
    assert (met["status"], met["confirmed"]) == ("met", False)


def test_the_right_meet_code_confirms_that_they_met(night: Night) -> None:
    owner, ana = night.person("Robert"), night.person("Ana")
    posted = night.post(owner, 1).request
    claim = night.claim(posted.public_id, ana)["id"]
    night.step(claim, ana, Step.EN_ROUTE)
    night.step(claim, ana, Step.ON_SCENE)
    met = night.step(claim, ana, Step.MET, code=night.claims(posted.id)[0].tell)
    assert (met["status"], met["confirmed"]) == ("met", True)


def test_an_open_ended_call_takes_every_answer_and_is_never_covered(night: Night) -> None:
    owner = night.person("Robert")
    posted = night.post(owner, None, kind="words", where=None).request
    for number in range(12):
        night.claim(posted.public_id, night.person(f"V{number}"), 3)
    request = night.request(posted.id)
    assert (request.status, request.seats_taken, request.seats.open) == (RequestState.OPEN, 36, None)
    assert all(claim.status in HOLDS_SEATS for claim in night.claims(posted.id))
