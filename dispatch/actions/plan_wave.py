"""One look of the matcher, as far as it only reads: who could be asked, what the policy decides, and the reasons.

Works without a lock; `actions/send_wave.py` writes what still holds when its turn comes.
Invariants: nobody off duty, blocked, asked before or past their weekly limit is planned (tests/contract/test_waves.py).
"""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import numpy as np

from dispatch.actions.reach import bound_of, drilled_lately
from dispatch.actions.send_wave import Plan, within_bound
from dispatch.domain import limits, matching
from dispatch.domain.alert import Alert, Answer, NewAlert, Reasons
from dispatch.domain.claim import Claim
from dispatch.domain.habits import first_of
from dispatch.domain.kinds import KINDS, Kind
from dispatch.domain.levers import AS_IT_IS, Suppose
from dispatch.domain.lifecycle import HOLDS_SEATS, ClaimState
from dispatch.domain.looking import Asked, Decision, Look, Policy, Promise, columns_of
from dispatch.domain.matching import DUTIES, Pool
from dispatch.domain.network import CODE, RINGS, rings_allowed
from dispatch.domain.people import Duty
from dispatch.domain.request import Request, Secrets
from dispatch.domain.standing import Bound
from dispatch.ports import Candidates, Roster, Search, Tx
from geo import cells, distance, roads, travel
from geo.point import Point


def pool_from(found: Candidates) -> Pool:
    """The roster's answer as the rules read it; nobody's travel time is known yet."""
    return Pool(
        person=found.person,
        ring=found.ring,
        km=found.km.astype(np.float64),
        lat=found.lat.astype(np.float64),
        lon=found.lon.astype(np.float64),
        minutes=np.zeros(len(found)),
        seats=np.where(found.seats > 0, found.seats, limits.SEATS_UNKNOWN).astype(np.int64),
        duty=found.duty,
        reach_minutes=found.reach_minutes.astype(np.int64),
        quiet_from=found.quiet_from.astype(np.int64),
        quiet_to=found.quiet_to.astype(np.int64),
        weekly_max=found.weekly_max.astype(np.int64),
        community=found.community,
        closed=found.closed,
        seen_at=found.seen_at,
        **found.remembered,
    )


@lru_cache(maxsize=1024)
def _corridors(cell: str) -> tuple[travel.Corridor, ...]:
    """The freeways that pass a cell."""
    names = roads.corridors_near(cells.centre(cell), limits.CORRIDOR_KM)
    return tuple(line for name in names if (line := roads.corridor(name)) is not None)


def with_minutes(pool: Pool, cell: str) -> Pool:
    """The pool with everybody's travel time to that cell; freeways are as fast as they are."""
    along = np.zeros(len(pool), dtype=np.bool_)
    if corridors := _corridors(cell):
        places = distance.unit_vectors(pool.lat, pool.lon)
        for corridor in corridors:
            along |= corridor.near(places)
    delayed = pool.duty == DUTIES.index(Duty.DELAYED)
    minutes = travel.minutes_array(pool.km, along)
    return replace(pool, minutes=np.where(delayed, minutes + matching.DELAYED_MINUTES, minutes))


def _seen_from(found: Candidates, cell: str | None) -> Pool:
    """The roster's answer as the rules read it, with everybody's travel time to that cell; once for each answer."""
    key = f"pool {cell}"
    if key not in found.worked_out:
        pool = pool_from(found)
        found.worked_out[key] = pool if cell is None else with_minutes(pool, cell)
    seen: Pool = found.worked_out[key]
    return seen


def search_for(
    tx: Tx, now: datetime, request: Request, secrets: Secrets, kind: Kind, suppose: Suppose = AS_IT_IS
) -> Search | None:
    """What to ask the roster; None when there is nowhere to start from yet."""
    if kind.located and secrets.point is None:
        return None
    mine = tx.network.communities_of(request.requester)
    named = request.reach.communities
    communities = tuple(c.id for c in mine if named is None or c.public_id in named)
    return Search(
        requester=request.requester,
        origin=secrets.point if kind.located else None,
        radius_km=limits.RADIUS_KM[-1],
        rings_max=request.reach.rings_max,
        communities=(*communities, *suppose.communities),
        vouchers=(*suppose.vouchers, *(tx.requests.vouchers(request.id) if request.id else ())),
        open=request.reach.open,
        now=now.timestamp(),
    )


