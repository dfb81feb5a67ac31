"""Step by step from a promise to a meeting: en route, on scene, met, done; or more time, or the seats back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.look import my_claim_view
from dispatch.actions.push import push_owner
from dispatch.actions.seats import end_early, move_claim
from dispatch.actions.words import DONE, SAFE, owners_view, tell, tell_claimer
from dispatch.domain import limits
from dispatch.domain.claim import Claim, lease_after, worth_renewing
from dispatch.domain.errors import NoMoreTime, NotFound, WrongCode
from dispatch.domain.events import EventKind
from dispatch.domain.lifecycle import BY_CLAIMER, BY_REQUESTER, LEASED, ClaimState, Step, after_step
from dispatch.domain.plain_text import in_plain_digits
from dispatch.domain.push import Push
from dispatch.domain.request import Request
from dispatch.domain.standing import FlagKind
from dispatch.domain.visibility import Role, Viewer, check_part, claim_part, role_in
from dispatch.ports import Tx

ENDS = frozenset({Step.WITHDRAW, Step.NO_SHOW})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepClaim:
    """Which step of which claim, by whom; `code` is what the other side said when they met."""

    claim: str
    viewer: Viewer
    step: Step
    code: str | None = None


def step_claim(tx: Tx, now: datetime, command: StepClaim) -> dict[str, Any] | WrongCode:
    """The claim after the step. A wrong meet code is an answer, not a refusal: the try is counted.

    Raises: NotFound (not theirs to move), WrongStep, NoMoreTime; nothing is changed then.
    """
    claim = tx.claims.by_public(command.claim)
    request = tx.requests.lock(claim.request_id) if claim else None
    claim = tx.claims.by_id(claim.id) if claim else None
    if claim is None or request is None:
        raise NotFound("claim")
    _may_step(request, claim, command)
    after = after_step(claim.status, command.step)
    if command.step in ENDS:
        ended = end_early(tx, now, request, claim, command.step, command.viewer.person_id)
        return _answer(tx, request, ended, command)
    changes: dict[str, Any] = {"status": after, "lease_until": lease_after(after, now, claim.eta_at)}
    match command.step:
        case Step.EXTEND:
            changes |= _more_time(claim, now)
        case Step.EN_ROUTE:
            changes["left_at"] = now
        case Step.MET:
            if command.code is not None and (wrong := _wrong(tx, now, request, claim, command.code)) is not None:
                return wrong
            changes |= {"met_at": now, "confirmed": command.code is not None}
            tx.due.put(DONE, claim.id, now + limits.MET_UNTIL_DONE)
            tx.due.put(SAFE, claim.id, now + limits.CHECK_AFTER)
        case Step.DONE:
            changes["ended_at"] = now
            tx.due.remove(DONE, claim.id)
    moved = move_claim(tx, claim, **changes)
    tell(tx, request, EventKind.CLAIM_STEPPED, claim.person_id, claim=claim_part(moved))
    tell_claimer(tx, moved)
    if command.step is Step.ON_SCENE:
        push_owner(tx, now, request, Push.THERE, moved)
    return _answer(tx, request, moved, command)


def _wrong(tx: Tx, now: datetime, request: Request, claim: Claim, code: str) -> WrongCode | None:
    """None for the right code. Five wrong ones close the lock for 15 minutes, and the owner is told."""
    tries, until = claim.code_tries, tx.safety.code_locked(claim.id)
    if until is not None and until > now:
        return WrongCode(0)
    if tries >= limits.CODE_TRIES:
        tries = 0  # the time is over: it begins anew
    if in_plain_digits(code) == claim.tell:
        return None
    tries += 1
    tx.claims.move(claim.id, [claim.status], code_tries=tries)
    if tries >= limits.CODE_TRIES:
        tx.safety.lock_code(claim.id, now + limits.CODE_LOCKED)
        tx.safety.asked(tx.safety.raise_flag(FlagKind.SAFE, request.id, claim.id, now).id)
        tx.due.put(SAFE, claim.id, now + limits.CHECK_AGAIN)
        tell(tx, request, EventKind.NOTE_ADDED, None, check=check_part(tx.safety.flags_of(request.id)))
    return WrongCode(limits.CODE_TRIES - tries)


def _may_step(request: Request, claim: Claim, command: StepClaim) -> None:
    """The claimer takes the steps that are theirs, the requester `no_show`; the rest are nobody's to ask for."""
    if command.step in BY_REQUESTER:
        if role_in(request, command.viewer, None, None) is not Role.OWNER:
            raise NotFound("claim")
    elif command.step not in BY_CLAIMER or claim.person_id != command.viewer.person_id:
        raise NotFound("claim")


def _more_time(claim: Claim, now: datetime) -> dict[str, Any]:
    if claim.status is ClaimState.COMMITTED:
        if claim.extensions >= limits.EXTENSIONS_MAX:
            raise NoMoreTime(claim.extensions)
        held = max(claim.lease_until or now, now)
        return {"lease_until": held + limits.LEASE_COMMITTED, "extensions": claim.extensions + 1}
    return {"lease_until": lease_after(claim.status, now, claim.eta_at)}


def _answer(tx: Tx, request: Request, claim: Claim, command: StepClaim) -> dict[str, Any]:
    if claim.person_id == command.viewer.person_id:
        return my_claim_view(tx, claim, request)
    return owners_view(tx, claim)


def sign_of_life(tx: Tx, now: datetime, person_id: int) -> int:
    """Renews the leases of everyone who moves or taps; answers how many were written."""
    written = 0
    for claim in tx.claims.of_person(person_id, limits.INBOX_ALERTS):
        if claim.status not in LEASED:
            continue
        renewed = lease_after(claim.status, now, claim.eta_at)
        # Before the lock: a phone says where it is every few seconds, a lease is renewed once a minute.
        request = tx.requests.lock(claim.request_id) if worth_renewing(claim.lease_until, renewed) else None
        if request is None:
            continue
        moved = tx.claims.move(claim.id, [claim.status], lease_until=renewed)
        if moved is not None:
            tell(tx, request, EventKind.CLAIM_STEPPED, person_id, claim=claim_part(moved))
            tell_claimer(tx, moved)
            written += 1
    return written
