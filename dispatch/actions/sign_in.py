"""Who is looking: tokens become viewers, links become sessions. A token is stored only as its SHA-256."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.pass_on import open_relay
from dispatch.actions.tend_network import alive
from dispatch.actions.words import hashed, tell_house
from dispatch.domain import limits
from dispatch.domain.errors import SignIn
from dispatch.domain.events import ControlKind
from dispatch.domain.people import Person
from dispatch.domain.standing import Standing
from dispatch.domain.visibility import NOBODY, Viewer
from dispatch.ports import Grant, Power, Tx

STRONGEST = (Power.VIEW, Power.RELAY, Power.HELPER, Power.OWNER)
EXCHANGED = frozenset({Power.INVITE, Power.RELAY})
"""Links that do nothing by themselves: each opening makes somebody new, or is counted."""


def session_of(cookie: str) -> str:
    """The session's name in the store: nobody can make the cookie from it."""
    return hashed(cookie).hex()


def viewer_of_session(tx: Tx, now: datetime, cookie: str | None) -> Viewer:
    """Who holds this cookie; nobody when it has ended."""
    if not cookie:
        return NOBODY
    return _viewer(tx, now, [g for g in tx.grants.of_session(session_of(cookie)) if alive(g, now)], session_of(cookie))


def viewer_of_token(tx: Tx, now: datetime, token: str) -> Viewer:
    """Who holds this bearer token.

    Raises: SignIn when it has ended, or never was.
    """
    grant = tx.grants.by_hash(hashed(token))
    if grant is None or not alive(grant, now) or (grant.session is None and grant.power in EXCHANGED):
        raise SignIn
    return _viewer(tx, now, [grant], None)


def _viewer(tx: Tx, now: datetime, grants: list[Grant], session: str | None) -> Viewer:
    powers: dict[int, str] = {}
    relays: dict[int, int] = {}
    person = None
    for grant in sorted((g for g in grants if g.power in STRONGEST), key=lambda g: STRONGEST.index(g.power)):
        if grant.request_id is not None:
            powers[grant.request_id] = str(grant.power)
            if grant.relay_id is not None:
                relays[grant.request_id] = grant.relay_id
    trips = set()
    for grant in grants:
        if grant.power is Power.MEMBER and grant.person_id is not None:
            person = tx.people.by_id(grant.person_id)
        if grant.power is Power.TRIP and grant.request_id is not None and grant.person_id is not None:
            trips.add((grant.request_id, grant.person_id))
    standing = tx.safety.standing(person.id) if person else Standing()
    return Viewer(
        person_id=person.id if person else None,
        guest=bool(person and person.guest),
        powers=powers,
        relays=relays,
        session=session,
        held=standing.held(now),
        coordinator=standing.coordinator,
        trips=frozenset(trips),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """A link's token, and the cookie of the browser that opened it, if it has one."""

    token: str
    cookie: str | None
    name: str | None = None


def open_link(tx: Tx, now: datetime, command: OpenLink) -> tuple[dict[str, Any], str]:
    """What the link opens, and the browser's cookie: a new one, with everything the old one held.

    An invite makes a person, tied to whoever invited them; its answer also holds their `token`.
    Raises: SignIn for a link that has ended or never was.
    """
    grant = tx.grants.by_hash(hashed(command.token))
    if grant is None or not alive(grant, now):
        raise SignIn
    cookie = tx.ids.token("fls_")
    session = session_of(cookie)
    held = viewer_of_session(tx, now, command.cookie)
    before = [g for g in tx.grants.of_session(held.session) if alive(g, now)] if held.session else []
    kept = before
    answer: dict[str, Any] = {"power": str(grant.power)}
    fresh = grant
    if grant.power is Power.RELAY:
        open_relay(tx, now, grant, held)
    if grant.power is Power.INVITE:
        fresh, token = _accept_invite(tx, now, grant, held, command.name)
        answer |= {"power": str(Power.MEMBER)} | ({"token": token} if token else {})
    if fresh.person_id is not None and fresh.power is Power.MEMBER:
        person = tx.people.by_id(fresh.person_id)
        answer["person"] = person.public_id if person else None
        kept = [g for g in kept if g.power is not Power.MEMBER]
    if fresh.request_id is not None:
        request = tx.requests.by_id(fresh.request_id)
        answer["request"] = request.public_id if request else None
    if held.session:
        tx.devices.carry(held.session, session)
    if held.session and fresh.power is Power.MEMBER:
        # Somebody else's phone from now on, even where the session of the one before had run out by itself.
        tx.devices.drop_session(session, keep=fresh.person_id)
        if held.person_id not in (None, fresh.person_id):
            tell_house(tx, ControlKind.ACCESS_ENDED, session=held.session)
    for carried in (*kept, fresh):
        add_to_session(tx, now, session, carried)
    for old in before:
        tx.grants.revoke(old.token_hash, now)
    return answer, cookie


def add_to_session(tx: Tx, now: datetime, session: str, grant: Grant) -> None:
    """Lets this browser do what the grant allows, until the grant or the session ends."""
    about = f"{grant.request_id or grant.person_id}"
    if grant.power is Power.TRIP:
        about = f"{grant.request_id} {grant.person_id}"  # of one ask several people may share theirs
    name = hashed(f"{session}:{grant.power}:{about}")
    if tx.grants.by_hash(name) is not None:
        return  # a link opened twice, or a call repeated with its key
    until = min(grant.expires_at or now + limits.SESSION_KEPT, now + limits.SESSION_KEPT)
    carried = Grant(
        token_hash=name,
        power=grant.power,
        person_id=grant.person_id,
        request_id=grant.request_id,
        session=session,
        expires_at=until,
        relay_id=grant.relay_id,
    )
    tx.grants.add(carried)


def _accept_invite(tx: Tx, now: datetime, grant: Grant, held: Viewer, name: str | None) -> tuple[Grant, str | None]:
    """The member who accepted: who they were already, or a new person with a token of their own."""
    token = None
    if held.person_id is not None and not held.guest:
        person = tx.people.by_id(held.person_id)
    else:
        person = None
    if person is None:
        new = Person(id=0, public_id=tx.ids.public_id(), name=name, created_at=now)
        person = tx.people.add(new)
        token = tx.ids.token("flm_")
        tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id))
        tell_house(tx, ControlKind.PERSON_CHANGED, person=person.id)
    inviter = grant.person_id
    if inviter is not None and inviter != person.id and tx.network.tie(person.id, inviter):
        tell_house(tx, ControlKind.TIES_CHANGED, a=person.id, b=inviter, tied=True)
    return Grant(token_hash=grant.token_hash, power=Power.MEMBER, person_id=person.id), token


def start_session(tx: Tx, now: datetime, held: Viewer, cookie: str | None, grant: Grant) -> str:
    """The cookie of a browser that has just been given something: its own if it has a session, else a new one."""
    value = cookie if cookie and held.session else tx.ids.token("fls_")
    add_to_session(tx, now, session_of(value), grant)
    return value


def end_session(tx: Tx, now: datetime, cookie: str) -> None:
    """Signs this browser out, on every device that holds its cookie."""
    for grant in tx.grants.of_session(session_of(cookie)):
        tx.grants.revoke(grant.token_hash, now)
    tx.devices.drop_session(session_of(cookie))
    tell_house(tx, ControlKind.ACCESS_ENDED, session=session_of(cookie))
