"""Sharing a trip by HTTP: a link for somebody trusted, what it shows, and taking it back."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import share_trip
from dispatch.ports import Tx
from web.call import Call, Written, answer, begin, named, written
from web.schemas import answers, bodies, told

router = APIRouter(prefix="/v1/requests/{id}/trips", tags=["trips"])


async def shared(call: Call, public_id: str) -> Written:
    """`{link, expires_at}` of a fresh link to the caller's own trip.

    Raises: NotFound, RequestOver, NotAllowed.
    """

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        made = share_trip.share_trip(tx, now, call.viewer, public_id)
        return {"link": f"{call.base}/trip/{public_id}#{made['token']}", "expires_at": made["expires_at"]}

    return await call.write(job, 201)


@router.post(
    "",
    **told.call(
        "Share my trip", body=bodies.NothingBody, answer=answers.TripLinkView, status=201, key=True, refuses=(404, 409)
    ),
)
async def post_trip(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """A link that shows somebody trusted how far I am, as driver or as the one who waits; it ends by itself."""
    call = await begin(request)
    public_id = named(id)
    await call.body_or_nothing(bodies.NothingBody)
    return written(await shared(call, public_id))


@router.get("", **told.call("Follow a trip", answer=answers.TripsView, refuses=(404,)))
async def get_trips(request: Request, id: str) -> Response:  # noqa: A002
    """For the holder of such a link: whose trip it is, how far, and what everybody may know of the ask."""
    call = await begin(request)
    public_id = named(id)
    return answer(await call.read(lambda tx, now: share_trip.show_trips(tx, now, call.viewer, public_id)))


@router.delete("", **told.call("Share my trip no more", status=204, refuses=(404,)))
async def delete_trips(request: Request, id: str) -> Response:  # noqa: A002
    """Every link to my trip ends, in every browser in which it was opened. Twice is once."""
    call = await begin(request)
    public_id = named(id)
    return written(await call.write(lambda tx, now: share_trip.end_trips(tx, now, call.viewer, public_id), 204))
