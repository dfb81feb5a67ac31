"""What the pages of one ask read: the view of this reader, its events as this reader may read them, and where they end.

One snapshot, through `look` and `visibility` alone (tests/pages/test_canary.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dispatch.actions import look, push
from dispatch.actions.look_back import events_of
from dispatch.domain import limits, visibility
from dispatch.domain.events import Event, request_topic
from dispatch.domain.request import Request
from dispatch.domain.standing import FlagKind
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Power, Tx
from geo import cells
from geo.point import Point
from web.pages.story import Told

PAGES: Final = 4
"""Of events; a call with more is looked back on by its first ones and its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One ask as one reader sees it."""

    view: Mapping[str, Any]
    role: Role
    events: tuple[Told, ...]
    epoch: str
    off: int
    country: str | None
    helper: bool
    """Did they come by a link that lets them help: the one for helpers, or one that was passed on?"""
    member: bool
    coordinator: bool = False
    checked: bool | None = None
    """Is the phone of a guest who asks proved? None for everybody else."""

    @property
    def position(self) -> str:
        """Where in the ask's events this picture stands: another epoch means start over."""
        return f"{self.epoch}:{self.off}"

    @property
    def middle(self) -> Point | None:
        """The centre of the cell this reader sees; None for an ask without a place."""
        place = self.view.get("place") or {}
        cell = place.get("cell")
        return cells.centre(cell) if cell else None


def see(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> Seen:
    """The ask as that viewer sees it.

    Raises: NotFound.
    """
    request, role = look.seen_request(tx, viewer, public_id)
    view = look.show_request(tx, now, viewer, public_id) | {"push": push.here(tx, viewer, request.requester)}
    if role is Role.OWNER:
        view["capped"] = any(flag.kind is FlagKind.GUEST_CAP for flag in tx.safety.flags_of(request.id))
    return Seen(
        view=view,
        role=role,
        events=newest(tx, request, role),
        epoch=tx.journal.head()[0],
        off=int(view["off"]),
        country=request.country,
        helper=viewer.powers.get(request.id) in (Power.HELPER, Power.RELAY),
        member=viewer.person_id is not None and not viewer.guest,
        coordinator=viewer.coordinator,
        checked=_checked(tx, viewer, request),
    )


def _checked(tx: Tx, viewer: Viewer, request: Request) -> bool | None:
    person = tx.people.by_id(request.requester) if viewer.person_id == request.requester else None
    return person.phone_proven if person is not None and person.guest else None


def newest(tx: Tx, request: Request, role: Role) -> tuple[Told, ...]:
    """The ask's newest events as that role may read them, in order. Looks are many: the first ones may be beyond."""
    tail = tx.journal.topic(request_topic(request.id), max(0, request.off - limits.PAGE), limits.PAGE)
    return told(tx, tail.events, role)


def whole(tx: Tx, request: Request, role: Role) -> tuple[Told, ...]:
    """The ask's events as that role may read them, in order, from the first one on: for one that is looked back on."""
    return told(tx, events_of(tx, request, PAGES), role)


def told(tx: Tx, events: Sequence[Event], role: Role) -> tuple[Told, ...]:
    """Events as that role may read them."""
    context = look.context_for(tx, events)
    return tuple(
        Told(kind=event.kind, at=event.at, body=visibility.event_body(event, role, context)) for event in events
    )


def position(tx: Tx, public_id: str) -> str:
    """Where the ask's events stand, without reading them."""
    request = tx.requests.by_public(public_id)
    return f"{tx.journal.head()[0]}:{request.off if request else 0}"
