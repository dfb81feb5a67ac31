"""What a volunteer's page says: alerts as cards, claims with their next step. Bands and cells only before a claim.

Pure: views of dispatch/actions/look.py in, cards out. How far away it is comes from the band in words, never from the
point; why them is told along their own ties.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from markupsafe import Markup

from geo.point import Point
from web.pages import nouns, story
from web.pages.speech import Speaker, said
from web.pages.svg_map import area_map

View = Mapping[str, Any]

TRAVEL: Final = {
    2: "a few minutes from you",
    5: "about 10 min from you",
    10: "about 15 min from you",
    25: "about half an hour from you",
    50: "under an hour from you",
    100: "over an hour from you",
    200: "two hours or more from you",
}
WEIGHT: Final = ("danger", "unsafe", "stranded", "waiting", "comfort")
RINGS: Final = ("1", "2", "vouched", "3", "community", "open")
SOON: Final = timedelta(minutes=5)
COVERED: Final = "Covered, thank you. You are not needed any more."
NOT_NEEDED: Final = {
    "open": "You are not needed for this one. Thank you.",
    "cancelled": "They are safe and cancelled. Thank you.",
    "expired": "This ask has ended. Thank you.",
}
"""Why whoever was asked, or was coming, is not needed: by how the ask stands. Only what is covered says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An alert as it is shown."""

    id: str
    request: str
    title: Markup
    why: Markup
    far: Markup | None
    needed: Markup
    bar: Sequence[str]
    ago: Markup
    urgent: Markup | None
    needs: Sequence[Markup]
    drill: bool
    open: int | None
    cell: str | None
    map: Markup | None = None


def not_needed(speak: Speaker, status: str, *, drill: bool = False) -> Markup:
    """The kind word for whoever may stay at home, true of an ask in that state."""
    if drill:
        return speak.t("The drill is over. Thank you.")
    return speak.t(NOT_NEEDED.get(status, COVERED))


def cards(speak: Speaker, alerts: Sequence[View], now: datetime) -> list[Card]:
    """Alerts that wait for an answer, the most pressing first, then the closest ring."""
    waiting = [alert for alert in alerts if alert["waiting"]]
    waiting.sort(key=lambda a: (WEIGHT.index(a["urgency"]), RINGS.index(a["ring"]) if a["ring"] in RINGS else 9))
    return [card(speak, alert, now) for alert in waiting]


def card(speak: Speaker, alert: View, now: datetime, *, picture: bool = False) -> Card:
    """One alert as a card."""
    seats = alert["seats"] or {"total": alert["quantity"], "claimed": 0, "open": alert["quantity"]}
    place = alert["place"] or {}
    near = nouns.nearby(speak, place["label"]) if place.get("label") else None
    need = nouns.need(speak, alert["kind"], alert["quantity"])
    who = said(alert["requester"]) if alert["requester"] else _member(speak, alert)
    title = (
        speak.t("{who} asks: {need}, {near}", who=who, need=need, near=near)
        if near
        else speak.t("{who} asks: {need}", who=who, need=need)
    )
    created = story.when(alert["created_at"]) or now
    pressing = {"danger": "Someone is in danger", "unsafe": "It is getting unsafe"}.get(alert["urgency"])
    label = near.striptags() if near else ""
    return Card(
        id=alert["id"],
        request=alert["request"],
        title=title,
        why=why(speak, alert),
        far=speak.t(TRAVEL[alert["band_km"]]) if alert["band_km"] in TRAVEL else None,
        needed=_needed(speak, alert["kind"], seats),
        bar=story.bar({"seats": seats, "claims": []}),
        ago=speak.ago(created, now),
        urgent=speak.t(pressing) if pressing else None,
        needs=nouns.needs(speak, alert["needs"]),
        drill=alert["drill"],
        open=seats["open"],
        cell=place.get("cell"),
        map=area_map(place["cell"], speak.plain("Map: the area, {place}", place=label))
        if picture and place.get("cell")
        else None,
    )


def _needed(speak: Speaker, kind: str, seats: View) -> Markup:
    if seats["total"] is None:
        return speak.tn("{n} so far", "{n} so far", seats["claimed"])
    return speak.t(
        "{open} of {all} still needed",
        open=speak.number(seats["open"] // nouns.NOUNS[kind].divide),
        all=nouns.units(speak, kind, seats["total"]),
    )


def _member(speak: Speaker, alert: View) -> Markup:
    if alert["community"]:
        return speak.t("A member of {community}", community=said(alert["community"]))
    return speak.t("Somebody near you")


def why(speak: Speaker, alert: View) -> Markup:
    """Why this person is asked: along their own ties, naming only whom they know."""
    asker = said(alert["requester"]) if alert["requester"] else speak.t("them")
    path = alert["path"]
    if alert["ring"] == "1":
        return speak.t("You know {asker}.", asker=asker)
    last = said(path[-1]) if path and path[-1] else None
    if alert["ring"] == "2" and last:
        return speak.t("You know {friend}, {friend} knows {asker}.", friend=last, asker=asker)
    if last:
        return speak.t("You know {friend}, who knows someone who knows {asker}.", friend=last, asker=asker)
    if alert["community"]:
        return speak.t("You are both in {community}.", community=said(alert["community"]))
    return speak.t("You said that anyone may ask you.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """One of my claims: what it is, what comes next, and until when."""

    id: str
    request: str
    status: str
    title: Markup
    line: Markup
    where: Markup | None
    geo: str | None
    map: Markup | None
    phone: str | None
    note: str | None
    needs: Sequence[Markup]
    destination: str | None
    hear: str | None
    extends: int
    warn: bool
    tone: str
    seats: int
    waits: bool
    """For the word of the person waiting: a stranger's offer, before the place is shown."""


