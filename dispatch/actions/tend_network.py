"""Who would hear whom: invites, ties, communities, blocks, reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.pass_on import end_links_of
from dispatch.actions.seats import end_all_early
from dispatch.actions.set_me import me
from dispatch.actions.words import WAVE, hashed, tell, tell_house
from dispatch.domain import limits
from dispatch.domain.audit import Deed
from dispatch.domain.errors import NotAllowed, NotFound
from dispatch.domain.events import ControlKind, EventKind
from dispatch.domain.lifecycle import Step
from dispatch.domain.people import Community, Person
from dispatch.domain.standing import FlagKind
from dispatch.domain.visibility import Viewer, moment
from dispatch.ports import Grant, Power, Tx


def invite(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """`{token, expires_at}`: whoever opens the link becomes one of this person's people.

    Raises: SignIn.
    """
    person = me(tx, viewer)
    token = tx.ids.token("fli_")
    until = now + limits.INVITE_KEPT
    tx.grants.add(Grant(token_hash=hashed(token), power=Power.INVITE, person_id=person.id, expires_at=until))
    return {"token": token, "expires_at": moment(until)}


def _other(tx: Tx, person: Person, public_id: str) -> Person:
    other = tx.people.by_public(public_id)
    if other is None or other.id == person.id or other.id in tx.network.blocked_either_way(person.id):
        raise NotFound("person")
    return other


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """To be one of somebody's people: by their invite, or because you share a community."""

    viewer: Viewer
    person: str | None = None
    invite: str | None = None


def tie(tx: Tx, now: datetime, command: Tie) -> dict[str, Any]:
    """`{person, tied}` afterwards.

    Raises: SignIn, NotFound, NotAllowed (no invite and no common community).
    """
    person = me(tx, command.viewer)
    if command.invite is not None:
        grant = tx.grants.by_hash(hashed(command.invite))
        if grant is None or grant.power is not Power.INVITE or not alive(grant, now) or grant.person_id is None:
            raise NotFound("invite")
        other = tx.people.by_id(grant.person_id)
        if other is None or other.id == person.id:
            raise NotFound("invite")
    else:
        other = _other(tx, person, command.person or "")
        mine = {c.id for c in tx.network.communities_of(person.id)}
        if not mine & {c.id for c in tx.network.communities_of(other.id)} and not tx.network.tied(person.id, other.id):
            raise NotAllowed("A tie needs both sides: send them an invite, or open theirs.")
    if tx.network.tie(person.id, other.id):
        tell_house(tx, ControlKind.TIES_CHANGED, a=person.id, b=other.id, tied=True)
    return {"person": other.public_id, "name": other.first_name, "tied": True}


