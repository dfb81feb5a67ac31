"""Is it up, can it work, how much is going on: for machines that watch."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from dispatch.domain.errors import Busy, NotFound
from dispatch.runtime import Flare
from web import metrics
from web.call import answer
from web.schemas import answers, told
from web.visitor import visitor_of

router = APIRouter(tags=["health"])

AWAY: Final = "Redis is away: workers hear of each other a little later."
SHARES: Final = " Each gives its share of the rate limits."


@router.get("/healthz", **told.call("Is it up?", answer=answers.HealthView, open_to_all=True))
async def healthz() -> Response:
    """The process answers."""
    return answer({"status": "ok"})


@router.get("/readyz", **told.call("Can it work?", answer=answers.HealthView, open_to_all=True))
async def readyz(request: Request) -> Response:
    """200 when it can take a call for help, 503 with the reason when it can't; `degraded` without Redis or pushes."""
    flare: Flare = request.app.state.flare
    hub = request.app.state.hub
    if hub is None or hub.draining:
        return _unready("The live stream is not running.")
    try:
        await flare.store.read(lambda tx, now: tx.journal.head())
    except Busy:
        return _unready("The database does not answer.")
    away = not getattr(flare.bus, "connected", True)
    troubles = [AWAY + (SHARES if request.app.state.limiter.alone else "")] if away else []
    troubles += [flare.push.trouble] if flare.push.trouble is not None else []
    told_people = {"status": "degraded" if troubles else "ok", "people": len(flare.roster)}
    return answer(told_people | ({"reason": " ".join(troubles)} if troubles else {}))


def _unready(reason: str) -> Response:
    return answer({"status": "unready", "reason": reason}, 503)


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """Prometheus text. Told to this machine and its private network only: volumes are nobody else's business."""
    state = request.app.state
    visitor = visitor_of(request.scope, state.trusted)
    if visitor.veiled or (visitor.address is not None and visitor.address.is_global):
        raise NotFound("page")
    flare: Flare = state.flare
    now = flare.clock.now()
    kept: tuple[float, dict[str, Any]] | None = getattr(state, "metrics", None)
    if kept is None or now.timestamp() - kept[0] > metrics.CACHED_S:
        kept = (now.timestamp(), await flare.store.read(metrics.of_store))
        state.metrics = kept
    counted = kept[1]
    own, tally, board = metrics.of_worker(state, counted["head"]), flare.tally, state.board
    samples: Mapping[str, float] = {**own.counters, **own.gauges}
    if board is not None:
        samples, tally = metrics.of_fleet(await asyncio.to_thread(board.exchange, own))
    asks = metrics.of_asks(counted, now, len(flare.roster))
    text = metrics.text({**asks, **samples, **metrics.of_tally(tally)})
    text += metrics.histogram("flare_first_alert_seconds", tally.to_alert)
    text += metrics.histogram("flare_covered_seconds", tally.to_covered)
    return Response(text, media_type="text/plain; version=0.0.4")
