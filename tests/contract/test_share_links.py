"""The links an owner sends around: few, however often the button is pressed, and dead with the ask."""

import pytest

from dispatch.actions.post_request import PostRequest, post_request
from dispatch.actions.share_links import share_links
from dispatch.actions.sign_in import viewer_of_token
from dispatch.domain.errors import NotFound
from dispatch.domain.visibility import NOBODY, Viewer
from dispatch.ports import Power
from dispatch.store import SqlStore
from tests.contract.worlds import a_world, done, seen


def holder(store: SqlStore, token: str) -> Viewer:
    found: Viewer = seen(store, lambda tx, now: viewer_of_token(tx, now, token))
    return found


def test_sharing_again_shows_the_same_two_links_and_makes_none(store: SqlStore) -> None:
    world = done(store, a_world())
    request = seen(store, lambda tx, now: tx.requests.by_id(world.request))
    owner = Viewer(person_id=request.requester)
    shown = [done(store, lambda tx, now: share_links(tx, now, owner, request.public_id)) for _ in range(3)]
    assert shown[0] == shown[1] == shown[2]
    assert {name: token[:4] for name, token in shown[0].items()} == {"view": "flv_", "helper": "flh_"}
    assert len(set(shown[0].values())) == 2
    for power, token in shown[0].items():
        assert holder(store, token).powers == {request.id: Power(power)}
    with pytest.raises(NotFound):
        done(store, lambda tx, now: share_links(tx, now, NOBODY, request.public_id))


def test_sharing_shows_the_links_that_the_first_answer_held(store: SqlStore) -> None:
    command = PostRequest(person_id=None, kind="words", quantity=None, where=None)
    posted = done(store, lambda tx, now: post_request(tx, now, command))
    owner = Viewer(powers={posted.request.id: Power.OWNER})
    shown = done(store, lambda tx, now: share_links(tx, now, owner, posted.request.public_id))
    assert shown == {power: token for power, token in posted.tokens.items() if power != Power.OWNER}


def test_an_ask_that_lost_its_key_is_still_shared(store: SqlStore) -> None:
    world = done(store, a_world())
    request = seen(store, lambda tx, now: tx.requests.by_id(world.request))
    done(store, lambda tx, now: tx.requests.shred(request.id))
    owner = Viewer(person_id=request.requester)
    shown = done(store, lambda tx, now: share_links(tx, now, owner, request.public_id))
    assert holder(store, shown["view"]).powers == {request.id: Power.VIEW}
