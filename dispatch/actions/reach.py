"""How far a call has gone so far: people alerted and browsers it was opened in by passed links, in one budget."""

from datetime import datetime

from dispatch.domain.relay import passed
from dispatch.domain.request import Request
from dispatch.domain.standing import Bound, Reached
from dispatch.ports import Tx


def reached(tx: Tx, now: datetime, request: Request, bound: Bound) -> Reached:
    """What counts against the bound: whoever comes by a passed link is a stranger."""
    since = now - bound.span
    strangers, lately = tx.alerts.reached(request.id, request.requester, since)
    opened = passed(tx.relays.of_request(request.id)).opened
    return Reached(
        by_call=request.alerted + opened,
        strangers=strangers + opened,
        lately=lately + tx.relays.lately(request.requester, since),
    )
