"""What the ask form sent, and what becomes of it: a command, or words that say what is missing.

Pure over the form. Three things are needed, nothing else is; whatever was typed comes back on the page unchanged.
"""

from dataclasses import dataclass, field
from typing import Any

from dispatch.actions.post_request import PostRequest
from dispatch.domain import limits, whereabouts
from dispatch.domain.errors import Invalid, PlaceUnclear
from dispatch.domain.kinds import kind_named
from dispatch.domain.plain_text import check_phone, check_text
from dispatch.domain.request import NEEDS, Urgency
from dispatch.domain.visibility import Viewer
from dispatch.domain.whereabouts import Where
from geo.point import NotOnEarth, Point
from web.pages.door import Form
from web.pages.nouns import NOUNS


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields, as typed."""

    kind: str = "ride"
    quantity: str = "1"
    place: str = ""
    lat: str = ""
    lon: str = ""
    accuracy: str = ""
    who: str = "me"
    urgency: str = "stranded"
    destination: str = ""
    note: str = ""
    needs: tuple[str, ...] = ()
    name: str = ""
    phone: str = ""
    community: str = ""
    marks: frozenset[str] = field(default=frozenset())
    """Buttons that were pressed: similar_ok, as_is, called."""
    choice: str = ""


def typed(form: Form) -> Typed:
    """The fields of a form."""
    texts = {
        name: form.get(name)
        for name in (
            "quantity", "place", "lat", "lon", "accuracy", "destination", "note", "name", "phone", "community",
            "choice",
        )
    }  # fmt: skip
    return Typed(
        kind=form.get("kind") or "ride",
        who=form.get("who") or "me",
        urgency=form.get("urgency") or "stranded",
        needs=tuple(each for each in form.all("needs") if each in NEEDS),
        marks=frozenset(mark for mark in ("similar_ok", "as_is", "called") if form.get(mark)),
        **texts,
    )


def command(sent: Typed, form: Form, viewer: Viewer) -> PostRequest:
    """The ask as the house understands it.

    Raises: UnknownKind, Invalid with the field's name, PlaceUnclear with choices.
    """
    kind = kind_named(sent.kind)
    if sent.urgency not in set(Urgency):
        raise Invalid([{"field": "urgency", "says": "one of the choices"}])
    quantity = None
    if not kind.open_ended:
        quantity = form.number("quantity")
        quantity = quantity * NOUNS[sent.kind].divide if quantity is not None else None
    text = check_text("place", sent.place, limits.PLACE_CHARS)
    return PostRequest(
        person_id=viewer.person_id,
        kind=kind.name,
        quantity=quantity,
        where=_where(sent, form, text) if kind.located else None,
        place_text=text if kind.located else None,
        destination=check_text("destination", sent.destination, limits.FORM_NOTE_CHARS),
        note=check_text("note", sent.note, limits.FORM_NOTE_CHARS),
        urgency=Urgency(sent.urgency),
        for_other=sent.who == "other",
        needs=sent.needs,
        contact_name=check_text("name", sent.name, limits.NAME_CHARS),
        contact_phone=check_phone("phone", sent.phone),
        community=sent.community or None,
        similar_ok="similar_ok" in sent.marks,
    )


def _where(sent: Typed, form: Form, text: str | None) -> Where | None:
    lat, lon, accuracy = form.decimal("lat"), form.decimal("lon"), form.decimal("accuracy")
    if sent.choice:
        parts = sent.choice.split(",")
        if len(parts) == 3:
            return _fix(parts[0], parts[1], parts[2], text)
    if lat is not None and lon is not None and sent.who != "other":
        return _fix(str(lat), str(lon), str(accuracy or ""), text)
    if not text:
        raise PlaceUnclear("")
    if "as_is" in sent.marks:
        return None
    return whereabouts.from_text(text)


def _fix(lat: str, lon: str, accuracy: str, text: str | None) -> Where:
    try:
        point = Point(float(lat), float(lon))
        metres = float(accuracy) if accuracy else None
    except (ValueError, NotOnEarth):
        raise PlaceUnclear("") from None
    if metres is not None and not 0 <= metres <= limits.ACCURACY_MAX_M:
        metres = limits.ACCURACY_MAX_M
    return whereabouts.from_point(point, metres, text)


def choice_value(choice: dict[str, Any]) -> str:
    """A choice of place as the radio button sends it back."""
    place = choice["place"]
    return f"{place['lat']:.5f},{place['lon']:.5f},{place['accuracy_m']:.0f}"