def pool_for(
    tx: Tx,
    now: datetime,
    roster: Roster,
    request: Request,
    secrets: Secrets,
    bound: Bound,
    suppose: Suppose = AS_IT_IS,
) -> Pool | None:
    """Everybody who passes the gate for this request."""
    kind = KINDS[request.kind]
    question = search_for(tx, now, request, secrets, kind, suppose)
    if question is None:
        return None
    cell = request.cell if kind.located else None
    pool = _seen_from(roster.search(question), cell)
    out = tx.network.blocked_either_way(request.requester) | tx.claims.busy() | {request.requester}
    out |= tx.safety.held_now(now) | drilled_lately(tx, now, request)
    strangers = pool.ring == CODE["open"]
    keep = matching.gate(pool, rings=rings_allowed(request) & bound.rings, never=frozenset(out))
    if request.drill:
        keep &= ~matching.quiet(pool, now)
    keep &= ~strangers | (pool.duty == DUTIES.index(Duty.AVAILABLE))
    if cell is not None:
        keep &= matching.in_reach(pool)
    return pool.only(keep)


def look_of(
    tx: Tx, now: datetime, roster: Roster, request: Request, secrets: Secrets, suppose: Suppose = AS_IT_IS
) -> Look | None:
    """Everything the policy sees of this request now; or would, were it as `suppose` says."""
    alerts = tx.alerts.of_request(request.id) if request.id else []
    claims = tx.claims.of_request(request.id) if request.id else []
    known = {alert.person_id for alert in alerts} | {claim.person_id for claim in claims}
    bound = bound_of(tx, now, request, suppose.vouchers)
    everybody = pool_for(tx, now, roster, request, secrets, bound, suppose)
    if everybody is None:
        return None
    # Whoever was asked still lives there: a place does not turn remote because its people were told.
    raised = matching.raised_by(request, everybody, secrets.point, now)
    asked_before = np.isin(everybody.person, np.fromiter(known, dtype=np.int64))
    return Look(
        request=replace(request, raised=bool(raised)),
        now=now,
        pool=everybody.only(~asked_before),
        raised_by=raised,
        asked=columns_of(_asked(alert) for alert in alerts),
        yeses=len(claims),
        promises=tuple(_promise(claim) for claim in claims if claim.status in HOLDS_SEATS),
        ties=roster.degree(request.requester),
        habits=roster.habits,
        bound=bound,
    )


def _asked(alert: Alert) -> Asked:
    silent = alert.answer in (None, Answer.ACKNOWLEDGED)
    useful = alert.reasons.seats_useful
    reasons = alert.reasons
    return Asked(
        sent_at=alert.created_at, chance=reasons.chance, seats=useful, silent=silent, hears=reasons.hears,
        online=reasons.hears == 1.0,
    )  # fmt: skip


def _promise(claim: Claim) -> Promise:
    started = claim.status is not ClaimState.COMMITTED
    return Promise(seats=claim.seats, since=claim.created_at, started=started)


def look_at(tx: Tx, now: datetime, roster: Roster, request_id: int) -> Look | None:
    """What the policy sees of that request; None when it is over, held back, or has no place yet."""
    request = tx.requests.by_id(request_id)
    if request is None or request.over or tx.safety.frozen(request.id) is not None:
        return None
    if request.drill and request.wave:
        return None  # a drill asks once
    return look_of(tx, now, roster, request, tx.requests.secrets(request.id))


def parts(decision: Decision) -> list[Decision]:
    """The decision in transactions: a small one for the best, so that they hear at once, then larger ones.

    At least one, which may ask nobody: it carries the forecast and the next look.
    """
    starts = [0, *range(limits.FIRST_CHUNK, len(decision.ask), limits.WAVE_CHUNK)]
    return [decision.only(slice(start, end)) for start, end in zip(starts, [*starts[1:], None], strict=True)]


