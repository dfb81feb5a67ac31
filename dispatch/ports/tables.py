"""What one transaction can reach: a repository for each thing that is remembered."""
# ruff: noqa: D102 - a method whose name and types say it all has no sentence to add

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.alert import Alert, Answer, NewAlert
from dispatch.domain.audit import AuditRow, Deed
from dispatch.domain.claim import Claim
from dispatch.domain.events import Event, Tail
from dispatch.domain.habits import Past
from dispatch.domain.learning import AlertFacts
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.people import Community, Person
from dispatch.domain.request import Request, Secrets
from dispatch.ports.roster import PeopleColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWork:
    """Work with a date. Its effect and its removal (or next date) are one transaction."""

    kind: str
    target: int
    due_at: datetime


class Requests(Protocol):
    """Calls for help. Lock order: the request first, then its claims, then people by id."""

    def add(self, request: Request, secrets: Secrets, origin: str | None = None) -> Request:
        """The request with its new id (the given id is ignored).

        `origin`: the neighbourhood it came from, kept as a mark that can be compared and not read.
        """
        ...

    def by_public(self, public_id: str) -> Request | None: ...
    def by_id(self, request_id: int) -> Request | None: ...
    def by_ids(self, request_ids: Iterable[int]) -> dict[int, Request]: ...

    def lock(self, request_id: int, *, skip_locked: bool = False) -> Request | None:
        """The request, locked until the transaction ends; None if unknown, or busy with skip_locked."""
        ...

    def take_seats(self, request_id: int, seats: int) -> Request | None:
        """The request after taking them (off + 1, `claimed` when full); None if they don't fit or it isn't open.

        One conditional UPDATE: the whole of "never oversold". The event that says so must be
        appended with `off=request.off`.
        """
        ...

    def give_seats(self, request_id: int, seats: int) -> Request:
        """The request with those seats open again (off + 1; `claimed` becomes `open`)."""
        ...

    def set(self, request_id: int, **changes: object) -> Request:
        """The request after changing columns named like the dataclass's fields."""
        ...

    def secrets(self, request_id: int) -> Secrets: ...
    def set_secrets(self, request_id: int, **changes: object) -> None: ...
    def token(self, request_id: int, prefix: str) -> str | None:
        """A token of 132 bits, the same each time, made of the request's own key; None when that is gone."""
        ...

    def add_note(self, request_id: int, note_id: str, author: int | None, text: str, at: datetime) -> bool:
        """False when the request's key was destroyed: nothing can be said any more."""
        ...

    def shred(self, request_id: int) -> bool:
        """Destroys the request's key, its secrets, notes and reasons; False if they were gone already."""
        ...

    def notes(self, request_id: int, limit: int) -> list[tuple[str, int | None, str, datetime]]:
        """(id, author, text, at), oldest first."""
        ...

    def open_in(self, cells: Sequence[str] | None, limit: int) -> list[Request]:
        """Requests that are not over, newest first; `cells` (resolution 6) None = everywhere."""
        ...

    def ended_since(self, since: datetime, limit: int) -> list[Request]:
        """Requests closed since then, the newest first, of the newest ENDED_AMONG there are."""
        ...

    def similar(
        self,
        requester: int | None,
        kind: str,
        cell: str | None,
        phone: str | None,
        since: datetime,
        *,
        drill: bool = False,
    ) -> Request | None:
        """A request still going on, of that kind, since then, from the same person or phone (and the same cell).

        Drills are like drills alone: practice never stands in the way of a call.
        """
        ...

    def contact_marks(self, request_ids: Iterable[int]) -> dict[int, bytes]:
        """Of those requests that have one, what two with the same phone of the same day have in common."""
        ...

    def of_person(self, person_id: int, limit: int) -> list[Request]:
        """What that person asked for, newest first."""
        ...

    def vouch(self, request_id: int, person_id: int, at: datetime) -> bool:
        """False if they vouched already."""
        ...

    def unvouch(self, request_id: int, person_id: int) -> bool: ...
    def vouchers(self, request_id: int) -> list[int]: ...


