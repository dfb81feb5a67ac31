"""Whose rights an event may have changed: what makes the hub look again before it tells anybody more.

Pure, and generous: looking once too often costs a read, looking too seldom shows a place to somebody
who has no business there any more. What a person may see is decided elsewhere, by the read itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from dispatch.domain.events import ControlKind, Event, EventKind
from dispatch.domain.lifecycle import LEASED
from dispatch.domain.visibility import Role, Viewer
from web.live.subscription import Subscription

STEERS: Final = frozenset({ControlKind.ACCESS_ENDED, ControlKind.BLOCKED})
NAMES_PEOPLE: Final = ("person", "people", "a", "b")
NAMES_REQUEST: Final = ("request",)


def concerns(event: Event, viewer: Viewer) -> bool:
    """Must this viewer be looked at again because of a control event? Everybody, if it names nobody."""
    if event.kind not in STEERS:
        return False
    body = event.body
    people = {value for name in NAMES_PEOPLE for value in _each(body.get(name)) if isinstance(value, int)}
    requests = {value for name in NAMES_REQUEST for value in _each(body.get(name)) if isinstance(value, int)}
    if event.request_id is not None:
        requests.add(event.request_id)
    session = body.get("session")
    if not people and not requests and session is None:
        return True
    return (
        viewer.person_id in people
        or (session is not None and viewer.session == session)
        or not requests.isdisjoint(viewer.powers)
    )


def changed(event: Event, subs: Iterable[Subscription]) -> list[Subscription]:
    """Those to whom this event may have changed what they are to the request it is about."""
    if event.topic.startswith("p"):
        people: set[object] = {int(event.topic[1:])}
    elif event.kind == EventKind.CLOSED:
        # A close stands everybody down; nobody's position is anybody's business after it.
        return [sub for sub in subs if sub.topic.startswith("pos:") or sub.role in (Role.CLAIMER, Role.ALERTED)]
    else:
        people = set(_claimers(event.body)) - {None}
    # Most events name nobody: a thousand watchers are not asked one by one then.
    return [sub for sub in subs if sub.sink.viewer.person_id in people] if people else []


def arrived(event: Event) -> Iterator[str | None]:
    """Whose position means nothing from now on: a claim's public id, or None for everyone's."""
    if event.kind == EventKind.CLOSED:
        yield None
    claim = event.body.get("claim")
    if isinstance(claim, Mapping) and claim.get("status") not in LEASED:
        yield str(claim.get("id"))


def _claimers(body: Mapping[str, object]) -> Iterator[object]:
    for claim in _each(body.get("claim")):
        if isinstance(claim, Mapping):
            yield claim.get("by")


def _each(value: object) -> tuple[object, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