def planned(tx: Tx, now: datetime, roster: Roster, look: Look, part: Decision, *, last: bool = True) -> Plan:
    """That part of a decision with the reasons of everybody it asks, ready to be written. `last`: no other follows."""
    request = look.request
    ask = _new_alerts(tx, roster, now, look, part)
    return Plan(
        request_id=request.id,
        planned_at=look.now,
        wave=request.wave + 1,
        ask=ask,
        capped=look.bound.nearby is not None and len(part.ask) > 0 and not ask,
        next_look=part.next_look,
        forecast=part.forecast,
        raised=bool(look.raised_by),
        exclusive=part.exclusive,
        last=last,
    )


def _within_limits(tx: Tx, now: datetime, look: Look, pool: Pool) -> list[tuple[int, int]]:
    """(place in the pool, asked this week) of everyone who may hear one more alert this week."""
    people, most, rings = pool.person.tolist(), pool.weekly_max.tolist(), pool.ring.tolist()
    sent = tx.alerts.sent_since(people, now - limits.WEEK) if people else {}
    kept = [(at, week) for at, person in enumerate(people) if (week := sent.get(person, 0)) < most[at]]
    return [kept[at] for at in within_bound(tx, now, look.request, look.bound, [rings[at] for at, _ in kept])]


def _new_alerts(tx: Tx, roster: Roster, now: datetime, look: Look, part: Decision) -> tuple[NewAlert, ...]:
    """The alerts with the reasons each person will read: path, band, seats, how often this week."""
    request, pool = look.request, look.pool.only(part.ask)
    open_seats = request.seats.open
    quiet = matching.quiet(pool, look.now)
    communities = {c.id: c.public_id for c in tx.network.communities_of(request.requester)}
    alerts = []
    for at, asked_7d in _within_limits(tx, now, look, pool):
        ring, person, seats, duty = (int(column[at]) for column in (pool.ring, pool.person, pool.seats, pool.duty))
        via = roster.path(request.requester, person) if ring in (CODE["2"], CODE["3"]) else ()
        reasons = Reasons(
            ring=RINGS[ring],
            via=via or (),
            community=communities.get(int(pool.community[at])),
            band_km=_band(request.cell, float(pool.lat[at]), float(pool.lon[at])),
            seats_useful=seats if open_seats is None else max(1, min(seats, open_seats)),
            asked_7d=asked_7d,
            duty=str(DUTIES[duty]) if duty >= 0 else None,
            urgency=str(request.urgency),
            raised_by=look.raised_by,
            chance=round(float(part.chance[at]), 4),
            hears=round(float(part.hears[at]), 4),
            usual=0.0 if request.drill else round(float(part.usual[at]), 4),
            drill=request.drill,
            exclusive=part.exclusive,
            silent=bool(quiet[at]),
        )
        alerts.append(NewAlert(person_id=person, reasons=reasons))
    return tuple(alerts)


def _band(cell: str | None, lat: float, lon: float) -> int | None:
    """The distance band between the two cells: exact places on neither side (docs/reference/visibility.md)."""
    if cell is None or np.isnan(lat):
        return None
    return _band_between(cell, cells.cell_of(Point(lat, lon), cells.MEMBER))


@lru_cache(maxsize=65_536)
def _band_between(one: str, other: str) -> int | None:
    return travel.band_km(distance.great_circle_km(cells.centre(one), cells.centre(other)))


def first_forecast(
    tx: Tx, now: datetime, roster: Roster, policy: Policy, request: Request, secrets: Secrets
) -> dict[str, object] | None:
    """What the asker is told at once, before anybody was asked; None without a place to start from.

    `request` is not stored yet: its id is 0.
    """
    look = look_of(tx, now, roster, request, secrets)
    if look is None:
        return None
    outlook = policy(look).forecast
    return outlook.as_json() | {"first": first_of(outlook, request.quantity)}
