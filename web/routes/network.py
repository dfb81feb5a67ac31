"""Who would hear whom, by HTTP: invites, ties, communities, blocks, reports."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import tend_network
from dispatch.ports import Tx
from web.call import Written, answer, begin, named, written
from web.schemas import answers, bodies, told
from web.schemas.answers import BlockedView

router = APIRouter(prefix="/v1", tags=["network"])


@router.post(
    "/invites",
    **told.call("Make an invite", body=bodies.NothingBody, answer=answers.InviteView, status=201, key=True),
)
async def post_invite(request: Request) -> Response:
    """A link: whoever opens it becomes one of my people."""
    call = await begin(request)
    _ = call.person_id
    await call.body_or_nothing(bodies.NothingBody)
    base = call.base

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        made = tend_network.invite(tx, now, call.viewer)
        return {"link": f"{base}/join#{made['token']}", **made}

    return written(await call.write(job, 201))


@router.post(
    "/ties",
    **told.call("Tie", body=bodies.TieBody, answer=answers.TieView, status=201, key=True, refuses=(403, 404)),
)
async def post_tie(request: Request) -> Response:
    """Becomes one of somebody's people: by their invite, or from a community we share."""
    call = await begin(request)
    _ = call.person_id
    body = await call.body(bodies.TieBody)
    command = tend_network.Tie(viewer=call.viewer, person=body.person, invite=body.invite)
    return written(await call.write(lambda tx, now: tend_network.tie(tx, now, command), 201))


@router.delete("/ties/{person}", **told.call("Untie", status=204, refuses=(404,)))
async def delete_tie(request: Request, person: str) -> Response:
    """Neither hears the other any more."""
    call = await begin(request)
    public_id = named(person, "person")
    await call.write(lambda tx, now: tend_network.untie(tx, now, call.viewer, public_id))
    return written(Written(None, 204))


@router.post(
    "/communities",
    **told.call("Found a community", body=bodies.CommunityBody, answer=answers.CommunityView, status=201, key=True),
)
async def post_community(request: Request) -> Response:
    """A new community; its founder is its first member."""
    call = await begin(request)
    _ = call.person_id
    body = await call.body(bodies.CommunityBody)
    name = body.name
    return written(await call.write(lambda tx, now: tend_network.add_community(tx, now, call.viewer, name), 201))


@router.post(
    "/communities/{id}/members",
    **told.call(
        "Bring somebody in", body=bodies.MemberBody, answer=answers.MemberView, status=201, key=True, refuses=(403, 404)
    ),
)
async def post_member(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """Members bring in people who are tied to them; the founder brings in anybody."""
    call = await begin(request)
    _, public_id = call.person_id, named(id, "community")
    body = await call.body_or_nothing(bodies.MemberBody)
    command = tend_network.Join(viewer=call.viewer, community=public_id, person=body.person)
    return written(await call.write(lambda tx, now: tend_network.join_community(tx, now, command), 201))


@router.post(
    "/people/{id}/block",
    **told.call("Block", body=bodies.NothingBody, status=204, key=True, refuses=(404,)),
)
async def post_block(request: Request, id: str) -> Response:  # noqa: A002
    """Both ways, silently: neither is asked for the other any more."""
    call = await begin(request)
    _, public_id = call.person_id, named(id, "person")
    await call.body_or_nothing(bodies.NothingBody)
    return written(await call.write(lambda tx, now: tend_network.block(tx, now, call.viewer, public_id), 204))


@router.get("/me/blocked", **told.call("Whom I blocked", answer=BlockedView))
async def get_blocked(request: Request) -> Response:
    """People I blocked, with their first names."""
    call = await begin(request)
    return answer(await call.read(lambda tx, now: tend_network.blocked(tx, now, call.viewer)))


@router.delete("/people/{id}/block", **told.call("Unblock", status=204, refuses=(404,)))
async def delete_block(request: Request, id: str) -> Response:  # noqa: A002
    """Takes one's own block back."""
    call = await begin(request)
    public_id = named(id, "person")
    await call.write(lambda tx, now: tend_network.unblock(tx, now, call.viewer, public_id))
    return written(Written(None, 204))


@router.post(
    "/reports",
    **told.call("Report", body=bodies.ReportBody, answer=answers.ReceivedView, status=201, key=True, refuses=(404,)),
)
async def post_report(request: Request) -> Response:
    """Somebody behaved badly: the claim between the two ends, the pair is blocked, an operator reads the words."""
    call = await begin(request)
    body = await call.body(bodies.ReportBody)
    command = tend_network.Report(viewer=call.viewer, claim=body.claim, request=body.request, reason=body.reason)
    return written(await call.write(lambda tx, now: tend_network.report(tx, now, command), 201))
