"""Who may no longer, what was flagged, and who looks after it, as actions ask for it."""

from datetime import datetime
from typing import Protocol

from dispatch.domain.standing import Flag, FlagKind, Reported, Standing


class Safety(Protocol):
    """The net under the meeting of strangers."""

    def refuse(self, request_id: int, person_id: int, at: datetime) -> None:
        """That person can't come for this request any more."""
        ...

    def refused(self, request_id: int, person_id: int) -> bool:
        """Were they thanked and let go?"""
        ...

    def lock_code(self, claim_id: int, until: datetime) -> None:
        """No more guesses until then."""
        ...

    def code_locked(self, claim_id: int) -> datetime | None:
        """Until when no guess counts; may have passed."""
        ...

    def standing(self, person_id: int) -> Standing:
        """What that person may."""
        ...

    def is_held(self, person_id: int) -> bool:
        """Held at this transaction's moment?"""
        ...

    def hold(self, person_id: int, until: datetime | None) -> None:
        """Held until then; None lets them go."""
        ...

    def bar(self, person_id: int, until: datetime | None) -> None:
        """Their reports are not taken until then."""
        ...

    def held_now(self, now: datetime) -> set[int]:
        """Everybody who is held."""
        ...

    def freeze(self, request_id: int, why: str, at: datetime) -> None:
        """No new alerts and no new claims."""
        ...

    def thaw(self, request_id: int) -> None:
        """As before."""
        ...

    def frozen(self, request_id: int) -> str | None:
        """Why it is frozen; None when it isn't."""
        ...

    def appoint(self, person_id: int, at: datetime) -> bool:
        """False if they were a coordinator already."""
        ...

    def dismiss(self, person_id: int) -> bool:
        """False if they weren't."""
        ...

    def coordinators(self) -> list[int]:
        """Who looks after the network."""
        ...

    def break_glass(self, person_id: int, request_id: int, until: datetime) -> None:
        """That coordinator sees the exact place until then."""
        ...

    def glass(self, person_id: int, request_id: int) -> datetime | None:
        """Until when that coordinator sees the exact place; may have passed. None: they never broke the glass."""
        ...

    def raise_flag(self, kind: FlagKind, request_id: int, claim_id: int | None, at: datetime) -> Flag:
        """A new flag, or the open one of that kind."""
        ...

    def flag(self, public_id: str) -> Flag | None:
        """The flag of that public id."""
        ...

    def flags(self, limit: int) -> list[Flag]:
        """What is open, oldest first."""
        ...

    def flags_of(self, request_id: int) -> list[Flag]:
        """What is open about one request."""
        ...

    def asked(self, flag_id: int) -> Flag:
        """The owner was asked once more."""
        ...

    def settle(self, flag_id: int, what: str, at: datetime) -> bool:
        """False if it was settled already."""
        ...

    def looked_at(self, request_id: int) -> bool:
        """Has a coordinator taken it over, so that it may reach more strangers?"""
        ...

    def undecided(self, limit: int) -> list[Reported]:
        """Reports nobody has decided, oldest first."""
        ...

    def undecided_about(self, person_id: int, limit: int) -> list[Reported]:
        """… about one person."""
        ...

    def report(self, report_id: int) -> Reported | None:
        """That report, while it is undecided."""
        ...

    def decide(self, report_id: int, by: int | None, at: datetime, *, upheld: bool) -> None:
        """The word on a report."""
        ...

    def marks(self, person_id: int, since: datetime) -> list[datetime]:
        """When a coordinator ended a call of theirs as unfounded, or upheld a report about them, since then."""
        ...

    def unfounded(self, person_id: int, since: datetime) -> int:
        """How many reports of that person came to nothing since then."""
        ...