class Claims(Protocol):
    """Promises of seats. Whoever touches a claim has locked its request."""

    def add(self, claim: Claim) -> Claim:
        """The claim with its new id."""
        ...

    def by_public(self, public_id: str) -> Claim | None: ...
    def by_id(self, claim_id: int) -> Claim | None: ...
    def of_request(self, request_id: int) -> list[Claim]:
        """Oldest first, ended ones included."""
        ...

    def of_person(self, person_id: int, limit: int) -> list[Claim]:
        """Newest first."""
        ...

    def unfinished(self, request_id: int, person_id: int) -> Claim | None: ...

    def move(self, claim_id: int, expected: Sequence[ClaimState], **changes: object) -> Claim | None:
        """The claim after the change; None if it is no longer in an expected state (nothing changed)."""
        ...

    def lapsing(self, now: datetime, limit: int) -> list[Claim]:
        """Leased claims whose lease is over, oldest first; no locks."""
        ...

    def busy(self) -> set[int]:
        """People with a standing claim on any request: nobody else may ask them now."""
        ...

    def next_lease(self) -> datetime | None:
        """The next date on which a lease ends."""
        ...


class Alerts(Protocol):
    """Who was told of what."""

    def add(self, request_id: int, wave: int, at: datetime, alerts: Sequence[tuple[str, NewAlert]]) -> list[Alert]:
        """The alerts really written: (public id, alert) pairs; a person already alerted is skipped."""
        ...

    def by_public(self, public_id: str) -> Alert | None: ...
    def of(self, request_id: int, person_id: int) -> Alert | None: ...

    def of_request(self, request_id: int) -> list[Alert]: ...
    def of_person(self, person_id: int, limit: int) -> list[Alert]:
        """Newest first."""
        ...

    def answer(self, alert_id: int, answer: Answer | None, at: datetime, reason: str | None = None) -> Alert:
        """The alert with that answer; sets `seen_at` once for anything a person did themselves."""
        ...

    def forget(self, person_id: int) -> None:
        """Nothing says any more that this person was asked; the counts stay."""
        ...

    def unanswered(self, request_id: int, limit: int) -> list[Alert]:
        """Neither declined, claimed nor stood down: those who would still be waiting to hear."""
        ...

    def stood_down(self, request_id: int, limit: int) -> list[Alert]: ...

    def counts(self, request_id: int) -> tuple[int, int]:
        """(alerted, seen)."""
        ...

    def sent_since(self, people: Sequence[int], since: datetime) -> dict[int, int]:
        """Alerts sent to each of those people since then; people with none are absent."""
        ...

    def nearby(self, request_id: int, since: datetime) -> int:
        """People alerted since then by all requests that came from the same neighbourhood of addresses as this one."""
        ...

    def reached(self, request_id: int, requester: int, since: datetime) -> tuple[int, int]:
        """(strangers among those this request alerted, people all of its requester's alerted since then)."""
        ...

    def drilled_since(self, since: datetime) -> set[int]:
        """Everybody who was asked in a drill that began since then."""
        ...

    def learned(self, people: Sequence[int] | None, since: datetime) -> AlertFacts:
        """What the matcher may learn from: every alert since then, of these people or (None) of all."""
        ...


class Lookback(Protocol):
    """What a whole network has shown of itself."""

    def ended(self, now: datetime) -> Past:
        """What the newest calls that are over have shown, drills left out."""
        ...


class People(Protocol):
    """Members and guests."""

    def add(self, person: Person) -> Person: ...
    def by_id(self, person_id: int) -> Person | None: ...
    def by_ids(self, person_ids: Iterable[int]) -> dict[int, Person]: ...
    def by_public(self, public_id: str) -> Person | None: ...
    def by_external(self, external: str) -> Person | None: ...
    def with_phone(self, number: str) -> list[Person]:
        """Everybody who proved that number, in E.164, the one who came last first."""
        ...

    def set(self, person_id: int, **changes: object) -> Person:
        """The person after it. A `phone` is one nobody proved, unless `phone_proven` is set with it."""
        ...

    def forget_phone(self, person_id: int, *, but_its_mark: bool) -> None:
        """No number any more; with `but_its_mark` they are still found by it, for as long as a person's key lives."""
        ...


