"""`/r/{id}`: know the state in one glance, then put the phone away. For owner, claimer, member, and whoever has a link.

What each of them may see is decided before a template is reached. The live part is one fragment: the same markup in the
first page, in the stream and after a reload (web/pages/live.py), so loss, repeats and order can't hurt.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from dispatch.domain.errors import NotFound, SignIn
from dispatch.domain.kinds import KINDS
from dispatch.domain.request import Urgency
from dispatch.domain.visibility import EXACT, words_for
from geo.point import Point
from web.call import named
from web.pages import nouns, story, timeline
from web.pages.door import flare_of, look
from web.pages.faults import PageRoute
from web.pages.following import Seen, see
from web.pages.render import Reader, fragment, page, reader_of
from web.pages.road_strip import strip
from web.pages.speech import Speaker, said
from web.pages.svg_map import area_map

router = APIRouter(include_in_schema=False, route_class=PageRoute)

NEWEST = 5
REFRESH_S = 10
COVERED_REFRESH_S = 30


@router.get("/r/{public_id}")
async def follow_page(request: Request, public_id: str) -> Response:
    """The ask; or, for a browser that has not shown its link yet, the page that reads it."""
    call = await look(request)
    try:
        seen = await call.read(lambda tx, now: see(tx, now, call.viewer, named(public_id)))
    except (NotFound, SignIn):
        return link_page(request, f"/r/{public_id}")
    reader = reader_of(request, country=seen.country, at=seen.middle)
    values = region(reader, seen)
    values |= {
        "title": titled(reader.speak, seen),
        "seen": seen,
        "texts": call.flare.texts is not None,
        "fragment": Markup(fragment(reader, "follow_live", values)),  # noqa: S704  # our own template
    }
    return page(request, reader, "follow", values, styles=("signs", "follow", "map"))


def titled(speak: Speaker, seen: Seen) -> Markup:
    """What an ask is called on top of its pages; a drill is called one first."""
    title = nouns.head_at(speak, seen.view["kind"], seen.view["quantity"], label_of(seen))
    return speak.t("Drill: {title}", title=title) if seen.view["drill"] else title


def link_page(request: Request, to: str, *, status: int = 404, wrong: bool = False) -> Response:
    """The page that takes a link's token: by script from the fragment, without script from a box."""
    reader = reader_of(request)
    return page(
        request, reader, "link", {"to": to, "wrong": wrong, "texts": flare_of(request).texts is not None}, status=status
    )


def label_of(seen: Seen) -> str | None:
    """The place in soft words, made from the cell, whoever reads."""
    place = seen.view.get("place")
    return words_for(place["cell"]) if place and place.get("cell") else None


def region(reader: Reader, seen: Seen) -> dict[str, Any]:
    """Everything the live part of the page shows."""
    view, speak = seen.view, reader.speak
    told = story.tell(speak, view, seen.events, reader.now, reader.number)
    lines = timeline.lines(speak, view["kind"], seen.events, owner=view["role"] == "owner")
    heard = view.get("heard") if not told.line or view["role"] == "owner" else None
    going = view["status"] in ("open", "claimed")
    return {
        "view": view,
        "story": told,
        "bar": [] if view["drill"] else story.bar(view),
        "bar_words": story.bar_words(speak, view),
        "claims": [_card(speak, view, claim) for claim in story.standing(view)] if view["role"] in _NAMES else [],
        "notes": [each | {"at": story.when(each["at"])} for each in view.get("notes", ())],
        "map": _map(speak, seen),
        "strip": _strip(speak, seen),
        "where": _where(reader, seen),
        "heard": story.heard_line(speak, heard)
        if heard and not view["drill"] and heard["alerted"] and going and told.asks is None
        else None,
        "passed": story.passed_line(speak, view.get("passed")),
        "way": story.way(speak, view["carried"], speak.t("you")) if view.get("carried") else None,
        "links": seen.coordinator or view["role"] == "owner" or bool((view.get("mine") or {}).get("links")),
        "alternatives": told.tone != "stop" and KINDS[view["kind"]].located and view["urgency"] != Urgency.DANGER,
        "odds": story.odds(speak, view.get("forecast"))
        if view["status"] == "open" and view["role"] == "owner" and not view["drill"]
        else None,
        "lines": lines,
        "newest": NEWEST,
        "going": going,
        "exact": view["role"] in _NAMES,
        "helper": seen.helper or seen.member,
        "needs": nouns.needs(reader.speak, seen.view.get("needs") or ()),
        "updated": speak.clock(reader.now),
        "refresh": None if not going else REFRESH_S if view["status"] == "open" else COVERED_REFRESH_S,
    }


_NAMES = frozenset(str(role) for role in EXACT)


def _card(speak: Speaker, view: Mapping[str, Any], claim: Mapping[str, Any]) -> dict[str, Any]:
    steps = {
        "committed": speak.t("Has promised"),
        "en_route": speak.t("On the way"),
        "on_scene": speak.t("There now"),
        "met": speak.t("With them"),
    }
    eta = story.when(claim["eta_at"])
    return {
        "name": story.name_of(speak, claim),
        "seats": nouns.units(speak, view["kind"], claim["seats"]),
        "step": steps[claim["status"]],
        "status": claim["status"],
        "eta": speak.t("about {time}", time=speak.clock(eta)) if eta and claim["status"] != "met" else None,
        "car": claim.get("car"),
        "phone": claim.get("phone"),
        "tell": claim.get("tell") if claim["status"] != "met" else None,
        "hear": claim.get("hear") if claim["status"] != "met" else None,
        "id": claim["id"],
        "carried": story.way(speak, claim["carried"]) if claim.get("carried") else None,
        "asks": view["role"] == "owner" and not claim.get("shown", True) and claim["status"] != "met",
    }


def _point(seen: Seen) -> Point | None:
    """The exact place, for those whose view has it."""
    place = seen.view.get("place") or {}
    if seen.role not in EXACT or "accuracy_m" not in place:
        return None
    return Point(place["lat"], place["lon"])


def _map(speak: Speaker, seen: Seen) -> Markup | None:
    place = seen.view.get("place") or {}
    if not place.get("cell"):
        return None
    label = nouns.nearby(speak, label_of(seen) or "").striptags()
    point = _point(seen)
    if point is not None:
        alt = speak.plain("Map: the exact place, {place}", place=label)
        return area_map(place["cell"], alt, exact=(point, place.get("accuracy_m")))
    alt = speak.plain("Map: the area, {place}", place=label)
    return area_map(place["cell"], alt, covered=seen.view["seats"]["open"] == 0)


def _strip(speak: Speaker, seen: Seen) -> Markup | None:
    point = _point(seen)
    if point is None or seen.view["status"] not in ("open", "claimed"):
        return None
    return strip(speak, point, (seen.view.get("place") or {}).get("text"))


def _where(reader: Reader, seen: Seen) -> Markup | None:
    """Where exactly, in words, for those who may know."""
    place = seen.view.get("place") or {}
    if seen.role not in EXACT:
        return None
    if place.get("label"):
        return nouns.exactly(reader.speak, place["label"], miles=reader.miles)
    return said(place["text"]) if place.get("text") else None
