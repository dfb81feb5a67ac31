"""Phones and browsers that want to be told while they sleep: where each is reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One browser that wants to be told. Its address and keys are secrets: they leave the store for the sender only."""

    id: int
    person_id: int
    session: str | None
    endpoint: str
    p256dh: bytes
    """The browser's public key: 65 bytes, a point of P-256."""
    auth: bytes
    """16 bytes that only it and we know."""
    lang: str | None
    at: datetime


class Devices(Protocol):
    """Where people are told. Sealed: nothing of an address can be read from a backup without the keys."""

    def put(
        self, person_id: int, session: str | None, endpoint: str, p256dh: bytes, auth: bytes, lang: str | None
    ) -> Device:
        """The device, now this person's and no other's. Beyond PUSH_DEVICES their oldest one goes."""
        ...

    def by_id(self, device_id: int) -> Device | None:
        """None when it is gone, or its key is."""
        ...

    def of_person(self, person_id: int) -> list[Device]:
        """Oldest first."""
        ...

    def of_people(self, person_ids: Iterable[int]) -> list[tuple[int, int]]:
        """(person id, device id) of everybody who has one."""
        ...

    def sessions(self, person_id: int) -> list[tuple[int, str | None]]:
        """(device id, the session it was made in) of each of theirs; no secret is opened for it."""
        ...

    def drop(self, device_id: int) -> None:
        """It answers no more."""
        ...

    def drop_session(self, session: str, *, keep: int | None = None) -> int:
        """How many were that browser's; with `keep` only those of anybody but that person."""
        ...

    def drop_person(self, person_id: int, *, programs_only: bool = False) -> int:
        """How many were theirs; with programs_only those that belong to no browser's session."""
        ...

    def carry(self, session: str, to: str) -> None:
        """The browser has a new session: what it wanted to be told of goes on."""
        ...