class Network(Protocol):
    """Who would hear whom."""

    def tie(self, a: int, b: int) -> bool:
        """False if they were tied already."""
        ...

    def untie(self, a: int, b: int) -> bool: ...
    def tied(self, a: int, b: int) -> bool: ...
    def ties_of(self, person_id: int) -> list[int]: ...
    def tied_to_imported(self, person_id: int) -> bool:
        """Is one of their ties somebody the operator imported?"""
        ...

    def add_community(self, community: Community) -> Community: ...
    def community(self, public_id: str) -> Community | None: ...
    def communities_of(self, person_id: int) -> list[Community]: ...
    def join(self, community_id: int, person_id: int) -> bool: ...
    def leave(self, community_id: int, person_id: int) -> bool: ...
    def members(self, community_id: int) -> list[int]: ...
    def block(self, person_id: int, blocked: int, at: datetime) -> bool: ...
    def unblock(self, person_id: int, blocked: int) -> bool: ...
    def blocked_by(self, person_id: int) -> list[int]:
        """Whom that person blocked, the first one first."""
        ...

    def report(self, reporter: int, reported: int, request_id: int, reason: str, at: datetime) -> None: ...
    def blocked_either_way(self, person_id: int) -> set[int]:
        """Everyone who blocked that person, or whom that person blocked."""
        ...

    def people_columns(self) -> PeopleColumns:
        """Everybody, as arrays, for filling the roster."""
        ...

    def ties_array(self) -> NDArray[np.int64]:
        """Every tie once, shape (T, 2), person ids."""
        ...

    def memberships_array(self) -> NDArray[np.int64]:
        """Every membership, shape (M, 2): community id, person id."""
        ...


class Journal(Protocol):
    """The log: per-topic dense offsets, one order over all, an epoch."""

    def append(
        self,
        topic: str,
        kind: str,
        body: Mapping[str, object],
        *,
        actor: int | None = None,
        request_id: int | None = None,
        off: int | None = None,
    ) -> int | None:
        """The offset of the new event in its topic (None on the control topic).

        `off` given: the caller has bumped it already (take_seats, give_seats).
        """
        ...

    def append_inbox(self, kind: str, rows: Sequence[tuple[int, Mapping[str, object]]], request_id: int | None) -> None:
        """Many inbox events, (person id, body) each; written sorted by person, so that batches never deadlock."""
        ...

    def after(self, seq: int, limit: int) -> tuple[str, Sequence[Event]]:
        """(epoch, events with a higher seq), in commit order, no gaps: who has seen n has seen all up to n."""
        ...

    def topic(self, topic: str, after: int, limit: int) -> Tail:
        """Epoch, head and the events of one topic after an offset, as one snapshot."""
        ...

    def head(self) -> tuple[str, int]:
        """(epoch, last seq)."""
        ...

    def trim(self, asks: datetime, inboxes: datetime, limit: int) -> int:
        """Deletes events of asks, and of inboxes and the house, from before those moments; at most so many of each."""
        ...


class Due(Protocol):
    """Work with a date, one row per (kind, target)."""

    def put(self, kind: str, target: int, due_at: datetime, *, sooner_only: bool = False) -> None:
        """Sets the date; with sooner_only an earlier date that stands is kept."""
        ...

    def remove(self, kind: str, target: int, *, due_by: datetime | None = None) -> None:
        """No such work any more; with due_by, only if its date is not a later one."""
        ...

    def take(self, kind: str, target: int, now: datetime) -> bool:
        """Removes it if it is due; False if another worker was first, or its date is later."""
        ...

    def ready(self, now: datetime, limit: int) -> list[DueWork]:
        """Oldest first; no locks."""
        ...

    def next_at(self) -> datetime | None: ...


class Audit(Protocol):
    """What is written down for ever, in the action's own transaction."""

    def add(
        self,
        deed: Deed,
        *,
        actor: int | None,
        person: int | None = None,
        request: int | None = None,
        why: str | None = None,
    ) -> None: ...
    def seal(self, limit: int) -> int:
        """Chains the rows that are not yet, oldest first; how many."""
        ...

    def trim(self, before: datetime, limit: int) -> int:
        """Deletes the oldest sealed rows from before that moment, and says so in a new one."""
        ...

    def of_request(self, request_id: int) -> list[AuditRow]: ...
    def broken_at(self) -> tuple[int, int | None]:
        """(rows checked, the place of the first that does not fit; None when all do)."""
        ...


class Keys(Protocol):
    """The keys that wrap other keys, kept outside the database."""

    def rewrap(self, limit: int) -> int:
        """Keys wrapped anew for today, at most so many of requests and of people; 0 = all are."""
        ...

    def destroy_old(self) -> list[str]:
        """Destroys day keys past their time; their names. Only when a `rewrap` before found nothing left."""
        ...
