"""Passing a call on: somebody who can't come themselves sends a link to somebody who might.

Pure. Invariants: no call goes through more than RELAY_DEPTH hands; no link outlives the one it came by; whoever
ends a link ends everything that was passed on from it (tests/domain/test_relay.py).
What may be seen through such a link is decided in visibility.py, how many people it may reach in standing.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain import limits
from dispatch.domain.errors import NoMorePasses
from dispatch.domain.standing import Bound, Reached, people_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One link by which somebody passed a call on; its token is kept as a hash, among the grants."""

    id: int
    public_id: str
    request_id: int
    person_id: int
    parent: int | None = None
    """The link it was passed on from; None for somebody who was asked themselves."""
    depth: int = 1
    named: bool = False
    """May whoever asked, and whoever gets the link, read the passer's first name?"""
    opened: int = 0
    created_at: datetime
    opened_at: datetime | None = None
    """When it was opened last."""
    expires_at: datetime
    ended_at: datetime | None = None


def alive(relay: Relay, now: datetime) -> bool:
    """Neither ended nor over its time."""
    return relay.ended_at is None and relay.expires_at > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """What is known when somebody wants to pass a call on."""

    asked: bool
    """Were they asked themselves?"""
    by: Relay | None
    """The link by which they came, if they came by one."""
    mine: int
    """Links by which they have passed this call on already …"""
    this_week: int
    """… and any call within a week …"""
    of_call: int
    """… and links by which anybody has passed on this one."""


def depth_of(passing: Passing, now: datetime) -> int:
    """Through how many hands the call goes with this one.

    Raises: NoMorePasses for whoever has no way to this call, and at every bound.
    """
    if passing.asked:
        depth = 1
    elif passing.by is not None and alive(passing.by, now):
        depth = passing.by.depth + 1
    else:
        raise NoMorePasses("You can pass on what you were asked, or what was passed on to you.")
    if depth > limits.RELAY_DEPTH:
        raise NoMorePasses(f"This went through {limits.RELAY_DEPTH} hands already. The person you think of can write.")
    if passing.mine >= limits.RELAYS_A_PERSON:
        raise NoMorePasses(f"You passed this on {passing.mine} times already. Thank you.")
    if passing.this_week >= limits.RELAYS_A_WEEK or passing.of_call >= limits.RELAYS_A_CALL:
        raise NoMorePasses("This was passed on as often as it may be. Thank you.")
    return depth


def lasts_until(parent: Relay | None, now: datetime) -> datetime:
    """When a link made now ends: after RELAY_KEPT, and never after the one it came by."""
    until = now + limits.RELAY_KEPT
    return min(until, parent.expires_at) if parent is not None else until


def room(bound: Bound, reached: Reached) -> int:
    """How many more people this call may reach by being passed on: strangers all, whoever they are."""
    return max(0, min(people_left(bound, reached), bound.strangers - reached.strangers))


def with_descendants(relays: Iterable[Relay], roots: Iterable[int]) -> list[int]:
    """Those links and every link that was passed on from one of them, by id.

    `relays`: all of one call; a parent is always older than its child.
    """
    found = set(roots)
    for relay in sorted(relays, key=lambda each: each.id):
        if relay.parent in found:
            found.add(relay.id)
    return sorted(found)


def chain(relays: Iterable[Relay], last: int) -> tuple[Relay, ...]:
    """Who carried it, the first one first, up to that link; () for an unknown one."""
    known = {relay.id: relay for relay in relays}
    hands: list[Relay] = []
    at: int | None = last
    while at is not None and at in known:
        hands.append(known[at])
        at = known[at].parent
    return tuple(reversed(hands))


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """How far a call was passed on: counts, never people."""

    people: int
    opened: int

    def as_json(self) -> dict[str, int]:
        """`{people, opened}`."""
        return {"people": self.people, "opened": self.opened}


def passed(relays: Sequence[Relay]) -> Passed:
    """How many people passed the call on, and in how many browsers it was opened through them."""
    return Passed(people=len({relay.person_id for relay in relays}), opened=sum(relay.opened for relay in relays))
