"""Who sees what, through everything that is read: a canary point, phone and words in a real night, role by role.

The roles are made the way people come by them: an owner, a friend who claimed, a stranger not yet let in, somebody
on standby, somebody who was told, a member, and the holder of a link.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from dispatch.actions import look
from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.change_request import AddNote, ChangeRequest, add_note, change_request
from dispatch.actions.decide_claim import DecideClaim, Decision, decide_claim
from dispatch.actions.tend_network import block
from dispatch.clock import SteppedClock
from dispatch.domain.alert import Answer
from dispatch.domain.errors import NotAllowed, NotFound, SignIn
from dispatch.domain.events import request_topic
from dispatch.domain.lifecycle import Step
from dispatch.domain.visibility import NOBODY, Role, Viewer, event_body
from dispatch.domain.whereabouts import from_point
from dispatch.ports import Tx
from dispatch.store import SqlStore
from geo.box import Box
from geo.point import Point
from tests.support.world import ZZYZX, Night, night_on

CANARY = Point(35.142857, -116.104213)
MOVED = Point(35.143979, -116.105551)
POINTS = ["35.14285", "116.10421", "35.14397", "116.10555"]
WORDS = ["CANARY-PHONE", "CANARY-NOTE", "CANARY-WORDS", "CANARY-PLACE", "CANARY-DESTINATION", "Surname"]
WORLD = Box(south=-90, west=-180, north=90, east=180)
KEY = b"k" * 32


@dataclass
class Scene:
    """Everybody who could look, and the call they look at."""

    night: Night
    request: str
    id: int
    viewers: dict[str, Viewer]


@pytest.fixture
def scene(store: SqlStore, clock: SteppedClock) -> Scene:
    night = night_on(store, clock)
    owner = night.person("Robert Surname")
    people = {name: night.person(f"{name.title()} Surname", friend_of=owner) for name in ("claimer", "told", "standby")}
    people["stranger"] = night.person("Sam Surname")
    people["member"] = night.person("Mia Surname")
    posted = night.post(
        owner, 3, where=from_point(CANARY, 10.0), place_text="CANARY-PLACE", note="CANARY-NOTE",
        destination="CANARY-DESTINATION", contact_name="Robert Surname", contact_phone="CANARY-PHONE",
    ).request  # fmt: skip
    night.settle()
    night.claim(posted.public_id, people["claimer"], 2)
    night.claim(posted.public_id, people["stranger"], 1, ring=None)
    night.claim(posted.public_id, people["standby"], 1, standby=True)
    claimer = Viewer(person_id=people["claimer"])
    night.do(add_note, AddNote(request=posted.public_id, viewer=claimer, text="CANARY-WORDS"))
    mine = Viewer(person_id=owner)
    move = ChangeRequest(
        request=posted.public_id, viewer=mine, where=from_point(MOVED), place_text="CANARY-PLACE",
        secrets={"note": "CANARY-NOTE too"},
    )  # fmt: skip
    night.do(change_request, move)
    night.settle()
    viewers = {name: Viewer(person_id=person) for name, person in people.items()}
    viewers |= {
        "owner": mine,
        "owner link": Viewer(powers={posted.id: "owner"}, session="s1"),
        "view link": Viewer(powers={posted.id: "view"}, session="s2"),
        "helper link": Viewer(powers={posted.id: "helper"}, session="s3"),
        "nobody": NOBODY,
        "other guest": Viewer(person_id=night.person("Gus Surname", guest=True), guest=True),
    }
    return Scene(night=night, request=posted.public_id, id=posted.id, viewers=viewers)


EXACT = {"owner", "owner link", "claimer"}
ROLES = {
    "owner": Role.OWNER, "owner link": Role.OWNER, "claimer": Role.CLAIMER, "stranger": Role.ALERTED,
    "standby": Role.ALERTED, "told": Role.ALERTED, "member": Role.MEMBER, "view link": Role.PUBLIC,
    "helper link": Role.PUBLIC, "nobody": None, "other guest": None,
}  # fmt: skip


def read_request(scene: Scene, viewer: Viewer) -> Any:
    try:
        return scene.night.store.read_now(lambda tx, now: look.show_request(tx, now, viewer, scene.request))
    except NotFound:
        return None


def read_events(scene: Scene, viewer: Viewer) -> Any:
    def read(tx: Tx) -> Any:
        request = tx.requests.by_ids([scene.id])[scene.id]
        role = look.role_for(tx, request, viewer)
        events = tx.journal.topic(request_topic(scene.id), 0, 1_000).events
        context = look.context_for(tx, events)
        return [event_body(event, role, context) for event in events] if role else None

    return scene.night.see(read)


def read_inbox(scene: Scene, viewer: Viewer) -> Any:
    try:
        return scene.night.store.read_now(lambda tx, now: look.show_inbox(tx, now, viewer))
    except SignIn:
        return None


def read_inbox_events(scene: Scene, viewer: Viewer) -> Any:
    if viewer.person_id is None:
        return None
    topic = f"p{viewer.person_id}"
    return scene.night.see(lambda tx: look.inbox_bodies(tx, tx.journal.topic(topic, 0, 1_000).events))


def read_board(scene: Scene, viewer: Viewer) -> Any:
    return scene.night.store.read_now(lambda tx, now: look.board(tx, now, viewer, WORLD, KEY))


READS: list[Callable[[Scene, Viewer], Any]] = [read_request, read_events, read_inbox, read_inbox_events, read_board]


def text(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


@pytest.mark.parametrize("who", ROLES)
def test_everybody_has_the_role_they_came_by(scene: Scene, who: str) -> None:
    def read(tx: Tx) -> Role | None:
        return look.role_for(tx, tx.requests.by_ids([scene.id])[scene.id], scene.viewers[who])

    assert scene.night.see(read) is ROLES[who]


@pytest.mark.parametrize("read", READS, ids=lambda read: read.__name__)
def test_the_exact_place_and_the_words_reach_nobody_but_owner_and_standing_claimers(
    scene: Scene, read: Callable[[Scene, Viewer], Any]
) -> None:
    for who, viewer in scene.viewers.items():
        if who in EXACT and read is not read_board:
            continue
        seen = text(read(scene, viewer))
        leaks = [word for word in POINTS + WORDS if word in seen]
        assert leaks == [], who


@pytest.mark.parametrize("who", sorted(EXACT))
def test_owner_and_claimer_do_see_where_to_go_and_what_was_said(scene: Scene, who: str) -> None:
    seen = text(read_request(scene, scene.viewers[who]))
    for word in ("35.143979", "CANARY-PHONE", "CANARY-NOTE too", "CANARY-WORDS", "CANARY-DESTINATION"):
        assert word in seen
    assert "Surname" not in text(read_request(scene, scene.viewers["claimer"])["claims"])


def test_other_peoples_phones_and_cars_reach_the_owner_alone(scene: Scene) -> None:
    for who, viewer in scene.viewers.items():
        seen = text([read_request(scene, viewer), read_events(scene, viewer), read_inbox(scene, viewer)])
        assert ("phone-of-" in seen) is (who in {"owner", "owner link"}), who


def test_each_side_of_a_meeting_reads_its_own_half_of_the_code(scene: Scene) -> None:
    claim = scene.night.claims(scene.id)[0]
    owner = text(read_request(scene, scene.viewers["owner"]))
    mine = read_request(scene, scene.viewers["claimer"])["mine"]["claim"]
    assert f'"tell": "{claim.tell}"' in owner
    assert mine["hear"] == claim.hear
    assert "tell" not in mine
    for who in set(ROLES) - EXACT:
        assert '"tell": "' not in text(read_request(scene, scene.viewers[who]))


def test_forecast_reach_and_who_was_told_are_the_owners_alone(scene: Scene) -> None:
    for who, viewer in scene.viewers.items():
        seen = read_request(scene, viewer)
        if seen is None:
            continue
        owner = ROLES[who] is Role.OWNER
        assert ("forecast" in seen) is owner
        assert bool(seen.get("heard")) is owner
        bodies = read_events(scene, viewer)
        assert any("forecast" in body for body in bodies) is owner


def test_a_filter_empties_bodies_and_drops_none(scene: Scene) -> None:
    lengths = {len(bodies) for viewer in scene.viewers.values() if (bodies := read_events(scene, viewer)) is not None}
    assert len(lengths) == 1


def test_for_strangers_the_call_does_not_exist_and_looks_like_any_other_nothing(scene: Scene) -> None:
    said = []
    for public_id in (scene.request, "x" * 22):
        with pytest.raises(NotFound) as refusal:
            scene.night.store.read_now(partial(look.show_request, viewer=NOBODY, public_id=public_id))
        said.append((refusal.value.says, refusal.value.facts()))
    assert said[0] == said[1]


def test_the_public_and_members_read_cells_and_words_of_the_cell_only(scene: Scene) -> None:
    member = read_request(scene, scene.viewers["member"])["place"]
    public = read_request(scene, scene.viewers["view link"])["place"]
    assert set(member) == set(public) == {"cell", "resolution", "label"}
    assert (member["resolution"], public["resolution"]) == (6, 4)  # no town near Zzyzx


def test_a_board_names_asks_for_members_and_unlinkably_for_strangers(scene: Scene) -> None:
    boards = {who: read_board(scene, viewer)["features"] for who, viewer in scene.viewers.items()}
    assert {who for who, found in boards.items() if found[0]["id"] == scene.request} == {
        "owner", "claimer", "told", "standby", "stranger", "member", "owner link", "view link", "helper link",
    }  # fmt: skip
    nobody = Viewer(session="one")
    again = {read_board(scene, Viewer(session=name))["features"][0]["id"] for name in ("one", "two", "three")}
    assert len(again) == 3
    assert read_board(scene, nobody) == read_board(scene, nobody)
    for found in boards.values():
        assert found[0]["geometry"]["type"] == "Polygon"
        assert "id_cell" not in found[0]


def test_a_stranger_sees_the_place_once_the_owner_lets_them_come(scene: Scene) -> None:
    night = scene.night
    claim = next(c for c in night.claims(scene.id) if c.person_id == scene.viewers["stranger"].person_id)
    show = DecideClaim(claim=claim.public_id, viewer=scene.viewers["owner"], decision=Decision.SHOW)
    night.do(decide_claim, show)
    assert "35.143979" in text(read_request(scene, scene.viewers["stranger"]))
    assert "35.143979" in text(read_inbox_events(scene, scene.viewers["stranger"]))


def test_the_place_is_withdrawn_with_the_claim(scene: Scene) -> None:
    claim = scene.night.claims(scene.id)[0]
    scene.night.step(claim.public_id, claim.person_id, Step.WITHDRAW)
    seen = text([read(scene, scene.viewers["claimer"]) for read in READS])
    assert [word for word in POINTS + WORDS if word in seen] == []
    assert "phone-of-Claimer" not in text(read_request(scene, scene.viewers["owner"]))


def test_whoever_is_done_no_longer_reads_where_it_was(scene: Scene) -> None:
    claim = scene.night.claims(scene.id)[0]
    for step in (Step.EN_ROUTE, Step.ON_SCENE, Step.MET, Step.DONE):
        scene.night.step(claim.public_id, claim.person_id, step)
    seen = text(read_request(scene, scene.viewers["claimer"]))
    assert [word for word in POINTS if word in seen] == []


def test_a_block_hides_the_call_from_the_blocked(scene: Scene) -> None:
    told = scene.viewers["told"]
    public_id = scene.night.see(lambda tx: tx.people.by_ids([told.person_id or 0])[told.person_id or 0].public_id)
    scene.night.do(block, scene.viewers["owner"], public_id)
    assert read_request(scene, told) is None


def test_only_the_owner_and_whoever_comes_may_add_notes(scene: Scene) -> None:
    for who, role in ROLES.items():
        command = AddNote(request=scene.request, viewer=scene.viewers[who], text="hello")
        if who in EXACT:
            assert scene.night.do(add_note, command)["text"] == "hello"
            continue
        with scene.night.no_trace(), pytest.raises(NotFound if role is None else NotAllowed):
            scene.night.do(add_note, command)


def test_the_database_itself_holds_no_place_phone_or_word_that_can_be_read(scene: Scene) -> None:
    rows = scene.night.everything()
    for table, held in rows.items():
        words = WORDS if table != "person" else [word for word in WORDS if word != "Surname"]
        assert [word for word in POINTS + words if word in text(held)] == [], table
    assert rows["request_secret"]


def test_an_alert_says_why_roughly_where_and_never_how_likely(scene: Scene) -> None:
    inbox = read_inbox(scene, scene.viewers["told"])
    (alert,) = inbox["alerts"]
    assert alert["requester"] == "Robert"
    assert alert["ring"] == "1"
    assert set(alert["reasons"]) == {"seats_useful", "urgency", "raised_by", "asked_7d", "duty", "wave"}
    assert "chance" not in text(alert)
    assert set(alert["place"]) == {"cell", "resolution", "label"}


def test_a_read_changes_nothing_and_an_answer_is_seen_by_its_owner_alone(scene: Scene) -> None:
    with scene.night.no_trace():
        for read in READS:
            for viewer in scene.viewers.values():
                read(scene, viewer)
    told = scene.viewers["told"].person_id or 0
    alert = next(a for a in scene.night.alerts(scene.id) if a.person_id == told)
    scene.night.wait(timedelta(seconds=1))
    scene.night.do(
        answer_alert,
        AnswerAlert(alert=alert.public_id, person_id=told, answer=Answer.DECLINED, reason="CANARY-REASON"),
    )
    for who, viewer in scene.viewers.items():
        if who != "told":
            assert "CANARY-REASON" not in text([read(scene, viewer) for read in READS])
    assert ZZYZX == CANARY
