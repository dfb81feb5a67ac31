"""What the live stream asks of the store: jobs of one read transaction each, which change nothing.

Run on a reader thread; everything they hand back is a value. Who may see what is decided here and
nowhere else in the stream, by dispatch/actions/look.py and dispatch/domain/visibility.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dispatch.actions import look
from dispatch.domain import limits
from dispatch.domain.events import Event, Tail, inbox_topic, request_topic
from dispatch.domain.lifecycle import LEASED
from dispatch.domain.request import Request
from dispatch.domain.visibility import Context, Role, Viewer
from dispatch.ports import Tx
from geo import cells
from web.live.frames import INBOX_ROLE, Packed
from web.live.subscription import Picture, Subscription

NOBODYS: Final = request_topic(0)
"""Read for a topic that does not exist, so that it costs what somebody else's does."""
_OF_REQUEST = re.compile(r"(req|pos):([A-Za-z0-9_-]{1,64})")
OFF_MAX: Final = 2**53


def parse(topic: str) -> tuple[str, str] | None:
    """A topic as clients write it, as (family, what); None if there is no such topic."""
    if topic == "inbox":
        return "inbox", ""
    if found := _OF_REQUEST.fullmatch(topic):
        return found[1], found[2]
    family, _, cell = topic.partition(":")
    if family == "map" and (cell == "*" or (cells.is_cell(cell) and cells.resolution(cell) == cells.MAP)):
        return "map", cell
    return None


def positions_key(request_id: int) -> str:
    """The hub's name for the positions around a request."""
    return f"pos{request_id}"


def request_id_of(public_id: str) -> Callable[[Tx, object], int]:
    """A job: the id inside, 0 if there is none. Never changes, so it may be remembered."""

    def job(tx: Tx, now: object) -> int:
        request = tx.requests.by_public(public_id)
        return request.id if request else 0

    return job


def picture(sub: Subscription) -> Callable[[Tx, object], Picture]:
    """A job: how the topic stands for this subscriber, in one snapshot."""
    viewer = sub.sink.viewer
    if sub.key.startswith("pos"):
        return lambda tx, now: _positions(tx, viewer, sub.request_id)
    if sub.key.startswith("p"):
        return lambda tx, now: _inbox(tx, viewer, sub)
    return lambda tx, now: _request(tx, viewer, sub)


def _tail(tx: Tx, topic: str, sub: Subscription) -> tuple[Tail, bool]:
    """The events it has missed, and whether they are all there: else it needs a snapshot."""
    limit = limits.PAGE if sub.paged else limits.RESUME_MAX + 1
    off = sub.off
    tail = tx.journal.topic(topic, min(off or 0, OFF_MAX), 1 if off is None else limit)
    known = sub.epoch == tail.epoch or (sub.paged and (sub.epoch is None or off == 0))
    if off is None or not known or off > tail.head:
        return tail, False
    missed = tail.head - off
    if not sub.paged and missed > limits.RESUME_MAX:
        return tail, False
    # A trimmed log or a hole: fewer rows than offsets, or the first is not the next.
    whole = len(tail.events) == min(missed, limit) and (not tail.events or tail.events[0].off == off + 1)
    return tail, whole


def _request(tx: Tx, viewer: Viewer, sub: Subscription) -> Picture:
    request = tx.requests.by_id(sub.request_id) if sub.request_id else None
    role = look.role_for(tx, request, viewer) if request else None
    if request is None or role is None:
        tail, _ = _tail(tx, NOBODYS, sub)
        return Picture(epoch=tail.epoch, role=None)
    tail, whole = _tail(tx, request_topic(request.id), sub)
    if whole and (sub.role is None or sub.role == role):
        context = look.context_for(tx, tail.events)
        packed = tuple(Packed(event, context) for event in tail.events)
        return Picture(epoch=tail.epoch, role=role, head=tail.head, resume=True, tail=packed)
    return Picture(epoch=tail.epoch, role=role, head=tail.head, state=look.request_state(tx, request, role))


def _inbox(tx: Tx, viewer: Viewer, sub: Subscription) -> Picture:
    if viewer.person_id is None or inbox_topic(viewer.person_id) != sub.key:
        return Picture(epoch=tx.journal.head()[0], role=None)
    tail, whole = _tail(tx, sub.key, sub)
    if whole:
        packed = tuple(_inbox_packed(tx, tail.events))
        return Picture(epoch=tail.epoch, role=INBOX_ROLE, head=tail.head, resume=True, tail=packed)
    return Picture(epoch=tail.epoch, role=INBOX_ROLE, head=tail.head, state=look.inbox_state(tx, viewer))


def _inbox_packed(tx: Tx, events: "tuple[Event, ...] | list[Event]") -> list[Packed]:
    nothing = Context()
    bodies = look.inbox_bodies(tx, events)
    return [Packed(event, nothing, body) for event, body in zip(events, bodies, strict=True)]


def _positions(tx: Tx, viewer: Viewer, request_id: int) -> Picture:
    request = tx.requests.by_id(request_id) if request_id else None
    role = look.role_for(tx, request, viewer) if request else None
    epoch, _ = tx.journal.head()
    if request is None or request.over or role not in (Role.OWNER, Role.CLAIMER):
        return Picture(epoch=epoch, role=None)
    if role is Role.CLAIMER and viewer.person_id is not None:
        # Between the claim and the meeting only: once they have met, nobody needs to follow anybody.
        claim = tx.claims.unfinished(request.id, viewer.person_id)
        if claim is None or claim.status not in LEASED:
            return Picture(epoch=epoch, role=None)
    return Picture(epoch=epoch, role=role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The next events of the journal, packed where somebody listens."""

    epoch: str
    events: tuple[Event, ...] = ()
    packed: dict[int, Packed] = field(default_factory=dict)
    """By seq; only for topics somebody listened to when the page was read."""
    requests: dict[int, Request] = field(default_factory=dict)
    """The asks these events are about, as they are now."""


def page(after: int, epoch: str, watched: Callable[[str], bool]) -> Callable[[Tx, object], Page]:
    """A job: what the journal says after that seq.

    A topic nobody watched when it was asked here needs no bodies: whoever subscribes from then on
    reads a snapshot that already holds these events.
    """

    def job(tx: Tx, now: object) -> Page:
        current, events = tx.journal.after(after, limits.PAGE)
        if current != epoch:
            return Page(epoch=current)
        of_requests = [event for event in events if event.topic.startswith("r")]
        heard = [event for event in of_requests if watched(event.topic)]
        context = look.context_for(tx, heard) if heard else Context()
        packed = {event.seq: Packed(event, context) for event in heard}
        inboxes = [event for event in events if event.topic.startswith("p") and watched(event.topic)]
        packed |= {e.seq: p for e, p in zip(inboxes, _inbox_packed(tx, inboxes), strict=True)}
        ids = {event.request_id for event in of_requests if event.request_id is not None}
        requests = tx.requests.by_ids(ids) if ids else {}
        return Page(epoch=current, events=tuple(events), packed=packed, requests=requests)

    return job


def start(tx: Tx, now: object) -> tuple[str, int, list[Request]]:
    """A job: (epoch, last seq, asks going on), as one snapshot to follow from."""
    epoch, seq = tx.journal.head()
    return epoch, seq, tx.requests.open_in(None, limits.BOARD_REQUESTS)
