"""Reads of those who come in, done together: few transactions at a time, each for everybody who waits by then.

Five thousand phones that lost their worker need ten thousand reads within half a minute. One by one they would fill the
store's four reader threads, and the tail that everybody else waits for would queue behind them. So they have two of
them, and whoever waits shares the next snapshot: beginning and ending one costs as much as what is read in it.
Invariant: one read that breaks is answered alone; it breaks nobody else's (tests/live/test_together.py).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from dispatch.domain import limits
from dispatch.domain.errors import Refused
from dispatch.ports import Job, Store, Tx

T = TypeVar("T")

MOST: Final = 16
"""Reads of one snapshot: it is held for as long as all of them take."""


@dataclass(slots=True, eq=False)
class _Asked:
    begin: Callable[[], Job[Any]]
    answer: asyncio.Future[Any]


class Together:
    """Reads for one event loop."""

    def __init__(self, store: Store, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._store, self._spawn = store, spawn
        self._waiting: deque[_Asked] = deque()
        self._at_work = 0

    async def read(self, begin: Callable[[], Job[T]]) -> T:
        """The job's answer. `begin` makes the job when its turn has come, right before the snapshot is taken.

        Raises: what the job raises; Busy.
        """
        asked = _Asked(begin, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._at_work < limits.SUBSCRIBE_READS:
            self._at_work += 1
            self._spawn(self._work())
        answer: T = await asked.answer
        return answer

    async def _work(self) -> None:
        some: list[_Asked] = []
        try:
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                await self._answer(some)
        finally:
            self._at_work -= 1
            for asked in some:
                asked.answer.cancel()  # only what was stopped halfway has no answer by now

    async def _answer(self, some: list[_Asked]) -> None:
        some = [asked for asked in some if not asked.answer.done()]
        if not some:
            return
        try:
            jobs = [asked.begin() for asked in some]
            outcomes = await self._store.read(lambda tx, now: [_tried(job, tx, now) for job in jobs])
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            if len(some) > 1:
                # A statement that failed may have spoilt the snapshot for those after it.
                for asked in some:
                    await self._answer([asked])
            elif not some[0].answer.done():
                some[0].answer.set_exception(error)
            return
        for asked, (answer, refused) in zip(some, outcomes, strict=True):
            if asked.answer.done():
                continue
            if refused is not None:
                asked.answer.set_exception(refused)
            else:
                asked.answer.set_result(answer)


def _tried(job: Job[T], tx: Tx, now: datetime) -> tuple[T | None, Refused | None]:
    try:
        return job(tx, now), None
    except Refused as refused:
        return None, refused
