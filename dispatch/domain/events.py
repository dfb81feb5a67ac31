"""What can happen, as it is written in the journal: kinds, topics, and how a state follows.

Pure. A body is a patch: it carries the new value of every part of the view that changed, so
that snapshot + events = fresh snapshot (tests/contract/test_snapshot_plus_events.py). No exact point, phone
or free text is ever in a body: dispatch/domain/visibility.py fills those in per role.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dispatch.domain import limits


class EventKind(StrEnum):
    """What may stand in `ev.kind` of a request's topic."""

    POSTED = "posted"
    WAVE_SENT = "wave_sent"
    ALERT_SEEN = "alert_seen"
    CLAIMED = "claimed"
    CLAIM_STEPPED = "claim_stepped"
    CLAIM_ENDED = "claim_ended"
    COVERED = "covered"
    REOPENED = "reopened"
    CLOSED = "closed"
    NOTE_ADDED = "note_added"


class InboxKind(StrEnum):
    """What may stand in `ev.kind` of a person's inbox."""

    ALERTED = "alerted"
    ALERT_CHANGED = "alert_changed"
    CLAIM_CHANGED = "claim_changed"
    THANKED = "thanked"
    """A call this person passed on has ended well."""


class ControlKind(StrEnum):
    """Rows that steer hubs and rosters and never reach a client."""

    PERSON_CHANGED = "person_changed"
    TIES_CHANGED = "ties_changed"
    COMMUNITY_CHANGED = "community_changed"
    BLOCKED = "blocked"
    ACCESS_ENDED = "access_ended"
    IMPORTED = "imported"


CONTROL = "ctl"
HINT = "journal"
"""The bus's channel on which workers tell each other that there is something to read."""


def request_topic(request_id: int) -> str:
    """The journal's name for a request's events."""
    return f"r{request_id}"


def inbox_topic(person_id: int) -> str:
    """The journal's name for a person's inbox."""
    return f"p{person_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of the journal.

    `off` is dense per topic (1, 2, 3 …), None on the control topic; `seq` is the place in the
    whole log, for readers inside only: clients never see it.
    """

    seq: int
    topic: str
    off: int | None
    request_id: int | None
    kind: str
    actor: int | None
    body: Mapping[str, object]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a reader stands. Another epoch means: start from the snapshot."""

    epoch: str
    off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What a reader gets from the journal, with the epoch it was true in."""

    epoch: str
    head: int
    events: tuple[Event, ...] = field(default=())


def fold(state: Mapping[str, object], event_off: int, body: Mapping[str, object]) -> dict[str, object]:
    """The view after an event: what every client does, so that what it does is tested here.

    `claim` and `claims` are merged by id, an inbox's `alert` joins its `alerts`, `added` (a note)
    joins the newest NOTES_SHOWN `notes`, anything else replaces what was there.
    """
    after: dict[str, object] = {**state, "off": event_off}
    for name, value in body.items():
        match name:
            case "claim":
                after["claims"] = merged(after.get("claims"), [value])
            case "claims":
                after["claims"] = merged(after.get("claims"), value)
            case "added":
                after["notes"] = merged(after.get("notes"), [value])[-limits.NOTES_SHOWN :]
            case "alert":
                after["alerts"] = merged(after.get("alerts"), [value])
            case _:
                after[name] = value
    return after


def merged(held: object, changed: object) -> list[object]:
    """A list of objects with `id` after others of the same ids replaced theirs, new ones at the end."""
    before = held if isinstance(held, list | tuple) else ()
    new = changed if isinstance(changed, list | tuple) else ()
    kept: dict[object, object] = {}
    for item in (*before, *new):
        if isinstance(item, Mapping):
            kept[item["id"]] = item
    return list(kept.values())
