"""The network, links, dates and messages, on both engines."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from dispatch.domain.people import Community, Duty
from dispatch.ports import Grant, Power, Tx
from dispatch.store import SqlStore
from geo.point import Point
from tests.contract.worlds import START, a_world, done, new_person, seen

HOUR = timedelta(hours=1)


def test_a_tie_is_one_however_it_is_said(store: SqlStore) -> None:
    world = done(store, a_world())
    a, b, c = world.people

    def write(tx: Tx, now: datetime) -> Any:
        n = tx.network
        return [n.tie(b, a), n.tie(a, b), n.tie(c, a), n.untie(a, c), n.untie(c, a), n.tied(a, b), n.tied(b, c)]

    assert done(store, write) == [True, False, True, True, False, True, False]
    assert seen(store, lambda tx, now: (tx.network.ties_of(a), tx.network.ties_of(b))) == ([b], [a])
    assert seen(store, lambda tx, now: tx.network.ties_array().tolist()) == [[a, b]]


def test_communities_blocks_and_reports(store: SqlStore) -> None:
    world = done(store, a_world())
    a, b, c = world.people

    def write(tx: Tx, now: datetime) -> Any:
        n = tx.network
        valley = n.add_community(Community(id=0, public_id="valley", name="Valley", owner=a))
        said = [n.join(valley.id, a), n.join(valley.id, b), n.join(valley.id, b), n.leave(valley.id, a)]
        said += [n.block(a, b, now), n.block(a, b, now), n.block(c, a, now), n.unblock(b, a)]
        n.report(a, b, world.request, "shouted", now)
        return valley, said

    valley, said = done(store, write)
    assert said == [True, True, False, True, True, False, True, False]
    read = seen(store,
        lambda tx, now: (
            tx.network.community("valley"), tx.network.communities_of(b), tx.network.members(valley.id),
            tx.network.blocked_either_way(a), tx.network.memberships_array().tolist(), tx.network.community("x"),
        )
    )  # fmt: skip
    assert read == (valley, [valley], [b], {b, c}, [[valley.id, b]], None)


def test_everybody_as_arrays_is_everybody(store: SqlStore) -> None:
    empty = seen(store, lambda tx, now: (tx.network.people_columns(), tx.network.ties_array()))
    assert (len(empty[0]), empty[1].shape) == (0, (0, 2))

    def write(tx: Tx, now: datetime) -> Any:
        new_person(tx, now)
        return new_person(
            tx, now, place=Point(1.5, -2.5), seats=4, duty=Duty.COMMITTED, seen_at=START, duty_until=START + HOUR,
            reach_minutes=30, quiet_from=0, quiet_to=420, guest=True,
        )  # fmt: skip

    second = done(store, write)
    got = seen(store, lambda tx, now: tx.network.people_columns())
    assert got.id[1] == second.id
    assert (np.isnan(got.lat[0]), np.isnan(got.seen_at[0]), np.isnan(got.duty_until[0])) == (True, True, True)
    assert (got.seats[0], got.duty[0], got.reach_minutes[0], got.quiet_from[0], got.guest[0]) == (-1, -1, -1, -1, False)
    assert (got.lat[1], got.lon[1], got.seen_at[1]) == (1.5, -2.5, START.timestamp())
    assert list(Duty)[got.duty[1]] is Duty.COMMITTED
    assert (got.seats[1], got.reach_minutes[1], got.quiet_from[1], got.quiet_to[1]) == (4, 30, 0, 420)
    assert (got.weekly_max[1], got.guest[1], got.duty_until[1]) == (4, True, (START + HOUR).timestamp())


def test_links_end_and_are_still_known(store: SqlStore) -> None:
    world = done(store, a_world())
    owner = Grant(token_hash=b"o" * 32, power=Power.OWNER, person_id=world.people[0], request_id=world.request)
    view = Grant(token_hash=b"v" * 32, power=Power.VIEW, request_id=world.request, session="s", expires_at=START)

    def write(tx: Tx, now: datetime) -> Any:
        tx.grants.add(owner)
        tx.grants.add(view)
        tx.grants.expire_for_request(world.request, [Power.OWNER, Power.VIEW], START + HOUR)
        tx.grants.revoke(view.token_hash, START)
        tx.grants.revoke(view.token_hash, START + HOUR)

    done(store, write)
    read = seen(store,
        lambda tx, now: (
            tx.grants.by_hash(b"o" * 32), tx.grants.of_session("s"), tx.grants.of_person(world.people[0]),
            tx.grants.by_hash(b"x" * 32),
        )
    )  # fmt: skip
    assert read[0].expires_at == START + HOUR
    assert [(g.expires_at, g.revoked_at) for g in read[1]] == [(START, START)]
    assert (read[2], read[3]) == ([read[0]], None)


def test_work_has_one_date_and_an_earlier_one_can_be_kept(store: SqlStore) -> None:
    def write(tx: Tx, now: datetime) -> Any:
        tx.due.put("wave", 1, START + HOUR)
        tx.due.put("wave", 1, START + 2 * HOUR, sooner_only=True)
        tx.due.put("wave", 2, START)
        tx.due.put("wave", 2, START + 5 * HOUR)
        tx.due.put("expiry", 1, START)
        tx.due.remove("expiry", 1)

    done(store, write)
    ready, following = seen(store, lambda tx, now: (tx.due.ready(START + HOUR, 9), tx.due.next_at()))
    assert [(work.kind, work.target, work.due_at) for work in ready] == [("wave", 1, START + HOUR)]
    assert following == START + HOUR


def test_a_message_belongs_to_one_worker_at_a_time(store: SqlStore) -> None:
    def put(tx: Tx, now: datetime) -> Any:
        tx.outbox.put_all("log", [(number, {"n": number}, f"d{number}") for number in (1, 2, 1)], START)

    done(store, put)

    def lease(worker: str, at: datetime) -> Any:
        return done(store, lambda tx, now: tx.outbox.lease("log", worker, at, at + HOUR, 9))

    mine = lease("me", START)
    assert [(item.target, item.body, item.attempts) for item in mine] == [(1, {"n": 1}, 1), (2, {"n": 2}, 1)]
    assert lease("you", START) == []
    first, second = mine
    ended = done(store,
        lambda tx, now: [
            tx.outbox.done(first.id, "you", START), tx.outbox.done(first.id, "me", START),
            tx.outbox.retry(second.id, "me", START + HOUR), tx.outbox.retry(second.id, "me", START),
        ]
    )  # fmt: skip
    assert ended == [False, True, True, False]
    assert lease("you", START) == []
    assert [(item.id, item.attempts) for item in lease("you", START + HOUR)] == [(second.id, 2)]


def test_a_lock_can_be_left_to_whoever_holds_it(store: SqlStore) -> None:
    world = done(store, a_world())
    assert done(store, lambda tx, now: tx.requests.lock(world.request, skip_locked=True).id) == world.request
    assert done(store, lambda tx, now: tx.requests.lock(10**9)) is None
