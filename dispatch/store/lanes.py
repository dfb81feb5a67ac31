"""What waits to be written: two lanes, people before bulk, each with a bound.

A bulk job gets a transaction of its own and waits at most 200 ms for people's; after one of
them people are next, so neither starves (tests/contract/test_store_writer.py).
"""

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from dispatch.domain import limits
from dispatch.domain.errors import Busy
from dispatch.ports import IdemKey, Lane, Tx

BULK_WAITS_S: Final = 0.2


@dataclass(slots=True, eq=False)
class Entry:
    """One job, who waits for it, and since when. `promise` is made by submit, `awaited` by write."""

    job: Callable[[Tx, datetime], Any]
    key: IdemKey | None
    promise: Future[Any] | None = None
    awaited: asyncio.Future[Any] | None = None
    loop: asyncio.AbstractEventLoop | None = None
    since: float = field(default_factory=time.monotonic)


class Lanes:
    """The queue of the writer threads."""

    def __init__(self) -> None:
        self._people: deque[Entry] = deque()
        self._bulk: deque[Entry] = deque()
        self._bulk_last = False
        self._closed = False
        self._something = threading.Condition()

    def put(self, entry: Entry, lane: Lane) -> None:
        """Queues it. Raises: Busy when too much waits, or too long, or the store is closing."""
        waiting = self._bulk if lane is Lane.BULK else self._people
        with self._something:
            overdue = bool(waiting) and entry.since - waiting[0].since > limits.QUEUE_S
            if self._closed or overdue or len(waiting) >= limits.QUEUE_JOBS:
                raise Busy(random.randint(1, 3))
            waiting.append(entry)
            self._something.notify()

    def __len__(self) -> int:
        return len(self._people) + len(self._bulk)

    def take(self, most: int) -> list[Entry]:
        """The next batch, waiting for one; empty once closed and done."""
        with self._something:
            while not (self._people or self._bulk):
                if self._closed:
                    return []
                self._something.wait()
            late = bool(self._bulk) and time.monotonic() - self._bulk[0].since >= BULK_WAITS_S
            if self._bulk and (not self._people or (late and not self._bulk_last)):
                self._bulk_last = True
                return [self._bulk.popleft()]
            self._bulk_last = False
            return [self._people.popleft() for _ in range(min(most, len(self._people)))]

    def put_back(self, entries: list[Entry]) -> None:
        """They are next."""
        with self._something:
            self._people.extendleft(reversed(entries))
            self._something.notify()

    def close(self) -> None:
        """Takes nothing more; what was accepted is still done."""
        with self._something:
            self._closed = True
            self._something.notify_all()
