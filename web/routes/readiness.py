"""Will my call be heard? Asked before there is a call: counts in bands, odds for one and for nine.

The place asked about is snapped to its cell, volunteers stand in theirs, and counts come in bands: exact
counts for free coordinates would find where a friend lives (docs/visibility.md).
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from dispatch.actions import plan_wave
from dispatch.actions.post_request import PostRequest, draft
from dispatch.domain import matching
from dispatch.domain.errors import Invalid
from dispatch.domain.looking import Look
from dispatch.domain.network import CODE
from dispatch.domain.people import Duty
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
READY_MORE: Final = 3
"""So many people setting themselves available is a lever somebody can pull."""
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
    await call.limit(*READINESS)
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
    awake = 0.0
    raises: list[str] = []
    for party in PARTIES:
        command = PostRequest(person_id=person, kind="ride", quantity=party, where=where)
        request, words = draft(tx, now, command)
        look = plan_wave.look_of(tx, now, flare.roster, request, words)
        if look is None:
            continue
        soon = look.pool.minutes <= WITHIN_MINUTES
        counts = {ring: int(np.count_nonzero(soon & (look.pool.ring == CODE[ring]))) for ring in ("1", "2", "3")}
        awake = float(matching.hears(look.pool, now)[soon].sum())
        outlook = flare.policy(look).forecast
        raises = _raises(counts, _with_ready(flare, look, party, outlook.p))
        odds[str(party)] = {"p": round(outlook.p, 1), "by_minutes": _minutes(outlook.by, now), "early": outlook.early}
    return {
        "rings": {ring: band(count) for ring, count in counts.items()},
        "reachable": band(round(awake)),
        "forecast": odds,
        "raises": raises or _raises(counts, None),
    }


def _with_ready(flare: Flare, look: Look, party: int, now_p: float) -> str | None:
    """What it would bring if the READY_MORE of their people who are soonest there set themselves available."""
    pool = look.pool
    mine = np.flatnonzero(((pool.ring == CODE["1"]) | (pool.ring == CODE["2"])) & (pool.duty < 0))
    if not len(mine):
        return None
    soonest = mine[np.argsort(pool.minutes[mine], kind="stable")][:READY_MORE]
    duty = pool.duty.copy()
    duty[soonest] = matching.DUTIES.index(Duty.AVAILABLE)
    then = flare.policy(replace(look, pool=replace(pool, duty=duty))).forecast.p
    if round(then, 1) <= round(now_p, 1):
        return None
    who = f"{len(soonest)} of your people" if len(soonest) > 1 else "one of your people"
    better = f"now {round(now_p, 1):.0%}, then {round(then, 1):.0%}"
    return f"Ask {who} to set themselves available: for {party} seats {better}."


def _minutes(by: datetime, now: datetime) -> int:
    return round((by - now).total_seconds() / 60)


def _raises(counts: dict[str, int], recomputed: str | None) -> list[str]:
    """What would make the odds better, in words for people; what can be worked out is, not guessed."""
    says: list[str] = [recomputed] if recomputed else []
    if counts.get("1", 0) < FEW:
        says.append("Invite people who live near there: few of your own are within an hour.")
    if sum(counts.values()) < RATHER_FEW:
        says.append("Join a community that covers this area.")
    says.append("Ask people to keep their duty and their usual place up to date.")
    return says
