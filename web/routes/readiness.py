"""Will my call be heard? Asked before there is a call: counts in bands, odds for one and for nine.

The place asked about is snapped to its cell, volunteers stand in theirs, and counts come in bands: exact
counts for free coordinates would find where a friend lives (docs/visibility.md).
"""

from datetime import datetime
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from dispatch.actions import send_wave
from dispatch.actions.post_request import PostRequest, draft
from dispatch.domain.errors import Invalid
from dispatch.domain.network import CODE
from dispatch.domain.whereabouts import from_point
from dispatch.ports import Tx
from dispatch.runtime import Flare
from geo import cells
from geo.point import NotOnEarth, Point
from web.call import answer, begin
from web.limiter import READINESS
from web.schemas import answers, told

router = APIRouter(prefix="/v1/me", tags=["me"])

WITHIN_MINUTES: Final = 60.0
BANDS: Final = (0, 1, 5, 10, 20, 50)
"""Where bands begin; from 100 on each is a hundred wide."""
PARTIES: Final = (1, 9)
FEW: Final = 5
RATHER_FEW: Final = 30
"""Fewer than this within an hour and a call for nine seats is unlikely to be covered."""


def band(count: int) -> str:
    """The band a count lies in: 0, 1–4, 5–9, 10–19, 20–49, 50–99, 100–199 and so on."""
    if count == 0:
        return "0"
    if count >= 100:
        low = count // 100 * 100
        return f"{low}–{low + 99}"
    low = max(start for start in BANDS if start <= count)
    ends = {1: 4, 5: 9, 10: 19, 20: 49, 50: 99}
    return f"{low}–{ends[low]}"


@router.get("/readiness", **told.call("Will my call be heard?", answer=answers.ReadinessView, refuses=(429,)))
async def get_readiness(
    request: Request,
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
) -> Response:
    """People of mine within an hour of there who can be reached now, and the odds; ten look-ups an hour."""
    call = await begin(request)
    person = call.person_id
    call.limit(*READINESS)
    try:
        centre = cells.centre(cells.cell_of(Point(lat, lon), cells.PUBLIC))
    except NotOnEarth as fault:
        raise Invalid([{"field": "lat", "says": fault.says}]) from None
    flare = call.flare
    return answer(await call.read(lambda tx, now: readiness(tx, now, flare, person, centre)))


def readiness(tx: Tx, now: datetime, flare: Flare, person: int, centre: Point) -> dict[str, Any]:
    """Counts in bands by ring, odds by party, and what would raise them."""
    where = from_point(centre)
    odds: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for party in PARTIES:
        command = PostRequest(person_id=person, kind="ride", quantity=party, where=where)
        request, words = draft(tx, now, command)
        look = send_wave.look_of(tx, now, flare.roster, request, words)
        if look is None:
            continue
        soon = look.pool.minutes <= WITHIN_MINUTES
        counts = {ring: int(np.count_nonzero(soon & (look.pool.ring == CODE[ring]))) for ring in ("1", "2", "3")}
        outlook = flare.policy(look).forecast
        odds[str(party)] = {"p": round(outlook.p, 1), "by_minutes": _minutes(outlook.by, now), "early": outlook.early}
    return {"rings": {ring: band(count) for ring, count in counts.items()}, "forecast": odds, "raises": _raises(counts)}


def _minutes(by: datetime, now: datetime) -> int:
    return round((by - now).total_seconds() / 60)


def _raises(counts: dict[str, int]) -> list[str]:
    """What would make the odds better, in words for people."""
    says: list[str] = []
    if counts.get("1", 0) < FEW:
        says.append("Invite people who live near there: few of your own are within an hour.")
    if sum(counts.values()) < RATHER_FEW:
        says.append("Join a community that covers this area.")
    says.append("Ask people to keep their duty and their usual place up to date.")
    return says
