"""Who may still come in: so many handshakes a second, so many sockets in all, of one session, of one neighbourhood.

Plain memory of one event loop; time is an argument. Knows no socket and no limiter: whom a connection counts with
(its kin) is told by whoever knows the network (web/app.py).
Invariant: whoever has gone is not counted any more (tests/web/test_server.py).
"""

from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain import limits
from dispatch.domain.visibility import Viewer
from web.live.hub import Hub
from web.live.subscription import Cells, Sink


@dataclass(frozen=True, slots=True)
class Kin:
    """Connections that are counted together, and how many of them there may be."""

    name: str
    most: int


KinOf = Callable[[MutableMapping[str, Any], Viewer], Kin | None]
"""From the handshake's scope and who is looking; None = nobody counts them."""
CellsOf = Callable[[MutableMapping[str, Any], Viewer], Cells | None]
"""Likewise: the budget of cells on maps."""


def kin_of(viewer: Viewer, prefix: str) -> Kin:
    """The few of one session, or of one person with a token; a stranger counts with the neighbours of their address."""
    if viewer.session is not None:
        return Kin(f"session {viewer.session}", limits.SOCKETS_A_SESSION)
    if viewer.person_id is not None:
        return Kin(f"person {viewer.person_id}", limits.SOCKETS_A_SESSION)
    return Kin(prefix, limits.SOCKETS_A_PREFIX)


class Gate:
    """Counts those inside of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._left, self._at = float(limits.HANDSHAKES_BURST), hub.now()
        self._inside: Counter[str] = Counter()
        self._kin: dict[Sink, str] = {}
        hub.on_close.append(self._leave)

    def allows(self, now: float) -> bool:
        """Whether one more may knock now: a thousand phones that come back together must not stop claims."""
        earned = max(0.0, now - self._at) * limits.HANDSHAKES_PER_S
        self._left, self._at = min(float(limits.HANDSHAKES_BURST), self._left + earned), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def full(self, kin: Kin | None) -> bool:
        """Is there no room for one more, at all or of these?"""
        return len(self._hub.sinks) >= limits.SOCKETS or (kin is not None and self._inside[kin.name] >= kin.most)

    def enter(self, sink: Sink, kin: Kin | None) -> None:
        """It is inside, until the hub closes it."""
        self._hub.open(sink)
        if kin is not None:
            self._kin[sink] = kin.name
            self._inside[kin.name] += 1

    def _leave(self, sink: Sink) -> None:
        name = self._kin.pop(sink, None)
        if name is not None:
            self._inside[name] -= 1
            if not self._inside[name]:
                del self._inside[name]
