"""Taking seats and every step after: the form, what it answers when someone was faster, the buttons of a claim."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from markupsafe import Markup

from dispatch.actions import set_me
from dispatch.domain import limits
from dispatch.domain.errors import NotFound, Refused
from dispatch.domain.lifecycle import Step
from dispatch.domain.visibility import Role
from dispatch.ports import Tx
from web.call import Call, checked, named
from web.errors import STATUS, code_of
from web.pages import helping, nouns, outbox, story
from web.pages.door import Form, form_call, look, wants_json
from web.pages.faults import PageRoute, fields_of
from web.pages.following import Seen, see
from web.pages.render import Reader, page, reader_of
from web.pages.speech import Speaker
from web.routes.claims import claim, step
from web.schemas.bodies import ClaimBody, StepBody

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ARRIVALS: Final = (30, 60, 90)
SOON_KM, FAR_KM = 25, 100
"""Whoever is that near can be there in half an hour, whoever is that far not within the hour (helping.TRAVEL)."""
REASONS: Final = ("Too far", "No car", "Not tonight", "Don't know them")


def arrival(band_km: int | None) -> int:
    """The arrival that is chosen beforehand, true to the band the card names."""
    if band_km is None:
        return ARRIVALS[1]
    return ARRIVALS[0] if band_km <= SOON_KM else ARRIVALS[1] if band_km < FAR_KM else ARRIVALS[2]


def take_form(
    request: Request,
    reader: Reader,
    alert: dict[str, Any],
    *,
    my_seats: int | None,
    guest: bool = False,
    notice: Markup | None = None,
    left: int | None = None,
    sent: Form | None = None,
    status: int = 200,
) -> Response:
    """The page on which seats are taken. `left`: how many there are after somebody was faster; `sent`: as typed."""
    speak = reader.speak
    card = helping.card(speak, alert, reader.now, picture=True)
    most = left if left is not None else card.open
    offered = (
        helping.default_seats(my_seats, most) if alert["kind"] == "ride" else max(1, nouns.count(alert["kind"], most))
    )
    typed = sent or Form((("seats", str(offered)), ("eta", str(arrival(alert.get("band_km"))))))
    over = alert["status"] not in ("open", "claimed")
    if card.drill:
        drill = {"card": card, "over": over, "said": alert["answer"]}
        return page(request, reader, "drill", drill, styles=("signs", "follow", "help", "map"))
    values = {
        "card": card,
        "kind": alert["kind"],
        "typed": {name: typed.get(name) for name in ("seats", "eta", "name", "phone")},
        "arrivals": ARRIVALS,
        "guest": guest,
        "notice": notice,
        "way": story.way(speak, alert["carried"], speak.t("you")) if alert.get("carried") else None,
        "stranger": alert["ring"] == "open" and not alert.get("invited"),
        "passable": not over and bool(card.id or alert.get("carried")),
        "full": card.open == 0 or left == 0,
        "over": over,
        "reasons": [(reason, speak.t(reason)) for reason in REASONS] if card.id else [],
        "script_says": outbox.says(reader),
        "take_says": speak.t("Take the seats") if alert["kind"] == "ride" else speak.t("I promise it"),
        "seats_say": speak.t("How many seats do you have?")
        if alert["kind"] == "ride"
        else speak.t("How much can you take on?"),
    }
    return page(request, reader, "take", values, styles=("signs", "follow", "step", "help", "map"), status=status)


def as_alert(seen: Seen) -> dict[str, Any]:
    """An ask seen by link or as a member, in the shape of an alert without one."""
    view = seen.view
    return {
        "id": "",
        "request": view["id"],
        "kind": view["kind"],
        "quantity": view["quantity"],
        "urgency": view["urgency"],
        "needs": view.get("needs") or [],
        "drill": view["drill"],
        "status": view["status"],
        "ring": "open",
        "invited": seen.member or (seen.helper and "carried" not in view),
        "carried": view.get("carried"),
        "requester": None,
        "path": [],
        "community": None,
        "place": view["place"],
        "band_km": None,
        "seats": view["seats"],
        "created_at": view["created_at"],
    }


@router.get("/r/{public_id}/take")
async def take_page(request: Request, public_id: str) -> Response:
    """The form for whoever has the link for helpers, or is a member who was not asked."""
    call = await look(request)

    def job(tx: Tx, now: datetime) -> tuple[Seen, int | None]:
        seen = see(tx, now, call.viewer, named(public_id))
        person = set_me.me(tx, call.viewer) if call.viewer.person_id is not None else None
        return seen, person.seats if person else None

    seen, seats = await call.read(job)
    if (
        seen.view["drill"]
        or seen.role in (Role.OWNER, Role.CLAIMER)
        or not (seen.helper or seen.member or seen.role is Role.ALERTED)
    ):
        return RedirectResponse(f"/r/{public_id}", status_code=303)
    reader = reader_of(request, country=seen.country, at=seen.middle)
    return take_form(request, reader, as_alert(seen), my_seats=seats, guest=call.viewer.person_id is None)


@router.post("/r/{public_id}/take")
async def take(request: Request, public_id: str) -> Response:
    """The seats, or what is left of them."""
    call, form = await form_call(request)
    kind = await call.read(lambda tx, now: see(tx, now, call.viewer, named(public_id)).view["kind"])
    seats = (form.number("seats") or 0) * nouns.NOUNS[kind].divide
    body: dict[str, Any] = {"seats": seats, "standby": bool(form.get("standby"))}
    if minutes := form.number("eta", limits.ETA_MAX_MINUTES):
        body["eta_minutes"] = minutes
    if call.viewer.person_id is None:
        body |= {name: form.get(name) for name in ("name", "phone") if form.get(name)}
    try:
        await claim(call, named(public_id), checked(ClaimBody, body))
    except NotFound:
        raise
    except Refused as refusal:
        if wants_json(request):
            raise
        return await _no(request, call, public_id, form, refusal)
    if wants_json(request):
        return JSONResponse({"to": "/help"}, status_code=201)
    return RedirectResponse("/help", status_code=303)


async def _no(request: Request, call: Call, public_id: str, sent: Form, refusal: Refused) -> Response:
    """The form again with what is left, or why it can't be."""
    code, facts = code_of(refusal), refusal.facts()
    if code == "already-claimed":
        return RedirectResponse("/help", status_code=303)
    seen: Seen = await call.read(lambda tx, now: see(tx, now, call.viewer, public_id))
    if seen.view["drill"]:
        return RedirectResponse(f"/r/{public_id}", status_code=303)
    reader = reader_of(request, country=seen.country, at=seen.middle)
    left = facts.get("seats_open")
    notice = _words(reader.speak, seen, code, left if isinstance(left, int) else None, refusal)
    return take_form(
        request,
        reader,
        as_alert(seen),
        my_seats=None,
        guest=call.viewer.person_id is None,
        notice=notice,
        left=left if isinstance(left, int) else None,
        # After somebody was faster, what is left is offered: what was wanted is gone.
        sent=None if code == "seat-taken" else sent,
        status=STATUS[code],
    )


