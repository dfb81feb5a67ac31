"""I can't come, but I know somebody: a call is passed on by a link, opened, taken back, and thanked for.

The chain of hands is kept with each link. Whoever comes by one is a stranger to the person waiting: the coarse place,
and the owner's tap before they see more. Invariants: a link reaches RELAY_OPENS browsers at most and spends the call's
own reach; whoever ends it ends what was passed on from it (tests/contract/test_relay.py, tests/safety/test_relay.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.answer_alert import STANDS, AnswerAlert, answer_alert
from dispatch.actions.look import role_for
from dispatch.actions.reach import bound_of, reached
from dispatch.actions.words import hashed, tell, tell_house
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.drill import STAYS
from dispatch.domain.errors import NoMorePasses, NotAllowed, NotFound, OnHold, RequestOver, SignIn
from dispatch.domain.events import ControlKind, EventKind, InboxKind
from dispatch.domain.people import Person
from dispatch.domain.relay import Passing, Relay, alive, depth_of, lasts_until, passed, room, with_descendants
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer, moment
from dispatch.ports import Grant, Power, Tx

PASSED_ON = "Passed it on"
"""The reason that stands with the alert of whoever passed it on instead of coming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOn:
    """Who passes which call on. `named`: their first name may be read by the owner and by whoever gets the link."""

    request: str
    viewer: Viewer
    named: bool = False
    name: str | None = None
    """A guest's, who came by a passed link."""


def pass_on(tx: Tx, now: datetime, command: PassOn) -> dict[str, Any]:
    """The new link with its `token`; a guest's answer also holds `member`, by which they come back as themselves.

    Raises: NotFound, RequestOver, NotAllowed (the owner, friends only, whom the owner refused, a drill), OnHold,
    NoMorePasses at every bound.
    """
    viewer = command.viewer
    seen = tx.requests.by_public(command.request)
    role = role_for(tx, seen, viewer) if seen is not None else None
    request = tx.requests.lock(seen.id) if seen is not None and role is not None else None
    if request is None:
        raise NotFound("ask")
    _refuse(tx, request, viewer, role)
    parent = _came_by(tx, request, viewer)
    links = tx.relays.of_request(request.id)
    mine = tx.relays.of_person(viewer.person_id, limits.RELAYS_A_WEEK) if viewer.person_id is not None else []
    alert = tx.alerts.of(request.id, viewer.person_id) if viewer.person_id is not None else None
    passing = Passing(
        asked=alert is not None,
        by=parent,
        mine=sum(link.person_id == viewer.person_id for link in links),
        this_week=sum(link.created_at > now - limits.WEEK for link in mine),
        of_call=len(links),
    )
    depth = depth_of(passing, now)
    if _room(tx, now, request) < 1:
        raise NoMorePasses("This call has reached as many people as it may for now. Thank you.")
    person_id, member = (viewer.person_id, None) if viewer.person_id is not None else _guest(tx, now, command)
    link = tx.relays.add(
        Relay(
            id=0,
            public_id=tx.ids.public_id(),
            request_id=request.id,
            person_id=person_id,
            parent=parent.id if parent is not None and depth > 1 else None,
            depth=depth,
            named=command.named,
            created_at=now,
            expires_at=lasts_until(parent if depth > 1 else None, now),
        )
    )
    token = tx.ids.token("flr_")
    tx.grants.add(
        Grant(
            token_hash=hashed(token), power=Power.RELAY, person_id=person_id, request_id=request.id,
            expires_at=link.expires_at, relay_id=link.id,
        )
    )  # fmt: skip
    if alert is not None and alert.answer not in STANDS:
        # Not a yes: somebody else is asked at once, whatever comes of the link.
        said = AnswerAlert(alert=alert.public_id, person_id=person_id, answer=Answer.DECLINED, reason=PASSED_ON)
        answer_alert(tx, now, said)
    _tell(tx, request)
    return link_view(tx, now, link) | {"token": token} | ({"member": member} if member else {})


def _refuse(tx: Tx, request: Request, viewer: Viewer, role: Role | None) -> None:
    if role is Role.OWNER:
        raise NotAllowed("This is your own ask: share its links instead.")
    if request.over:
        raise RequestOver(request.status)
    if request.drill:
        raise NotAllowed(STAYS)
    if viewer.held:
        raise OnHold("A report about you is looked at first, within 24 hours. You can't pass calls on until then.")
    if tx.safety.frozen(request.id) is not None:
        raise OnHold("Somebody is looking at this ask first. It can't be passed on until then.")
    if request.reach.rings_max == 1:
        raise NotAllowed("The person waiting asks friends only this time.")
    if viewer.person_id is not None and tx.safety.refused(request.id, viewer.person_id):
        raise NotAllowed("The person waiting has found help otherwise. Thank you: nothing more is needed here.")


def _came_by(tx: Tx, request: Request, viewer: Viewer) -> Relay | None:
    link = viewer.relays.get(request.id)
    return tx.relays.by_id(link) if link is not None else None


