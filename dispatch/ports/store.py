"""The store: where jobs run, and what their answers mean."""
# ruff: noqa: D102 - a method whose name and types say it all has no sentence to add

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from dispatch.ports.devices import Devices
from dispatch.ports.grants import Grants
from dispatch.ports.outbox import Outbox
from dispatch.ports.phones import PhoneCodes
from dispatch.ports.relays import Relays
from dispatch.ports.safety import Safety
from dispatch.ports.tables import Alerts, Audit, Claims, Due, Journal, Keys, Lookback, Network, People, Requests
from dispatch.ports.world import Ids

T = TypeVar("T")


class Tx(Protocol):
    """One transaction, or one consistent read: every repository of it sees the same state."""

    @property
    def requests(self) -> Requests: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def past(self) -> Lookback: ...
    @property
    def people(self) -> People: ...
    @property
    def network(self) -> Network: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def relays(self) -> Relays: ...
    @property
    def due(self) -> Due: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def phone_codes(self) -> PhoneCodes: ...
    @property
    def safety(self) -> Safety: ...
    @property
    def keys(self) -> Keys: ...
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
