"""What the owner of an ask does from its page, each a form: close, cancel, note, reach, no-show, a link to share.

Closing asks once, on a page that says how many people will be told. Every act is one action of dispatch/actions.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from dispatch.actions import change_request, close_request, look_after, step_claim
from dispatch.actions.decide_claim import DecideClaim, Decision, decide_claim
from dispatch.actions.look_after import Safe
from dispatch.actions.share_links import share_links
from dispatch.domain import limits
from dispatch.domain.errors import Invalid, NotFound, SignIn
from dispatch.domain.lifecycle import Disposition, Step
from dispatch.domain.plain_text import check_text
from dispatch.domain.request import Reach
from dispatch.domain.visibility import Role
from dispatch.ports import Power, Tx
from web import auth
from web.call import named
from web.pages import nouns, story
from web.pages.door import form_call, look, ours, with_cookie
from web.pages.faults import PageRoute
from web.pages.follow import label_of, link_page
from web.pages.following import Seen, see
from web.pages.render import page, reader_of
from web.routes.session import open_session
from web.schemas.bodies import SessionBody

router = APIRouter(include_in_schema=False, route_class=PageRoute)

CLOSES: Final = {"resolved": Disposition.RESOLVED, "cancelled": Disposition.CANCELLED}


def back_to(public_id: str) -> RedirectResponse:
    """303 to the ask's page."""
    return RedirectResponse(f"/r/{public_id}", status_code=303)


async def _own(request: Request, public_id: str) -> Seen:
    """The ask, for its owner alone.

    Raises: NotFound.
    """
    call = await look(request)
    seen = await call.read(lambda tx, now: see(tx, now, call.viewer, named(public_id)))
    if seen.role is not Role.OWNER:
        raise NotFound("ask")
    return seen


@router.get("/r/{public_id}/close")
async def ask_once(request: Request, public_id: str) -> Response:
    """Asks once, and says who will be told."""
    seen = await _own(request, public_id)
    how = "cancelled" if request.query_params.get("as") == "cancelled" else "resolved"
    reader = reader_of(request, country=seen.country, at=seen.middle)
    coming = len(story.standing(seen.view))
    values = {"view": seen.view, "how": how, "coming": coming}
    return page(request, reader, "close", values, styles=("follow",))


@router.post("/r/{public_id}/close")
async def close(request: Request, public_id: str) -> Response:
    """Ends the ask; everyone is told in the same transaction."""
    call, form = await form_call(request)
    how = CLOSES.get(form.get("as"))
    if how is None:
        raise Invalid([{"field": "as", "says": "resolved or cancelled"}])
    command = close_request.CloseRequest(request=named(public_id), viewer=call.viewer, disposition=how)
    await call.write(lambda tx, now: close_request.close_request(tx, now, command))
    return back_to(public_id)


@router.get("/r/{public_id}/missing")
async def missing(request: Request, public_id: str) -> Response:
    """Who did not come?"""
    seen = await _own(request, public_id)
    reader = reader_of(request, country=seen.country, at=seen.middle)
    rows = [
        {"id": c["id"], "name": story.name_of(reader.speak, c), "status": c["status"],
         "seats": nouns.units(reader.speak, seen.view["kind"], c["seats"])}
        for c in story.standing(seen.view)
    ]  # fmt: skip
    values = {"view": seen.view, "claims": rows}
    return page(request, reader, "missing", values, styles=("follow",))


@router.post("/r/{public_id}/missing")
async def did_not_come(request: Request, public_id: str) -> Response:
    """That claim ends, its seats are open again."""
    call, form = await form_call(request)
    command = step_claim.StepClaim(claim=named(form.get("claim"), "claim"), viewer=call.viewer, step=Step.NO_SHOW)
    await call.write(lambda tx, now: step_claim.step_claim(tx, now, command))
    return back_to(public_id)


@router.post("/r/{public_id}/decide")
async def decide(request: Request, public_id: str) -> Response:
    """A stranger may see the place and come, or is thanked and their seats are open again."""
    call, form = await form_call(request)
    said = form.get("decision")
    if said not in set(Decision):
        raise Invalid([{"field": "decision", "says": "show or refuse"}])
    command = DecideClaim(claim=named(form.get("claim"), "claim"), viewer=call.viewer, decision=Decision(said))
    await call.write(lambda tx, now: decide_claim(tx, now, command))
    return back_to(public_id)