def _room(tx: Tx, now: datetime, request: Request) -> int:
    bound = bound_of(tx, now, request)
    return room(bound, reached(tx, now, request, bound))


def _guest(tx: Tx, now: datetime, command: PassOn) -> tuple[int, str]:
    """Somebody who came by a passed link and is nobody yet, and the token by which they are from now on."""
    guest = Person(id=0, public_id=tx.ids.public_id(), name=command.name, guest=True, created_at=now)
    person = tx.people.add(guest)
    token = tx.ids.token("flm_")
    tx.grants.add(Grant(token_hash=hashed(token), power=Power.MEMBER, person_id=person.id))
    return person.id, token


def _tell(tx: Tx, request: Request) -> None:
    counts = passed(tx.relays.of_request(request.id))
    tell(tx, request, EventKind.NOTE_ADDED, None, passed=counts.as_json())


def open_relay(tx: Tx, now: datetime, grant: Grant, held: Viewer) -> None:
    """Counts this browser; once only, and not at all for whoever may do more with this call already.

    Raises: SignIn once the call is over or held back, for somebody blocked, and when the link or the call has reached
    as many people as it may.
    """
    request = tx.requests.lock(grant.request_id) if grant.request_id is not None else None
    if request is None or grant.relay_id is None or request.over:
        raise SignIn
    if held.powers.get(request.id, Power.VIEW) != Power.VIEW or held.person_id == request.requester:
        return
    if held.person_id is not None and request.requester in tx.network.blocked_either_way(held.person_id):
        raise SignIn
    if tx.safety.frozen(request.id) is not None:
        raise SignIn("Somebody is looking at this ask first. Open the link again later.")
    if _room(tx, now, request) < 1 or not tx.relays.open(grant.relay_id, now):
        raise SignIn("This link was opened as often as it may be. Ask the person who sent it for a new one.")
    _tell(tx, request)


def show_links(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """`{relays, passed}`: every link for the owner and coordinators, for anybody else their own.

    Raises: NotFound.
    """
    request = tx.requests.by_public(public_id)
    role = role_for(tx, request, viewer) if request is not None else None
    if request is None or (role is None and not viewer.coordinator):
        raise NotFound("ask")
    links = tx.relays.of_request(request.id)
    everything = role is Role.OWNER or viewer.coordinator
    shown = [link for link in links if everything or link.person_id == viewer.person_id]
    return {
        "relays": [link_view(tx, now, link) for link in shown],
        "passed": passed(links).as_json() if everything else None,
    }


def link_view(tx: Tx, now: datetime, link: Relay) -> dict[str, Any]:
    """A link as those see it who may end it: never its token."""
    person = tx.people.by_id(link.person_id) if link.named else None
    request = tx.requests.by_id(link.request_id)
    return {
        "id": link.public_id,
        "request": request.public_id if request else None,
        "name": person.first_name if person else None,
        "depth": link.depth,
        "opened": link.opened,
        "opens_left": limits.RELAY_OPENS - link.opened,
        "going": alive(link, now) and request is not None and not request.over,
        "created_at": moment(link.created_at),
        "expires_at": moment(link.expires_at),
        "ended_at": moment(link.ended_at),
    }


def end_link(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> None:
    """Ends a link and all that was passed on from it; whoever opened one sees nothing any more. Twice is once.

    Raises: NotFound for everybody but its passer, the owner and a coordinator.
    """
    link = tx.relays.by_public(public_id)
    request = tx.requests.lock(link.request_id) if link is not None else None
    if link is None or request is None:
        raise NotFound("link")
    owner = role_for(tx, request, viewer) is Role.OWNER
    if not (owner or viewer.coordinator or (viewer.person_id is not None and viewer.person_id == link.person_id)):
        raise NotFound("link")
    _end(tx, now, request.id, [link.id])


def end_links_of(tx: Tx, now: datetime, person_id: int, requester: int | None = None) -> None:
    """Ends all that person passed on; with `requester` only of that person's calls."""
    mine: dict[int, list[int]] = {}
    for link in tx.relays.of_person(person_id, limits.RELAYS_A_WEEK):
        if alive(link, now):
            mine.setdefault(link.request_id, []).append(link.id)
    for request_id, links in sorted(mine.items()):
        request = tx.requests.lock(request_id)
        if request is not None and requester in (None, request.requester):
            _end(tx, now, request_id, links)


def _end(tx: Tx, now: datetime, request_id: int, links: list[int]) -> None:
    ended = with_descendants(tx.relays.of_request(request_id), links)
    tx.relays.end(ended, now)
    for session in tx.grants.end_relays(ended, now):
        tell_house(tx, ControlKind.ACCESS_ENDED, session=session)


def thank_who_carried(tx: Tx, request: Request) -> None:
    """Everybody who passed the call on hears that it ended well."""
    carried = sorted({link.person_id for link in tx.relays.of_request(request.id)})
    if carried:
        tx.journal.append_inbox(InboxKind.THANKED, [(person, {}) for person in carried], request.id)