def _words(speak: Speaker, seen: Seen, code: str, left: int | None, refusal: Refused) -> Markup:
    if code == "seat-taken" and left:
        counted = nouns.units(speak, seen.view["kind"], left)
        return speak.tn(
            "Someone was faster. {left} is left.", "Someone was faster. {left} are left.", left, left=counted
        )
    if code == "seat-taken":
        return speak.t("All seats are found. Thank you.")
    if code == "request-over":
        return speak.t("This ask has ended. Thank you.")
    if code == "own-request":
        return speak.t("This is your own ask.")
    if code in ("not-allowed", "on-hold"):
        return speak.t(refusal.says)
    wrong = fields_of(refusal)
    if "contact" in wrong:
        return speak.t("Tell the person waiting your first name and a phone number.")
    if "phone" in wrong:
        return speak.t("Type the phone number as you would dial it.")
    return speak.t("That did not work. Look at the fields and try again.")


@router.post("/claims/{claim_id}/step")
async def step_on(request: Request, claim_id: str) -> Response:
    """What happened next: left, there, met, done, more time, or the seats back."""
    call, form = await form_call(request)
    body: dict[str, Any] = {"step": form.get("step")}
    if form.get("step") == Step.MET and form.get("code"):
        body["code"] = form.get("code")[:16]
    wanted = checked(StepBody, body)
    try:
        await step(call, named(claim_id, "claim"), wanted)
    except Refused as refusal:
        if wants_json(request):
            raise
        return await _not_that(request, refusal)
    if wants_json(request):
        return JSONResponse({"to": "/help"})
    return RedirectResponse("/help", status_code=303)


async def _not_that(request: Request, refusal: Refused) -> Response:
    code = code_of(refusal)
    reader = reader_of(request)
    speak = reader.speak
    tries = refusal.facts().get("tries_left")
    if code == "wrong-code":
        text = speak.tn("That is not the code. {n} try left.", "That is not the code. {n} tries left.", int(str(tries)))
    elif code == "no-more-time":
        text = speak.t("You had more time twice already. Say that you have left, or give the seats back.")
    else:
        text = speak.t("This has moved on meanwhile. Look again.")
    return page(request, reader, "say", {"title": text, "to": "/help", "text": None}, status=STATUS[code])
