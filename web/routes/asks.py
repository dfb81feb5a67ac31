"""Asks by HTTP: posting, looking, changing, closing; whom to reach, notes, vouches, the report afterwards."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import change_request, close_request, look, look_after, post_request, sign_in
from dispatch.actions.look_back import after_action
from dispatch.actions.words import hashed
from dispatch.domain.kinds import kind_named, quantity_of
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.request import Reach, Urgency
from dispatch.domain.visibility import Role
from dispatch.domain.whereabouts import Where, from_point, from_text
from dispatch.ports import Grant, Power, Tx
from web import auth
from web.call import Call, Written, answer, begin, named, written
from web.limiter import ASK_GUEST, ASK_MEMBER, ASK_PREFIX, REPORT, REPORT_NEAR
from web.schemas import answers, bodies, told

router = APIRouter(prefix="/v1", tags=["requests"])


async def whereabouts(place: bodies.Place) -> Where:
    """The place worked out, on a thread: words may have to be looked up.

    Raises: PlaceUnclear.
    """
    point = place.point
    if point is not None:
        return await asyncio.to_thread(from_point, point, place.accuracy_m, place.text)
    return await asyncio.to_thread(from_text, place.text or "")


async def ask(call: Call, body: bodies.AskBody, *, drill: bool = False) -> tuple[Written, str | None]:
    """Posts a call for help; the cookie for a browser that has none yet.

    Raises: UnknownKind, Invalid, PlaceUnclear, NotFound (community), SimilarAsk, SlowDown.
    """
    kind = kind_named(body.kind)
    quantity_of(kind, body.quantity)
    where = await whereabouts(body.place) if body.place is not None else None
    contact = body.contact or bodies.Contact()
    command = post_request.PostRequest(
        person_id=call.viewer.person_id,
        kind=body.kind,
        quantity=body.quantity,
        where=where,
        place_text=body.place.text if body.place else None,
        destination=body.destination,
        note=body.note,
        urgency=Urgency(body.urgency),
        for_other=body.for_other,
        needs=tuple(body.needs),
        contact_name=contact.name,
        contact_phone=contact.phone,
        share_phone=contact.share_phone is not False,
        community=body.community,
        similar_ok=body.similar_ok,
        drill=drill,
        show_travel=body.show_travel,
    )
    return await post(call, command)


async def post(call: Call, command: post_request.PostRequest) -> tuple[Written, str | None]:
    """The ask with its links, and the cookie for a browser that has none yet; by API or by form.

    Raises: as `ask`.
    """
    member = call.viewer.person_id is not None and not call.viewer.guest
    odds = await call.read(lambda tx, now: call.flare.first_forecast(tx, now, command))
    command = replace(command, forecast=odds, origin=call.origin)
    base = call.base
    # A program with a link's token keeps the links itself.
    wants_cookie = not member and call.credential.token is None
    cookies: list[str] = []

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        count()
        posted = post_request.post_request(tx, now, command)
        if wants_cookie:
            cookies[:] = [_guest_cookie(tx, now, call, posted.tokens[Power.OWNER])]
        state = look.request_state(tx, posted.request, Role.OWNER)
        links = {power: f"{base}/r/{posted.request.public_id}#{token}" for power, token in posted.tokens.items()}
        return state | {"links": links}

    async with call.limited(*(ASK_MEMBER if member else ASK_GUEST), near=ASK_PREFIX) as count:
        done = await call.write(job, 201)
    if wants_cookie and done.replayed:
        # A stored answer holds no cookie: whoever repeats the call gets a session of their own.
        token = done.body["links"]["owner"].rpartition("#")[2]
        cookies[:] = [await call.flare.store.write(lambda tx, now: _guest_cookie(tx, now, call, token))]
    return done, cookies[0] if cookies else None


def _guest_cookie(tx: Tx, now: datetime, call: Call, owner_token: str) -> str:
    """The cookie by which this browser comes back as the owner, and as the guest it now is."""
    held = auth.viewer_in(tx, now, call.credential)
    grant = tx.grants.by_hash(hashed(owner_token))
    if grant is None:
        raise RuntimeError("the owner's link of an ask is missing")
    cookie = sign_in.start_session(tx, now, held, call.credential.cookie, grant)
    if held.person_id is None:
        guest = Grant(token_hash=b"", power=Power.MEMBER, person_id=grant.person_id)
        sign_in.add_to_session(tx, now, sign_in.session_of(cookie), guest)
    return cookie


def cookie_headers(call: Call, cookie: str | None) -> dict[str, str]:
    """The headers that give a browser its cookie, if there is a new one."""
    return {} if cookie is None else {"Set-Cookie": auth.set_cookie(cookie, call.flare.settings)}


_POST = told.call(
    "Ask for help",
    body=bodies.AskBody,
    answer=answers.PostedView,
    status=201,
    key=True,
    refuses=(404, 409),
    open_to_all=True,
)


@router.post("/requests", **_POST)
async def post_ask(request: Request) -> Response:
    """Posts a call for help. An answer means it is kept and people are being asked."""
    call = await begin(request)
    done, cookie = await ask(call, await call.body(bodies.AskBody))
    return written(done, {"Location": f"/v1/requests/{done.body['id']}", **cookie_headers(call, cookie)})


@router.post("/drills", **_POST | {"summary": "Ask as a drill"})
async def post_drill(request: Request) -> Response:
    """The same as a drill: people tap "I could", nobody drives."""
    call = await begin(request)
    done, cookie = await ask(call, await call.body(bodies.AskBody), drill=True)
    return written(done, {"Location": f"/v1/requests/{done.body['id']}", **cookie_headers(call, cookie)})


@router.get(
    "/requests/{id}",
    **told.call("Look at an ask", answer=answers.RequestView, refuses=(404,), open_to_all=True),
)
async def get_ask(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """The ask as this viewer may see it."""
    call = await begin(request)
    public_id = named(id)
    return answer(await call.read(lambda tx, now: look.show_request(tx, now, call.viewer, public_id)))


@router.patch(
    "/requests/{id}",
    **told.call(
        "Change an ask",
        body=bodies.ChangeBody,
        answer=answers.RequestView,
        key=True,
        refuses=(404, 409),
        open_to_all=True,
    ),
)
async def patch_ask(request: Request, id: str) -> Response:  # noqa: A002
    """Changes quantity, place, words or contact; never below the claimed seats."""
    call = await begin(request)
    public_id = named(id)
    body = await call.body(bodies.ChangeBody)
    where = await whereabouts(body.place) if body.place is not None else None
    sent = body.model_fields_set
    words: dict[str, Any] = {name: getattr(body, name) for name in ("note", "destination") if name in sent}
    if "contact" in sent:
        words |= _contact_columns(body.contact)
    command = change_request.ChangeRequest(
        request=public_id,
        viewer=call.viewer,
        quantity=body.quantity,
        where=where,
        place_text=body.place.text if body.place else None,
        secrets=words,
        show_travel=body.show_travel,
    )
    return written(await call.write(lambda tx, now: change_request.change_request(tx, now, command)))


def _contact_columns(contact: bodies.Contact | None) -> dict[str, Any]:
    if contact is None:
        return {"contact_name": None, "contact_phone": None}
    names = {"name": "contact_name", "phone": "contact_phone", "share_phone": "share_phone"}
    sent = contact.model_fields_set - ({"share_phone"} if contact.share_phone is None else set())
    return {names[field]: getattr(contact, field) for field in sent}


@router.put(
    "/requests/{id}/reach",
    **told.call("Say who may be asked", body=bodies.ReachBody, answer=answers.RequestView, refuses=(404, 409)),
)
async def put_reach(request: Request, id: str) -> Response:  # noqa: A002
    """Widens or narrows who may be asked."""
    call = await begin(request)
    public_id = named(id)
    body = await call.body(bodies.ReachBody)
    communities = tuple(body.communities) if body.communities is not None else None
    reach = Reach(rings_max=body.rings_max, communities=communities, open=body.open)
    command = change_request.SetReach(request=public_id, viewer=call.viewer, reach=reach)
    return written(await call.write(lambda tx, now: change_request.set_reach(tx, now, command)))


async def _vouch(request: Request, public_id: str, *, lends: bool) -> Response:
    call = await begin(request)
    if lends:
        await call.body_or_nothing(bodies.NothingBody)
    person = call.person_id

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        asked = tx.requests.by_public(public_id)
        others = asked is not None and asked.requester != person
        ring = call.flare.ring_between(tx, asked.requester, person) if asked and others and lends else None
        command = change_request.Vouch(request=public_id, viewer=call.viewer, ring=ring, lends=lends)
        return change_request.vouch(tx, now, command)

    return written(await call.write(job))


@router.post(
    "/requests/{id}/vouches",
    **told.call(
        "Lend my own people", body=bodies.NothingBody, answer=answers.VouchView, key=True, refuses=(403, 404, 409)
    ),
)
async def post_vouch(request: Request, id: str) -> Response:  # noqa: A002
    """Somebody of ring 1 or 2 lends their own friends to the ask."""
    return await _vouch(request, named(id), lends=True)


@router.delete("/requests/{id}/vouches", **told.call("Take that back", answer=answers.VouchView, refuses=(404, 409)))
async def delete_vouch(request: Request, id: str) -> Response:  # noqa: A002
    """Takes the vouch back."""
    return await _vouch(request, named(id), lends=False)


@router.post(
    "/requests/{id}/notes",
    **told.call("Add a note", body=bodies.NoteBody, answer=answers.NoteView, status=201, key=True, refuses=(403, 404)),
)
async def post_note(request: Request, id: str) -> Response:  # noqa: A002
    """A note to everyone who may see the place."""
    call = await begin(request)
    public_id = named(id)
    body = await call.body(bodies.NoteBody)
    command = change_request.AddNote(request=public_id, viewer=call.viewer, text=body.text)
    return written(await call.write(lambda tx, now: change_request.add_note(tx, now, command), 201))


@router.post(
    "/requests/{id}/safe",
    **told.call("I am safe, or not", body=bodies.SafeBody, answer=answers.SafeView, key=True, refuses=(404,)),
)
async def post_safe(request: Request, id: str) -> Response:  # noqa: A002
    """The owner says that all is well, or asks for help without a word: a coordinator sees it at once."""
    call = await begin(request)
    public_id = named(id)
    body = await call.body(bodies.SafeBody)
    said = look_after.Safe(body.answer)
    command = look_after.AnswerSafe(request=public_id, viewer=call.viewer, answer=said)
    return written(await call.write(lambda tx, now: look_after.answer_safe(tx, now, command)))


@router.post(
    "/requests/{id}/close",
    **told.call("Say how it ended", body=bodies.CloseBody, answer=answers.RequestView, key=True, refuses=(404, 409)),
)
async def post_close(request: Request, id: str) -> Response:  # noqa: A002
    """Ends the ask; everyone who comes or was asked is told in the same transaction."""
    call = await begin(request)
    public_id = named(id)
    body = await call.body(bodies.CloseBody)
    disposition = Disposition(body.disposition)
    command = close_request.CloseRequest(request=public_id, viewer=call.viewer, disposition=disposition, note=body.note)
    return written(await call.write(lambda tx, now: close_request.close_request(tx, now, command)))


@router.get(
    "/requests/{id}/report",
    **told.call("The report afterwards", answer=answers.ReportView, refuses=(404, 429), open_to_all=True),
)
async def get_report(request: Request, id: str) -> Response:  # noqa: A002
    """What happened, when, in seconds from the call: counts and times, no names and no places."""
    call = await begin(request)
    public_id = named(id)
    await call.limit(*REPORT, near=REPORT_NEAR)
    return answer(await call.read(lambda tx, now: after_action(tx, now, call.viewer, public_id)))
