"""Pages for calm days: join, am I ready, the report afterwards, is Flare working.

Counts come in bands and outcomes in tenths; a report names nobody. Readiness costs one of ten look-ups an hour, so a
page without a town asks nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from dispatch.actions import set_me
from dispatch.actions.look import seen_request
from dispatch.actions.look_back import after_action
from dispatch.actions.tend_network import invite
from dispatch.domain import limits
from dispatch.domain.errors import Invalid, NotAllowed, PlaceUnclear, Replayed, SignIn, SimilarAsk
from dispatch.domain.people import Duty
from dispatch.domain.plain_text import check_text
from dispatch.domain.whereabouts import from_text
from dispatch.ports import Tx
from web.auth import TOKEN, Credential, viewer_in
from web.call import checked, named
from web.limiter import READINESS, REPORT, REPORT_NEAR
from web.pages import nouns, story, timeline
from web.pages.door import form_call, look, with_cookie
from web.pages.faults import PageRoute
from web.pages.follow import link_page, titled
from web.pages.following import Seen, see, whole
from web.pages.render import STILL, page, reader_of
from web.pages.speech import Speaker, clocked
from web.pages.town import home_of, town_of, which_town
from web.pages.volunteer import when_and_how_far
from web.routes.asks import ask
from web.routes.readiness import in_words, look_up
from web.routes.session import open_session
from web.schemas.bodies import AskBody, SessionBody

router = APIRouter(include_in_schema=False, route_class=PageRoute)

REACHES: Final = ((30, "30 min"), (60, "1 hour"), (120, "2 hours"))
PHASES: Final = (
    ("first_alert", "first person asked"),
    ("first_seen", "first one saw it"),
    ("first_claim", "first yes"),
    ("covered", "all seats found"),
    ("first_on_scene", "first one there"),
    ("first_met", "first pick-up"),
    ("closed", "closed"),
)
RINGS: Final = {
    "1": ("{n} friend asked", "{n} friends asked"),
    "2": ("{n} friend of a friend asked", "{n} friends of friends asked"),
    "3": ("{n} one step further asked", "{n} one step further asked"),
    "vouched": ("{n} friend of somebody who passed it on", "{n} friends of somebody who passed it on"),
    "community": ("{n} member of a group asked", "{n} members of a group asked"),
    "open": ("{n} who lets anyone ask", "{n} who let anyone ask"),
}
"""How far whoever was asked is from the asker, by the ring's code."""
BEHIND: Final = timedelta(seconds=60)


@router.get("/join")
async def join_page(request: Request) -> Response:
    """What an invite means, and five small questions. The token stays in the fragment until the form is sent."""
    await look(request)
    reader = reader_of(request)
    reaches = [(value, reader.speak.t(name)) for value, name in REACHES]
    return page(request, reader, "join", {"reaches": reaches, "wrong": False}, styles=("step", "help"))


@router.post("/join")
async def join(request: Request) -> Response:
    """The new member, signed in on this browser; their own link is shown once."""
    call, form = await form_call(request)
    reader = reader_of(request)
    token = form.get("token").rpartition("#")[2].strip()
    values = {"wrong": True, "reaches": [(value, reader.speak.t(name)) for value, name in REACHES]}
    if not TOKEN.fullmatch(token):
        return page(request, reader, "join", values, styles=("step", "help"), status=422)
    name = check_text("name", form.get("name"), limits.NAME_CHARS)
    # Before the invite is used: what can't be read must not cost it.
    try:
        town = await town_of(form)
    except PlaceUnclear as unclear:
        return which_town(request, form, unclear)
    try:
        done, cookie = await open_session(call, SessionBody(token=token, name=name))
    except SignIn:
        return page(request, reader, "join", values, styles=("step", "help"), status=404)
    viewer = await call.read(lambda tx, now: viewer_in(tx, now, Credential(cookie=cookie)))
    changes = when_and_how_far(form)
    seats = form.number("seats", limits.PERSON_SEATS_MAX) or 0

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        set_me.set_me(tx, now, set_me.SetMe(viewer=viewer, changes={"seats": seats, "lang": reader.speak.lang}))
        command = set_me.SetDuty(viewer=viewer, duty=Duty.AVAILABLE, until=None, place=town, changes=changes)
        return set_me.set_duty(tx, now, command)

    me = await call.flare.store.write(job)
    key = done.body.get("token")
    link = f"{call.base}/help#{key}" if key else f"{call.base}/help"
    values = {"link": link, "home": home_of(reader.speak, me)}
    return with_cookie(page(request, reader, "joined", values), cookie, call.flare)


