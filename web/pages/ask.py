"""`/`: a stranded person sends an ask with three inputs. A form that posts; script only makes it quicker.

Never asks for an account, never loses what was typed, never posts twice: the key in the form is the key of the ask
(tests/pages/test_ask.py, tests/browser/test_outbox.py).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from markupsafe import Markup

from dispatch.actions.look import show_request
from dispatch.domain.errors import NotFound, Refused, SignIn, SimilarAsk
from dispatch.domain.visibility import Role, Viewer
from dispatch.ports import Power, Tx
from geo import cells
from geo.gazetteer import gazetteer
from geo.point import NotOnEarth, Point
from web.call import Call, named
from web.errors import STATUS, code_of
from web.pages import ask_form, nouns, outbox
from web.pages.ask_form import Typed
from web.pages.door import flare_of, form_call, look, new_key, wants_json, with_cookie
from web.pages.faults import PageRoute, fields_of
from web.pages.render import Reader, page, reader_of
from web.pages.speech import Speaker, said
from web.routes.asks import post

router = APIRouter(include_in_schema=False, route_class=PageRoute)

URGENCIES: Final = (
    ("waiting", "We can wait"),
    ("stranded", "We are stuck"),
    ("unsafe", "It is getting unsafe"),
    ("danger", "Someone is in danger"),
)
SCRIPT_SAYS: Final = {
    "finding": "Finding you…",
    "found": "Found you: {place}, within {far}.",
    "found_plain": "Found you, within {far}.",
    "rough": "We know roughly where you are, within {far}. A road, exit or mile marker helps.",
    "none": "No location from this phone. Type where you are.",
    "retype": "Not right? Type it",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A card above the form: what is in the way, and the ways on."""

    title: object
    text: object = ""
    choices: tuple[dict[str, object], ...] = ()
    link: str | None = None
    link_says: object = ""
    button: str | None = None
    button_says: object = ""
    call: bool = False


@router.get("/")
async def ask_page(request: Request) -> Response:
    """The form, empty, with a fresh key."""
    call = await look(request)
    reader = reader_of(request)
    own, groups = await call.read(lambda tx, now: _own(tx, call.viewer, reader.speak))
    before = request.query_params.get("again")
    held = await call.read(lambda tx, now: _visible(tx, now, call.viewer, before))
    return _form(request, reader, call.viewer, _once_more(held) if held else Typed(), own=own, groups=groups)


