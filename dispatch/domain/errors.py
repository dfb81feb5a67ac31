"""Every refusal: what a caller may be told no for, with a stable code and what to do next.

Pure; knows nothing of HTTP (web/errors.py maps `retry` and `code` to a status).
A refusal keeps its facts as attributes; `facts()` is what callers may read beside the sentence.
docs/reference/errors.md is generated from this file (tests/house/test_reference.py).
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Final

from dispatch.domain import limits


class Retry(StrEnum):
    """What the caller may sensibly do after a refusal."""

    NO = "no"
    """The same call will be refused again."""
    FIX = "fix"
    """Change what was sent."""
    REFRESH = "refresh"
    """Look again: the world has moved on."""
    LATER = "later"
    """The same call may succeed after a while."""
    SIGN_IN = "sign_in"


class Refused(Exception):
    """An expected no. Subclasses say which; anything else that is raised is a bug."""

    code: ClassVar[str]
    retry: ClassVar[Retry]
    stored: ClassVar[bool] = True
    """Is it kept as the answer of an idempotency key? Only refusals by the rules are."""

    def facts(self) -> dict[str, object]:
        """The facts a caller may read, ready for JSON."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    @property
    def says(self) -> str:
        """The sentence for people."""
        return str(self.args[0])


class NotFound(Refused):
    """It does not exist, or it is somebody else's: the two are told apart for nobody."""

    code, retry = "not-found", Retry.NO

    def __init__(self, what: str = "page") -> None:
        super().__init__(f"There is no such {what}, or it is not yours to see.")


class Invalid(Refused):
    """A field holds something that can't be used; every fault is named, not just the first."""

    code, retry = "invalid", Retry.FIX

    def __init__(self, errors: Sequence[dict[str, str]]) -> None:
        first = errors[0] if errors else {"field": "body", "says": "is not usable"}
        super().__init__(f"{first['field']}: {first['says']}")
        self.errors = list(errors)


class UnknownKind(Refused):
    """A kind of need that is not in the table."""

    code, retry = "unknown-kind", Retry.FIX

    def __init__(self, kind: str, known: Sequence[str]) -> None:
        super().__init__(f"Flare does not know the kind {kind[:40]!r}. Choose one of: {', '.join(known)}.")
        self.known = list(known)


class PlaceUnclear(Refused):
    """The words fit several places, or none."""

    code, retry = "place-unclear", Retry.FIX

    def __init__(self, says: str, choices: Sequence[dict[str, object]] = ()) -> None:
        super().__init__(says)
        self.choices = list(choices)


class SimilarAsk(Refused):
    """Very likely the same call for help, posted twice."""

    code, retry = "similar-ask", Retry.FIX

    def __init__(self, link: str, minutes_ago: int) -> None:
        super().__init__(
            f"There is already an ask like this from here, {minutes_ago} min ago. "
            "Follow that one, or send similar_ok: true to post another."
        )
        self.link = link


class SeatTaken(Refused):
    """Fewer seats are left than were asked for; says how many."""

    code, retry = "seat-taken", Retry.REFRESH

    def __init__(self, seats_open: int) -> None:
        left = "All seats are found." if seats_open == 0 else f"{seats_open} left."
        super().__init__(f"Someone was faster. {left}")
        self.seats_open = seats_open


class AlreadyClaimed(Refused):
    """One unfinished claim per person and request."""

    code, retry = "already-claimed", Retry.REFRESH

    def __init__(self, claim: str) -> None:
        super().__init__("You already have a claim on this request. Withdraw it first to change the number of seats.")
        self.claim = claim


class OwnRequest(Refused):
    """A requester can't claim seats of their own request."""

    code, retry = "own-request", Retry.NO

    def __init__(self) -> None:
        super().__init__("This is your own ask: you can't take its seats yourself.")


class WrongStep(Refused):
    """The claim is not in a state from which that step leads anywhere."""

    code, retry = "wrong-step", Retry.REFRESH

    def __init__(self, state: str, step: str, possible: Sequence[str]) -> None:
        next_steps = ", ".join(possible) or "nothing: this claim is over"
        super().__init__(f"A claim that is {state} can't take the step {step}. Possible now: {next_steps}.")
        self.state, self.step, self.possible = str(state), str(step), [str(s) for s in possible]


class NoMoreTime(Refused):
    """The lease was extended as often as it may be."""

    code, retry = "no-more-time", Retry.FIX

    def __init__(self, extensions: int) -> None:
        super().__init__(
            f"This was extended {extensions} times already. Say that you have left, or give the seats back."
        )
        self.extensions = extensions


LOCKED: Final = f"No tries left for {int(limits.CODE_LOCKED.total_seconds()) // 60} minutes; confirm without one."


