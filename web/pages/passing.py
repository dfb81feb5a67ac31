"""I can't come, but I know somebody: the link to send, shown once, and the links there are, with an end to each.

Works without script: a link in a field and in a text message. Names are shown only of those who ticked it.
"""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from dispatch.actions import pass_on
from dispatch.domain import limits
from dispatch.domain.plain_text import check_text
from web.call import checked, named
from web.pages import nouns, story
from web.pages.door import form_call, look
from web.pages.faults import PageRoute
from web.pages.follow import label_of
from web.pages.following import see
from web.pages.render import page, reader_of
from web.routes.relays import passed_on
from web.schemas.relay import RelayBody

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.post("/r/{public_id}/pass")
async def pass_it_on(request: Request, public_id: str) -> Response:
    """A fresh link, shown once, with the ways to send it."""
    call, form = await form_call(request)
    name = check_text("name", form.get("name"), limits.NAME_CHARS)
    body = checked(RelayBody, {"named": bool(form.get("named"))} | ({"name": name} if name else {}))
    done = await passed_on(call, named(public_id), body)
    seen = await call.read(lambda tx, now: see(tx, now, call.viewer, public_id))
    reader = reader_of(request, country=seen.country, at=seen.middle)
    what = nouns.head_at(reader.speak, seen.view["kind"], seen.view["quantity"], label_of(seen))
    text = f"{reader.speak.plain('Can you help?')} {what.striptags()} {done.body['link']}"
    values = {
        "request": public_id,
        "what": what,
        "link": done.body["link"],
        "sms": f"sms:?&body={quote(text)}",
        "ends": reader.speak.clock(story.when(done.body["expires_at"])),
        "opens": limits.RELAY_OPENS,
        "named": body.named,
    }
    return page(request, reader, "pass", values, styles=("follow", "help"))


@router.get("/r/{public_id}/passed")
async def links_page(request: Request, public_id: str) -> Response:
    """Every link of the ask for its owner and coordinators; for anybody else their own."""
    call = await look(request)
    found = await call.read(lambda tx, now: pass_on.show_links(tx, now, call.viewer, named(public_id)))
    reader = reader_of(request)
    speak = reader.speak

    def row(link: dict[str, Any]) -> dict[str, Any]:
        who = story.way(speak, [link["name"]])
        opened = speak.tn("opened on {n} phone", "opened on {n} phones", link["opened"])
        return link | {"who": who, "opened": opened, "ends": speak.clock(story.when(link["expires_at"]))}

    values = {
        "request": public_id,
        "links": [row(link) for link in found["relays"]],
        "passed": story.passed_line(speak, found["passed"]),
    }
    return page(request, reader, "passed", values, styles=("follow", "help"))


@router.post("/r/{public_id}/passed")
async def end_one(request: Request, public_id: str) -> Response:
    """Ends one of them, and everything that was passed on from it."""
    call, form = await form_call(request)
    link = named(form.get("link"), "link")
    await call.write(lambda tx, now: pass_on.end_link(tx, now, call.viewer, link))
    return RedirectResponse(f"/r/{named(public_id)}/passed", status_code=303)
