"""A trip that somebody trusted follows: `/trip/{id}` for whoever has the link, `/r/{id}/trip` for whoever shares.

What it may show is decided in dispatch/actions/share_trip.py; here it becomes words. Silence on the way is said
plainly, with whom to call (tests/pages/test_trip.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from dispatch.actions import share_trip
from dispatch.domain import limits
from dispatch.domain.errors import NotFound
from dispatch.domain.visibility import Viewer
from dispatch.ports import Tx
from geo import cells
from web.call import named
from web.pages import following, nouns, story
from web.pages.door import form_call, look
from web.pages.faults import PageRoute
from web.pages.follow import link_page
from web.pages.render import Reader, fragment, page, reader_of
from web.pages.speech import said
from web.routes.trips import shared

router = APIRouter(include_in_schema=False, route_class=PageRoute)

REFRESH: Final = timedelta(seconds=30)
"""How often a browser without script looks again."""
NOT_ANY_MORE: Final = ("{name} is not driving there any more.", "calm")
STEPS: Final = {
    "standby": ("{name} is standing by.", "wait"),
    "committed": ("{name} has promised to come and has not left yet.", "wait"),
    "en_route": ("{name} is on the way.", "go"),
    "on_scene": ("{name} is there", "go"),
    "met": ("{name} has met them.", "go"),
    "done": ("The trip of {name} has ended.", "go"),
    "lapsed": ("No sign of life from {name}", "stop"),
}
"""A drive in one line and its colour, by its step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The trips of one ask as one reader sees them, and where in its events that is."""

    trips: tuple[Mapping[str, Any], ...]
    position: str
    country: str | None


def shown(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> Shown:
    """What the link's holder may follow.

    Raises: NotFound.
    """
    trips = share_trip.show_trips(tx, now, viewer, public_id)["trips"]
    request = tx.requests.by_public(public_id)
    return Shown(
        trips=tuple(trips),
        position=following.position(tx, public_id),
        country=request.country if request else None,
    )


def reader_for(request: Request, seen: Shown) -> Reader:
    """The reader, with the clock and the emergency number of where the trip leads."""
    cell = (seen.trips[0]["ask"]["place"] or {}).get("cell")
    return reader_of(request, country=seen.country, at=cells.centre(cell) if cell else None)


def picture(reader: Reader, seen: Shown) -> str:
    """The live part of the page."""
    cards = [_card(reader, trip) for trip in seen.trips]
    return fragment(reader, "trip_live", {"cards": cards, "going": any(card["going"] for card in cards)})


def _card(reader: Reader, trip: Mapping[str, Any]) -> dict[str, Any]:
    speak, ask, drive = reader.speak, trip["ask"], trip["drive"]
    name = said(trip["by"]) if trip["by"] else speak.t("Somebody")
    label = (ask["place"] or {}).get("label")
    what = nouns.head_at(speak, ask["kind"], ask["quantity"], label)
    if drive is None:
        told = story.tell(speak, ask | {"role": "public"}, (), reader.now, reader.number)
        card: dict[str, Any] = {"headline": told.headline, "line": told.line, "tone": told.tone, "facts": []}
        card |= {"whose": speak.t("{name} asked for help: {what}", name=name, what=what)}
        card |= {"going": ask["status"] in ("open", "claimed")}
    else:
        card = _drive(reader, name, drive)
        card |= {"whose": speak.t("{name} helps: {what}", name=name, what=what)}
    return card | {"code": ask["id"][:6], "drill": ask["drill"]}


def _drive(reader: Reader, name: Markup, drive: Mapping[str, Any]) -> dict[str, Any]:
    speak, status = reader.speak, drive["status"]
    left, eta, met = (story.when(drive[at]) for at in ("left_at", "eta_at", "met_at"))
    says, tone = STEPS.get(status, NOT_ANY_MORE)
    line = Markup("")
    if status == "lapsed" and left is None:
        says, tone = NOT_ANY_MORE  # promised and never left: nobody is lost on a road
    late = status == "en_route" and eta is not None and eta + limits.CHECK_LATE < reader.now
    if late:
        tone, line = "stop", speak.t("They wanted to be there by {time}.", time=speak.clock(eta))
    if tone == "stop":
        call = speak.t("Call them. If nobody answers and you are worried, call {number}.", number=reader.number)
        line = Markup("{} {}").format(line, call) if line else call
    elif drive["confirmed"]:
        line = speak.t("Each told the other the code: they are the right people.")
    times = (("Set off", left), ("Expected", eta if met is None else None), ("Met them", met))
    return {
        "headline": speak.t(says, name=name),
        "line": line,
        "tone": tone,
        "facts": [(speak.t(word), speak.clock(at)) for word, at in times if at is not None],
        "going": status in story.STANDING or status == "standby",
    }


@router.get("/trip/{public_id}")
async def trip_page(request: Request, public_id: str) -> Response:
    """The trip; or, for a browser that has not shown its link yet, the page that reads it."""
    call = await look(request)
    try:
        seen = await call.read(lambda tx, now: shown(tx, now, call.viewer, named(public_id)))
    except NotFound:
        return link_page(request, f"/trip/{public_id}")
    reader = reader_for(request, seen)
    values = {
        "id": public_id,
        "position": seen.position,
        "fragment": Markup(picture(reader, seen)),  # noqa: S704  # our own template
        "updated": reader.speak.clock(reader.now),
        "refresh": int(REFRESH.total_seconds()),
    }
    return page(request, reader, "trip", values, styles=("follow",))


async def _mine(request: Request, public_id: str, *, link: str | None = None, until: str | None = None) -> Response:
    call = await look(request)
    links = await call.read(lambda tx, now: share_trip.links_of(tx, now, call.viewer, named(public_id)))
    reader = reader_of(request)
    hours = int(limits.TRIP_SHOWN.total_seconds()) // 3600
    values = {
        "id": public_id, "link": link, "links": links, "hours": hours, "full": links >= limits.TRIP_LINKS,
        "until": reader.speak.clock(story.when(until)),
    }  # fmt: skip
    return page(request, reader, "trip_share", values, styles=("follow",))


@router.get("/r/{public_id}/trip")
async def share_page(request: Request, public_id: str) -> Response:
    """What sharing shows, to how many it is open now, and the way to end it."""
    return await _mine(request, public_id)


@router.post("/r/{public_id}/trip")
async def share(request: Request, public_id: str) -> Response:
    """A fresh link, shown once."""
    call, _ = await form_call(request)
    made = (await shared(call, named(public_id))).body
    return await _mine(request, public_id, link=made["link"], until=made["expires_at"])


@router.post("/r/{public_id}/trip/end")
async def end(request: Request, public_id: str) -> Response:
    """Nobody follows it any more."""
    call, _ = await form_call(request)
    await call.write(lambda tx, now: share_trip.end_trips(tx, now, call.viewer, named(public_id)))
    return RedirectResponse(f"/r/{public_id}/trip", status_code=303)
