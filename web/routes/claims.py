"""Taking seats by HTTP, and every step from the promise to the meeting."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import claim_seats, decide_claim, sign_in, step_claim
from dispatch.actions.words import hashed
from dispatch.domain.errors import SlowDown
from dispatch.domain.lifecycle import STANDING, Step
from dispatch.ports import Grant, Power, Tx
from web.call import Call, Written, begin, named, written
from web.limiter import CLAIM
from web.positions import tell_position
from web.schemas import answers, bodies, told

router = APIRouter(prefix="/v1", tags=["claims"])

STANDING_MAX = 2
"""Requests one person may be on the way to at a time, where limits count."""


async def claim(call: Call, public_id: str, body: bodies.ClaimBody) -> Written:
    """Takes seats. A guest who came by a browser is signed in with the claim; a program gets the token.

    Raises: NotFound, SignIn, OwnRequest, AlreadyClaimed, RequestOver, Invalid, SeatTaken, SlowDown.
    """
    counted = call.limiter.counts(call.visitor)

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        count()
        ring, person = None, call.viewer.person_id
        if person is not None:
            asked = tx.requests.by_public(public_id)
            if asked is not None and tx.alerts.of(asked.id, person) is None:
                ring = call.flare.ring_between(tx, asked.requester, person)
            if counted:
                _not_too_many(tx, person)
        command = claim_seats.ClaimSeats(
            request=public_id,
            viewer=call.viewer,
            seats=body.seats,
            eta_minutes=body.eta_minutes,
            standby=body.standby,
            ring=ring,
            name=body.name,
            phone=body.phone,
        )
        view = claim_seats.claim_seats(tx, now, command)
        if call.viewer.session is not None and (token := view.pop("token", None)):
            sign_in_guest(tx, now, call.viewer.session, token)
        return view

    async with call.limited(*CLAIM) as count:
        return await call.write(job, 201)


def sign_in_guest(tx: Tx, now: datetime, session: str, token: str) -> None:
    """That browser is, from now on, the guest who was just made."""
    grant = tx.grants.by_hash(hashed(token))
    person = grant.person_id if grant else None
    sign_in.add_to_session(tx, now, session, Grant(token_hash=b"", power=Power.MEMBER, person_id=person))


def _not_too_many(tx: Tx, person: int) -> None:
    standing = [each for each in tx.claims.of_person(person, 20) if each.status in STANDING]
    if len(standing) >= STANDING_MAX:
        raise SlowDown(60, "You are on the way to two people already.")


async def step(call: Call, public_id: str, body: bodies.StepBody) -> Written:
    """Takes a step. A wrong code is counted, kept as the answer and raised as WrongCode.

    Raises: NotFound, WrongStep, NoMoreTime, WrongCode.
    """
    command = step_claim.StepClaim(claim=public_id, viewer=call.viewer, step=Step(body.step), code=body.code)
    done = await call.write(lambda tx, now: step_claim.step_claim(tx, now, command))
    if body.lat is not None and body.lon is not None and call.viewer.person_id is not None:
        await tell_position(call, call.viewer.person_id, body.lat, body.lon, None)
    return done


@router.post(
    "/requests/{id}/claims",
    **told.call(
        "Take seats", body=bodies.ClaimBody, answer=answers.ClaimView, status=201, key=True, refuses=(404, 409)
    ),
)
async def post_claim(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """I take so many of the seats; with `standby` also behind a full ask."""
    call = await begin(request)
    public_id = named(id)
    return written(await claim(call, public_id, await call.body(bodies.ClaimBody)))


@router.post(
    "/claims/{id}/steps",
    **told.call("Take a step", body=bodies.StepBody, answer=answers.ClaimView, key=True, refuses=(404, 409)),
)
async def post_step(request: Request, id: str) -> Response:  # noqa: A002
    """What happened next: on the way, there, met, done, more time, or the seats back."""
    call = await begin(request)
    public_id = named(id, "claim")
    return written(await step(call, public_id, await call.body(bodies.StepBody)))


@router.post(
    "/claims/{id}/decisions",
    **told.call(
        "Let them come, or not", body=bodies.DecisionBody, answer=answers.ClaimView, key=True, refuses=(404, 409)
    ),
)
async def post_decision(request: Request, id: str) -> Response:  # noqa: A002
    """The owner lets a stranger see the place, or thanks somebody and gives the seats to others."""
    call = await begin(request)
    public_id = named(id, "claim")
    body = await call.body(bodies.DecisionBody)
    command = decide_claim.DecideClaim(
        claim=public_id, viewer=call.viewer, decision=decide_claim.Decision(body.decision)
    )
    return written(await call.write(lambda tx, now: decide_claim.decide_claim(tx, now, command)))
