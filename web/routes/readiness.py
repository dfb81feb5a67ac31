"""Will my call be heard? By HTTP: bands, odds, and what would raise them, in words too."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from dispatch.actions import readiness
from dispatch.domain.errors import Invalid
from dispatch.domain.levers import What
from dispatch.ports import Tx
from dispatch.runtime import Flare
from geo import cells
from geo.point import NotOnEarth, Point
from web.call import answer, begin
from web.limiter import READINESS
from web.pages.speech import Speaker
from web.pages.story import tenths
from web.schemas import answers, told

router = APIRouter(prefix="/v1/me", tags=["me"])

SAYS: Final[dict[str, tuple[str, str]]] = {
    What.AVAILABLE: (
        "{n} of your people who sets themselves available: for {party} from {now} to {then}.",
        "{n} of your people who set themselves available: for {party} from {now} to {then}.",
    ),
    What.VOUCH: (
        "{n} friend, or friend of theirs, who vouches for you: for {party} from {now} to {then}.",
        "{n} friends, or friends of theirs, who vouch for you: for {party} from {now} to {then}.",
    ),
    What.COMMUNITY: (
        "A friend who brings you into a group of theirs: for {party} from {now} to {then}.",
        "A friend who brings you into a group of theirs: for {party} from {now} to {then}.",
    ),
    What.INVITE: (
        "{n} friend who lives near there and joins: for {party} from {now} to {then}.",
        "{n} friends who live near there and join: for {party} from {now} to {then}.",
    ),
}
"""A sentence for each lever, for one person and for more."""
ALWAYS: Final = "Ask people to keep their duty and their usual place up to date."


def in_words(speak: Speaker, levers: list[dict[str, Any]]) -> list[Markup]:
    """The levers as sentences, odds in tenths; what always helps when there is none."""
    says = []
    for lever in levers:
        one, other = SAYS[lever["what"]]
        now, then = (tenths(speak, lever[when]) for when in ("now", "then"))
        says.append(speak.tn(one, other, lever["people"], party=speak.number(lever["party"]), now=now, then=then))
    return says or [speak.t(ALWAYS)]


@router.get("/readiness", **told.call("Will my call be heard?", answer=answers.ReadinessView, refuses=(429,)))
async def get_readiness(
    request: Request,
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
) -> Response:
    """People of mine within an hour of there who can be reached now, and the odds; ten look-ups an hour."""
    call = await begin(request)
    person = call.person_id
    await call.limit(*READINESS)
    try:
        point = Point(lat, lon)
    except NotOnEarth as fault:
        raise Invalid([{"field": "lat", "says": fault.says}]) from None
    flare = call.flare
    found = await call.read(lambda tx, now: look_up(tx, now, flare, person, point))
    return answer(found | {"raises": [line.striptags() for line in in_words(Speaker("en"), found["levers"])]})


def look_up(tx: Tx, now: datetime, flare: Flare, person: int, point: Point) -> dict[str, Any]:
    """As actions/readiness.py, for the cell that point lies in."""
    centre = cells.centre(cells.cell_of(point, cells.PUBLIC))
    return readiness.readiness(tx, now, flare.roster, flare.policy, person, centre)