@router.get("/ready")
async def ready_page(request: Request) -> Response:
    """Will my ask be heard? Numbers in bands, and a next step."""
    call = await look(request)
    if call.viewer.person_id is None or call.viewer.guest:
        return link_page(request, "/ready", status=401)
    reader = reader_of(request)
    text = (request.query_params.get("town") or "").strip()[:200]
    values = ready_values(text)
    if text:
        person = call.person_id
        await call.limit(*READINESS)
        try:
            where = (await asyncio.to_thread(from_text, text)).point
        except PlaceUnclear:
            values["notice"] = reader.speak.t("We could not find that place. Add the state.")
        else:
            found = await call.read(lambda tx, now: look_up(tx, now, call.flare, person, where))
            values["found"] = _ready(reader.speak, found)
    return page(request, reader, "ready", values, styles=("signs", "help", "calm"))


def ready_values(town: str, drill_no: Markup | None = None) -> dict[str, Any]:
    """What the page shows before anything was looked up; `drill_no`: why a drill can't be."""
    return {
        "town": town,
        "found": None,
        "notice": None,
        "drill_no": drill_no,
        "drill_most": limits.DRILL_ALERTS_MAX,
    }


def _ready(speak: Speaker, found: dict[str, Any]) -> dict[str, Any]:
    rings = found["rings"]
    odds = {party: float(row["p"]) for party, row in found["forecast"].items()}
    one, nine = odds.get("1", 0.0), odds.get("9", 0.0)
    nobody = all(count == "0" for count in rings.values())
    return {
        "nobody": nobody,
        "headline": speak.t(
            "For one person: {one}. For nine: {nine}.", one=_likely(speak, one), nine=_likely(speak, nine)
        ),
        "bars": [
            (speak.t("one person"), round(one * 10), story.tenths(speak, one)),
            (speak.t("nine people"), round(nine * 10), story.tenths(speak, nine)),
        ],
        "rings": [
            (speak.t("Friends within an hour"), rings.get("1", "0")),
            (speak.t("Friends of friends"), rings.get("2", "0")),
            (speak.t("One step further"), rings.get("3", "0")),
        ],
        "raises": in_words(speak, found["levers"][:3]),
    }  # fmt: skip


def _likely(speak: Speaker, p: float) -> Markup:
    return speak.t("very likely") if p >= 0.7 else speak.t("perhaps") if p >= 0.3 else speak.t("hard")


@router.post("/ready/drill")
async def run_drill(request: Request) -> Response:
    """A drill at that town, and its page; or why it can't be."""
    call, form = await form_call(request)
    town = (check_text("where", form.get("where"), 200) or "").strip()
    try:
        body = checked(AskBody, {"kind": "ride", "quantity": form.number("party") or 1, "place": {"text": town or "?"}})
        done, _ = await ask(call, body, drill=True)
    except (PlaceUnclear, Invalid):
        no = "We could not find that place. Add the state."
    except SimilarAsk as twin:
        return RedirectResponse(twin.link, status_code=303)
    except (NotAllowed, Replayed):
        no = "You ran a drill lately. Another one may follow a week after it."
    else:
        return RedirectResponse(f"/r/{done.body['id']}", status_code=303)
    reader = reader_of(request)
    values = ready_values(town, reader.speak.t(no))
    return page(request, reader, "ready", values, styles=("signs", "help", "calm"), status=409)


@router.post("/ready/invite")
async def make_invite(request: Request) -> Response:
    """A link for one more person; shown once."""
    call, _ = await form_call(request)
    done = await call.write(lambda tx, now: invite(tx, now, call.viewer))
    reader = reader_of(request)
    return page(request, reader, "invite", {"link": f"{call.base}/join#{done.body['token']}"}, styles=("help",))


