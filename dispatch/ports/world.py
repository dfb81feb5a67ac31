"""Time, luck and hearsay: the three things no rule may reach for by itself."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time as an argument. Never goes back by more than the adapter says."""

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        ...


class Ids(Protocol):
    """Luck as an argument: names nobody can guess, from one source that a test can seed."""

    def public_id(self) -> str:
        """128 random bits as 22 base64url characters."""
        ...

    def token(self, prefix: str) -> str:
        """`prefix` + 22 base64url characters (132 bits)."""
        ...

    def digits(self, count: int) -> str:
        """That many decimal digits, leading zeros kept."""
        ...


class Bus(Protocol):
    """Hints and positions between workers; never the truth. Any message may be lost."""

    def publish(self, channel: str, message: Mapping[str, object]) -> None:
        """Never blocks, never raises; counted when it fails."""
        ...

    def subscribe(self, channel: str, told: Callable[[Mapping[str, object]], None]) -> Callable[[], None]:
        """Calls `told` for each message, from any thread; the answer ends it."""
        ...
