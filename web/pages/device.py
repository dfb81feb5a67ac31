"""This browser: is it told while it sleeps, does that work, and signing it out.

Subscribing itself is a script's doing (web/static/push.js) over `PUT /v1/me/push`; a page only says how it stands.
A sign-out lands on an address at which the worker forgets every page of one's own (web/static/worker.js).
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from dispatch.actions import push
from web.limiter import TEST_PUSH
from web.pages.door import form_call, wants_json
from web.pages.faults import PageRoute
from web.routes.session import close_session

router = APIRouter(include_in_schema=False, route_class=PageRoute)

LEFT: Final = "/?left=1"


@router.post("/help/test")
async def send_test(request: Request) -> Response:
    """A message to this browser, by the way every alert goes."""
    call, _ = await form_call(request)
    await call.limit(*TEST_PUSH)
    await call.write(lambda tx, now: {"sent": push.send_test(tx, now, call.viewer)})
    return JSONResponse({"to": "/help"}) if wants_json(request) else RedirectResponse("/help", status_code=303)


@router.post("/help/out")
async def sign_out(request: Request) -> Response:
    """Ends this browser's session wherever its cookie is held; it is told of nothing any more."""
    call, _ = await form_call(request)
    return RedirectResponse(LEFT, status_code=303, headers=await close_session(call))
