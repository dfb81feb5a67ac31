"""Where somebody usually is: a town they typed. Of several we ask which; one we do not know is never just dropped.

Must never guess: who is placed in another Baker is never asked, and does not know why (tests/pages/test_town.py).
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from markupsafe import Markup

from dispatch.domain import limits
from dispatch.domain.errors import PlaceUnclear
from dispatch.domain.plain_text import check_text
from dispatch.domain.whereabouts import from_text
from geo.point import NotOnEarth, Point
from web.pages import nouns
from web.pages.ask_form import choice_value
from web.pages.door import KEY_FIELD, Form
from web.pages.render import page, reader_of
from web.pages.speech import Speaker, said

FIELD, CHOICE = "town", "choice"


async def town_of(form: Form) -> Point | None:
    """Where somebody usually is; None when they did not say.

    Raises: Invalid for what is no text; PlaceUnclear, with choices when several towns fit.
    """
    text = check_text(FIELD, form.get(FIELD), limits.PLACE_CHARS)
    lat, comma, rest = form.get(CHOICE).partition(",")
    if comma:
        try:
            return Point(float(lat), float(rest.partition(",")[0]))
        except (ValueError, NotOnEarth):
            pass  # not one of ours: the words count
    return (await asyncio.to_thread(from_text, text)).point if text else None


def home_of(speak: Speaker, me: Mapping[str, Any]) -> Markup | None:
    """Where we take them to be, in soft words; None when we do not know."""
    return nouns.nearby(speak, me["place"]["label"]) if me["place"] else None


def which_town(request: Request, form: Form, unclear: PlaceUnclear) -> Response:
    """The question which town was meant, with everything else that was typed kept in the page: 422."""
    reader = reader_of(request)
    typed = form.get(FIELD)
    choices = [(choice_value(each), each["label"]) for each in unclear.choices]
    if choices:
        title = reader.speak.t("Which {place}?", place=said(typed))
    else:
        title = reader.speak.t("We could not find that place. Add the state.")
    kept = [pair for pair in form.pairs if pair[0] not in {KEY_FIELD, FIELD, CHOICE}]
    values = {"to": request.url.path, "title": title, "choices": choices, "kept": kept, "typed": typed}
    return page(request, reader, "town", values, styles=("step", "help"), status=422)
