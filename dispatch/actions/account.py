"""One's own account: which browsers and programs are signed in, everything that is kept, and the way out.

Invariant: an ended session opens nothing any more, on no channel (tests/safety/test_account.py).
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from dispatch.actions.close_request import end
from dispatch.actions.look import alert_views, my_claim_view, request_state
from dispatch.actions.pass_on import end_links_of, link_view
from dispatch.actions.seats import end_all_early
from dispatch.actions.set_me import me, my_view
from dispatch.actions.tend_network import alive
from dispatch.actions.words import tell_house
from dispatch.domain import limits
from dispatch.domain.audit import Deed
from dispatch.domain.errors import NotFound
from dispatch.domain.events import ControlKind
from dispatch.domain.lifecycle import Disposition, Step
from dispatch.domain.people import Duty
from dispatch.domain.visibility import Role, Viewer, moment
from dispatch.ports import Grant, Power, Tx

_NAME = 16
"""Characters of a session's name that its owner reads; nobody can make a cookie from them."""


def _name(grant: Grant) -> str:
    return (grant.session or grant.token_hash.hex())[:_NAME]


def _mine(tx: Tx, now: datetime, viewer: Viewer) -> list[Grant]:
    person = me(tx, viewer)
    return [g for g in tx.grants.of_person(person.id) if g.power is Power.MEMBER and alive(g, now)]


def show_sessions(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """`{sessions}`: every browser and program that is signed in as this person.

    Raises: SignIn.
    """
    return {
        "sessions": [
            {
                "id": _name(grant),
                "kind": "browser" if grant.session else "token",
                "current": grant.session is not None and grant.session == viewer.session,
                "since": moment(grant.expires_at - limits.SESSION_KEPT) if grant.session and grant.expires_at else None,
                "until": moment(grant.expires_at),
            }
            for grant in _mine(tx, now, viewer)
        ]
    }


def end_named(tx: Tx, now: datetime, viewer: Viewer, name: str | None) -> int:
    """How many were ended: the one of that name, or all but the one that asks. Its sockets close at once.

    Raises: SignIn; NotFound for a name that is nobody's, or somebody else's.
    """
    grants = [g for g in _mine(tx, now, viewer) if name is None or _name(g) == name]
    if name is not None and not grants:
        raise NotFound("session")
    if name is None:
        grants = [g for g in grants if g.session is None or g.session != viewer.session]
    for grant in grants:
        _end(tx, now, grant)
    return len(grants)


def _end(tx: Tx, now: datetime, grant: Grant) -> None:
    tx.grants.revoke(grant.token_hash, now)
    for beside in tx.grants.of_session(grant.session) if grant.session else ():
        tx.grants.revoke(beside.token_hash, now)
    if grant.session:
        tx.devices.drop_session(grant.session)
    elif grant.person_id is not None:
        tx.devices.drop_person(grant.person_id, programs_only=True)
    tx.audit.add(Deed.SESSION_ENDED, actor=grant.person_id, person=grant.person_id)
    # A program's token has no session of its own: everybody of that person is looked at again.
    facts: dict[str, object] = {"session": grant.session} if grant.session else {"person": grant.person_id}
    tell_house(tx, ControlKind.ACCESS_ENDED, **facts)


def export_me(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """Everything that is kept of this person, as JSON. Of others only what they were shown anyway.

    Raises: SignIn.
    """
    person = me(tx, viewer)
    many = limits.EXPORT_ROWS
    tx.audit.add(Deed.EXPORTED, actor=person.id, person=person.id)
    requests = tx.requests.of_person(person.id, many)
    return {
        "made_at": moment(now),
        "me": my_view(tx, person, now),
        "requests": [request_state(tx, request, Role.OWNER) for request in requests],
        "claims": [my_claim_view(tx, claim) for claim in tx.claims.of_person(person.id, many)],
        "alerts": alert_views(tx, tx.alerts.of_person(person.id, many)),
        "passed_on": [link_view(tx, now, link) for link in tx.relays.of_person(person.id, many)],
        "sessions": show_sessions(tx, now, viewer)["sessions"],
        "devices": [
            {"service": urlsplit(device.endpoint).hostname, "lang": device.lang, "since": moment(device.at)}
            for device in tx.devices.of_person(person.id)
        ],
    }


def erase_me(tx: Tx, now: datetime, viewer: Viewer) -> None:
    """The account is gone: keys, sessions, ties, alerts' link; a claim keeps "a volunteer". Twice is once.

    Open asks are cancelled and seats come back in the same transaction. Raises: SignIn.
    """
    person = me(tx, viewer)
    end_all_early(tx, now, person.id, Step.WITHDRAW, person.id)
    for asked in tx.requests.of_person(person.id, limits.EXPORT_ROWS):
        request = None if asked.over else tx.requests.lock(asked.id)
        if request is not None and not request.over:
            end(tx, now, request, Disposition.CANCELLED, person.id)
    for other in tx.network.ties_of(person.id):
        tx.network.untie(person.id, other)
        tell_house(tx, ControlKind.TIES_CHANGED, a=person.id, b=other, tied=False)
    for community in tx.network.communities_of(person.id):
        tx.network.leave(community.id, person.id)
        tell_house(tx, ControlKind.COMMUNITY_CHANGED, community=community.id, person=person.id, joined=False)
    tx.people.set(
        person.id, name=None, external=None, car=None, phone=None, lang=None, seats=None, place=None, place_text=None,
        seen_at=None, duty=Duty.OFF_DUTY, duty_until=None, guest=True,
    )  # fmt: skip
    end_links_of(tx, now, person.id)
    tx.relays.forget(person.id)
    tx.alerts.forget(person.id)
    tx.devices.drop_person(person.id)
    for grant in tx.grants.of_person(person.id):
        tx.grants.revoke(grant.token_hash, now)
    tx.audit.add(Deed.ERASED, actor=person.id, person=person.id)
    tell_house(tx, ControlKind.PERSON_CHANGED, person=person.id)
    tell_house(tx, ControlKind.ACCESS_ENDED, person=person.id)
