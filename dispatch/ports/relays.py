"""Links by which calls were passed on, as actions ask for them."""
# ruff: noqa: D102 - a method whose name and types say it all has no sentence to add

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from dispatch.domain.relay import Relay


class Relays(Protocol):
    """Who passed which call on, from whom, and how often it was opened. The token is a grant."""

    def add(self, relay: Relay) -> Relay:
        """The link with its new id (the given id is ignored)."""
        ...

    def by_public(self, public_id: str) -> Relay | None: ...
    def by_id(self, relay_id: int) -> Relay | None: ...

    def of_request(self, request_id: int) -> list[Relay]:
        """Oldest first, ended ones included."""
        ...

    def of_person(self, person_id: int, limit: int) -> list[Relay]:
        """What that person passed on, newest first."""
        ...

    def open(self, relay_id: int, at: datetime) -> bool:
        """Counts one browser more; False when it was opened as often as it may be (nothing changed)."""
        ...

    def end(self, relay_ids: Sequence[int], at: datetime) -> int:
        """How many ended now; the first date stands."""
        ...

    def lately(self, requester: int, since: datetime) -> int:
        """Openings of links of all that person's calls; each counts with its link's last one."""
        ...

    def came_by(self, claim_id: int, relay_id: int) -> None:
        """That claim was made through that link."""
        ...

    def claims(self, request_ids: Sequence[int]) -> dict[int, int]:
        """Of those calls' claims the ones that were made through a link: claim id to relay id."""
        ...

    def forget(self, person_id: int) -> None:
        """Nobody reads that person's name in a chain any more."""
        ...