def mine(speak: Speaker, claim: View, now: datetime, *, miles: bool) -> Mine:
    """A claim as its holder's page shows it."""
    place = claim["place"] or {}
    exact = "accuracy_m" in place and claim["standing"]
    until = story.when(claim["lease_until"])
    seats = nouns.units(speak, claim["kind"], claim["seats"])
    waits = claim["standing"] and bool(place) and not exact
    warn = not waits and claim["status"] == "committed" and until is not None and until - now <= SOON
    title, line = _step_words(speak, claim, seats, until, warn=warn)
    if waits:
        title = speak.t("You offered {seats}.", seats=seats)
        line = speak.t("The person waiting looks at your offer first. When they let you come, you see the exact place.")
    label = place.get("label") or place.get("text")
    picture = None
    if place.get("cell") and claim["status"] != "standby":
        point = (Point(place["lat"], place["lon"]), place.get("accuracy_m")) if exact else None
        alt = speak.plain("Map: the exact place, {place}" if exact else "Map: the area, {place}", place=label or "")
        picture = area_map(place["cell"], alt, exact=point)
    return Mine(
        id=claim["id"],
        request=claim["request"],
        status=claim["status"],
        title=title,
        line=line,
        where=said(place["text"])
        if exact and place.get("text")
        else nouns.exactly(speak, label, miles=miles)
        if label
        else None,
        geo=maps_link(place) if exact else None,
        map=picture,
        phone=(claim["contact"] or {}).get("phone"),
        note=claim["note"],
        needs=nouns.needs(speak, claim["needs"]),
        destination=claim["destination"],
        hear=claim["hear"],
        extends=claim["extensions_left"],
        warn=warn,
        tone="wait" if warn else "go",
        seats=claim["seats"],
        waits=waits,
    )


def maps_link(place: View) -> str | None:
    """What opens an exact place in the phone's own maps; None for one that is no point."""
    return "geo:{0:.5f},{1:.5f}?q={0:.5f},{1:.5f}".format(place["lat"], place["lon"]) if "lat" in place else None


def _step_words(
    speak: Speaker, claim: View, seats: Markup, until: datetime | None, *, warn: bool
) -> tuple[Markup, Markup]:
    time = speak.clock(until)
    match claim["status"]:
        case "standby":
            return speak.t("You are standing by."), speak.t("No need to leave. We call you if someone drops out.")
        case "committed" if warn:
            return speak.t("Have you left?"), speak.t("At {time} your seats go back.", time=time)
        case "committed":
            return (
                speak.t("You have {seats}. Here is where they are.", seats=seats),
                speak.t("Tell us you have left by {time}.", time=time),
            )
        case "en_route":
            return speak.t("You are on the way."), speak.t("Pull over before you use the phone.")
        case "on_scene":
            return speak.t("You are there."), speak.t("They tell you 3 digits. You tell them yours.")
        case _:
            return speak.t("You have met."), speak.t("Everyone where they wanted to be?")


def default_seats(my_seats: int | None, open_seats: int | None) -> int:
    """How many the form offers: my seats, or what is open when that is less."""
    most = open_seats if open_seats is not None else my_seats or 1
    return max(1, min(my_seats or 3, most)) if most else 1
