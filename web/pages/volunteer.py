"""`/help`: a volunteer decides in ten seconds and answers with one tap; then one step after the other.

A look changes nothing: an alert is marked seen only by a form or our script, never by a GET that a preview may send.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from markupsafe import Markup

from dispatch.actions import answer_alert, push, set_me
from dispatch.actions.look import show_inbox
from dispatch.actions.look_inbox import inbox_position, just_over, own_alert
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.errors import PlaceUnclear, SignIn
from dispatch.domain.lifecycle import ClaimState
from dispatch.domain.network import Asks, closed_to
from dispatch.domain.people import Duty
from dispatch.domain.plain_text import check_phone, check_text
from dispatch.domain.visibility import Viewer
from dispatch.ports import Tx
from web.call import named
from web.limiter import ANSWER
from web.pages import helping, nouns
from web.pages.door import Form, form_call, look, wants_json
from web.pages.faults import PageRoute
from web.pages.follow import link_page
from web.pages.render import Reader, fragment, page, reader_of
from web.pages.take import take_form
from web.pages.town import home_of, town_of, which_town

router = APIRouter(include_in_schema=False, route_class=PageRoute)

DUTIES: Final = (
    (Duty.AVAILABLE, "Available"),
    (Duty.DELAYED, "Slow today"),
    (Duty.ON_BREAK, "Back in 8 hours"),
    (Duty.OFF_DUTY, "Off"),
)
ASKS: Final = (
    (Asks.FRIENDS_OF_FRIENDS, "Friends of friends, and theirs"),
    (Asks.COMMUNITIES, "Members of my groups"),
    (Asks.STRANGERS, "Anybody, while I am available"),
)
BREAK: Final = timedelta(hours=8)
REFRESH_S: Final = 20


def inbox(tx: Tx, now: datetime, viewer: Viewer) -> dict[str, Any]:
    """The inbox with who I am and where in my events it stands.

    Raises: SignIn.
    """
    state = show_inbox(tx, now, viewer)
    person = set_me.me(tx, viewer)
    return state | {
        "over": just_over(tx, now, person.id),
        "me": set_me.my_view(tx, person, now),
        "at": inbox_position(tx, person.id),
        "push": push.here(tx, viewer, person.id),
        "place": person.place,
    }


@router.get("/help")
async def help_page(request: Request) -> Response:
    """My claims, the alerts that wait, my readiness; for nobody in particular, the way in."""
    call = await look(request)
    try:
        state = await call.read(lambda tx, now: inbox(tx, now, call.viewer))
    except SignIn:
        return link_page(request, "/help", status=401)
    reader = reader_of(request, at=state["place"])
    values = live_values(reader, state)
    speak = reader.speak
    quiet = state["me"]["quiet_hours"] or {}
    return page(
        request,
        reader,
        "help",
        values
        | {
            "fragment": Markup(fragment(reader, "help_live", values)),  # noqa: S704  # our own template
            "at": state["at"],
            "asks": [(str(who), speak.t(says), str(who) in state["me"]["asked_by"]) for who, says in ASKS],
            "duties": [(str(duty), speak.t(name)) for duty, name in DUTIES],
            "quiet": quiet,
            "home": home_of(speak, state["me"]),
            "refresh": REFRESH_S,
            "texts": call.flare.texts is not None,
            "coordinator": call.viewer.coordinator,
        },
        styles=("signs", "follow", "help", "map"),
    )


def live_values(reader: Reader, state: dict[str, Any]) -> dict[str, Any]:
    """Everything the live part of the page shows."""
    speak, now = reader.speak, reader.now
    return {
        "me": state["me"],
        "claims": [helping.mine(speak, claim, now, miles=reader.miles) for claim in state["claims"]],
        "cards": helping.cards(speak, state["alerts"], now),
        "over": [_over(reader, each) for each in state["over"]],
        **_gone(reader, state["alerts"]),
        "thanks": [_thanks(reader, each) for each in state["thanks"] if _fresh(reader, each)],
        "groups": len(state["me"]["communities"]),
        "last": _last(reader, state["alerts"]),
        "updated": speak.clock(now),
        "push": state["push"],
    }


def _over(reader: Reader, over: dict[str, Any]) -> dict[str, Any]:
    speak, people = reader.speak, nouns.count(over["kind"], over["seats"])
    if over["status"] != ClaimState.DONE:
        lapsed = over["status"] == ClaimState.LAPSED
        title = (
            speak.t("Your seats went back at {time}. Still coming?", time=speak.clock(over["at"]))
            if lapsed
            else speak.t("You can't come after all. Thank you for saying so: others are asked.")
        )
        again = speak.t("Take them again" if lapsed else "I can come, take me back")
        return over | {"title": title, "seats": people, "again": again}
    one, other = "Thank you. {n} person got there with you.", "Thank you. {n} people got there with you."
    title = speak.tn(one, other, people) if over["kind"] == "ride" else speak.t("Thank you. It is done.")
    return over | {"title": title, "again": None}


def _fresh(reader: Reader, thanks: dict[str, Any]) -> bool:
    return reader.now - datetime.fromisoformat(thanks["at"]) < limits.THANKED


def _thanks(reader: Reader, thanks: dict[str, Any]) -> Markup:
    """The word for whoever passed a call on that has ended well."""
    speak = reader.speak
    if not thanks["seats"] or thanks["kind"] != "ride":
        return speak.t("They are safe. Thank you for passing it on.")
    people = nouns.count(thanks["kind"], thanks["seats"])
    one, other = (
        "They are safe. {n} person got there through the link you passed on. Thank you.",
        "They are safe. {n} people got there through the link you passed on. Thank you.",
    )
    return speak.tn(one, other, people)


def _gone(reader: Reader, alerts: list[dict[str, Any]]) -> dict[str, Markup | None]:
    """The kind word for whoever was asked and is not needed any more, and for what, for half an hour."""
    for alert in alerts:
        if (
            alert["answer"] == Answer.STOOD_DOWN
            and reader.now - datetime.fromisoformat(alert["answered_at"]) < limits.JUST_OVER
        ):
            word = helping.not_needed(reader.speak, alert["status"], drill=alert["drill"])
            return {"gone": word, "gone_what": helping.card(reader.speak, alert, reader.now).title}
    return {"gone": None, "gone_what": None}


def _last(reader: Reader, alerts: list[dict[str, Any]]) -> Markup | None:
    if not alerts:
        return None
    return reader.speak.ago(datetime.fromisoformat(alerts[0]["created_at"]), reader.now)


@router.get("/help/{alert_id}")
async def alert_page(request: Request, alert_id: str) -> Response:
    """One alert, with the form that takes seats."""
    call = await look(request)
    if call.viewer.person_id is None:
        return link_page(request, f"/help/{alert_id}", status=401)

    found = await call.read(lambda tx, now: own_alert(tx, call.viewer, named(alert_id, "alert")))
    if found.claimed:
        return RedirectResponse("/help", status_code=303)
    reader = reader_of(request, at=found.person.place)
    return take_form(request, reader, found.alert, my_seats=found.person.seats)


@router.post("/help/{alert_id}/answer")
async def answer(request: Request, alert_id: str) -> Response:
    """Seen, or not now with a reason; a no costs nothing."""
    call, form = await form_call(request)
    await call.limit(*ANSWER)
    said = form.get("answer")
    reason = check_text("reason", form.get("reason"), limits.REASON_CHARS)
    command = answer_alert.AnswerAlert(
        alert=named(alert_id, "alert"),
        person_id=call.person_id,
        answer=Answer(said) if said in (Answer.ACKNOWLEDGED, Answer.COULD) else Answer.DECLINED,
        reason=reason,
    )
    await call.write(lambda tx, now: answer_alert.answer_alert(tx, now, command))
    if wants_json(request):
        return JSONResponse({"to": "/help"})
    return RedirectResponse("/help", status_code=303)


@router.post("/help")
async def settings(request: Request) -> Response:
    """My readiness, or (`all`) my limits; off cuts every channel in the same second."""
    call, form = await form_call(request)
    _ = call.person_id
    chosen = form.get("duty") or str(Duty.AVAILABLE)
    duty = Duty(chosen) if chosen in {str(each) for each, _ in DUTIES} else Duty.AVAILABLE
    changes: dict[str, Any] = {}
    about: dict[str, Any] = {}
    place = None
    if form.get("all"):
        alerts = form.number("alerts", limits.ALERTS_PER_WEEK_MAX)
        changes = when_and_how_far(form) | {"alerts_per_week_max": limits.ALERTS_PER_WEEK if alerts is None else alerts}
        about = {
            "name": check_text("name", form.get("name"), limits.NAME_CHARS),
            "car": check_text("car", form.get("car"), limits.NAME_CHARS),
            "phone": check_phone("phone", form.get("phone")),
            "closed": closed_to(form.all("asks")),
            "seats": form.number("seats", limits.PERSON_SEATS_MAX) or 0,
        }
        try:
            place = await town_of(form)
        except PlaceUnclear as unclear:
            return which_town(request, form, unclear)

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        until = now + BREAK if duty is Duty.ON_BREAK else None
        before = set_me.me(tx, call.viewer)
        said = set_me.SetDuty(viewer=call.viewer, duty=duty, until=until, place=place, changes=changes)
        if form.get("all"):
            # Nothing here says whether somebody is ready, and "quiet" leaves hours as they were said elsewhere.
            quiet = () if before.quiet_from is None or changes["quiet_from"] is None else ("quiet_from", "quiet_to")
            kept = {name: value for name, value in changes.items() if name not in quiet}
            said = replace(said, duty=before.duty or Duty.AVAILABLE, until=before.duty_until, changes=kept)
        set_me.set_me(tx, now, set_me.SetMe(viewer=call.viewer, changes=about))
        return set_me.set_duty(tx, now, said)

    await call.write(job)
    return RedirectResponse("/help", status_code=303)


def when_and_how_far(form: Form) -> dict[str, Any]:
    """How far somebody would drive, and when nobody may ask them, as columns of a person."""
    quiet_from, quiet_to = (23 * 60, 7 * 60) if form.get("quiet") else (None, None)
    reach = form.number("reach", limits.REACH_MAX_MINUTES) or None
    return {"reach_minutes": reach, "quiet_from": quiet_from, "quiet_to": quiet_to}
