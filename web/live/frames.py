"""Bytes: each event is encoded once per role; the subscriber's id and the websocket header are put before it.

Knows no socket. A websocket text frame from a server is a header of 2, 4 or 10 bytes and the JSON:
written whole to many transports it costs a copy, not an encoding (docs/live-stream.md has the figures).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dispatch.domain import limits
from dispatch.domain.events import Event
from dispatch.domain.visibility import Context, Role, event_body, moment

INBOX_ROLE: Final = "self"
"""How the owner of an inbox sees it; beside the roles of a request."""


def encode(value: object) -> bytes:
    """JSON as it goes over the wire: no spaces, UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def text_frame(payload: bytes) -> bytes:
    """A whole websocket text frame, as a server sends it: final, unmasked."""
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def payloads(written: bytes) -> Iterator[bytes]:
    """The JSON of each frame made by `text_frame`, one behind the other, for whoever makes frames of its own."""
    at = 0
    while at < len(written):
        size, head = written[at + 1], 2
        if size > 125:
            head = 4 if size == 126 else 10
            size = int.from_bytes(written[at + 2 : at + head], "big")
        yield written[at + head : at + head + size]
        at += head + size


def frame(name: str, **fields: object) -> bytes:
    """A small frame that goes to one client only."""
    return text_frame(encode({"f": name, **fields}))


def welcome() -> bytes:
    """The answer to a hello: the same bytes for everybody."""
    return frame("welcome", heartbeat_s=limits.HEARTBEAT_S, max_age_s=limits.MAX_AGE_S)


def bye(code: int, retry_ms: int) -> bytes:
    """The last frame before a close: why, and how long to spread the return over."""
    return frame("bye", code=int(code), retry_ms=retry_ms)


def subbed(sub_id: int, mode: str, epoch: str, off: int, state: object = None) -> bytes:
    """Where a subscriber stands from now on."""
    fields: dict[str, object] = {"id": sub_id, "mode": mode, "epoch": epoch, "off": off}
    if state is not None:
        fields["state"] = state
    return frame("subbed", **fields)


class Packed:
    """One event on its way to many: its body per role, its bytes per role and subscription id."""

    __slots__ = ("_bodies", "_context", "_event", "_frames", "_rest", "off")

    def __init__(self, event: Event, context: Context, inbox_body: Mapping[str, Any] | None = None) -> None:
        self.off = event.off or 0
        self._event = event
        self._context = context
        self._bodies: dict[str, Mapping[str, Any]] = {} if inbox_body is None else {INBOX_ROLE: inbox_body}
        self._rest: dict[str, bytes] = {}
        self._frames: dict[tuple[str, int], bytes] = {}

    def body(self, role: str) -> Mapping[str, Any]:
        """The body as that role may read it."""
        if role not in self._bodies:
            self._bodies[role] = event_body(self._event, Role(role), self._context)
        return self._bodies[role]

    def plain(self, role: str) -> dict[str, Any]:
        """The event as a long poll answers it."""
        event = self._event
        return {"off": self.off, "kind": event.kind, "body": self.body(role), "at": moment(event.at)}

    def rest(self, role: str) -> bytes:
        """The JSON after the subscription's id, closing brace included."""
        if role not in self._rest:
            self._rest[role] = encode(self.plain(role))[1:]
        return self._rest[role]

    def frame(self, role: str, sub_id: int) -> bytes:
        """The whole websocket frame. Keyed by role: a cache that forgets it hands one role another's fields."""
        key = (role, sub_id)
        made = self._frames.get(key)
        if made is None:
            made = self._frames[key] = text_frame(b'{"f":"ev","id":%d,' % sub_id + self.rest(role))
        return made

    def sse(self, role: str, epoch: str) -> bytes:
        """The event for an event stream, with its position as id."""
        return sse("ev", b"{" + self.rest(role), f"{epoch}:{self.off}")


class Burst:
    """Consecutive events of one topic, told together: one write to each socket instead of one per event."""

    __slots__ = ("_frames", "packed")

    def __init__(self, packed: list[Packed]) -> None:
        self.packed = packed
        self._frames: dict[tuple[str, int], bytes] = {}

    def frames(self, role: str, sub_id: int) -> bytes:
        """Their websocket frames, one behind the other."""
        made = self._frames.get((role, sub_id))
        if made is None:
            made = self._frames[role, sub_id] = b"".join([each.frame(role, sub_id) for each in self.packed])
        return made


class MapNews:
    """What has changed on a map, for everyone who is told it alike: one frame for each subscription id."""

    __slots__ = ("_frames", "_rest")

    def __init__(self, put: Sequence[bytes], gone: Sequence[bytes]) -> None:
        """Entries to put and entries to take away, as written."""
        self._rest = b'"put":[' + b",".join(put) + b'],"del":[' + b",".join(gone) + b"]}" if put or gone else b""
        self._frames: dict[int, bytes] = {}

    def __bool__(self) -> bool:
        return bool(self._rest)

    def frame(self, sub_id: int) -> bytes:
        """The whole websocket frame."""
        made = self._frames.get(sub_id)
        if made is None:
            made = self._frames[sub_id] = text_frame(b'{"f":"map","id":%d,' % sub_id + self._rest)
        return made


def sse(name: str, data: bytes, event_id: str | None = None) -> bytes:
    """One block of an event stream."""
    head = b"" if event_id is None else b"id: " + event_id.encode() + b"\n"
    return head + b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
