"""The public board by HTTP: outlines of cells, never finer than the viewer may see."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dispatch.actions import look
from dispatch.domain.errors import Invalid
from geo import cells
from geo.box import WORLD, BadBox, Box
from web.call import answer, begin
from web.limiter import BOARD
from web.schemas import answers, told

router = APIRouter(prefix="/v1", tags=["board"])


@router.get("/board", **told.call("Asks going on", answer=answers.BoardView, refuses=(429,), open_to_all=True))
async def get_board(
    request: Request,
    bbox: Annotated[str | None, Query(max_length=200, description="west,south,east,north in degrees")] = None,
) -> Response:
    """GeoJSON of the asks whose visible cell's centre lies in the box; the whole world without one."""
    call = await begin(request)
    await call.limit(*BOARD)
    box = _box(bbox) if bbox is not None else WORLD
    secret = call.flare.secret
    shown = await call.read(lambda tx, now: look.board(tx, now, call.viewer, box, secret))
    # The board is read from the whole world on: without a budget one look would be everybody's ask.
    coarse = [cells.parent(feature["properties"]["cell"], cells.EMPTY_LAND) for feature in shown["features"]]
    may = call.limiter.cells_within(call.visitor, call.scraper, coarse)
    shown["features"] = [f for f, cell in zip(shown["features"], coarse, strict=True) if cell in may]
    return answer(shown, headers={"Content-Type": "application/geo+json"})


def _box(text: str) -> Box:
    try:
        return Box.parse(text)
    except BadBox as bad:
        raise Invalid([{"field": "bbox", "says": bad.says}]) from None
