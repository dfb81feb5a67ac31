"""People one has nothing to do with any more: the list, the way back, and a block from a claim's own card.

A block is silent: its other side is told that a promise ended, never why.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from dispatch.actions import tend_network
from dispatch.domain.errors import SignIn
from web.call import named
from web.pages.door import form_call, look
from web.pages.faults import PageRoute
from web.pages.follow import link_page
from web.pages.render import page, reader_of
from web.pages.story import name_of

router = APIRouter(include_in_schema=False, route_class=PageRoute)

HERE = "/help/blocked"


@router.get(HERE)
async def blocked_page(request: Request) -> Response:
    """Whom I blocked."""
    call = await look(request)
    try:
        found = await call.read(lambda tx, now: tend_network.blocked(tx, now, call.viewer))
    except SignIn:
        return link_page(request, HERE, status=401)
    reader = reader_of(request)
    people = [(each["id"], name_of(reader.speak, each)) for each in found["blocked"]]
    return page(request, reader, "blocked", {"people": people}, styles=("follow", "help"))


@router.post(HERE)
async def take_back(request: Request) -> Response:
    """One of them may be asked again, and may ask."""
    call, form = await form_call(request)
    person = named(form.get("person"), "person")
    await call.write(lambda tx, now: tend_network.unblock(tx, now, call.viewer, person))
    return RedirectResponse(HERE, status_code=303)


@router.post("/claims/{claim_id}/block")
async def block(request: Request, claim_id: str) -> Response:
    """Never this person again: for whoever asked, and for whoever comes."""
    call, _ = await form_call(request)
    claim = named(claim_id, "claim")
    done = await call.write(lambda tx, now: tend_network.block_by_claim(tx, now, call.viewer, claim))
    return RedirectResponse(f"/r/{done.body['request']}" if done.body["owner"] else HERE, status_code=303)
