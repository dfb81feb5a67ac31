"""What one websocket says and hears, without the websocket: frames and time in, effects out.

Pure: no clock, no luck, no I/O; whoever holds the socket passes time in and does what the effects say.
Invariant: whatever is sent, the answer is an effect and never an exception; after `Bye` nothing more
(tests/live/test_conversation.py).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from dispatch.domain import limits
from web.strict_json import too_deep

VERSION: Final = 1
PING_AFTER_S: Final = (0.8 * limits.HEARTBEAT_S, 0.95 * limits.HEARTBEAT_S)
"""The longest is a beat short of the promised HEARTBEAT_S, because beats come each half second."""


class Code(IntEnum):
    """Why a connection ends. 4000–4499: come back with your position; 4500–4999: don't by yourself."""

    DRAIN = 4000
    SLOW = 4001
    RESYNC = 4002
    SILENT = 4003
    FLOOD = 4004
    FAULT = 4005
    RENEW = 4006
    BAD_FRAME = 4500
    SIGN_IN = 4501
    NOT_ALLOWED = 4503
    TOO_MANY = 4504


MEANING: Final[dict[Code, str]] = {
    Code.DRAIN: "The server is about to stop; come back, another one answers.",
    Code.SLOW: "More than 128 KiB were waiting for this reader; come back and resume.",
    Code.RESYNC: "The log was restored or could not be followed; come back, a snapshot waits.",
    Code.SILENT: "No hello or no pong within 10 s.",
    Code.FLOOD: "More than 20 frames a second.",
    Code.FAULT: "A fault of the server.",
    Code.RENEW: "The connection is an hour old: refresh the session, then come back.",
    Code.BAD_FRAME: "A frame that breaks the rules.",
    Code.SIGN_IN: "Nobody is signed in, or the session has ended: sign in again.",
    Code.NOT_ALLOWED: "This is not yours.",
    Code.TOO_MANY: "Too many connections.",
}


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answer the hello."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Follow a topic under that id, from a position if there is one; the same id again replaces."""

    id: int
    topic: str
    epoch: str | None
    off: int | None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Stop following."""

    id: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Send a ping with the heads."""

    n: int


@dataclass(frozen=True, slots=True)
class Bye:
    """Say why, and close."""

    code: Code


Effect = Welcome | Subscribe | Unsubscribe | Ping | Bye


class _Bad(Exception):
    """A frame that breaks the rules."""


class Conversation:
    """One client's side of the talk: has it said hello, what does it follow, is it still there."""

    __slots__ = (
        "_between",
        "_greeted",
        "_ids",
        "_n",
        "_ping_at",
        "_pong_by",
        "_renew_at",
        "_tokens",
        "_tokens_at",
        "over",
    )

    def __init__(self, now: float, between: Callable[[float, float], float]) -> None:
        self._between = between
        self._greeted = False
        self._ids: set[int] = set()
        self._n = 0
        self._ping_at = now + limits.HELLO_S
        self._pong_by: float | None = None
        self._renew_at = now + limits.MAX_AGE_S * between(0.9, 1.1)
        self._tokens = float(limits.FRAMES_BURST)
        self._tokens_at = now
        self.over = False

    @property
    def next_at(self) -> float:
        """When `due` has something to say, if nothing happens before."""
        return min(self._ping_at if self._pong_by is None else self._pong_by, self._renew_at)

    def received(self, message: str | bytes, now: float) -> tuple[Effect, ...]:
        """What to do about one message of the client."""
        if self.over:
            return ()
        if not self._allowed(now):
            return self._bye(Code.FLOOD)
        try:
            return self._answer(_frame(message), now)
        except _Bad:
            return self._bye(Code.BAD_FRAME)

    def due(self, now: float) -> tuple[Effect, ...]:
        """What to do because time has passed."""
        if self.over:
            return ()
        if now >= self._renew_at:
            return self._bye(Code.RENEW)
        if self._pong_by is not None:
            return self._bye(Code.SILENT) if now >= self._pong_by else ()
        if now < self._ping_at:
            return ()
        if not self._greeted:
            return self._bye(Code.SILENT)
        self._n += 1
        self._pong_by = now + limits.PONG_S
        return (Ping(self._n),)

    def forget(self, sub_id: int) -> None:
        """The server ended that subscription (denied)."""
        self._ids.discard(sub_id)

    def _allowed(self, now: float) -> bool:
        earned = max(0.0, now - self._tokens_at) * limits.FRAMES_PER_S
        self._tokens = min(float(limits.FRAMES_BURST), self._tokens + earned) - 1
        self._tokens_at = now
        return self._tokens >= 0

    def _bye(self, code: Code) -> tuple[Effect, ...]:
        self.over = True
        return (Bye(code),)

    def _answer(self, frame: dict[str, Any], now: float) -> tuple[Effect, ...]:
        name = frame.get("f")
        if name == "hello":
            return self._hello(frame, now)
        if not self._greeted:
            raise _Bad
        match name:
            case "pong":
                self._pong(_whole(frame, "n", 0), now)
                return ()
            case "unsub":
                sub_id = _whole(frame, "id", 1, limits.SUB_ID_MAX)
                self._ids.discard(sub_id)
                return (Unsubscribe(sub_id),)
            case "sub":
                return (self._sub(frame),)
            case _:
                raise _Bad

    def _hello(self, frame: dict[str, Any], now: float) -> tuple[Effect, ...]:
        if self._greeted or _whole(frame, "v", 0) != VERSION:
            raise _Bad
        self._greeted = True
        self._ping_at = now + self._between(*PING_AFTER_S)
        return (Welcome(),)

    def _pong(self, n: int, now: float) -> None:
        if self._pong_by is not None and n == self._n:
            self._pong_by = None
            # From the ping, not from the pong: pings stay at most 19 s apart however slow the answer was.
            self._ping_at = max(now, self._ping_at + self._between(*PING_AFTER_S))

    def _sub(self, frame: dict[str, Any]) -> Subscribe:
        sub_id = _whole(frame, "id", 1, limits.SUB_ID_MAX)
        topic, epoch, off = frame.get("topic"), frame.get("epoch"), frame.get("off")
        if not isinstance(topic, str) or not (epoch is None or isinstance(epoch, str)):
            raise _Bad
        if sub_id not in self._ids and len(self._ids) >= limits.SUBS:
            raise _Bad
        position = None if off is None else _whole(frame, "off", 0)
        self._ids.add(sub_id)
        return Subscribe(sub_id, topic, epoch, position)


def _frame(message: str | bytes) -> dict[str, Any]:
    if not isinstance(message, str) or len(message) > limits.FRAME_BYTES or too_deep(message, limits.BODY_DEPTH):
        raise _Bad
    try:
        frame = json.loads(message)
    except (ValueError, RecursionError):
        raise _Bad from None
    if not isinstance(frame, dict):
        raise _Bad
    return frame


def _whole(frame: dict[str, Any], name: str, least: int, most: int | None = None) -> int:
    value = frame.get(name)
    # `True` is an int to Python and not to JSON.
    if type(value) is not int or value < least or (most is not None and value > most):
        raise _Bad
    return value
