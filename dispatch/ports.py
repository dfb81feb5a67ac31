"""What the rules need from the world, and what each adapter must guarantee.

Protocols only. An action is a plain synchronous function `(tx, now, command) -> answer`: it gets a
`Tx`, and everything it did through it is committed together or not at all. The adapters live in
dispatch/store, dispatch/roster, dispatch/bus; dispatch/runtime.py is the one place that chooses.
One contract suite runs against every adapter (tests/contract).
"""
# ruff: noqa: D102 - a method whose name and types say it all has no sentence to add

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.alert import Alert, Answer, NewAlert
from dispatch.domain.claim import Claim
from dispatch.domain.events import Event, Tail
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.people import Community, Person
from dispatch.domain.request import Request, Secrets
from geo.point import Point

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Clock(Protocol):
    """Time as an argument. Never goes back by more than the adapter says."""

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        ...


class Ids(Protocol):
    """Luck as an argument: names nobody can guess, from one source that a test can seed."""

    def public_id(self) -> str:
        """128 random bits as 22 base64url characters."""
        ...

    def token(self, prefix: str) -> str:
        """`prefix` + 22 base64url characters (132 bits)."""
        ...

    def digits(self, count: int) -> str:
        """That many decimal digits, leading zeros kept."""
        ...


class Power(StrEnum):
    """What a link or session may do."""

    OWNER = "owner"
    VIEW = "view"
    HELPER = "helper"
    MEMBER = "member"
    INVITE = "invite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one token stands for. Stored by the SHA-256 of the token, never the token."""

    token_hash: bytes
    power: Power
    person_id: int | None = None
    """MEMBER: who it signs in. INVITE: who invited. OWNER: the requester."""
    request_id: int | None = None
    session: str | None = None
    """Grants of one browser share a session id; None for a link or a program's token."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWork:
    """Work with a date. Its effect and its removal (or next date) are one transaction."""

    kind: str
    target: int
    due_at: datetime


class Requests(Protocol):
    """Calls for help. Lock order: the request first, then its claims, then people by id."""

    def add(self, request: Request, secrets: Secrets) -> Request:
        """The request with its new id (the given id is ignored)."""
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
    def add_note(self, request_id: int, note_id: str, author: int | None, text: str, at: datetime) -> None: ...
    def notes(self, request_id: int, limit: int) -> list[tuple[str, int | None, str, datetime]]:
        """(id, author, text, at), oldest first."""
        ...

    def open_in(self, cells: Sequence[str] | None, limit: int) -> list[Request]:
        """Requests that are not over, newest first; `cells` (resolution 6) None = everywhere."""
        ...

    def similar(
        self, requester: int | None, kind: str, cell: str | None, phone: str | None, since: datetime
    ) -> Request | None:
        """A request still going on, of that kind, since then, from the same person or phone (and the same cell)."""
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

    def met_before(self, moment: datetime, limit: int) -> list[Claim]:
        """Met claims that nobody has finished since then."""
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


class People(Protocol):
    """Members and guests."""

    def add(self, person: Person) -> Person: ...
    def by_id(self, person_id: int) -> Person | None: ...
    def by_ids(self, person_ids: Iterable[int]) -> dict[int, Person]: ...
    def by_public(self, public_id: str) -> Person | None: ...
    def by_external(self, external: str) -> Person | None: ...
    def set(self, person_id: int, **changes: object) -> Person: ...


class Network(Protocol):
    """Who would hear whom."""

    def tie(self, a: int, b: int) -> bool:
        """False if they were tied already."""
        ...

    def untie(self, a: int, b: int) -> bool: ...
    def tied(self, a: int, b: int) -> bool: ...
    def ties_of(self, person_id: int) -> list[int]: ...
    def add_community(self, community: Community) -> Community: ...
    def community(self, public_id: str) -> Community | None: ...
    def communities_of(self, person_id: int) -> list[Community]: ...
    def join(self, community_id: int, person_id: int) -> bool: ...
    def leave(self, community_id: int, person_id: int) -> bool: ...
    def members(self, community_id: int) -> list[int]: ...
    def block(self, person_id: int, blocked: int, at: datetime) -> bool: ...
    def unblock(self, person_id: int, blocked: int) -> bool: ...
    def report(self, reporter: int, reported: int, request_id: int, reason: str, at: datetime) -> None: ...
    def blocked_either_way(self, person_id: int) -> set[int]:
        """Everyone who blocked that person, or whom that person blocked."""
        ...

    def people_columns(self) -> "PeopleColumns":
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


class Grants(Protocol):
    """Tokens, by their SHA-256."""

    def add(self, grant: Grant) -> None: ...
    def by_hash(self, token_hash: bytes) -> Grant | None:
        """Also ended ones: the caller checks the dates."""
        ...

    def of_session(self, session: str) -> list[Grant]: ...
    def of_person(self, person_id: int) -> list[Grant]: ...
    def expire_for_request(self, request_id: int, powers: Sequence[Power], at: datetime) -> None: ...
    def revoke(self, token_hash: bytes, at: datetime) -> None: ...


class Due(Protocol):
    """Work with a date, one row per (kind, target)."""

    def put(self, kind: str, target: int, due_at: datetime, *, sooner_only: bool = False) -> None:
        """Sets the date; with sooner_only an earlier date that stands is kept."""
        ...

    def remove(self, kind: str, target: int) -> None: ...
    def ready(self, now: datetime, limit: int) -> list[DueWork]:
        """Oldest first; no locks."""
        ...

    def next_at(self) -> datetime | None: ...


class Outbox(Protocol):
    """Messages to the outside, tried until done."""

    def put(self, channel: str, target: int, body: Mapping[str, object], dedupe: str, due_at: datetime) -> None: ...
    def lease(self, worker: str, now: datetime, until: datetime, limit: int) -> list["OutboxItem"]: ...
    def done(self, item_id: int, worker: str, at: datetime) -> bool: ...
    def retry(self, item_id: int, worker: str, due_at: datetime) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One message to deliver."""

    id: int
    channel: str
    target: int
    body: Mapping[str, object]
    attempts: int


