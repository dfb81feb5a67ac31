"""One subscriber of one topic, and what whoever listens must be able to do.

Pure data and the rule of dense offsets; the hub moves it, a sink writes for it. Three sinks exist:
a websocket (connection.py), an event stream and a long poll (streams.py).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from dispatch.domain import limits
from dispatch.domain.visibility import Viewer
from web.live.conversation import Code
from web.live.frames import Burst, MapNews, Packed

Cells = Callable[[Iterable[str]], set[str]]
"""Of these cells of the map, those that may be shown now: the ones shown before, and a few new ones a minute."""


class Stage(Enum):
    """How far a subscription is."""

    CATCHING_UP = 1
    LIVE = 2
    GONE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What one read transaction says about a topic for one viewer."""

    epoch: str
    role: str | None
    """None: not theirs, or it does not exist."""
    head: int = 0
    resume: bool = False
    tail: tuple[Packed, ...] = ()
    """In a resume, everything missed; for a reader of pages, the next page of it."""
    state: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class Subscription:
    """Who listens to what, as which role, and how far it has been told."""

    id: int
    topic: str
    sink: "Sink"
    epoch: str | None = None
    off: int | None = None
    paged: bool = False
    """Reads pages of the whole log rather than a resume of at most 500; offset 0 is valid in every epoch."""
    key: str = ""
    """The journal's topic, or the hub's own name for one without offsets."""
    request_id: int = 0
    role: str | None = None
    stage: Stage = Stage.CATCHING_UP
    told: bool = False
    """Has it been told where it stands?"""
    again: bool = False
    """Something happened during a read that the read may not have seen: read once more."""
    buffer: list[Packed] = field(default_factory=list)

    @property
    def gone(self) -> bool:
        """Has it ended?"""
        return self.stage is Stage.GONE

    def restart(self) -> None:
        """Before a read: what comes from now on is kept; what came before, the read will see. Ended stays ended."""
        if not self.gone:
            self.stage, self.again, self.buffer = Stage.CATCHING_UP, False, []

    def keep(self, packed: Packed) -> None:
        """Keeps an event that came during a read; too many and the read is done again."""
        if len(self.buffer) < limits.CATCH_UP_BUFFER:
            self.buffer.append(packed)
        else:
            self.again = True

    def end(self) -> None:
        """Nothing is delivered any more."""
        self.stage, self.buffer = Stage.GONE, []


class Sink(Protocol):
    """Where a subscription's frames go. All but `caught_up` must not block."""

    viewer: Viewer
    subs: dict[int, Subscription]
    cells: Cells | None
    """Its budget of cells on maps; None: it is not counted."""
    straight: Callable[[bytes], None] | None
    """Hands whole websocket frames to the network; None while much is waiting there, or if it takes no frames."""

    async def caught_up(self, sub: Subscription, picture: Picture, quiet: bool) -> None:
        """Tells where it stands, unless quiet, and the tail; waits for a slow reader."""
        ...

    def map_state(self, sub: Subscription, entries: list[bytes], epoch: str) -> None:
        """Every entry of a map, to start from."""
        ...

    def position_state(self, sub: Subscription, places: list[bytes], epoch: str) -> None:
        """Every position it may see, to start from."""
        ...

    def event(self, sub: Subscription, packed: Packed) -> None:
        """The next event."""
        ...

    def burst(self, sub: Subscription, burst: Burst) -> None:
        """The next events, all at once."""
        ...

    def denied(self, sub: Subscription, epoch: str) -> None:
        """Not theirs, or no longer."""
        ...

    def map(self, sub: Subscription, news: MapNews) -> None:
        """What changed on the map."""
        ...

    def position(self, sub: Subscription, rest: bytes) -> None:
        """Where somebody is now: the JSON after the id."""
        ...

    def end(self, code: Code, retry_ms: int) -> None:
        """Says why and closes; the subscriptions are gone already."""
        ...

    def waiting(self) -> int:
        """Bytes written and not yet taken by the network."""
        ...

    async def renew(self) -> Viewer | None:
        """Who is looking, asked again; None = nobody may any more."""
        ...
