"""Pages of the journal, told to whoever listens: each topic's events in order, one set of bytes for all of one role.

Plain memory of the hub's event loop. A large ask is a thousand turns of one loop here, and what a turn touches is what
an event costs: whoever is up to date and has little waiting is written to directly (`Sink.straight`), with bytes that
were made once for all of the same role; everybody else goes the long way.
Invariants: a subscription is told offset n only after n-1; who could not be told never silences the others
(tests/live/test_simulated.py, tests/live/test_roles.py).
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from dispatch.domain import limits
from web.live.conversation import Code
from web.live.frames import Burst, Packed
from web.live.reading import Page
from web.live.subscription import Sink, Stage, Subscription
from web.live.topics import Topics

log = logging.getLogger("flare.live")

WRITES_PER_TURN: Final = 1_000  # deliveries before everybody else on the loop gets a turn
BURST: Final = 32  # events of one topic told in one write: more could look like a slow reader


class Telling:
    """Tells pages. `again` is called for who missed something, `end` for who could not be told."""

    def __init__(
        self, topics: Topics, *, again: Callable[[Subscription], None], end: Callable[[Sink, Code], None]
    ) -> None:
        self._topics, self._again, self._end = topics, again, end
        self.delivered = 0

    async def tell(self, page: Page) -> None:
        """Returns once everybody was told, or left to read for themselves."""
        turn = 0
        for topic, offs, run in self._runs(page):
            burst = Burst([packed for packed in run if packed is not None])
            whole = len(burst.packed) == len(run) == offs[-1] - offs[0] + 1
            subs = self._topics.of(topic)
            for at in range(0, len(subs), WRITES_PER_TURN):
                piece = subs[at : at + WRITES_PER_TURN]
                for sub in self._all_at_once(piece, offs, burst) if whole else piece:
                    for off, packed in zip(offs, run, strict=True):
                        self._one(sub, off, packed)
                turn += len(piece)
                if turn >= WRITES_PER_TURN:
                    turn = 0
                    await asyncio.sleep(0)
            self._topics.seen(topic, offs[-1])

    def _runs(self, page: Page) -> Iterator[tuple[str, list[int], list[Packed | None]]]:
        """The page by topic, each topic's events in order, in pieces a socket can take at once."""
        topics: dict[str, tuple[list[int], list[Packed | None]]] = {}
        for event in page.events:
            if event.off is not None and event.topic in self._topics:
                offs, run = topics.setdefault(event.topic, ([], []))
                offs.append(event.off)
                run.append(page.packed.get(event.seq))
        for topic, (offs, run) in topics.items():
            for at in range(0, len(offs), BURST):
                yield topic, offs[at : at + BURST], run[at : at + BURST]

    def _all_at_once(self, subs: Sequence[Subscription], offs: list[int], burst: Burst) -> list[Subscription]:
        """Tells everybody who is just before these events; answers who is not."""
        before, last = offs[0] - 1, offs[-1]
        others: list[Subscription] = []
        role, sub_id, made, straight = None, 0, b"", False
        for sub in subs:
            if sub.off != before or sub.stage is not Stage.LIVE:
                others.append(sub)
                continue
            sub.off = last
            try:
                if sub.role != role or sub.id != sub_id:
                    made = burst.frames(sub.role or "", sub.id)
                    role, sub_id, straight = sub.role, sub.id, len(made) <= limits.WRITE_BUFFER_BYTES
                if straight and (write := sub.sink.straight) is not None:
                    write(made)
                else:
                    sub.sink.burst(sub, burst)
            except Exception:
                # One body that can't be written must not silence everybody else's stream.
                log.exception("events could not be told")
                self._end(sub.sink, Code.FAULT)
        self.delivered += (len(subs) - len(others)) * len(burst.packed)
        return others

    def _one(self, sub: Subscription, off: int, packed: Packed | None) -> None:
        told = sub.off or 0
        if sub.stage is Stage.CATCHING_UP:
            if packed is not None:
                sub.keep(packed)
        elif sub.stage is Stage.LIVE and off > told:
            if packed is None or off != told + 1:
                self._again(sub)
                return
            sub.off = off
            try:
                sub.sink.event(sub, packed)
            except Exception:
                log.exception("an event could not be told")
                self._end(sub.sink, Code.FAULT)
            else:
                self.delivered += 1