class Tx(Protocol):
    """One transaction, or one consistent read: every repository of it sees the same state."""

    @property
    def requests(self) -> Requests: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def people(self) -> People: ...
    @property
    def network(self) -> Network: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def due(self) -> Due: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def ids(self) -> Ids: ...


Job = Callable[[Tx, datetime], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdemKey:
    """Under what a write is remembered, so that repeating it has one effect and one answer."""

    actor: str
    key: str
    fingerprint: bytes


class Lane(StrEnum):
    """People's writes go before bulk work, which waits 200 ms more at most."""

    PEOPLE = "people"
    BULK = "bulk"


class Store(Protocol):
    """The only truth. An answer is given after COMMIT; a refusal leaves no trace but its stored answer."""

    def submit(self, job: Job[T], *, key: IdemKey | None = None, lane: Lane = Lane.PEOPLE) -> "Future[T]":
        """The job's answer, once it is committed.

        With a key the answer must be JSON; the same key gives the same answer with no second
        effect, and another fingerprint raises KeyReused. Raises (in the future): Refused from the
        job, Busy when too much is waiting.
        """
        ...

    async def write(self, job: Job[T], *, key: IdemKey | None = None, lane: Lane = Lane.PEOPLE) -> T:
        """As submit, awaited. Cancelling the wait does not undo the write."""
        ...

    def read_now(self, job: Job[T]) -> T:
        """One read transaction on the calling thread; a snapshot, never later than what was answered before."""
        ...

    async def read(self, job: Job[T]) -> T:
        """As read_now, on a reader thread."""
        ...

    def on_commit(self, told: Callable[[], None]) -> None:
        """`told` is called after each commit that appended events or due work, from any thread; it must not block."""
        ...

    def close(self) -> None:
        """Finishes what was accepted, then closes."""
        ...


# -- a whole network at once ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """A network to bring in: N people and T ties, as arrays; only columns named in `given` are written.

    Unit: degrees (NaN unknown), `seen_at` seconds since 1970 (NaN unknown), `seats` -1 unknown,
    `duty` -1 unknown, else the index in `list(Duty)`. `ties`: shape (T, 2), pairs of row numbers;
    direction, repeats and ties to oneself don't matter. A column outside `given` may be empty.
    `given`: of `name`, `place` (lat and lon), `seats`, `duty`, `seen_at`.
    """

    externals: Sequence[str]
    names: Sequence[str | None] = ()
    lat: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    lon: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    seats: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    duty: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    seen_at: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    given: frozenset[str] = frozenset()
    ties: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    token_hashes: Sequence[bytes | None] = ()
    """The SHA-256 of a MEMBER token for each person, None for none; or empty for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What an import did. `ties_known`: distinct ties of the import that were there before."""

    people_added: int
    people_changed: int
    people_unchanged: int
    ties_added: int
    ties_known: int


Progress = Callable[[str, int, int], None]
"""Told of each stage: its name in plain words, how many are done, of how many."""


class NetworkStore(Protocol):
    """A store that takes a whole network."""

    def import_people_and_ties(self, people: Arrivals, progress: Progress | None = None) -> ImportCounts:
        """All or nothing; the same arrays a second time change nothing but the tokens, which are added."""
        ...


# -- the roster ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleColumns:
    """Everybody, as arrays of one length N.

    Unit: degrees (NaN = unknown place); `seen_at`, `duty_until` seconds since 1970 (NaN = never set).
    `duty` -1 = never set, else the index in `list(Duty)`. `reach_minutes`, `quiet_from`, `quiet_to` -1 = none.
    """

    id: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    seen_at: NDArray[np.float64]
    seats: NDArray[np.int16]
    duty: NDArray[np.int8]
    duty_until: NDArray[np.float64]
    reach_minutes: NDArray[np.int16]
    quiet_from: NDArray[np.int16]
    quiet_to: NDArray[np.int16]
    weekly_max: NDArray[np.int16]
    guest: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Who could help somebody: the question the matcher asks the roster."""

    requester: int
    origin: Point | None
    """None for a kind nobody travels to."""
    radius_km: float
    rings_max: int
    communities: tuple[int, ...] = ()
    vouchers: tuple[int, ...] = ()
    open: bool = False
    now: float | None = None
    """Seconds since 1970. Given: a duty whose time is over counts no more (`duty_at` in roster/people.py).
    None: dates are not looked at, and whoever ever went off duty stays off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Everybody in reach and ring, as arrays of one length; no order.

    `ring` 1, 2, 3; 4 = community, 5 = open, 6 = vouched (RINGS in domain/network.py). Through whom: Roster.path.
    `duty` is what it counts as at the question's `now`.
    Everyone who is in several rings stands in the nearest, in the order 1, 2, vouched, 3, community, open.
    """

    person: NDArray[np.int64]
    ring: NDArray[np.int8]
    km: NDArray[np.float32]
    lat: NDArray[np.float32]
    lon: NDArray[np.float32]
    seats: NDArray[np.int16]
    duty: NDArray[np.int8]
    reach_minutes: NDArray[np.int16]
    quiet_from: NDArray[np.int16]
    quiet_to: NDArray[np.int16]
    weekly_max: NDArray[np.int16]
    seen_at: NDArray[np.float64]
    community: NDArray[np.int64]
    """The community they were reached through, 0 = none."""

    def __len__(self) -> int:
        return len(self.person)


class Roster(Protocol):
    """Everyone who could help, in memory. A cache: losing it loses nothing."""

    def search(self, question: Search) -> Candidates:
        """Everybody within the radius and the rings; never the requester, guests, or people off duty."""
        ...

    def counts_by_hop(self, requester: int, origin: Point, radius_km: float, hops: int = 3) -> tuple[int, ...]:
        """People at exactly hop 1 … hops within the radius, whatever their duty."""
        ...

    def path(self, requester: int, person: int, hops: int = 3) -> tuple[int, ...] | None:
        """The people between the two on a shortest way (person ids, () for friends); None = further than that."""
        ...

    def cell_counts(self, resolution: int) -> Mapping[str, int]:
        """Members with a known place per H3 cell, whatever their duty."""
        ...

    def load(self, people: PeopleColumns, ties: NDArray[np.int64], memberships: NDArray[np.int64]) -> None:
        """Replaces everything it holds."""
        ...

    def put_person(self, person: Person) -> None: ...
    def tie(self, a: int, b: int) -> None: ...
    def untie(self, a: int, b: int) -> None: ...
    def join(self, community_id: int, person_id: int) -> None: ...
    def leave(self, community_id: int, person_id: int) -> None: ...
    def __len__(self) -> int: ...


# -- hints and positions --------------------------------------------------------------------------


class Bus(Protocol):
    """Hints and positions between workers; never the truth. Any message may be lost."""

    def publish(self, channel: str, message: Mapping[str, object]) -> None:
        """Never blocks, never raises; counted when it fails."""
        ...

    def subscribe(self, channel: str, told: Callable[[Mapping[str, object]], None]) -> Callable[[], None]:
        """Calls `told` for each message, from any thread; the answer ends it."""
        ...
