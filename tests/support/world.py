"""A night on a real store: people who are tied, the real roster, feed and ticker, and time that tests can pass.

Nothing here stands in for our own code. On SQLite time is a SteppedClock; on PostgreSQL the server's clock counts,
so `wait` moves every date that is stored back instead: for the ticker that is the same.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Select, select

from dispatch.actions import look, plan_wave
from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.close_request import CloseRequest, close_request
from dispatch.actions.post_request import Posted, PostRequest, post_request
from dispatch.actions.send_wave import Plan
from dispatch.actions.step_claim import StepClaim, step_claim
from dispatch.actions.words import tell, tell_claimer
from dispatch.clock import MachineClock, SteppedClock
from dispatch.domain.alert import Alert
from dispatch.domain.claim import Claim
from dispatch.domain.events import EventKind, fold, inbox_topic, request_topic
from dispatch.domain.lifecycle import UNFINISHED, Disposition, Step
from dispatch.domain.looking import Look, Policy
from dispatch.domain.people import Person
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer, claim_part, event_body
from dispatch.domain.waves import POLICIES
from dispatch.domain.whereabouts import Where, from_point
from dispatch.feed import Feed
from dispatch.ports import Store, Tx
from dispatch.roster.memory import MemoryRoster
from dispatch.store import SqlStore
from dispatch.store.sqlite import SqliteStore
from dispatch.store.tables import metadata
from dispatch.store.tx import StoreTx
from dispatch.ticker import Ticker
from geo.point import Point

P = ParamSpec("P")
T = TypeVar("T")

SECRET = "a secret of forty characters for testing"
START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
ZZYZX = Point(35.142857, -116.104213)
BAKER = Point(35.2653, -116.0736)
LATER = timedelta(days=3_650)
_EVERYTHING: dict[str, Select[Any]] = {
    table.name: select(*table.c).order_by(*table.primary_key.columns) for table in metadata.sorted_tables
}


@dataclass(slots=True, kw_only=True)
class Night:
    """A store with everything that runs beside it. `clock` None: the server's clock counts."""

    store: Store
    clock: SteppedClock | None
    roster: MemoryRoster = field(default_factory=MemoryRoster)
    feed: Feed = field(init=False)
    ticker: Ticker = field(init=False)

    def __post_init__(self) -> None:
        self.feed = Feed(self.store, self.roster)
        self.ticker = self.another_ticker()
        self.feed.load()

    @property
    def policy(self) -> Policy:
        """The one that is shipped; where the server's clock counts, the one that asks at any hour: people sleep."""
        return POLICIES["paced" if self.clock else "nearest"]

    def another_ticker(self) -> Ticker:
        """As a second worker would run one."""
        return Ticker(self.store, self.roster, self.policy, self.clock or MachineClock())

    def do(self, action: Callable[Concatenate[Tx, datetime, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The action's answer, once it is committed."""
        return self.store.submit(lambda tx, now: action(tx, now, *args, **kwargs)).result()

    def see(self, job: Callable[[Tx], T]) -> T:
        """What one read sees."""
        return self.store.read_now(lambda tx, _: job(tx))

    def now(self) -> datetime:
        """The store's moment."""
        return self.store.read_now(lambda _, now: now)

    # -- time ---------------------------------------------------------------------------------

    def wait(self, by: timedelta) -> None:
        """Lets so much time pass; nothing that is due is done yet."""
        if self.clock is not None:
            self.clock.step(by)
            return

        def shift(tx: Tx, now: datetime) -> None:
            for work in tx.due.ready(now + LATER, 100_000):
                tx.due.put(work.kind, work.target, work.due_at - by)
            for claim in tx.claims.lapsing(now + LATER, 100_000):
                assert claim.lease_until is not None
                moved = tx.claims.move(claim.id, [claim.status], lease_until=claim.lease_until - by)
                request = tx.requests.lock(claim.request_id)
                assert moved is not None
                assert request is not None
                tell(tx, request, EventKind.CLAIM_STEPPED, None, claim=claim_part(moved))  # a lease is part of the view
                tell_claimer(tx, moved)

        self.do(shift)

    def settle(self) -> int:
        """Does everything that is due, as the workers would; answers how many rows were worked on."""
        worked = 0
        for _ in range(200):
            self.feed.catch_up()
            done = self.ticker.turn()
            assert not self.ticker._failed, f"due work failed: {list(self.ticker._failed)}"
            worked += done
            if not done:
                return worked
        raise AssertionError("due work never ends")

    def looked(self, request_id: int) -> Look:
        """What a look at that ask sees now."""
        seen = self.store.read_now(lambda tx, now: plan_wave.look_at(tx, now, self.roster, request_id))
        assert seen is not None
        return seen

    def planned(self, request_id: int, *, exclusive: bool = False) -> Plan:
        """What that look would write, in one chunk."""
        seen = self.looked(request_id)
        decision = replace(self.policy(seen), exclusive=exclusive)
        return self.store.read_now(lambda tx, now: plan_wave.planned(tx, now, self.roster, seen, decision))

    # -- people and calls -----------------------------------------------------------------------

    def person(self, name: str, *, friend_of: int | None = None, **fields: Any) -> int:
        """Somebody new, at Baker unless said otherwise; the roster knows them at once."""

        def add(tx: Tx, now: datetime) -> int:
            given: dict[str, Any] = {
                "place": BAKER,
                "seats": 3,
                "phone": f"phone-of-{name}",
                "car": f"car-of-{name}",
            } | fields
            new = Person(id=0, public_id=tx.ids.public_id(), name=name, created_at=now, **given)
            person = tx.people.add(new)
            if friend_of is not None:
                tx.network.tie(person.id, friend_of)
            return person.id

        person_id = self.do(add)
        self.roster.put_person(self.see(lambda tx: tx.people.by_ids([person_id])[person_id]))
        if friend_of is not None:
            self.roster.tie(person_id, friend_of)
        return person_id

    def post(self, person_id: int | None, quantity: int | None = 9, **fields: Any) -> Posted:
        """A call from Zzyzx, unless said otherwise."""
        where: Where | None = fields.pop("where", from_point(ZZYZX, 10.0))
        usual: dict[str, Any] = {"kind": "ride", "note": "red bus", "contact_name": "Robert", "similar_ok": True}
        command = PostRequest(person_id=person_id, quantity=quantity, where=where, **(usual | fields))
        return self.do(post_request, command)

    def claim(self, request: str, person_id: int, seats: int = 1, **fields: Any) -> dict[str, Any]:
        """A claim by a member in ring 1, unless said otherwise."""
        given: dict[str, Any] = {"ring": "1", "viewer": Viewer(person_id=person_id)} | fields
        return self.do(claim_seats, ClaimSeats(request=request, seats=seats, **given))

    def step(self, claim: str, person_id: int, step: Step, **fields: Any) -> Any:
        """A step by that person."""
        viewer = Viewer(person_id=person_id)
        return self.do(step_claim, StepClaim(claim=claim, viewer=viewer, step=step, **fields))

    def close(self, request: str, owner: int, disposition: Disposition = Disposition.RESOLVED) -> dict[str, Any]:
        """The owner ends their call."""
        viewer = Viewer(person_id=owner)
        return self.do(close_request, CloseRequest(request=request, viewer=viewer, disposition=disposition))

    # -- what is there --------------------------------------------------------------------------

    def request(self, request_id: int) -> Request:
        """The request as it is stored."""
        return self.see(lambda tx: tx.requests.by_ids([request_id])[request_id])

    def claims(self, request_id: int) -> list[Claim]:
        """Its claims, oldest first."""
        return self.see(lambda tx: tx.claims.of_request(request_id))

    def alerts(self, request_id: int) -> list[Alert]:
        """Its alerts, in the order they were sent."""
        return self.see(lambda tx: tx.alerts.of_request(request_id))

    def kinds_of(self, topic: str) -> list[str]:
        """The kinds of all events of a topic, in order."""
        return [str(event.kind) for event in self.see(lambda tx: tx.journal.topic(topic, 0, 10_000)).events]

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""

        def dump(tx: Tx) -> dict[str, list[tuple[Any, ...]]]:
            assert isinstance(tx, StoreTx)
            return {name: [tuple(row) for row in tx.link.rows(rows)] for name, rows in _EVERYTHING.items()}

        return self.see(dump)

    @contextmanager
    def no_trace(self) -> Iterator[None]:
        """What happens inside changes nothing that is stored."""
        before = self.everything()
        yield
        after = self.everything()
        for name, rows in before.items():
            assert after[name] == rows, f"{name} was changed"


@dataclass(slots=True)
class Follower:
    """Somebody who took a snapshot of a request and applies every event since, as clients do."""

    night: Night
    request_id: int
    role: Role
    off: int = 0
    state: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.fresh()
        self.off = int(str(self.state["off"]))

    def fresh(self) -> dict[str, object]:
        """What a new snapshot says."""
        return self.night.see(
            lambda tx: look.request_state(tx, tx.requests.by_ids([self.request_id])[self.request_id], self.role)
        )

    def follow(self) -> int:
        """Applies what is new, one by one and without a hole; answers how many there were."""

        def read(tx: Tx) -> list[tuple[int | None, Mapping[str, object]]]:
            tail = tx.journal.topic(request_topic(self.request_id), self.off, 1_000)
            context = look.context_for(tx, tail.events)
            assert tail.head == self.off + len(tail.events)
            return [(event.off, event_body(event, self.role, context)) for event in tail.events]

        news = self.night.see(read)
        for off, body in news:
            assert off == self.off + 1
            self.state = fold(self.state, off, body)
            self.off = off
        return len(news)


@dataclass(slots=True)
class InboxFollower:
    """The same for a person's inbox."""

    night: Night
    person_id: int
    off: int = 0
    state: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.off = self.night.see(lambda tx: tx.journal.topic(inbox_topic(self.person_id), 0, 1)).head
        self.state = dict(self.night.see(lambda tx: look.inbox_state(tx, Viewer(person_id=self.person_id))))

    def fresh(self) -> dict[str, Any]:
        """What a new snapshot says, as `lasting` reads it."""
        return lasting(self.night.see(lambda tx: look.inbox_state(tx, Viewer(person_id=self.person_id))))

    def follow(self) -> dict[str, Any]:
        """Applies what is new without a hole; answers the state after it, as `lasting` reads it."""

        def read(tx: Tx) -> list[tuple[int | None, Mapping[str, object]]]:
            tail = tx.journal.topic(inbox_topic(self.person_id), self.off, 1_000)
            bodies = look.inbox_bodies(tx, tail.events)
            return [(event.off, body) for event, body in zip(tail.events, bodies, strict=True)]

        for off, body in self.night.see(read):
            assert off == self.off + 1
            self.state = fold(self.state, off, body)
            self.off = off
        return lasting(self.state)


ASK = frozenset({"status", "quantity", "place", "request_status"})
"""What an inbox says of the ask itself is as of the last word to this person: its own topic is followed for it."""


def lasting(inbox: Mapping[str, Any]) -> dict[str, Any]:
    """An inbox as a client keeps it: alerts by id, claims that go on by id."""
    alerts = {alert["id"]: {k: v for k, v in alert.items() if k not in ASK} for alert in inbox["alerts"]}
    claims = {
        claim["id"]: {k: v for k, v in claim.items() if k != "request_status"}
        for claim in inbox["claims"]
        if claim["status"] in UNFINISHED
    }
    return {"alerts": alerts, "claims": claims}


def at(point: Point, north_km: float) -> Point:
    """That point moved north."""
    return replace(point, lat=point.lat + north_km / 111.2)


def night_on(store: SqlStore, clock: SteppedClock) -> Night:
    """A night on one of the stores of tests/contract/conftest.py."""
    return Night(store=store, clock=clock if isinstance(store, SqliteStore) else None)
