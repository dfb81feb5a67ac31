"""What leaves the house: a message in its final words, and who writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from dispatch.ports.devices import Device
from dispatch.ports.outbox import OutboxItem
from dispatch.ports.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message in its final words, for one device."""

    device: Device
    text: Mapping[str, object]
    life: timedelta
    """What is left of it now."""
    topic: str | None
    """Takes the place of an undelivered one of the same topic: 32 base64url characters."""
    urgent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text message in its final words."""

    to: str
    """A number in E.164: + and digits."""
    text: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not yet decided: look again after this."""

    wait: timedelta


L = TypeVar("L")
Compose = Callable[[Tx, datetime, OutboxItem], L | Later | None]
"""What a waiting message says now; None when it is no longer true, or nobody is there to read it."""
