"""What every repository promises, on both engines. The hard promises have files of their own."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from dispatch.domain.alert import Alert, Answer, NewAlert, Reasons
from dispatch.domain.claim import Claim
from dispatch.domain.lifecycle import ClaimState, Disposition, RequestState
from dispatch.domain.people import Duty, Person
from dispatch.domain.request import Reach, Secrets
from dispatch.ports import Tx
from dispatch.store import SqlStore
from geo.point import Point
from tests.contract.worlds import START, a_world, claim, done, new_person, new_request, seen

HOUR = timedelta(hours=1)


def test_a_person_comes_back_as_they_were_written(store: SqlStore) -> None:
    def write(tx: Tx, now: datetime) -> Any:
        return tx.people.add(
            Person(
                id=0, public_id="pia", name="Pia Ω", external="x-1", lang="de", car="red", phone="+1", seats=4,
                place=Point(35.25, -116.5), place_text="Baker", seen_at=now, duty=Duty.DELAYED, duty_until=now + HOUR,
                reach_minutes=40, quiet_from=1320, quiet_to=360, alerts_per_week_max=9, guest=True, created_at=now,
            )
        )  # fmt: skip

    pia = done(store, write)
    read = seen(store,
        lambda tx, now: (
            tx.people.by_id(pia.id), tx.people.by_public("pia"), tx.people.by_external("x-1"),
            tx.people.by_ids([pia.id, 10**9]), tx.people.by_id(10**9),
        )
    )  # fmt: skip
    assert read == (pia, pia, pia, {pia.id: pia}, None)


def test_changes_are_named_like_the_fields(store: SqlStore) -> None:
    pia = done(store, lambda tx, now: new_person(tx, now, name="Pia"))
    place = Point(1.5, 2.5)
    changed = done(
        store, lambda tx, now: tx.people.set(pia.id, place=place, duty=Duty.AVAILABLE, seen_at=START, name=None)
    )
    assert (changed.place, changed.duty, changed.seen_at, changed.name) == (place, Duty.AVAILABLE, START, None)
    erased = done(store, lambda tx, now: tx.people.set(pia.id, place=None))
    assert erased.place is None
    assert seen(store, lambda tx, now: tx.people.by_id(pia.id)) == erased


def test_a_request_comes_back_as_it_was_written_and_its_secrets_apart(store: SqlStore) -> None:
    secrets = Secrets(
        point=Point(35.1, -116.1), accuracy_m=12.5, place_text="by the sign", label="near Baker", destination="LA",
        note="cold", contact_name="Ana", contact_phone="+1 555", share_phone=False,
    )  # fmt: skip

    def write(tx: Tx, now: datetime) -> Any:
        ana = new_person(tx, now)
        return new_request(
            tx, now, ana.id, secrets=secrets, needs=("child_seat", "wheelchair"), cell="86298491fffffff", country="US",
            reach=Reach(rings_max=2, communities=("c1",), open=True), forecast={"p": 0.5}, empty_land=True, drill=True,
        )  # fmt: skip

    made = done(store, write)
    read = seen(store, lambda tx, now: (tx.requests.by_public(made.public_id), tx.requests.by_ids([made.id])))
    assert read == (made, {made.id: made})
    assert seen(store, lambda tx, now: tx.requests.secrets(made.id)) == secrets
    done(store, lambda tx, now: tx.requests.set_secrets(made.id, point=None, note=None, contact_phone="2"))
    left = seen(store, lambda tx, now: tx.requests.secrets(made.id))
    assert (left.point, left.note, left.contact_phone, left.label) == (None, None, "2", "near Baker")

    closed = done(
        store,
        lambda tx, now: tx.requests.set(
            made.id, status=RequestState.RESOLVED, disposition=Disposition.RESOLVED, closed_at=START, reach=Reach()
        ),
    )
    assert (closed.status, closed.disposition, closed.closed_at, closed.reach) == (
        RequestState.RESOLVED, Disposition.RESOLVED, START, Reach(),
    )  # fmt: skip


def test_the_database_refuses_a_state_that_the_rules_do_not_know(store: SqlStore) -> None:
    world = done(store, a_world())

    def refused(tx: Tx, now: datetime, column: str, value: object) -> Any:
        tx.requests.set(world.request, **{column: value})

    for column, value in (("status", "lost"), ("urgency", "bored"), ("seats_taken", 10), ("seats_taken", -1)):
        with pytest.raises(Exception, match=r"(?i)check|constraint"):
            done(store, partial(refused, column=column, value=value))
    assert seen(store, lambda tx, now: tx.requests.by_id(world.request).status) is RequestState.OPEN


def test_seats_given_back_open_a_full_request(store: SqlStore) -> None:
    world = done(store, a_world(seats=2))
    full = done(store, lambda tx, now: tx.requests.take_seats(world.request, 2))
    assert (full.status, full.off, full.seats.open) == (RequestState.CLAIMED, 1, 0)
    assert done(store, lambda tx, now: tx.requests.take_seats(world.request, 1)) is None
    again = done(store, lambda tx, now: tx.requests.give_seats(world.request, 1))
    assert (again.status, again.off, again.seats.open) == (RequestState.OPEN, 2, 1)


def test_an_open_ended_request_is_never_full(store: SqlStore) -> None:
    world = done(store, a_world(seats=None))
    taken = done(store, lambda tx, now: tx.requests.take_seats(world.request, 1_000))
    assert (taken.status, taken.seats.open, taken.seats_taken) == (RequestState.OPEN, None, 1_000)


def test_a_request_that_is_over_gives_no_seats(store: SqlStore) -> None:
    world = done(store, a_world())
    done(store, lambda tx, now: tx.requests.set(world.request, status=RequestState.CANCELLED))
    assert done(store, lambda tx, now: tx.requests.take_seats(world.request, 1)) is None


def test_the_newest_notes_come_oldest_first(store: SqlStore) -> None:
    world = done(store, a_world())

    def write(tx: Tx, now: datetime) -> Any:
        for number in range(5):
            tx.requests.add_note(world.request, f"n{number}", world.people[0], f"note {number}", START)

    done(store, write)
    notes = seen(store, lambda tx, now: tx.requests.notes(world.request, 3))
    assert notes == [(f"n{n}", world.people[0], f"note {n}", START) for n in (2, 3, 4)]


def test_a_board_shows_what_goes_on_newest_first(store: SqlStore) -> None:
    def write(tx: Tx, now: datetime) -> Any:
        ana = new_person(tx, now).id
        made = [new_request(tx, START + n * HOUR, ana, cell="a" if n % 2 else "b").id for n in range(5)]
        tx.requests.set(made[4], status=RequestState.EXPIRED)
        return ana, made

    ana, made = done(store, write)
    read = seen(store,
        lambda tx, now: [
            [r.id for r in found]
            for found in (
                tx.requests.open_in(None, 3), tx.requests.open_in(["a"], 9), tx.requests.open_in(["a", "b"], 9),
                tx.requests.open_in([], 9), tx.requests.of_person(ana, 2),
            )
        ]
    )  # fmt: skip
    assert read == [made[3:0:-1], [made[3], made[1]], made[3::-1], [], [made[4], made[3]]]


def test_the_same_ask_twice_is_found_by_person_or_phone(store: SqlStore) -> None:
    def write(tx: Tx, now: datetime) -> Any:
        ana, bob = new_person(tx, now).id, new_person(tx, now).id
        made = new_request(tx, START, ana, secrets=Secrets(contact_phone="+1"), cell="a")
        return ana, bob, made.id

    ana, bob, made = done(store, write)

    def similar(*asked: Any) -> int | None:
        found = seen(store, lambda tx, now: tx.requests.similar(*asked))
        return found.id if found else None

    assert similar(ana, "ride", "a", None, START) == made
    assert similar(bob, "ride", "a", "+1", START) == made
    assert similar(None, "ride", "a", "+1", START) == made
    assert similar(bob, "ride", "a", None, START) is None
    assert similar(ana, "ride", "b", None, START) is None
    assert similar(ana, "shelter", "a", None, START) is None
    assert similar(ana, "ride", "a", None, START + HOUR) is None


def test_a_voucher_counts_once(store: SqlStore) -> None:
    world = done(store, a_world())
    r, (a, b, _) = world.request, world.people
    said = done(
        store,
        lambda tx, now: [tx.requests.vouch(r, b, now), tx.requests.vouch(r, b, now), tx.requests.vouch(r, a, now)],
    )
    assert said == [True, False, True]
    assert sorted(seen(store, lambda tx, now: tx.requests.vouchers(r))) == [a, b]
    assert done(store, lambda tx, now: [tx.requests.unvouch(r, b), tx.requests.unvouch(r, b)]) == [
        True,
        False,
    ]


def test_a_claim_moves_only_from_an_expected_state(store: SqlStore) -> None:
    world = done(store, a_world())
    public = done(store, claim(world.request, world.people[1]))
    held = seen(store, lambda tx, now: tx.claims.by_public(public))
    assert held == seen(store, lambda tx, now: tx.claims.unfinished(world.request, world.people[1]))
    moved = done(
        store,
        lambda tx, now: tx.claims.move(
            held.id, (ClaimState.COMMITTED,), status=ClaimState.MET, met_at=START, lease_until=None
        ),
    )
    assert (moved.status, moved.met_at, moved.lease_until) == (ClaimState.MET, START, None)
    none = done(
        store,
        lambda tx, now: tx.claims.move(held.id, [ClaimState.COMMITTED, ClaimState.EN_ROUTE], status=ClaimState.LAPSED),
    )
    assert none is None
    read = seen(store,
        lambda tx, now: (
            tx.claims.by_id(held.id), tx.claims.of_request(world.request), tx.claims.of_person(world.people[1], 5),
            tx.claims.busy(),
        )
    )  # fmt: skip
    assert read == (moved, [moved], [moved], {world.people[1]})


def test_one_unfinished_claim_per_person_and_request(store: SqlStore) -> None:
    world = done(store, a_world())
    done(store, claim(world.request, world.people[1]))
    with pytest.raises(Exception, match=r"(?i)unique"):
        done(store, claim(world.request, world.people[1]))
    first = seen(store, lambda tx, now: tx.claims.of_request(world.request))[0]
    done(store, lambda tx, now: tx.claims.move(first.id, [first.status], status=ClaimState.WITHDRAWN))
    done(store, claim(world.request, world.people[1]))
    assert len(seen(store, lambda tx, now: tx.claims.of_request(world.request))) == 2


def test_leases_that_are_over_are_found_oldest_first(store: SqlStore) -> None:
    world = done(store, a_world(people=4))

    def write(tx: Tx, now: datetime) -> Any:
        for number, person in enumerate(world.people):
            tx.claims.add(
                Claim(
                    id=0, public_id=f"c{number}", request_id=world.request, person_id=person, seats=1, created_at=START,
                    status=ClaimState.EN_ROUTE if number else ClaimState.MET, lease_until=START - number * HOUR,
                )
            )  # fmt: skip

    done(store, write)
    found, later = seen(
        store, lambda tx, now: ([c.public_id for c in tx.claims.lapsing(START, 2)], tx.claims.next_lease())
    )
    assert (found, later) == (["c3", "c2"], START - 3 * HOUR)


def test_a_person_is_alerted_once_for_a_request(store: SqlStore) -> None:
    world = done(store, a_world())
    r, (a, b, c) = world.request, world.people
    why = Reasons(ring="2", via=(a,), raised_by=("night",), band_km=25, chance=0.25)
    first = done(store, lambda tx, now: tx.alerts.add(r, 1, START, [("one", NewAlert(person_id=b, reasons=why))]))
    assert (first[0].reasons, first[0].ring, first[0].wave) == (why, "2", 1)
    second = done(
        store,
        lambda tx, now: tx.alerts.add(
            r, 2, START + HOUR, [("two", NewAlert(person_id=b)), ("three", NewAlert(person_id=c))]
        ),
    )
    assert [alert.public_id for alert in second] == ["three"]
    assert done(store, lambda tx, now: tx.alerts.add(r, 3, START, [])) == []
    read = seen(store,
        lambda tx, now: (
            tx.alerts.by_public("one"), tx.alerts.of(r, b), tx.alerts.of_request(r), tx.alerts.of_person(c, 5),
            tx.alerts.counts(r), tx.alerts.sent_since([a, b, c], START + HOUR), tx.alerts.by_public("two"),
        )
    )  # fmt: skip
    assert read == (first[0], first[0], first + second, second, (2, 0), {c: 1}, None)


def test_seen_is_kept_from_the_first_time_and_standing_down_is_not_seeing(store: SqlStore) -> None:
    world = done(store, a_world())
    alert = done(
        store, lambda tx, now: tx.alerts.add(world.request, 1, START, [("one", NewAlert(person_id=world.people[1]))])[0]
    )

    def answer(what: Answer | None, at: datetime, reason: str | None = None) -> Alert:
        return done(store, lambda tx, now: tx.alerts.answer(alert.id, what, at, reason))

    stood = answer(Answer.STOOD_DOWN, START)
    assert (stood.answer, stood.seen_at, stood.answered_at) == (Answer.STOOD_DOWN, None, START)
    listed = seen(
        store, lambda tx, now: (tx.alerts.unanswered(world.request, 5), tx.alerts.stood_down(world.request, 5))
    )
    assert listed == ([], [stood])
    asked_again = answer(None, START)
    assert (asked_again.answer, asked_again.seen_at, asked_again.answered_at) == (None, None, None)
    acknowledged = answer(Answer.ACKNOWLEDGED, START + HOUR)
    assert seen(store, lambda tx, now: tx.alerts.unanswered(world.request, 5)) == [acknowledged]
    no = answer(Answer.DECLINED, START + 2 * HOUR, "no car")
    assert (no.seen_at, no.answered_at, no.reason) == (START + HOUR, START + 2 * HOUR, "no car")
    assert seen(store, lambda tx, now: tx.alerts.counts(world.request)) == (1, 1)
