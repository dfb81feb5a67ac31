"""Will my call be heard? Asked before there is a call: counts in bands, odds for one and for nine, what raises them.

The place asked about is snapped to its cell, volunteers stand in theirs, and counts come in bands: exact counts for
free coordinates would find where a friend lives (tests/safety/test_attackers.py). The odds, and those of every lever,
come from the matcher itself: the same candidates, the same policy, nobody asked.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from dispatch.actions.plan_wave import look_of
from dispatch.actions.post_request import PostRequest, draft
from dispatch.domain import levers, matching
from dispatch.domain.levers import Lever, Suppose, What
from dispatch.domain.looking import Look, Policy
from dispatch.domain.network import CODE
from dispatch.domain.request import Request, Secrets
from dispatch.domain.whereabouts import from_point
from dispatch.ports import Roster, Tx
from geo import travel
from geo.point import Point

WITHIN_MINUTES: Final = 60.0
BANDS: Final = (0, 1, 5, 10, 20, 50)
"""Where bands begin; from 100 on each is a hundred wide."""
PARTIES: Final = (1, 9)
FRIENDS_LOOKED_AT: Final = 20
"""Of all friends the best connected: whose groups, and whose friends' vouching, is tried."""
GROUPS_TRIED: Final = 3


def band(count: int) -> str:
    """The band a count lies in: 0, 1–4, 5–9, 10–19, 20–49, 50–99, 100–199 and so on."""
    if count == 0:
        return "0"
    if count >= 100:
        low = count // 100 * 100
        return f"{low}–{low + 99}"
    low = max(start for start in BANDS if start <= count)
    ends = {1: 4, 5: 9, 10: 19, 20: 49, 50: 99}
    return f"{low}–{ends[low]}"


def readiness(tx: Tx, now: datetime, roster: Roster, policy: Policy, person: int, centre: Point) -> dict[str, Any]:
    """`{rings, reachable, forecast, levers}`: bands by ring, odds by party, what would raise them."""
    odds: dict[str, Any] = {}
    counts: dict[str, int] = {}
    awake = 0.0
    found: list[Lever] = []
    supposed = _supposed(tx, roster, person)
    for party in PARTIES:
        request, words = draft(
            tx, now, PostRequest(person_id=person, kind="ride", quantity=party, where=from_point(centre))
        )
        look = look_of(tx, now, roster, request, words)
        if look is None:
            continue
        soon = look.pool.minutes <= WITHIN_MINUTES
        counts = {ring: int(np.count_nonzero(soon & (look.pool.ring == CODE[ring]))) for ring in ("1", "2", "3")}
        awake = float(matching.hears(look.pool, now)[soon].sum())
        outlook = policy(look).forecast
        by_minutes = round((outlook.by - now).total_seconds() / 60)
        odds[str(party)] = {"p": round(outlook.p, 1), "by_minutes": by_minutes, "early": outlook.early}
        found += _levers(tx, now, roster, policy, look, (request, words), centre, supposed)
    return {
        "rings": {ring: band(count) for ring, count in counts.items()},
        "reachable": band(round(awake)),
        "forecast": odds,
        "levers": [lever.as_json() for lever in levers.worth_showing(found)],
    }


Supposed = dict[What, list[tuple[int, Suppose]]]
"""Of each way what could be, and how many people it takes."""


def _supposed(tx: Tx, roster: Roster, person: int) -> Supposed:
    """Who could vouch for them, and which groups they could be in, whatever the party."""
    friends = _best_connected(roster, tx.network.ties_of(person))[:FRIENDS_LOOKED_AT]
    theirs = {each for friend in friends for each in tx.network.ties_of(friend)} - {person}
    close = [tuple(each[: levers.VOUCHERS]) for each in (friends, _best_connected(roster, theirs))]
    return {
        What.VOUCH: [(len(two), Suppose(vouchers=two)) for two in close],
        What.COMMUNITY: [(1, Suppose(communities=(group,))) for group in _groups(tx, person, friends)],
    }


def _levers(
    tx: Tx, now: datetime, roster: Roster, policy: Policy, look: Look, call: tuple[Request, Secrets], centre: Point,
    supposed: Supposed,
) -> list[Lever]:  # fmt: skip
    """What could raise the odds of this call, each worked out by the policy."""
    request, words = call
    party, before = request.quantity or 1, policy(look).forecast.p

    def lever(what: What, people: int, after: Look | None) -> list[Lever]:
        if after is None or not people:
            return []
        return [Lever(what=what, people=people, party=party, now=before, then=policy(after).forecast.p)]

    available, so_many = levers.with_available(look.pool)
    found = lever(What.AVAILABLE, so_many, replace(look, pool=available))
    for what, ways in supposed.items():
        tried = [
            each
            for people, way in ways
            if people
            for each in lever(what, people, look_of(tx, now, roster, request, words, way))
        ]
        found += sorted(tried, key=lambda each: -each.then)[:1]
    minutes = float(travel.minutes_array(np.asarray([levers.NEAR_KM]), np.asarray([False]))[0])
    more = levers.with_friends(look.pool, centre, minutes)
    found += lever(What.INVITE, levers.INVITED, replace(look, pool=more))
    return found


def _best_connected(roster: Roster, people: Iterable[int]) -> list[int]:
    return sorted(people, key=lambda person: (-roster.degree(person), person))


def _groups(tx: Tx, person: int, friends: list[int]) -> list[int]:
    """Communities their friends are in and they are not, the largest first: a friend can bring them in."""
    mine = {community.id for community in tx.network.communities_of(person)}
    theirs = {c.id for friend in friends for c in tx.network.communities_of(friend)} - mine
    sizes = {group: len(tx.network.members(group)) for group in theirs}
    known = [group for group, size in sizes.items() if size >= levers.COMMUNITY_MIN]
    return sorted(known, key=lambda group: (-sizes[group], group))[:GROUPS_TRIED]
