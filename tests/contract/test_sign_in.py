"""Who is looking: links, sessions, invites; each ends when it should, and a copy of the database signs nobody in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dispatch.actions.sign_in import (
    OpenLink,
    end_session,
    open_link,
    session_of,
    start_session,
    viewer_of_session,
    viewer_of_token,
)
from dispatch.actions.tend_network import invite
from dispatch.actions.words import hashed
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.errors import SignIn
from dispatch.domain.visibility import NOBODY, Viewer
from dispatch.ports import Grant, Power, Tx
from dispatch.store import SqlStore
from tests.support.world import Night, night_on

SECOND = timedelta(seconds=1)
POWERS = ["owner", "view", "helper"]


@pytest.fixture
def night(store: SqlStore, clock: SteppedClock) -> Night:
    return night_on(store, clock)


@pytest.fixture
def stepped(open_sqlite_again: Callable[[], SqlStore], clock: SteppedClock) -> Any:
    store = open_sqlite_again()
    yield Night(store=store, clock=clock)
    store.close()


def viewer_of(night: Night, cookie: str | None) -> Viewer:
    return night.store.read_now(lambda tx, now: viewer_of_session(tx, now, cookie))


def bearer(night: Night, token: str) -> Viewer:
    return night.store.read_now(lambda tx, now: viewer_of_token(tx, now, token))


def opened(night: Night, token: str, cookie: str | None = None, name: str | None = None) -> tuple[dict[str, Any], str]:
    return night.do(open_link, OpenLink(token=token, cookie=cookie, name=name))


def member_token(night: Night, person: int) -> str:
    def add(tx: Tx, now: object) -> str:
        token = tx.ids.token("flm_")
        tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person))
        return token

    return night.do(add)


def invitation(night: Night, person: int) -> str:
    return str(night.do(invite, Viewer(person_id=person))["token"])


@pytest.mark.parametrize("power", POWERS)
def test_a_link_opens_what_it_names_and_nothing_else(night: Night, power: str) -> None:
    one, other = night.post(None, 2, contact_phone="1"), night.post(None, 2, contact_phone="2")
    answer, cookie = opened(night, one.tokens[power])
    assert answer == {"power": power, "request": one.request.public_id}
    viewer = viewer_of(night, cookie)
    assert viewer.powers == {one.request.id: power}
    assert other.request.id not in viewer.powers
    assert viewer.person_id is None
    assert bearer(night, one.tokens[power]).powers == {one.request.id: power}


def test_a_made_up_token_is_refused_and_a_made_up_cookie_is_nobody(night: Night) -> None:
    for token in ("", "flo_" + "x" * 22, "flm_"):
        with night.no_trace(), pytest.raises(SignIn):
            opened(night, token)
        with pytest.raises(SignIn):
            bearer(night, token)
    unknown = viewer_of(night, "fls_" + "x" * 22)
    assert (unknown.person_id, unknown.powers) == (None, {})
    assert viewer_of(night, None) == NOBODY


def test_a_browser_keeps_everything_it_held_and_the_old_cookie_ends(night: Night) -> None:
    one, other = night.post(None, 2, contact_phone="1"), night.post(None, 2, contact_phone="2")
    _, first = opened(night, one.tokens["owner"])
    _, second = opened(night, other.tokens["view"], first)
    viewer = viewer_of(night, second)
    assert viewer.powers == {one.request.id: "owner", other.request.id: "view"}
    assert viewer.session == session_of(second)
    assert viewer_of(night, first) == Viewer(session=session_of(first))


def test_opening_the_same_link_twice_in_one_browser_is_fine(night: Night) -> None:
    posted = night.post(None, 2)
    _, cookie = opened(night, posted.tokens["owner"])
    _, cookie = opened(night, posted.tokens["owner"], cookie)
    assert viewer_of(night, cookie).powers == {posted.request.id: "owner"}


def test_the_strongest_of_several_links_to_one_call_counts(night: Night) -> None:
    posted = night.post(None, 2)
    cookie = None
    for power in ("owner", "view", "helper"):
        _, cookie = opened(night, posted.tokens[power], cookie)
    assert viewer_of(night, cookie).powers == {posted.request.id: "owner"}


def test_the_links_of_a_call_end_a_day_after_it(stepped: Night) -> None:
    owner = stepped.person("Robert")
    posted = stepped.post(owner, 2)
    _, cookie = opened(stepped, posted.tokens["view"])
    stepped.close(posted.request.public_id, owner)
    stepped.wait(limits.OWNER_LINK_KEPT - SECOND)
    assert viewer_of(stepped, cookie).powers
    stepped.wait(2 * SECOND)
    assert not viewer_of(stepped, cookie).powers
    for power in POWERS:
        with pytest.raises(SignIn):
            opened(stepped, posted.tokens[power])


def test_a_session_lasts_thirty_days_and_a_members_token_for_good(stepped: Night) -> None:
    ana = stepped.person("Ana")
    token = member_token(stepped, ana)
    _, cookie = opened(stepped, token)
    stepped.wait(limits.SESSION_KEPT - SECOND)
    assert viewer_of(stepped, cookie).person_id == ana
    stepped.wait(2 * SECOND)
    assert viewer_of(stepped, cookie).person_id is None
    assert bearer(stepped, token).person_id == ana


def test_a_revoked_token_opens_nothing_any_more(night: Night) -> None:
    ana = night.person("Ana")
    token = member_token(night, ana)
    night.do(lambda tx, now: tx.grants.revoke(hashed(token), now))
    with pytest.raises(SignIn):
        bearer(night, token)
    with night.no_trace(), pytest.raises(SignIn):
        opened(night, token)


def test_signing_out_ends_the_session_and_tells_the_hubs(night: Night) -> None:
    ana = night.person("Ana")
    _, cookie = opened(night, member_token(night, ana))
    night.do(end_session, cookie)
    assert viewer_of(night, cookie).person_id is None
    events = night.see(lambda tx: tx.journal.after(0, 1_000))[1]
    assert (events[-1].topic, events[-1].kind) == ("ctl", "access_ended")
    assert cookie not in str(events[-1].body)


def test_signing_in_as_somebody_else_leaves_the_first_person_behind(night: Night) -> None:
    ana, bo = night.person("Ana"), night.person("Bo")
    _, first = opened(night, member_token(night, ana))
    _, second = opened(night, member_token(night, bo), first)
    assert viewer_of(night, second).person_id == bo


def test_an_invite_makes_one_person_tied_to_whoever_sent_it(night: Night) -> None:
    ana = night.person("Ana")
    link = invitation(night, ana)
    answer, cookie = opened(night, link, name="Nina New")
    viewer = viewer_of(night, cookie)
    assert viewer.person_id is not None
    assert not viewer.guest
    assert bearer(night, answer["token"]).person_id == viewer.person_id
    assert night.see(lambda tx: tx.network.tied(ana, viewer.person_id or 0))
    night.feed.catch_up()
    assert night.roster.path(ana, viewer.person_id) == ()


def test_an_invite_opened_again_in_the_same_browser_makes_nobody_new(night: Night) -> None:
    link = invitation(night, night.person("Ana"))
    _, cookie = opened(night, link, name="Nina")
    first = viewer_of(night, cookie).person_id
    answer, cookie = opened(night, link, cookie, name="Nina again")
    assert viewer_of(night, cookie).person_id == first
    assert "token" not in answer


def test_an_invite_opened_in_two_browsers_makes_two_people(night: Night) -> None:
    link = invitation(night, night.person("Ana"))
    people = {viewer_of(night, opened(night, link, name=name)[1]).person_id for name in ("Nina", "Otto")}
    assert len(people) == 2


def test_a_member_who_accepts_an_invite_stays_who_they_are(night: Night) -> None:
    ana, bo = night.person("Ana"), night.person("Bo")
    _, cookie = opened(night, member_token(night, bo))
    answer, cookie = opened(night, invitation(night, ana), cookie)
    assert viewer_of(night, cookie).person_id == bo
    assert "token" not in answer
    assert night.see(lambda tx: tx.network.tied(ana, bo))


def test_ones_own_invite_ties_nobody_to_themselves(night: Night) -> None:
    ana = night.person("Ana")
    _, cookie = opened(night, member_token(night, ana))
    opened(night, invitation(night, ana), cookie)
    assert night.see(lambda tx: tx.network.ties_of(ana)) == []


def test_an_invite_ends_after_two_weeks_and_is_no_key_by_itself(stepped: Night) -> None:
    link = invitation(stepped, stepped.person("Ana"))
    with pytest.raises(SignIn):
        bearer(stepped, link)
    stepped.wait(limits.INVITE_KEPT - SECOND)
    opened(stepped, link, name="Just in time")
    stepped.wait(2 * SECOND)
    with pytest.raises(SignIn):
        opened(stepped, link, name="Too late")


def test_a_session_grows_only_by_what_it_is_given(night: Night) -> None:
    posted = night.post(None, 2)

    def give(tx: Tx, now: Any) -> str:
        grant = Grant(token_hash=b"", power=Power.OWNER, request_id=posted.request.id)
        return start_session(tx, now, NOBODY, None, grant)

    cookie = night.do(give)
    viewer = viewer_of(night, cookie)
    assert viewer.powers == {posted.request.id: "owner"}

    def again(tx: Tx, now: Any) -> str:
        return start_session(tx, now, viewer, cookie, Grant(token_hash=b"", power=Power.MEMBER, person_id=1))

    assert night.do(again) == cookie


def test_a_copy_of_the_database_signs_nobody_in(night: Night) -> None:
    ana = night.person("Ana")
    posted = night.post(ana, 2)
    token = member_token(night, ana)
    answer, cookie = opened(night, token)
    assert answer["power"] == "member"
    link = invitation(night, ana)
    stored = str(night.everything())
    for secret in (token, cookie, link, *posted.tokens.values()):
        assert secret not in stored
        assert secret[4:] not in stored
