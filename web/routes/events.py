"""The events of one ask over HTTP: a long poll, or an event stream for who asks for one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from dispatch.domain import limits
from dispatch.domain.errors import Busy
from web.call import answer, begin, named
from web.live.hub import Hub
from web.live.streams import event_stream, long_poll
from web.schemas import answers, told

router = APIRouter(prefix="/v1", tags=["requests"])

OFF_MAX = 2**53
"""Whole numbers beyond this are not told apart by every client."""


@router.get(
    "/requests/{id}/events",
    **told.call("Follow an ask", answer=answers.EventsView, refuses=(404,), open_to_all=True),
)
async def get_events(
    request: Request,
    id: str,  # noqa: A002 - the name callers read in the document
    epoch: Annotated[str | None, Query(max_length=64)] = None,
    after: Annotated[int, Query(ge=0, le=OFF_MAX)] = 0,
    wait: Annotated[float, Query(ge=0, le=limits.LONG_POLL_S, allow_inf_nan=False)] = 0,
) -> Response:
    """What happened after a position; waits up to `wait` seconds. With `Accept: text/event-stream` it goes on."""
    call = await begin(request)
    public_id = named(id)
    hub: Hub | None = request.app.state.hub
    if hub is None:
        raise Busy
    if "text/event-stream" in request.headers.get("accept", ""):
        since = request.headers.get("last-event-id")
        if since is None and epoch is not None:
            since = f"{epoch}:{after}"
        blocks = await event_stream(hub, call.viewer, public_id, since)
        return StreamingResponse(blocks, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
    return answer(await long_poll(hub, call.viewer, public_id, epoch, after, wait))
