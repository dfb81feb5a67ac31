"""Tokens: what a link or a session may do, kept by its hash."""
# ruff: noqa: D102 - a method whose name and types say it all has no sentence to add

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Power(StrEnum):
    """What a link or session may do."""

    OWNER = "owner"
    VIEW = "view"
    HELPER = "helper"
    RELAY = "relay"
    MEMBER = "member"
    INVITE = "invite"
    TRIP = "trip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one token stands for. Stored by the SHA-256 of the token, never the token."""

    token_hash: bytes
    power: Power
    person_id: int | None = None
    """MEMBER: who it signs in. INVITE: who invited. OWNER: the requester. TRIP: whose trip it shows."""
    request_id: int | None = None
    session: str | None = None
    """Grants of one browser share a session id; None for a link or a program's token."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    relay_id: int | None = None
    """RELAY: by which passed link."""


class Grants(Protocol):
    """Tokens, by their SHA-256."""

    def add(self, grant: Grant) -> None: ...
    def by_hash(self, token_hash: bytes) -> Grant | None:
        """Also ended ones: the caller checks the dates."""
        ...

    def of_session(self, session: str) -> list[Grant]: ...
    def of_person(self, person_id: int) -> list[Grant]: ...
    def expire_for_request(self, request_id: int, powers: Sequence[Power], at: datetime) -> None: ...
    def revoke(self, token_hash: bytes, at: datetime) -> None: ...
    def end_relays(self, relay_ids: Sequence[int], at: datetime) -> list[str]:
        """Those links and everything that was opened by them end; the sessions that lost something."""
        ...
