"""`/desk`: what waits for a coordinator, the most pressing first, and a button for each thing to be done about it.

Plain forms, no script. Cells and counts only; the exact place is one page of its own, after a reason was typed that the
owner reads. For everybody else there is no desk (tests/pages/test_desk.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from dispatch.actions import desk
from dispatch.domain import limits
from dispatch.domain.errors import Invalid
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.plain_text import check_text
from web.call import named, numbered
from web.pages import nouns
from web.pages.door import Form, form_call, look
from web.pages.faults import PageRoute
from web.pages.helping import maps_link
from web.pages.render import page, reader_of
from web.pages.speech import Speaker

router = APIRouter(include_in_schema=False, route_class=PageRoute)

WHY: Final = {
    "help": "They pressed the silent button",
    "unanswered": "No answer to “are you safe?”",
    "reported": "Reported",
    "safe": "Asked whether they are safe",
    "unowned": "Nobody is coming",
    "stalled": "Somebody promised, nothing moves",
    "guest_cap": "Reaches nobody new until somebody has looked",
}
"""Why an ask is here, the most pressing first, in words."""
SAME: Final = {"place": "same place", "contact": "same phone"}
CLOSES: Final = {
    "referred": (Disposition.REFERRED, "Others see to it"),
    "unfounded": (Disposition.UNFOUNDED, "Nothing was behind it"),
    "resolved": (Disposition.RESOLVED, "They are safe"),
}


@dataclass(slots=True)
class Waiting:
    """One ask on the desk, and everything that is to be said of it."""

    row: Mapping[str, Any]
    why: list[str] = field(default_factory=list)


def gathered(queue: Mapping[str, Any]) -> list[Waiting]:
    """Each ask once, with all its reasons; the most pressing first, of those the one that waits longest."""
    held: dict[str, Waiting] = {}
    told = [(flag["kind"], flag) for flag in queue["flags"]]
    told += [(name, row) for name in ("unowned", "stalled") for row in queue[name]]
    for why, row in told:
        waiting = held.setdefault(row["request"], Waiting(row))
        if why not in waiting.why:
            waiting.why.append(why)
    order = list(WHY)
    for waiting in held.values():
        waiting.why.sort(key=order.index)
    return sorted(held.values(), key=lambda each: (order.index(each.why[0]), each.row["created_at"]))


def _card(speak: Speaker, row: Mapping[str, Any], now: datetime, why: Iterable[str] = ()) -> dict[str, Any]:
    seats = row["seats"]
    return {
        "id": row["request"],
        "title": nouns.head_at(speak, row["kind_of_need"], seats["total"], row["label"]),
        "why": [speak.t(WHY[each]) for each in why],
        "found": nouns.found(speak, row["kind_of_need"], seats["claimed"], seats["total"]) if seats["total"] else None,
        "asked": speak.tn("{n} person asked", "{n} people asked", row["alerted"]),
        "ago": speak.ago(datetime.fromisoformat(row["created_at"]), now),
        "drill": row["drill"],
        "danger": row["urgency"] in ("danger", "unsafe"),
    }


@router.get("/desk")
async def desk_page(request: Request) -> Response:
    """The queue."""
    call = await look(request)
    queue = await call.read(lambda tx, now: desk.queue(tx, now, call.viewer))
    mine = await call.read(lambda tx, now: tx.people.by_id(call.person_id))
    reader = reader_of(request, at=mine.place if mine else None)
    speak, now = reader.speak, reader.now
    values = {
        "asks": [_card(speak, each.row, now, each.why) for each in gathered(queue)],
        "twins": [
            {
                "keep": _card(speak, pair["keep"], now),
                "double": _card(speak, pair["double"], now),
                "same": [speak.t(SAME[each]) for each in pair["same"]],
            }
            for pair in queue["twins"]
        ],
        "reports": [
            report | {"ago": speak.ago(datetime.fromisoformat(report["at"]), now)} for report in queue["reports"]
        ],
        "closes": [(name, speak.t(says)) for name, (_, says) in CLOSES.items()],
        "reason_chars": limits.REASON_CHARS,
        "updated": speak.clock(now),
    }
    return page(request, reader, "desk", values, styles=("signs", "follow", "help"))


def _back() -> Response:
    return RedirectResponse("/desk", status_code=303)


def _chosen(form: Form, choices: Iterable[str]) -> str:
    """The button that was pressed.

    Raises: Invalid.
    """
    chosen, known = form.get("as"), tuple(choices)
    if chosen not in known:
        raise Invalid([{"field": "as", "says": f"one of {', '.join(known)}"}])
    return chosen


@router.post("/desk/asks/{public_id}/take")
async def take(request: Request, public_id: str) -> Response:
    """I see to it."""
    call, _ = await form_call(request)
    await call.write(lambda tx, now: desk.take(tx, now, call.viewer, named(public_id)))
    return _back()


@router.post("/desk/asks/{public_id}/close")
async def close(request: Request, public_id: str) -> Response:
    """It ends: referred, nothing behind it, or they are safe."""
    call, form = await form_call(request)
    disposition, _ = CLOSES[_chosen(form, CLOSES)]
    await call.write(lambda tx, now: desk.close(tx, now, call.viewer, named(public_id), disposition))
    return _back()


@router.post("/desk/asks/{public_id}/merge")
async def merge(request: Request, public_id: str) -> Response:
    """Two asks are one."""
    call, form = await form_call(request)
    await call.write(lambda tx, now: desk.merge(tx, now, call.viewer, named(public_id), named(form.get("into"))))
    return _back()


@router.post("/desk/reports/{name}")
async def verdict(request: Request, name: str) -> Response:
    """Something was behind the report, or nothing was."""
    call, form = await form_call(request)
    upheld = _chosen(form, ("upheld", "unfounded")) == "upheld"
    await call.write(lambda tx, now: desk.decide(tx, now, call.viewer, numbered(name), upheld=upheld))
    return _back()


@router.post("/desk/asks/{public_id}/glass")
async def glass(request: Request, public_id: str) -> Response:
    """Shows the exact place, for a reason its owner reads at once."""
    call, form = await form_call(request)
    reason = check_text("reason", form.get("reason"), limits.REASON_CHARS)
    reader = reader_of(request)
    if not reason:
        await call.read(lambda tx, now: desk.coordinator(call.viewer))
        says = reader.speak.t("Type why you have to see it. The person who asked reads it.")
        return page(request, reader, "say", {"title": says, "text": None, "to": "/desk"}, status=422)
    await call.write(lambda tx, now: desk.break_glass(tx, now, call.viewer, named(public_id), reason))
    return RedirectResponse(f"/desk/asks/{public_id}/glass", status_code=303)


@router.get("/desk/asks/{public_id}/glass")
async def behind_glass(request: Request, public_id: str) -> Response:
    """The exact place, for as long as the glass is broken; then the way back to the desk."""
    call = await look(request)
    shown = await call.read(lambda tx, now: desk.see_again(tx, now, call.viewer, named(public_id)))
    if shown is None:
        return _back()
    reader = reader_of(request)
    place = shown["place"] or {}
    values = {
        "place": place,
        "geo": maps_link(place),
        "note": shown["note"],
        "contact": shown["contact"] or {},
        "until": reader.speak.clock(datetime.fromisoformat(shown["until"])),
    }
    return page(request, reader, "desk_glass", values, styles=("follow",))
