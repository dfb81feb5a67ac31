"""Who sees what: the allow-list, the exact place for owner and claimers alone, and words made from the cell only."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.alert import Alert, Reasons
from dispatch.domain.claim import Claim
from dispatch.domain.events import Event, EventKind
from dispatch.domain.lifecycle import UNFINISHED, ClaimState
from dispatch.domain.people import Person
from dispatch.domain.request import Request, Secrets
from dispatch.domain.visibility import (
    EXACT,
    FIELDS,
    NOBODY,
    TRAVEL,
    Context,
    Role,
    Viewer,
    cell_for,
    claim_part,
    event_body,
    moment,
    request_view,
    role_in,
)
from geo import cells
from geo.point import Point
from tests.support.strategies import NOON, claims, points, requests

CANARY = Point(35.142857, -116.104213)
SECRETS = Secrets(
    point=CANARY, accuracy_m=17.25, place_text="CANARY-TEXT", label="CANARY-LABEL", destination="CANARY-DESTINATION",
    note="CANARY-NOTE", contact_name="CANARY-NAME", contact_phone="CANARY-PHONE",
)  # fmt: skip
WORDS = ["CANARY", "35.1428", "116.1042", "17.25"]
HELPERS = {
    n: Person(id=n, public_id=f"p{n}", name="HELPERNAME Surname", phone="HELPERPHONE", car="HELPERCAR")
    for n in range(1, 6)
}
MEET = ("417", "209")
roles = st.sampled_from(list(Role))
located = requests(kind="ride", cell=cells.cell_of(CANARY, cells.MEMBER), id=1)


def context(request: Request, *held: Claim, secrets: Secrets = SECRETS) -> Context:
    return Context(
        requests={request.id: request},
        secrets={request.id: secrets},
        people=HELPERS,
        notes={"n1": (2, "CANARY-LATER-NOTE", NOON)},
        claims={claim.public_id: claim for claim in held},
    )


def event(body: Mapping[str, object]) -> Event:
    return Event(seq=1, topic="r1", off=1, request_id=1, kind=EventKind.NOTE_ADDED, actor=None, body=body, at=NOON)


def said(value: object) -> str:
    return json.dumps(value, default=str)


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
whole = {"claim": claims().map(claim_part), "claims": st.lists(claims().map(claim_part), max_size=3)}
listed = st.fixed_dictionaries(
    {}, optional={name: whole.get(name, values) for name in FIELDS} | {"added": st.sampled_from(["n1", "gone"])}
)
bodies = st.builds(lambda more, body: more | body, st.dictionaries(st.text(max_size=8), values, max_size=2), listed)


@given(bodies, located, roles)
def test_nothing_leaves_that_is_not_on_the_list_for_that_role(body: dict, request: Request, role: Role) -> None:
    seen = event_body(event(body), role, context(request))
    travel = TRAVEL if request.show_travel or "show_travel" in body else frozenset()
    for name in seen:
        assert name in body or name in travel
        assert role in FIELDS[name] or name in travel


@given(bodies, located, roles)
def test_a_filter_may_empty_a_body_but_always_gives_one(body: dict, request: Request, role: Role) -> None:
    assert isinstance(event_body(event(body), role, context(request)), dict)
    assert event_body(event({}), role, Context()) == {}


@given(bodies, located, st.lists(claims(), max_size=3), st.sampled_from(sorted(set(Role) - EXACT)))
def test_no_secret_reaches_anybody_who_is_not_owner_or_standing_claimer(
    body: dict, request: Request, held: list[Claim], role: Role
) -> None:
    told = context(request, *held)
    text = said([event_body(event(body), role, told), request_view(request, held, ["n1"], role, told)])
    for word in [*WORDS, "HELPERNAME", "HELPERPHONE", "HELPERCAR", "Surname"]:
        assert word not in text
    assert not {"tell", "hear", "name", "by"} & {key for c in _claims_in(text) for key in c}


def _claims_in(text: str) -> list[dict[str, Any]]:
    return [claim for part in json.loads(text) for claim in part.get("claims", [])]


@given(located, st.lists(claims(), max_size=3))
def test_owner_and_claimers_see_the_exact_place_and_only_the_owner_sees_phones_and_codes(
    request: Request, held: list[Claim]
) -> None:
    told = context(request, *held)
    owner, claimer = (request_view(request, held, ["n1"], role, told) for role in (Role.OWNER, Role.CLAIMER))
    for view in (owner, claimer):
        assert (view["place"]["lat"], view["place"]["lon"]) == (CANARY.lat, CANARY.lon)
        assert view["note"] == "CANARY-NOTE"
        assert view["notes"][0]["text"] == "CANARY-LATER-NOTE"
        assert "Surname" not in said(view)
    for claim, seen in zip(held, owner["claims"], strict=True):
        stored = told.claims[claim.public_id]
        going_on = stored.status in UNFINISHED
        assert (
            bool(seen["phone"] and seen["car"] and seen["tell"]) is going_on
        )  # a promise that ended gives nothing away
        old_news = event_body(event({"claim": claim_part(claim)}), Role.OWNER, told)["claim"]
        assert bool(old_news["phone"]) is going_on
    text = said(claimer)
    assert not any(word in text for word in ("HELPERPHONE", "HELPERCAR", "forecast", "reach"))
    assert not any(code in said([c.get(k) for c in claimer["claims"] for k in ("tell", "hear")]) for code in MEET)


@pytest.mark.parametrize(("shared", "role", "phone"), [
    (True, Role.CLAIMER, "CANARY-PHONE"), (False, Role.CLAIMER, None), (False, Role.OWNER, "CANARY-PHONE"),
])  # fmt: skip
def test_claimers_have_the_phone_only_if_the_owner_lets_them(*, shared: bool, role: Role, phone: str | None) -> None:
    request = Request(
        id=1, public_id="x", requester=1, kind="ride", quantity=9, seats_taken=0, status="open", urgency="stranded",  # type: ignore[arg-type]
        for_other=False, needs=(), cell=None, off=1, created_at=NOON, deadline_at=NOON,
    )  # fmt: skip
    view = request_view(request, [], [], role, context(request, secrets=replace(SECRETS, share_phone=shared)))
    assert view["contact"] == {"name": "CANARY-NAME", "phone": phone}


@settings(max_examples=60)
@given(points(), st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.booleans(), roles)
def test_moving_within_the_cell_changes_nothing_that_others_see(
    point: Point, north: float, east: float, empty: bool, role: Role
) -> None:
    if role in EXACT:
        role = Role.PUBLIC
    cell = cells.cell_of(point, cells.MEMBER)
    middle, corner = cells.centre(cell), cells.outline(cell)[0]
    lat = middle.lat + north * (corner.lat - middle.lat)
    lon = middle.lon + east * ((corner.lon - middle.lon + 180) % 360 - 180)
    other = Point(lat, (lon + 180) % 360 - 180)
    if cells.cell_of(other, cells.MEMBER) != cell:
        return
    views = []
    for exact in (point, other):
        request = _ride(cell, empty=empty)
        secrets = replace(SECRETS, point=exact, label=f"{exact.lat:.3f}")
        views.append(request_view(request, [], [], role, context(request, secrets=secrets)))
    assert views[0] == views[1]


def _ride(cell: str | None, empty: bool = False) -> Request:
    return Request(
        id=1, public_id="x", requester=9, kind="ride", quantity=9, seats_taken=0, status="open", urgency="stranded",  # type: ignore[arg-type]
        for_other=False, needs=(), cell=cell, empty_land=empty, off=1, created_at=NOON, deadline_at=NOON,
    )  # fmt: skip


@given(points(), st.booleans())
def test_the_public_sees_a_coarser_cell_than_members_and_coarser_still_in_empty_land(point: Point, empty: bool) -> None:
    request = _ride(cells.cell_of(point, cells.MEMBER), empty=empty)
    seen = {role: cell_for(request, role) for role in Role}
    public = seen.pop(Role.PUBLIC)
    assert public is not None
    assert cells.resolution(public) == (cells.EMPTY_LAND if empty else cells.PUBLIC)
    assert set(seen.values()) == {request.cell}
    assert cells.parent(str(request.cell), cells.resolution(public)) == public


def test_a_request_without_a_place_shows_none_to_anybody() -> None:
    request = _ride(None)
    told = context(request, secrets=Secrets())
    assert {str(request_view(request, [], [], role, told)["place"]) for role in Role} == {"None"}
    words = context(request, secrets=Secrets(place_text="by the old mill"))
    shown = {role: request_view(request, [], [], role, words)["place"] for role in Role}
    assert {role for role, place in shown.items() if place} == EXACT


def _alert() -> Alert:
    return Alert(
        id=1, public_id="a", request_id=1, person_id=2, wave=1, ring="1", reasons=Reasons(ring="1"), created_at=NOON
    )


@given(located, claims(request_id=1) | st.none(), st.booleans(), st.sampled_from(["owner", "helper", "view", None]))
def test_a_viewer_has_the_most_trusted_role_that_is_truly_theirs(
    request: Request, claim: Claim | None, alerted: bool, power: str | None
) -> None:
    powers = {request.id: power} if power else {}
    member = Viewer(person_id=77, powers=powers)
    alert = _alert() if alerted else None
    role = role_in(replace(request, requester=5), member, claim, alert)
    if power == "owner":
        assert role is Role.OWNER
    elif claim is not None and claim.standing and claim.shown_at is not None:
        assert role is Role.CLAIMER
    elif claim is not None or alerted:
        assert role is Role.ALERTED
    else:
        assert role is Role.MEMBER


def test_nobody_sees_a_request_without_a_link_and_a_guest_only_theirs() -> None:
    request = _ride(None)
    assert role_in(request, NOBODY, None, None) is None
    assert role_in(request, Viewer(person_id=3, guest=True), None, None) is None
    assert role_in(request, Viewer(powers={2: "view"}), None, None) is None
    for power in ("view", "helper"):
        assert role_in(request, Viewer(powers={1: power}), None, None) is Role.PUBLIC
    assert role_in(request, Viewer(person_id=9), None, None) is Role.OWNER
    assert role_in(request, Viewer(powers={1: "owner"}), None, None) is Role.OWNER


@pytest.mark.parametrize("status", list(ClaimState))
def test_a_stranger_sees_the_place_only_once_the_owner_lets_them_come(status: ClaimState) -> None:
    waiting = Claim(
        id=1, public_id="c", request_id=1, person_id=3, seats=1, status=status, created_at=NOON, shown_at=None
    )
    assert role_in(_ride(None), Viewer(person_id=3), waiting, None) is Role.ALERTED
    shown = role_in(_ride(None), Viewer(person_id=3), replace(waiting, shown_at=NOON), None)
    assert shown is (Role.CLAIMER if waiting.standing else Role.ALERTED)


@given(bodies, located)
def test_a_more_trusted_role_never_sees_fewer_parts_of_an_event(body: dict, request: Request) -> None:
    body.pop("added", None)
    seen = [set(event_body(event(body), role, context(request))) for role in Role]
    for more, less in pairwise(seen):
        assert less <= more


@given(located, st.booleans())
def test_how_the_call_travels_is_shown_to_viewers_only_while_the_owner_lets_them(request: Request, shown: bool) -> None:
    request = replace(request, show_travel=shown)
    told = context(request)
    body = {"wave": {"waves": 2}, "heard": {"alerted": 9, "seen": 3}}
    for role in set(Role) - {Role.OWNER}:
        assert bool(request_view(request, [], [], role, told)["heard"]) is shown
        assert bool(event_body(event(body), role, told).get("heard")) is shown
        switched = event_body(event(body | {"show_travel": shown}), role, told)
        assert "heard" in switched  # what a viewer held before is taken back, not left to grow old
        assert bool(switched["heard"]) is shown
    assert request_view(request, [], [], Role.OWNER, told)["heard"]


def test_times_are_written_the_same_way_everywhere() -> None:
    assert moment(NOON.replace(microsecond=123_456)) == "2026-03-01T12:00:00.123Z"
    assert moment(None) is None


def test_the_list_of_what_leaves_is_the_one_that_was_agreed() -> None:
    told = {"status", "seats", "quantity", "disposition", "closed_at", "claim", "claims", "place"}
    coming = told | {"contact", "note", "added", "destination"}
    owner = coming | {"wave", "heard", "forecast", "reach", "raised", "show_travel"}
    for role in Role:
        wanted = owner if role is Role.OWNER else coming if role is Role.CLAIMER else told
        assert {name for name, roles in FIELDS.items() if role in roles} & owner == wanted