@router.get("/r/{public_id}/report")
async def report_page(request: Request, public_id: str) -> Response:
    """What happened, how long it took, how much attention it cost."""
    call = await look(request)
    await call.limit(*REPORT, near=REPORT_NEAR)

    def job(tx: Tx, now: datetime) -> tuple[Seen, dict[str, Any]]:
        seen = see(tx, now, call.viewer, named(public_id))
        request, role = seen_request(tx, call.viewer, public_id)
        return replace(seen, events=whole(tx, request, role)), after_action(tx, now, call.viewer, public_id)

    seen, told = await call.read(job)
    reader = reader_of(request, country=seen.country, at=seen.middle)
    speak, view = reader.speak, seen.view
    seats = view["seats"]
    values = {
        "view": view,
        "title": titled(speak, seen),
        "drilled": story.drilled_line(speak, view),
        "story": story.tell(speak, view, seen.events, reader.now, reader.number),
        "phases": [_phase(speak, says, told, name) for name, says in PHASES if told["phases"].get(name) is not None],
        "usual": bool(told["usual"]),
        "travel": _branches(speak, told["travel"] or ()),
        "alerts": told["alerts"],
        "claims": told["claims"],
        "found": nouns.found(speak, view["kind"], seats["claimed"], seats["total"]) if seats["total"] else None,
        "share": "/".join(speak.number(nouns.count(view["kind"], seats[name])) for name in ("claimed", "total")),
        "odds": story.odds(speak, view.get("forecast")),
        "lines": timeline.lines(speak, view["kind"], seen.events, owner=view["role"] == "owner"),
    }  # fmt: skip
    return page(request, reader, "report", values, styles=("signs", "follow", "calm", "scene"))


def _phase(speak: Speaker, says: str, told: Mapping[str, Any], name: str) -> tuple[Markup, str, str, str]:
    """A phase, how long it took, and how long half and nine of ten such calls took; "" where nobody can say."""
    usual = told["usual"].get(name, {})
    seconds = (told["phases"][name], usual.get("p50"), usual.get("p90"))
    took, half, most = ("" if each is None else clocked(timedelta(seconds=each)) for each in seconds)
    return speak.t(says), took, half, most


def _branches(speak: Speaker, rings: Iterable[Mapping[str, Any]]) -> list[list[Markup]]:
    """How the call travelled: the chain of ties, then every other way, each as sentences from the asker outwards."""
    chain, others = [], []
    for ring in rings:
        one, other = RINGS[ring["ring"]]
        says = speak.tn(one, other, ring["asked"])
        if ring["through"]:
            says = speak.tn("{asked}, through {n} person", "{asked}, through {n} people", ring["through"], asked=says)
        if ring["claimed"]:
            says = speak.tn("{asked}: {n} said yes", "{asked}: {n} said yes", ring["claimed"], asked=says)
        if ring["ring"] in ("1", "2", "3"):
            chain.append(says)
        else:
            others.append([says])
    return [chain, *others] if chain else others


@router.get("/status")
async def status_page(request: Request) -> Response:
    """Is Flare working now? No counts of people."""
    call = await look(request)
    reader = reader_of(request)
    speak = reader.speak
    due_at = await call.read(lambda tx, now: tx.due.next_at())
    behind = reader.now - due_at if due_at else timedelta(0)
    hub = getattr(request.app.state, "hub", None)
    live = hub is not None and not hub.draining
    late = behind > BEHIND
    minutes = int(behind.total_seconds() // 60)
    rows = [
        (speak.t("Asks are accepted"), True),
        (speak.t("People are being told"), not late),
        (speak.t("Live updates"), live),
    ]
    if late:
        slow = "Alerts are slow: {n} min behind. Asks are safe."
        title = speak.tn(slow, slow, minutes)
    else:
        title = speak.t("Flare is working.") if live else speak.t("Live updates are starting. Asks are safe.")
    values = {"title": title, "rows": rows, "updated": f"{reader.now:%H:%M} UTC"}
    return page(request, reader, "status", values, base="status", policy=STILL, kept="public, max-age=5")