@router.post("/r/{public_id}/note")
async def note(request: Request, public_id: str) -> Response:
    """A note to the people who come."""
    call, form = await form_call(request)
    text = check_text("note", form.get("note"), limits.FORM_NOTE_CHARS)
    if text:
        command = change_request.AddNote(request=named(public_id), viewer=call.viewer, text=text)
        await call.write(lambda tx, now: change_request.add_note(tx, now, command))
    return back_to(public_id)


@router.post("/r/{public_id}/safe")
async def safe(request: Request, public_id: str) -> Response:
    """The answer to "are you safe?", or the silent button: then it says what happens, and whom to call."""
    call, form = await form_call(request)
    said = Safe.SAFE if form.get("answer") == Safe.SAFE else Safe.HELP
    command = look_after.AnswerSafe(request=named(public_id), viewer=call.viewer, answer=said)
    done = await call.write(lambda tx, now: look_after.answer_safe(tx, now, command))
    if said is Safe.SAFE:
        return back_to(public_id)
    reader = reader_of(request)
    title = reader.speak.t("Coordinators see it now. In danger, call {number}.", number=done.body["emergency"])
    return page(request, reader, "say", {"title": title, "text": None, "to": f"/r/{public_id}"})


@router.post("/r/{public_id}/reach")
async def reach(request: Request, public_id: str) -> Response:
    """Widens the ask to people who said anyone may ask, or takes that back."""
    call, form = await form_call(request)
    open_to_all = bool(form.get("open"))

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        held = change_request.own_request(tx, call.viewer, named(public_id))
        wider = Reach(rings_max=held.reach.rings_max, communities=held.reach.communities, open=open_to_all)
        command = change_request.SetReach(request=public_id, viewer=call.viewer, reach=wider)
        return change_request.set_reach(tx, now, command)

    await call.write(job)
    return back_to(public_id)


@router.post("/r/{public_id}/travel")
async def travel(request: Request, public_id: str) -> Response:
    """Lets viewers see how the ask travels, or takes that back."""
    call, form = await form_call(request)
    command = change_request.ChangeRequest(
        request=named(public_id), viewer=call.viewer, show_travel=bool(form.get("show"))
    )
    await call.write(lambda tx, now: change_request.change_request(tx, now, command))
    return back_to(public_id)


@router.post("/r/{public_id}/share")
async def share(request: Request, public_id: str) -> Response:
    """Two links, the same each time: one to follow along, one to help."""
    call, _ = await form_call(request)
    done = await call.write(lambda tx, now: share_links(tx, now, call.viewer, named(public_id)))
    seen = await call.read(lambda tx, now: see(tx, now, call.viewer, public_id))
    reader = reader_of(request, country=seen.country, at=seen.middle)
    links = {power: f"{call.base}/r/{public_id}#{token}" for power, token in done.body.items()}
    what = nouns.head_at(reader.speak, seen.view["kind"], seen.view["quantity"], label_of(seen))
    return page(request, reader, "share", {"view": seen.view, "links": links, "what": what}, styles=("follow",))


@router.post("/open")
async def open_by_hand(request: Request) -> Response:
    """Opens a pasted link: the browser gets what it allows, then its page."""
    call, form = await form_call(request)
    token = form.get("token").rpartition("#")[2].strip()
    to, name = form.get("to"), check_text("name", form.get("name"), limits.NAME_CHARS)
    if not auth.TOKEN.fullmatch(token):
        return link_page(request, to if ours(to) else "/", status=422, wrong=True)
    try:
        done, cookie = await open_session(call, SessionBody(token=token, name=name))
    except SignIn:
        return link_page(request, to if ours(to) else "/", status=404, wrong=True)
    return with_cookie(RedirectResponse(_landing(done.body), status_code=303), cookie, call.flare)


def _landing(opened: Mapping[str, Any]) -> str:
    """The page a link leads to."""
    if not opened.get("request"):
        return "/help"
    return f"/{'trip' if opened['power'] == Power.TRIP else 'r'}/{opened['request']}"
