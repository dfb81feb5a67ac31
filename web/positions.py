"""A phone's position, handed to whoever may follow it: published on the bus, never stored, never logged.

The store keeps only the cell (dispatch/actions/set_me.py). What is published here reaches the owner
and standing claimers between claim and meeting (web/live/positions.py decides who sees it).
"""

import asyncio

from dispatch.actions.look_inbox import followed_on
from dispatch.domain.visibility import moment
from web.call import Call
from web.live.hub import POSITIONS
from web.live.positions import REQUESTER


async def tell_position(call: Call, person: int, lat: float, lon: float, accuracy_m: float | None) -> None:
    """Publishes it for every request this person is on the way to, or asked for."""
    followed = await call.read(lambda tx, now: followed_on(tx, person))
    at = moment(call.flare.clock.now())
    for public_id, claim in followed:
        message: dict[str, object] = {"request": public_id, "who": claim or REQUESTER, "person": person}
        message |= {"lat": lat, "lon": lon, "accuracy_m": accuracy_m, "at": at}
        # A Redis that is away takes its 200 ms on a thread, not on everybody's loop.
        await asyncio.to_thread(call.flare.bus.publish, POSITIONS, message)
