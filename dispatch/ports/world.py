"""Time, luck and hearsay: the three things no rule may reach for by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: its name, how fast it fills, how much fits."""

    name: str
    per_second: float
    size: float

    def level(self, held: float, at: float, now: float) -> float:
        """What is in it now, when at that moment there was so much."""
        return min(self.size, held + max(0.0, now - at) * self.per_second)


class Buckets(Protocol):
    """Token buckets that several processes count in together. Never raises; None and False: it is away."""

    away: bool

    def take(self, buckets: Sequence[Bucket]) -> float | None:
        """One out of each, and 0; or none, and in how many seconds there is one in each."""
        ...

    def give_back(self, buckets: Sequence[Bucket]) -> bool:
        """One back into each."""
        ...
