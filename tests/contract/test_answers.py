"""What somebody answers, and what is done to their alert meanwhile: the later one has read the earlier one."""

import threading
from datetime import datetime

import psycopg
import pytest
from sqlalchemy import make_url

from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.tell_people import stand_down
from dispatch.clock import SteppedClock
from dispatch.domain.alert import Answer
from dispatch.ports import Tx
from dispatch.store import SqlStore
from tests.support.world import night_on

WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted"


@pytest.mark.parametrize("postgres_store", ["4 writers of one"], indirect=True)
def test_a_look_at_an_alert_does_not_undo_a_standing_down_of_the_same_moment(
    postgres_store: SqlStore, clock: SteppedClock, migrated_url: str
) -> None:
    night = night_on(postgres_store, clock)
    owner = night.person("Robert")
    asked, driver = night.person("Ann", friend_of=owner), night.person("Dee", friend_of=owner, seats=9)
    posted = night.post(owner, 2).request
    night.settle()
    night.claim(posted.public_id, driver, 2)
    alert = next(each for each in night.alerts(posted.id) if each.person_id == asked)
    stood_down, looked = threading.Event(), threading.Event()

    def standing_down(tx: Tx, now: datetime) -> None:
        stand_down(tx, now, posted.id)
        stood_down.set()
        assert looked.wait(20)

    first = postgres_store.submit(standing_down)
    assert stood_down.wait(20)
    look = AnswerAlert(alert=alert.public_id, person_id=asked, answer=Answer.ACKNOWLEDGED)
    second = postgres_store.submit(lambda tx, now: answer_alert(tx, now, look))
    address = make_url(migrated_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as watching:
        while not second.done() and watching.execute(WAITS).fetchone() is None:
            pass
    looked.set()
    first.result()
    assert second.result()["answer"] == "stood_down"
    assert next(each for each in night.alerts(posted.id) if each.person_id == asked).answer is Answer.STOOD_DOWN
