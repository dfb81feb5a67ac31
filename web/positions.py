"""A phone's position, handed to whoever may follow it: published on the bus, never stored, never logged.

The store keeps only the cell (dispatch/actions/set_me.py). What is published here reaches the owner
and standing claimers between claim and meeting (web/live/positions.py decides who sees it).
"""

import asyncio

from dispatch.domain import limits
from dispatch.domain.lifecycle import LEASED
from dispatch.domain.visibility import moment
from dispatch.ports import Tx
from web.call import Call
from web.live.hub import POSITIONS
from web.live.positions import REQUESTER


async def tell_position(call: Call, person: int, lat: float, lon: float, accuracy_m: float | None) -> None:
    """Publishes it for every request this person is on the way to, or asked for."""
    shown = await call.read(lambda tx, now: _shown_on(tx, person))
    at = moment(call.flare.clock.now())
    for public_id, who in shown:
        message: dict[str, object] = {"request": public_id, "who": who, "person": person}
        message |= {"lat": lat, "lon": lon, "accuracy_m": accuracy_m, "at": at}
        # A Redis that is away takes its 200 ms on a thread, not on everybody's loop.
        await asyncio.to_thread(call.flare.bus.publish, POSITIONS, message)


def _shown_on(tx: Tx, person: int) -> list[tuple[str, str]]:
    """(request, who) where somebody may follow this person now."""
    coming = [claim for claim in tx.claims.of_person(person, limits.INBOX_ALERTS) if claim.status in LEASED]
    requests = tx.requests.by_ids({claim.request_id for claim in coming})
    shown = [(requests[claim.request_id].public_id, claim.public_id) for claim in coming if claim.shown_at]
    asked = [request for request in tx.requests.of_person(person, limits.INBOX_ALERTS) if not request.over]
    return shown + [(request.public_id, REQUESTER) for request in asked]
