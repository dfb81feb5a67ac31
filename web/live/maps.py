"""The live map: which asks go on in which cell, as keyed state that is told at most once a second.

Holds what has been published and what has changed since; `tick` moves the one to the other and tells
everybody. Lives on the event loop; never reads the store. Coarse cells only: visibility decides.
Invariants: a subscriber's entries after a tick are those a fresh snapshot would give; of an ask beyond its budget
of cells it hears nothing, not even that it is over (tests/live/test_maps.py).
"""

import secrets
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from dispatch.actions import look
from dispatch.domain import limits
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer
from geo import cells
from web.live.frames import MapNews, encode
from web.live.subscription import Subscription

EVERYWHERE: Final = "*"


def fingerprint(entry_id: str, version: int) -> int:
    """32 bits of (id, version); their XOR over all entries tells two maps apart (docs/live-stream.md).

    The multiplications matter: a bare CRC is linear, so two entries that both moved from version 1
    to 2 would cancel each other out. 32 bits because a browser's XOR has no more.
    """
    h = zlib.crc32(f"{entry_id}:{version}".encode())
    h = (h ^ (h >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ (h >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ (h >> 16)


@dataclass(slots=True, eq=False)
class _Entry:
    request: Request
    cell: str
    parts: dict[Role, bytes | None] = field(default_factory=dict)
    """The JSON after the id, per role; None: not on that role's map."""

    def part(self, role: Role) -> bytes | None:
        if role not in self.parts:
            shown = look.board_entry(self.request, role, "")
            self.parts[role] = encode({k: v for k, v in shown.items() if k != "id"})[1:] if shown else None
        return self.parts[role]


@dataclass(frozen=True, slots=True)
class _Change:
    """An ask as it is now, and the entry that was told last."""

    was: _Entry | None
    request: Request


Changes = Mapping[int, _Change]
"""By ask."""


def _joined(missed: Changes, now: Changes) -> Changes:
    """As one change each: from what was told before the first to what the last made of it."""
    late = {ask: _Change(change.was, now.get(ask, change).request) for ask, change in missed.items()}
    return {**now, **late}


def _alike(sub: Subscription) -> object:
    """Subscribers of whom this is equal are told the same bytes; None: nobody else is told quite the same.

    Follows look.board_id: members read an ask's own name; each stranger's session another, which links by hand change.
    """
    viewer = sub.sink.viewer
    if viewer.person_id is not None and not viewer.guest:
        return sub.key, sub.role, "member"
    return None if viewer.powers else (sub.key, sub.role, "stranger", viewer.session)


class MapBoard:
    """Asks by cell, and who watches which cell."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)
        self._shown: dict[int, _Entry] = {}
        self._changed: dict[int, Request] = {}
        self._subs: dict[str, dict[Subscription, None]] = {}
        self._seen: dict[Subscription, set[str]] = {}
        """Of subscribers with a budget of cells: those they have been let see."""
        self._behind: dict[Subscription, Changes] = {}
        """What a subscriber with too much waiting has not been told yet."""

    def __len__(self) -> int:
        return len(self._shown)

    def load(self, requests: Iterable[Request]) -> None:
        """Starts over with the asks going on."""
        self._changed.clear()
        self._behind.clear()
        self._shown = {request.id: entry for request in requests if (entry := _entry(request))}

    def change(self, request: Request) -> None:
        """An ask is now like this; told at the next tick."""
        self._changed[request.id] = request

    def add(self, sub: Subscription, cell: str) -> list[bytes] | None:
        """Starts telling; the answer is every entry of the cell as it was last told, as far as the budget goes.

        None: one cell was asked for, and this minute's budget is spent.
        """
        if (may := sub.sink.cells) is not None:
            wanted = {entry.cell for entry in self._shown.values()} if cell == EVERYWHERE else {cell}
            self._seen[sub] = may(wanted)
            if cell != EVERYWHERE and not self._seen[sub]:
                return None
        sub.key = cell
        sub.role = look.map_role(sub.sink.viewer)
        self._subs.setdefault(cell, {})[sub] = None
        self._behind.pop(sub, None)
        return [part for entry in self._of(cell) if (part := self._put(entry, sub))]

    def drop(self, sub: Subscription) -> None:
        """Stops telling."""
        watching = self._subs.get(sub.key)
        if watching is not None:
            watching.pop(sub, None)
            if not watching:
                del self._subs[sub.key]
        self._behind.pop(sub, None)
        self._seen.pop(sub, None)

    def check(self, sub: Subscription) -> tuple[int, int] | None:
        """How many entries it should have, and the XOR of their fingerprints; None while it is behind."""
        if sub in self._behind:
            return None
        role = Role(sub.role or Role.PUBLIC)
        count = mixed = 0
        seen = self._seen.get(sub)
        for entry in self._of(sub.key):
            if entry.part(role) is not None and (seen is None or entry.cell in seen):
                count += 1
                mixed ^= fingerprint(self._id(entry.request, sub.sink.viewer), entry.request.off)
        return count, mixed

    def tick(self) -> bool:
        """Publishes what has changed and tells everyone whose cell it is in, one frame each. Was anybody told?"""
        news = self._publish()
        cells_of = {key: self._cells(changes) for key, changes in news.items()}
        told: dict[object, MapNews] = {}
        any_told = False
        for sub in dict.fromkeys([*self._behind, *(sub for key in news for sub in self._subs.get(key, ()))]):
            if sub.gone:
                continue
            changes: Changes = news.get(sub.key, {})
            touched = cells_of.get(sub.key, set())
            if missed := self._behind.pop(sub, None):
                changes = _joined(missed, changes)
                touched = self._cells(changes)
            if sub.sink.waiting() > limits.TICK_BUFFER_BYTES:
                self._behind[sub] = changes
                continue
            fresh = self._let_see(sub, changes)
            seen = self._seen.get(sub)
            # A wall of a thousand is told the same thousand entries: written once, not a million times.
            alike = None if missed or fresh or (seen is not None and not touched <= seen) else _alike(sub)
            said = told.get(alike) if alike else None
            if said is None:
                said = self._news(sub, changes, fresh)
                if alike:
                    told[alike] = said
            if said:
                sub.sink.map(sub, said)
                any_told = True
        return any_told

    def _publish(self) -> dict[str, dict[int, _Change]]:
        """Shows what has changed from now on; the answer is who is to hear of what, by cell and for EVERYWHERE."""
        changed, self._changed = self._changed, {}
        news: dict[str, dict[int, _Change]] = {}
        for request_id, request in changed.items():
            was, now = self._shown.get(request_id), _entry(request)
            if was is not None and request.off < was.request.off:
                continue
            if now is not None:
                self._shown[request_id] = now
            else:
                self._shown.pop(request_id, None)
            if was or now:
                for key in {EVERYWHERE} | {entry.cell for entry in (was, now) if entry}:
                    news.setdefault(key, {})[request_id] = _Change(was, request)
        return news

    def _cells(self, changes: Changes) -> set[str]:
        """Every cell these asks were or are in."""
        return {e.cell for ask, change in changes.items() for e in (change.was, self._shown.get(ask)) if e}

    def _let_see(self, sub: Subscription, changes: Changes) -> set[str]:
        """Cells that are taken from the subscriber's budget because something has moved into them."""
        seen, may = self._seen.get(sub), sub.sink.cells
        if seen is None or may is None or sub.key != EVERYWHERE:
            return set()
        fresh = {entry.cell for ask in changes if (entry := self._shown.get(ask))} - seen
        fresh = may(fresh) if fresh else fresh
        seen |= fresh
        return fresh

    def _news(self, sub: Subscription, changes: Changes, fresh: set[str]) -> MapNews:
        put: list[bytes] = []
        gone: list[bytes] = []
        for request_id, change in changes.items():
            now, was = self._shown.get(request_id), change.was
            if now is not None and (part := self._put(now, sub)):
                put.append(part)
            elif was is not None and was.cell not in fresh and self._put(was, sub):
                # Never of one that it was not told of: the name alone would say that somebody asks there.
                gone.append(encode({"id": self._id(change.request, sub.sink.viewer), "v": change.request.off}))
        if fresh:
            put += [part for entry in self._shown.values() if entry.cell in fresh and entry.request.id not in changes
                    if (part := self._put(entry, sub))]  # fmt: skip
        return MapNews(put, gone)

    def _of(self, cell: str) -> list[_Entry]:
        return [entry for entry in self._shown.values() if cell in (EVERYWHERE, entry.cell)]

    def _id(self, request: Request, viewer: Viewer) -> str:
        return look.board_id(request, viewer, self._secret)

    def _put(self, entry: _Entry, sub: Subscription) -> bytes | None:
        part, seen = entry.part(Role(sub.role or Role.PUBLIC)), self._seen.get(sub)
        if part is None or sub.key not in (EVERYWHERE, entry.cell) or (seen is not None and entry.cell not in seen):
            return None
        return b'{"id":' + encode(self._id(entry.request, sub.sink.viewer)) + b"," + part


def _entry(request: Request) -> _Entry | None:
    if request.over or request.cell is None:
        return None
    return _Entry(request, cells.parent(request.cell, cells.MAP))
