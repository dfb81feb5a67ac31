"""Passing a call on by HTTP: a link to send, what became of it, its end."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import pass_on
from dispatch.ports import Tx
from web.call import Call, Written, answer, begin, named, written
from web.routes.claims import sign_in_guest
from web.schemas import told
from web.schemas.relay import NewRelayView, RelayBody, RelaysView

router = APIRouter(prefix="/v1", tags=["relays"])


async def passed_on(call: Call, public_id: str, body: RelayBody) -> Written:
    """Passes the call on; a guest who came by a browser is signed in with it, a program gets the `member` token.

    Raises: NotFound, NotAllowed, OnHold, RequestOver, NoMorePasses.
    """
    base = call.base

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        command = pass_on.PassOn(request=public_id, viewer=call.viewer, named=body.named, name=body.name)
        made = pass_on.pass_on(tx, now, command)
        if call.viewer.session is not None and (token := made.pop("member", None)):
            sign_in_guest(tx, now, call.viewer.session, token)
        return made | {"link": f"{base}/r/{public_id}#{made['token']}"}

    return await call.write(job, 201)


@router.post(
    "/requests/{id}/relays",
    **told.call(
        "Pass it on", body=RelayBody, answer=NewRelayView, status=201, key=True, refuses=(403, 404, 409),
        open_to_all=True,
    ),
)  # fmt: skip
async def post_relay(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """I can't come, but I know somebody: a link for them, which ends with the ask."""
    call = await begin(request)
    public_id = named(id)
    return written(await passed_on(call, public_id, await call.body_or_nothing(RelayBody)))


@router.get(
    "/requests/{id}/relays",
    **told.call("How it was passed on", answer=RelaysView, refuses=(404,), open_to_all=True),
)
async def get_relays(request: Request, id: str) -> Response:  # noqa: A002
    """The links of this ask that are mine to end: all of them for its owner."""
    call = await begin(request)
    public_id = named(id)
    return answer(await call.read(lambda tx, now: pass_on.show_links(tx, now, call.viewer, public_id)))


@router.delete("/relays/{id}", **told.call("End a passed link", status=204, refuses=(404,), open_to_all=True))
async def delete_relay(request: Request, id: str) -> Response:  # noqa: A002
    """Ends the link and everything that was passed on from it: its passer, the owner, or a coordinator."""
    call = await begin(request)
    public_id = named(id, "link")
    return written(await call.write(lambda tx, now: pass_on.end_link(tx, now, call.viewer, public_id), 204))
