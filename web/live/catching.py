"""How a subscriber gets from "I want to follow" to live, and back whenever its rights may have changed.

Listen first, read then, tell, then what came meanwhile; if anything came that the read may not hold, read
again. Invariant: between the last thing told and LIVE nothing is awaited (tests/live/test_simulated.py).
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Final

from dispatch.domain.events import inbox_topic, request_topic
from dispatch.ports import Job
from web.live import reading
from web.live.conversation import Code
from web.live.positions import PositionBoard
from web.live.subscription import Picture, Sink, Stage, Subscription
from web.live.together import Together
from web.live.topics import Topics

log = logging.getLogger("flare.live")

ROUNDS: Final = 8  # reads of one catching up, before the connection is asked to come back
REMEMBERED_IDS: Final = 10_000

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class CatchingUp:
    """Reads for subscribers, in the lane of those who come in."""

    def __init__(
        self,
        reads: Together,
        topics: Topics,
        positions: PositionBoard,
        *,
        epoch: Callable[[], str],
        spawn: Spawn,
        end: Callable[[Sink, Code], None],
        deny: Callable[[Subscription], None],
        renewed: Callable[[Sink], None],
    ) -> None:
        self._reads, self._topics, self._positions = reads, topics, positions
        self._epoch = epoch
        self._spawn, self._end, self._deny = spawn, end, deny
        self._renewed = renewed
        self._ids: OrderedDict[str, int] = OrderedDict()
        self._stale: dict[Sink, int] = {}
        """Connections whose viewer must be asked for again, and how often that was said."""

    def begin(self, sub: Subscription, family: str, what: str) -> None:
        """Starts a fresh subscription."""
        self._spawn(self._begin(sub, family, what))

    def again(self, sub: Subscription) -> None:
        """Its role may have changed, or it missed something: nothing more is told until that has been read."""
        if sub.stage is Stage.CATCHING_UP:
            sub.again = True
        elif sub.stage is Stage.LIVE:
            sub.restart()
            self._spawn(self._catch_up(sub))

    def stale(self, sink: Sink) -> None:
        """Who is looking must be asked again, before anything more is told."""
        self._stale[sink] = self._stale.get(sink, 0) + 1
        for sub in list(sink.subs.values()):
            if sub.key:
                self.again(sub)
        self._spawn(self._refresh(sink))

    def forget(self, sink: Sink) -> None:
        """The connection is gone."""
        self._stale.pop(sink, None)

    def id_of(self, public_id: str) -> int:
        """The id inside of a request somebody has followed; 0 if it is not remembered."""
        return self._ids.get(public_id, 0)

    async def _begin(self, sub: Subscription, family: str, what: str) -> None:
        try:
            if family == "inbox":
                sub.key = inbox_topic(sub.sink.viewer.person_id or 0)
            else:
                sub.request_id = await self._request_id(what)
                sub.key = (request_topic if family == "req" else reading.positions_key)(sub.request_id)
        except Exception:
            log.exception("a topic could not be looked up")
            self._end(sub.sink, Code.FAULT)
            return
        if not sub.gone:
            # Before the read, or what is committed between the two is lost (tests/live/test_simulated.py).
            self._topics.add(sub)
            await self._catch_up(sub)

    async def _request_id(self, public_id: str) -> int:
        if (known := self._ids.get(public_id)) is not None:
            self._ids.move_to_end(public_id)
            return known
        found = await self._reads.read(lambda: reading.request_id_of(public_id))
        if found:
            self._ids[public_id] = found
            if len(self._ids) > REMEMBERED_IDS:
                self._ids.popitem(last=False)
        return found

    async def _catch_up(self, sub: Subscription) -> None:
        try:
            for _ in range(ROUNDS):
                picture = await self._read(sub)
                if sub.gone:
                    return
                if sub.again:
                    continue
                if picture.epoch != self._epoch():
                    # The log went backwards and the tail has not seen it yet: what it tells next is of the old one.
                    break
                if picture.role is None:
                    self._deny(sub)
                    return
                await self._hand_over(sub, picture)
                if self._settled(sub):
                    return
            self._end(sub.sink, Code.RESYNC)
        except Exception:
            log.exception("a subscriber could not be caught up")
            self._end(sub.sink, Code.FAULT)

    async def _read(self, sub: Subscription) -> Picture:
        while sub.sink in self._stale:
            await self._refresh(sub.sink)

        def begin() -> Job[Picture]:
            sub.restart()
            # Whoever became another one while this waited for its turn: what is read now is too old already.
            sub.again = sub.sink in self._stale
            return reading.picture(sub)

        return await self._reads.read(begin)

    async def _refresh(self, sink: Sink) -> None:
        said = self._stale.get(sink)
        viewer = await sink.renew()
        if said != self._stale.get(sink) or said is None:
            return
        del self._stale[sink]
        if viewer is None:
            self._end(sink, Code.SIGN_IN)
        else:
            sink.viewer = viewer
            self._renewed(sink)

    async def _hand_over(self, sub: Subscription, picture: Picture) -> None:
        # Without offsets only the role counts: the same role again is no news.
        without_offsets = sub.topic.startswith("pos:")
        quiet = sub.told and sub.role == picture.role and (picture.resume or without_offsets)
        sub.role, sub.epoch, sub.told = picture.role, picture.epoch, True
        self._topics.seen(sub.key, picture.head)
        if without_offsets:
            if not quiet:
                places = self._positions.state(sub, sub.topic.partition(":")[2])
                sub.sink.position_state(sub, places, picture.epoch)
            return
        await sub.sink.caught_up(sub, picture, quiet)
        if not picture.resume:
            sub.off = picture.head
        elif picture.tail:
            sub.off = picture.tail[-1].off

    def _settled(self, sub: Subscription) -> bool:
        """Live, or gone. From here to LIVE nothing is awaited, so nothing can come between."""
        if sub.again and sub.stage is Stage.CATCHING_UP:
            return False
        for packed in sub.buffer:
            if packed.off <= (sub.off or 0):
                continue
            if packed.off != (sub.off or 0) + 1:
                return False
            sub.off = packed.off
            sub.sink.event(sub, packed)
        if not sub.gone:
            sub.buffer, sub.stage = [], Stage.LIVE
        return True
