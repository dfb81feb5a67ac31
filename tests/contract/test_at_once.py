"""Two who act on one thing at the same moment: the later one has read what the earlier one wrote."""

import threading
from datetime import datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from dispatch.actions import desk
from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.tell_people import stand_down
from dispatch.actions.tend_network import Report, block, freeze, report
from dispatch.clock import SteppedClock
from dispatch.domain.alert import Answer
from dispatch.domain.errors import NotFound, OnHold
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.visibility import Viewer
from dispatch.ports import Job, Tx
from dispatch.store import SqlStore
from tests.support.world import night_on

WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted"

pytestmark = pytest.mark.parametrize("postgres_store", ["4 writers of one"], indirect=True)


def at_once(store: SqlStore, url: str, first: Job[Any], second: Job[Any]) -> Any:
    """What the second comes to that begins while the first has done all of its work and has not committed."""
    worked, goes_on = threading.Event(), threading.Event()

    def held(tx: Tx, now: datetime) -> None:
        first(tx, now)
        worked.set()
        assert goes_on.wait(20)

    earlier = store.submit(held)
    assert worked.wait(20)
    later = store.submit(second)
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as watching:
        while not later.done() and watching.execute(WAITS).fetchone() is None:
            pass
    goes_on.set()
    earlier.result()
    return later.result()


def test_a_look_at_an_alert_does_not_undo_a_standing_down_of_the_same_moment(
    postgres_store: SqlStore, clock: SteppedClock, migrated_url: str
) -> None:
    night = night_on(postgres_store, clock)
    owner = night.person("Robert")
    asked, driver = night.person("Ann", friend_of=owner), night.person("Dee", friend_of=owner)
    posted = night.post(owner, 2).request
    night.settle()
    night.claim(posted.public_id, driver, 2)
    alert = next(each for each in night.alerts(posted.id) if each.person_id == asked)
    look = AnswerAlert(alert=alert.public_id, person_id=asked, answer=Answer.ACKNOWLEDGED)
    seen = at_once(
        postgres_store,
        migrated_url,
        lambda tx, now: stand_down(tx, now, posted.id),
        lambda tx, now: answer_alert(tx, now, look),
    )
    assert seen["answer"] == "stood_down"
    assert next(each for each in night.alerts(posted.id) if each.person_id == asked).answer is Answer.STOOD_DOWN


def test_an_ask_that_is_frozen_at_the_moment_of_a_claim_is_not_claimed(
    postgres_store: SqlStore, clock: SteppedClock, migrated_url: str
) -> None:
    night = night_on(postgres_store, clock)
    owner, driver = night.person("Robert"), night.person("Dee")
    posted = night.post(owner, 2).request
    command = ClaimSeats(request=posted.public_id, viewer=Viewer(person_id=driver), seats=2, ring="1")
    with pytest.raises(OnHold):
        at_once(
            postgres_store,
            migrated_url,
            lambda tx, now: freeze(tx, now, posted.id, "Somebody looks first."),
            lambda tx, now: claim_seats(tx, now, command),
        )
    assert night.claims(posted.id) == []


@pytest.mark.parametrize("block_first", [True, False])
def test_whoever_is_blocked_at_the_moment_of_a_claim_has_no_seats(
    postgres_store: SqlStore, clock: SteppedClock, migrated_url: str, block_first: bool
) -> None:
    night = night_on(postgres_store, clock)
    owner, driver = night.person("Robert"), night.person("Dee")
    posted = night.post(owner, 2).request
    name = night.see(lambda tx: tx.people.by_ids([driver])[driver].public_id)
    command = ClaimSeats(request=posted.public_id, viewer=Viewer(person_id=driver), seats=2, ring="1")

    def blocked(tx: Tx, now: datetime) -> None:
        block(tx, now, Viewer(person_id=owner), name)

    def claimed(tx: Tx, now: datetime) -> None:
        claim_seats(tx, now, command)

    if block_first:
        with pytest.raises(NotFound):
            at_once(postgres_store, migrated_url, blocked, claimed)
    else:
        at_once(postgres_store, migrated_url, claimed, blocked)
    ends = [] if block_first else [ClaimState.STOOD_DOWN]
    assert [claim.status for claim in night.claims(posted.id)] == ends


def test_two_coordinators_who_decide_one_report_at_once_are_not_shown_a_fault(
    postgres_store: SqlStore, clock: SteppedClock, migrated_url: str
) -> None:
    night = night_on(postgres_store, clock)
    owner, driver = night.person("Robert"), night.person("Dee")
    posted = night.post(owner, 2).request
    claim = night.claim(posted.public_id, driver, 2)
    words = Report(viewer=Viewer(person_id=owner), claim=claim["id"], request=None, reason="shouted")
    night.do(report, words)
    (reported,) = night.see(lambda tx: tx.safety.undecided(10))
    one, two = (Viewer(person_id=night.person(name), coordinator=True) for name in ("Cora", "Conrad"))
    with pytest.raises(NotFound):
        at_once(
            postgres_store,
            migrated_url,
            lambda tx, now: desk.decide(tx, now, one, reported.id, upheld=True),
            lambda tx, now: desk.decide(tx, now, two, reported.id, upheld=False),
        )