class WrongCode(Refused):
    """The meet code, or the one sent to a phone, does not match."""

    code, retry = "wrong-code", Retry.FIX

    def __init__(self, tries_left: int, then: str = LOCKED) -> None:
        left = f"{tries_left} tries left." if tries_left else then
        super().__init__(f"That is not the code. {left}")
        self.tries_left = tries_left


class OnHold(Refused):
    """Somebody has to look first: a helper who was reported, or an ask that is frozen."""

    code, retry = "on-hold", Retry.LATER

    def __init__(self, says: str) -> None:
        super().__init__(says)


class RequestOver(Refused):
    """The request has ended; nothing more can happen to it."""

    code, retry = "request-over", Retry.REFRESH

    def __init__(self, status: str) -> None:
        super().__init__(f"This ask has ended ({status}). A closed ask stays closed: post a new one.")
        self.status = str(status)


class BelowClaimed(Refused):
    """Fewer seats than people have already promised."""

    code, retry = "below-claimed", Retry.FIX

    def __init__(self, claimed: int) -> None:
        super().__init__(f"{claimed} are already promised: the number can't go below that.")
        self.claimed = claimed


class NotAllowed(Refused):
    """You may see it, but this is not yours to do."""

    code, retry = "not-allowed", Retry.NO

    def __init__(self, says: str) -> None:
        super().__init__(says)


class NoMorePasses(Refused):
    """A call was passed on as often, or through as many hands, as it may be."""

    code, retry = "no-more-passes", Retry.NO

    def __init__(self, says: str) -> None:
        super().__init__(says)


class KeyReused(Refused):
    """The same idempotency key came with another body."""

    code, retry, stored = "key-reused", Retry.FIX, False

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for something else. Make a new key for a new action.")


class KeyMissing(Refused):
    """A change came without its idempotency key."""

    code, retry, stored = "key-missing", Retry.FIX, False

    def __init__(self) -> None:
        super().__init__(
            f"Send an Idempotency-Key header of {limits.KEY_MIN} to {limits.KEY_MAX} visible ASCII characters, "
            "made once per action and kept across retries."
        )


class SignIn(Refused):
    """Nobody is signed in, or the session has ended."""

    code, retry, stored = "sign-in", Retry.SIGN_IN, False

    def __init__(self, says: str = "Open your link again to sign in: this one has ended or is not complete.") -> None:
        super().__init__(says)


class Malformed(Refused):
    """The bytes can't be read as what they claim to be."""

    code, retry, stored = "malformed", Retry.FIX, False

    def __init__(self, says: str) -> None:
        super().__init__(says)


class TooLarge(Refused):
    """More than one message may carry."""

    code, retry, stored = "too-large", Retry.FIX, False

    def __init__(self, limit: int) -> None:
        super().__init__(f"That is too much for one message: send at most {limit:,} bytes.")
        self.limit = limit


class ForeignOrigin(Refused):
    """A page of another site tried to act in somebody's name."""

    code, retry, stored = "foreign-origin", Retry.NO, False

    def __init__(self) -> None:
        super().__init__("This call came from another site's page and was refused.")


class SlowDown(Refused):
    """Too many calls from one place; the time says when to come back."""

    code, retry, stored = "slow-down", Retry.LATER, False

    def __init__(self, seconds: int, says: str = "Too many at once from here.") -> None:
        super().__init__(f"{says} Try again in {seconds} s. In danger, call the emergency number.")
        self.retry_after = seconds


class Busy(Refused):
    """The server has more to write than it can; nothing was lost, nothing was done."""

    code, retry, stored = "busy", Retry.LATER, False

    def __init__(self, seconds: int = 2) -> None:
        super().__init__("Flare is busy. Nothing was changed; send the same again with the same key.")
        self.retry_after = seconds


class Replayed(Refused):
    """A stored refusal, given again for the same key (its class attributes come from the original)."""

    code, retry, stored = "replayed", Retry.NO, False

    def __init__(self, code: str, says: str, facts: dict[str, object]) -> None:
        super().__init__(says)
        self._code, self._facts = code, facts

    @property
    def original(self) -> type[Refused]:
        """The class of the refusal that was stored."""
        return next((known for known in every_refusal() if known.code == self._code), Refused)

    def facts(self) -> dict[str, object]:
        """The stored facts, unchanged."""
        return self._facts


def every_refusal() -> list[type[Refused]]:
    """All refusals there are, by code; the source of docs/reference/errors.md."""
    known = (refusal for refusal in Refused.__subclasses__() if refusal is not Replayed)
    return sorted(known, key=lambda refusal: refusal.code)