def untie(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> None:
    """Neither hears the other any more. Repeating it changes nothing.

    Raises: SignIn, NotFound.
    """
    person = me(tx, viewer)
    other = tx.people.by_public(public_id)
    if other is None:
        raise NotFound("person")
    if tx.network.untie(person.id, other.id):
        tell_house(tx, ControlKind.TIES_CHANGED, a=person.id, b=other.id, tied=False)


def alive(grant: Grant, now: datetime) -> bool:
    """Neither ended nor revoked."""
    return grant.revoked_at is None and (grant.expires_at is None or grant.expires_at > now)


def add_community(tx: Tx, now: datetime, viewer: Viewer, name: str) -> dict[str, Any]:
    """`{id, name}`: a new community with its founder as its first member.

    Raises: SignIn.
    """
    person = me(tx, viewer)
    new = Community(id=0, public_id=tx.ids.public_id(), name=name, owner=person.id)
    community = tx.network.add_community(new)
    tx.network.join(community.id, person.id)
    tell_house(tx, ControlKind.COMMUNITY_CHANGED, community=community.id, person=person.id, joined=True)
    return {"id": community.public_id, "name": community.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A member brings themselves or one of their friends into a community."""

    viewer: Viewer
    community: str
    person: str | None = None


def join_community(tx: Tx, now: datetime, command: Join) -> dict[str, Any]:
    """`{community, person, joined}` afterwards.

    Raises: SignIn, NotFound, NotAllowed: members bring in people tied to them; the founder brings in anybody.
    """
    person = me(tx, command.viewer)
    community = tx.network.community(command.community)
    if community is None:
        raise NotFound("community")
    newcomer = person if command.person in (None, person.public_id) else _other(tx, person, command.person or "")
    members = set(tx.network.members(community.id))
    if person.id != community.owner and newcomer.id not in members:
        if person.id not in members:
            raise NotFound("community")
        if not tx.network.tied(person.id, newcomer.id):
            raise NotAllowed("You can bring in people who are tied to you.")
    if tx.network.join(community.id, newcomer.id):
        tell_house(tx, ControlKind.COMMUNITY_CHANGED, community=community.id, person=newcomer.id, joined=True)
    return {"community": community.public_id, "person": newcomer.public_id, "joined": True}


def block(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> None:
    """Both ways, silently: neither is asked for the other; a claim between the two ends as a stand-down.

    Raises: SignIn, NotFound.
    """
    person = me(tx, viewer)
    other = tx.people.by_public(public_id)
    if other is None or other.id == person.id:
        raise NotFound("person")
    _block(tx, now, person.id, other.id)


def _block(tx: Tx, now: datetime, one: int, other: int, request: int | None = None) -> None:
    """`request`: the ask they met by, where one is named; it stands in the audit."""
    if tx.network.block(one, other, now):
        tx.audit.add(Deed.BLOCKED, actor=one, person=other, request=request)
    end_claims_between(tx, now, one, other)
    tell_house(tx, ControlKind.BLOCKED, a=one, b=other)


def block_by_claim(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, Any]:
    """`{request, owner}`: blocks the other one of a claim, its holder for the asker, the asker for its holder.

    Nobody has to know another's name or number for it. Raises: NotFound.
    """
    claim = tx.claims.by_public(public_id)
    request = tx.requests.by_id(claim.request_id) if claim is not None else None
    if claim is None or request is None:
        raise NotFound("claim")
    owner = viewer.person_id == request.requester or viewer.powers.get(request.id) == Power.OWNER
    if not owner and viewer.person_id != claim.person_id:
        raise NotFound("claim")
    pair = (request.requester, claim.person_id) if owner else (claim.person_id, request.requester)
    _block(tx, now, *pair, request.id)
    return {"request": request.public_id, "owner": owner}


def blocked(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """`{blocked: [{id, name}]}`: whom this person blocked, the first one first; of who blocked them they learn nothing.

    Raises: SignIn.
    """
    person = me(tx, viewer)
    ids = tx.network.blocked_by(person.id)
    people = tx.people.by_ids(ids)
    return {"blocked": [{"id": people[each].public_id, "name": people[each].first_name} for each in ids]}


def end_claims_between(tx: Tx, now: datetime, one: int, two: int) -> None:
    """Stands down every standing or waiting claim of either on a request of the other, and ends what they passed on."""
    # Who takes seats in this moment has them before these locks and is ended below, or comes after and reads the block.
    going_on = [ask.id for who in (one, two) for ask in tx.requests.of_person(who, limits.EXPORT_ROWS) if not ask.over]
    for request_id in sorted(going_on):
        tx.requests.lock(request_id)
    for claimer, requester in ((one, two), (two, one)):
        end_links_of(tx, now, claimer, requester)
        end_all_early(tx, now, claimer, Step.STAND_DOWN, None, requester=requester)


def unblock(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> None:
    """Takes one's own block back.

    Raises: SignIn, NotFound.
    """
    person = me(tx, viewer)
    other = tx.people.by_public(public_id)
    if other is None:
        raise NotFound("person")
    if tx.network.unblock(person.id, other.id):
        tell_house(tx, ControlKind.BLOCKED, a=person.id, b=other.id)


def freeze(tx: Tx, now: datetime, request_id: int, why: str) -> None:
    """No new alerts and no new claims; standing claims stay, the owner reads why."""
    request = tx.requests.lock(request_id)
    if request is None or request.over:
        return
    tx.safety.freeze(request.id, why, now)
    tx.due.remove(WAVE, request.id)
    tell(tx, request, EventKind.NOTE_ADDED, None, frozen=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Somebody behaved badly; what happened, in words."""

    viewer: Viewer
    claim: str | None
    request: str | None
    reason: str


def report(tx: Tx, now: datetime, command: Report) -> dict[str, Any]:
    """`{received}`: the claim between the two ends, the pair is blocked, a coordinator reads the words.

    A reported helper is held for 24 hours or until somebody decides; a reported ask is frozen.
    Raises: SignIn, NotFound; NotAllowed after three that nothing was behind.
    """
    viewer = command.viewer
    # One answer for what does not exist and what is not theirs to report.
    unknown = NotFound("claim" if command.claim else "ask")
    claim = tx.claims.by_public(command.claim) if command.claim else None
    request = tx.requests.by_id(claim.request_id) if claim else tx.requests.by_public(command.request or "")
    if request is None:
        raise unknown
    owner = viewer.person_id == request.requester or viewer.powers.get(request.id) == Power.OWNER
    reporter = request.requester if owner else viewer.person_id
    if reporter is None:
        raise unknown
    if claim is None and not owner:
        claim = tx.claims.unfinished(request.id, reporter)
    if claim is None or reporter not in (request.requester, claim.person_id):
        raise unknown
    reported = claim.person_id if owner else request.requester
    if tx.safety.standing(reporter).barred(now):
        raise NotAllowed("Your last reports came to nothing: no more are taken for 30 days. In danger, call for help.")
    tx.network.report(reporter, reported, request.id, command.reason, now)
    tx.safety.raise_flag(FlagKind.REPORTED, request.id, claim.id, now)
    tx.audit.add(Deed.REPORTED, actor=reporter, person=reported, request=request.id)
    if owner:
        tx.safety.hold(reported, now + limits.HELD)
        tell_house(tx, ControlKind.ACCESS_ENDED, person=reported)
    else:
        freeze(
            tx, now, request.id, "Somebody who came has reported this ask. Somebody looks first; who comes still comes."
        )
    _block(tx, now, reporter, reported, request.id)
    return {"received": True}
