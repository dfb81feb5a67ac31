"""A server that dies says no `bye`: its last ping has said over how long to come back."""

import random
from collections import Counter

from dispatch.client import Follower, back_off
from dispatch.domain import limits

THOUSANDS = 5_000


def told(retry_ms: int | None) -> Follower:
    """A client that has heard one ping, and has lost its server since."""
    follower = Follower()
    follower.opened(0)
    said = {} if retry_ms is None else {"retry_ms": retry_ms}
    follower.received({"f": "ping", "n": 1, "heads": {}, **said}, 16)
    follower.closed()
    return follower


def test_thousands_whose_server_dies_come_back_no_faster_than_one_worker_lets_them_in() -> None:
    follower, luck = told(1_000 * THOUSANDS // limits.HANDSHAKES_PER_S), random.Random(1)
    waits = [back_off(0, luck.uniform, follower.spread) for _ in range(THOUSANDS)]
    busiest = max(Counter(int(wait) for wait in waits).values())
    assert busiest < limits.HANDSHAKES_PER_S + limits.HANDSHAKES_BURST / 4
    assert max(waits) < 30


def test_a_server_that_says_nothing_of_it_is_come_back_to_as_before() -> None:
    luck = random.Random(2)
    assert all(back_off(0, luck.uniform, told(None).spread) <= 0.5 for _ in range(100))


def test_a_ping_cannot_keep_a_client_away_for_more_than_a_minute() -> None:
    assert told(10**9).spread == 60
