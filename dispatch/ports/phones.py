"""Codes that prove a phone: what was asked for, what went out, who typed it."""

from datetime import datetime
from typing import Protocol

from dispatch.domain.phone import PhoneCode


class PhoneCodes(Protocol):
    """One live code a number. Numbers are found by a keyed mark; a code is kept as one, and in clear until sent."""

    def asked(self, number: str, since: datetime) -> list[datetime]:
        """When that number was asked a code for since then."""
        ...

    def texted(self, prefix: str, since: datetime) -> int:
        """Texts that were let out to that prefix since then."""
        ...

    def typed(self, prefix: str, since: datetime, before: datetime, limit: int) -> tuple[int, int]:
        """(how many, how many of them were typed in), of the last `limit` to that prefix.

        One that was not typed counts when it went out before `before`.
        """
        ...

    def add(
        self, number: str, code: str, *, person_id: int | None, signs_in: bool, prefix: str | None, lang: str | None
    ) -> int:
        """The id of the new code; whatever that number had before is dead. `prefix` None: no text goes out."""
        ...

    def by_id(self, code_id: int) -> PhoneCode | None:
        """None when it is gone, or its key is."""
        ...

    def of_person(self, person_id: int, since: datetime) -> int | None:
        """The newest code since then by which that person proves a phone."""
        ...

    def of_number(self, number: str, since: datetime) -> int | None:
        """The newest code since then that signs in whoever has that number."""
        ...

    def guess(self, code_id: int, code: str) -> tuple[bool, int]:
        """(is it that code, guesses left); it counts, and a right one works once. Nothing is left of a dead one."""
        ...

    def sent(self, code_id: int) -> None:
        """The text has gone out, or never will: the code is kept in clear no longer."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """How many from that moment or before are gone now, at most so many."""
        ...
