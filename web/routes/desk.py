"""The coordinators' desk, by HTTP. For everybody else it does not exist."""

from fastapi import APIRouter, Request, Response

from dispatch.actions import desk
from dispatch.domain.lifecycle import Disposition
from web.call import answer, begin, named, numbered, written
from web.schemas import answers, bodies, told

router = APIRouter(prefix="/v1/desk", tags=["desk"])


@router.get("", **told.call("The queue", answer=answers.DeskView, refuses=(404,)))
async def get_desk(request: Request) -> Response:
    """Flags, reports nobody has decided, and asks that nobody comes to: cells and counts."""
    call = await begin(request)
    return answer(await call.read(lambda tx, now: desk.queue(tx, now, call.viewer)))


@router.post(
    "/requests/{id}/glass",
    **told.call("Break the glass", body=bodies.GlassBody, answer=answers.GlassView, key=True, refuses=(404,)),
)
async def post_glass(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """The exact place, for a reason: it is kept in the audit, and the owner reads it at once."""
    call = await begin(request)
    public_id = named(id)
    body = await call.body(bodies.GlassBody)
    return written(await call.write(lambda tx, now: desk.break_glass(tx, now, call.viewer, public_id, body.reason)))


@router.post(
    "/requests/{id}/take",
    **told.call("Take over", body=bodies.NothingBody, answer=answers.TakenView, key=True, refuses=(404,)),
)
async def post_take(request: Request, id: str) -> Response:  # noqa: A002
    """I see to it: its flags are settled, and a frozen ask goes on."""
    call = await begin(request)
    public_id = named(id)
    await call.body_or_nothing(bodies.NothingBody)
    return written(await call.write(lambda tx, now: desk.take(tx, now, call.viewer, public_id)))


@router.post(
    "/requests/{id}/close",
    **told.call("Close or refer", body=bodies.CloseBody, answer=answers.DeskRow, key=True, refuses=(404, 409)),
)
async def post_desk_close(request: Request, id: str) -> Response:  # noqa: A002
    """Ends somebody's ask: referred to others, unfounded, resolved."""
    call = await begin(request)
    public_id = named(id)
    body = await call.body(bodies.CloseBody)
    how = Disposition(body.disposition)
    return written(await call.write(lambda tx, now: desk.close(tx, now, call.viewer, public_id, how, body.note)))


@router.post(
    "/requests/{id}/merge",
    **told.call("Merge a double", body=bodies.MergeBody, answer=answers.DeskRow, key=True, refuses=(404, 409, 422)),
)
async def post_merge(request: Request, id: str) -> Response:  # noqa: A002
    """Two asks are one: this one ends, the other goes on, and both owners are told."""
    call = await begin(request)
    public_id = named(id)
    into = (await call.body(bodies.MergeBody)).into
    return written(await call.write(lambda tx, now: desk.merge(tx, now, call.viewer, public_id, into)))


@router.post(
    "/reports/{id}",
    **told.call("Decide a report", body=bodies.VerdictBody, answer=answers.VerdictView, key=True, refuses=(404,)),
)
async def post_verdict(request: Request, id: str) -> Response:  # noqa: A002
    """Upheld, or nothing was behind it: then whoever was held is let go."""
    call = await begin(request)
    number, body = numbered(id), await call.body(bodies.VerdictBody)
    return written(await call.write(lambda tx, now: desk.decide(tx, now, call.viewer, number, upheld=body.upheld)))