def _once_more(view: Mapping[str, Any]) -> Typed:
    """The words of an ask that has ended, for whoever may read them; others get the empty form."""
    if view["role"] != Role.OWNER:
        return Typed()
    place, contact = view["place"] or {}, view["contact"] or {}
    open_seats = view["seats"]["open"] or view["quantity"] or 1
    return Typed(
        kind=view["kind"],
        quantity=str(open_seats // nouns.NOUNS[view["kind"]].divide),
        place=place.get("text") or "",
        lat=str(place.get("lat", "")),
        lon=str(place.get("lon", "")),
        accuracy=str(int(place.get("accuracy_m") or 0) or ""),
        who="other" if view["for_other"] else "me",
        urgency=view["urgency"],
        destination=view["destination"] or "",
        note=view["note"] or "",
        needs=tuple(view["needs"]),
        name=contact.get("name") or "",
        phone=contact.get("phone") or "",
    )


@router.get("/offline")
async def offline_page(request: Request) -> Response:
    """The same form without a key, kept on the phone for when there is no signal."""
    reader = reader_of(request)
    return _form(request, reader, Viewer(), Typed(), key="", kept="no-cache")


@router.post("/")
async def ask(request: Request) -> Response:
    """303 to the ask's page, or the form again with what is missing."""
    call, form = await form_call(request)
    sent = ask_form.typed(form)
    reader = reader_of(request)
    try:
        if sent.urgency == "danger" and "called" not in sent.marks:
            return await _again(request, reader, call, sent, _danger(reader.speak, reader.number), 422)
        # On a thread: words may have to be looked up.
        command = await asyncio.to_thread(ask_form.command, sent, form, call.viewer)
        done, cookie = await post(call, command)
    except Refused as refusal:
        if wants_json(request):
            raise
        link = refusal.link.partition("#")[0] if isinstance(refusal, SimilarAsk) else None
        twin = await call.read(lambda tx, now: _visible(tx, now, call.viewer, link and link.removeprefix("/r/")))
        notice, faults = _notice(reader, refusal, sent, twin)
        return await _again(request, reader, call, sent, notice, STATUS[code_of(refusal)], faults)
    to = f"/r/{done.body['id']}"
    response: Response = (
        JSONResponse({"to": to}, status_code=201) if wants_json(request) else RedirectResponse(to, status_code=303)
    )
    return with_cookie(response, cookie, call.flare)


def _own(tx: Tx, viewer: Viewer, speak: Speaker) -> tuple[list[dict[str, object]], list[dict[str, str]]]:
    """The viewer's asks that go on, and the groups they may ask."""
    ids = {request_id for request_id, power in viewer.powers.items() if power == Power.OWNER}
    found = {request.id: request for request in tx.requests.by_ids(ids).values()}
    groups = []
    if viewer.person_id is not None:
        found |= {request.id: request for request in tx.requests.of_person(viewer.person_id, 5)}
        groups = [{"id": c.public_id, "name": c.name} for c in tx.network.communities_of(viewer.person_id)]
    going = [request for request in found.values() if not request.over]
    asks: list[dict[str, object]] = [{"id": r.public_id, "what": nouns.need(speak, r.kind, r.quantity)} for r in going]
    return asks[:3], groups


async def _again(
    request: Request,
    reader: Reader,
    call: Call,
    sent: Typed,
    notice: Notice,
    status: int,
    faults: frozenset[str] = frozenset(),
) -> Response:
    _, groups = await call.read(lambda tx, now: _own(tx, call.viewer, reader.speak))
    return _form(request, reader, call.viewer, sent, notice=notice, faults=faults, status=status, groups=groups)


def _form(
    request: Request,
    reader: Reader,
    viewer: Viewer,
    sent: Typed,
    *,
    notice: Notice | None = None,
    faults: frozenset[str] = frozenset(),
    own: list[dict[str, object]] | None = None,
    groups: list[dict[str, str]] | None = None,
    key: str | None = None,
    status: int = 200,
    kept: str = "no-store",
) -> Response:
    speak = reader.speak
    rows = nouns.NOUNS
    sms = flare_of(request).settings.sms_number
    values = {
        "f": sent,
        "key": new_key() if key is None else key,
        "member": viewer.person_id is not None and not viewer.guest,
        "main_kinds": [(kind, speak.t(rows[kind].tile)) for kind in nouns.MAIN],
        "more_kinds": [(kind, speak.t(rows[kind].tile)) for kind in nouns.MORE],
        "questions": [
            (kind, speak.t(noun.question, currency=speak.currency)) for kind, noun in rows.items() if noun.question
        ],
        "urgencies": [(value, speak.t(name)) for value, name in URGENCIES],
        "needs": [(value, speak.t(name)) for value, name in nouns.ROOM_FOR.items()],
        "company": [(value, speak.t(name)) for value, name in nouns.COME_AS.items()],
        "notice": notice,
        "faults": faults,
        "own_asks": own or [],
        "communities": groups or [],
        "more_open": bool(sent.destination or sent.note or sent.needs or sent.name or sent.phone)
        or sent.who == "other"
        or sent.urgency != "stranded",
        "sms": sms,
        "script_says": outbox.says(reader, SCRIPT_SAYS, outbox.SMS if sms else {}),
    }
    return page(request, reader, "ask", values, styles=("step", "ask"), status=status, kept=kept)


def _danger(speak: Speaker, number: str) -> Notice:
    return Notice(
        speak.t("Call {number} now. Then ask here too.", number=number),
        call=True,
        button="called",
        button_says=speak.t("I have called, ask now"),
    )


def _visible(tx: Tx, now: datetime, viewer: Viewer, public_id: str | None) -> Mapping[str, Any] | None:
    """An earlier ask, for whoever may see it; another phone's stays unseen."""
    if not public_id:
        return None
    try:
        return show_request(tx, now, viewer, named(public_id))
    except (NotFound, SignIn):
        return None


def _already(reader: Reader, twin: Mapping[str, Any] | None) -> Markup:
    speak = reader.speak
    if twin is None:
        return speak.t("There is already an ask from here.")
    created = datetime.fromisoformat(twin["created_at"])
    what = nouns.head(speak, twin["kind"], twin["quantity"])
    return speak.t("There is already an ask from here: {what}, {ago}.", what=what, ago=speak.ago(created, reader.now))


def _notice(
    reader: Reader, refusal: Refused, sent: Typed, twin: Mapping[str, Any] | None
) -> tuple[Notice, frozenset[str]]:
    """The refusal in the words of this page, and the fields it is about."""
    speak, facts, code = reader.speak, refusal.facts(), code_of(refusal)
    match code:
        case "place-unclear":
            choices = facts.get("choices")
            rows = tuple(
                {"label": each["label"], "value": ask_form.choice_value(each)}
                for each in (choices if isinstance(choices, list) else [])
            )
            if rows:
                return Notice(speak.t("Which {place}?", place=said(sent.place)), choices=rows), frozenset({"place"})
            if not sent.place:
                return Notice(speak.t("Where are you? Share your location or type a place.")), frozenset({"place"})
            return (
                Notice(
                    speak.t("We could not find that place. Add the nearest town."),
                    button="as_is",
                    button_says=speak.t("Send it as it is"),
                ),
                frozenset({"place"}),
            )
        case "similar-ask":
            return (
                Notice(
                    _already(reader, twin),
                    link=str(facts.get("link", "/")),
                    link_says=speak.t("Follow that one"),
                    button="similar_ok",
                    button_says=speak.t("Mine is new"),
                ),
                frozenset(),
            )
        case "slow-down":
            minutes = max(1, -(-int(str(facts["retry_after"])) // 60))
            many = "Many asks from here. Next one in {n} min. In danger, call {number}."
            return Notice(speak.tn(many, many, minutes, number=reader.number)), frozenset()
        case "busy":
            return Notice(speak.t("Flare is busy. Nothing was lost. Send it again.")), frozenset()
        case "invalid":
            first = next(iter(fields_of(refusal)), "")
            if first == "quantity":
                return Notice(speak.t("How many? A whole number, please.")), frozenset({"quantity"})
            if first == "phone":
                return Notice(speak.t("Type the phone number as you would dial it.")), frozenset({"phone"})
            return Notice(speak.t("Plain text only, and not too long: {field}", field=first)), frozenset({first})
        case _:
            return Notice(speak.t("That did not work."), refusal.says), frozenset()


@router.get("/near")
async def near(request: Request, lat: float, lon: float) -> Response:
    """Soft words for a place the phone has just found: two decimals in, the cell's words out."""
    await look(request)
    try:
        middle = cells.centre(cells.cell_of(Point(round(lat, 2), round(lon, 2)), cells.MEMBER))
    except NotOnEarth:
        return JSONResponse({"near": ""})
    label = gazetteer().near_label(middle)
    return JSONResponse({"near": nouns.nearby(reader_of(request).speak, label).striptags()})
