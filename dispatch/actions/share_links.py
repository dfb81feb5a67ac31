"""Two links to send around: one to follow an ask, one to come and help. However often, they are the same two.

They are worked out from the ask's own key, so that nothing but their SHA-256 is stored, and whoever could work them out
could read the place itself. Invariant: sharing again makes no link more (tests/contract/test_share_links.py).
"""

from datetime import datetime

from dispatch.actions.change_request import own_request
from dispatch.actions.post_request import link_token
from dispatch.actions.words import hashed
from dispatch.domain.visibility import Viewer
from dispatch.ports import Grant, Power, Tx


def share_links(tx: Tx, now: datetime, viewer: Viewer, public_id: str) -> dict[str, str]:
    """`{view, helper}`: the tokens. An ask whose key is gone (an old copy without its keys) gets fresh ones each time.

    Raises: NotFound for everybody but the owner, RequestOver.
    """
    request = own_request(tx, viewer, public_id)
    made: dict[str, str] = {}
    for power in (Power.VIEW, Power.HELPER):
        token = made[str(power)] = link_token(tx, request.id, power)
        if tx.grants.by_hash(hashed(token)) is None:
            tx.grants.add(Grant(token_hash=hashed(token), power=power, request_id=request.id))
    return made
