"""One look of the matcher: who is asked next. Worked out without a lock, written in one transaction.

`plan` reads the store and the roster and asks the policy; `send` writes what still holds when its
turn comes. Killed in between, nothing is half-sent: the next look sees what was written.
Invariants: nobody is asked twice for one request, nobody off duty or past their weekly limit
(tests/contract/test_waves.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from dispatch.actions.push import push_alerts
from dispatch.actions.reach import reached
from dispatch.actions.words import WAVE, tell
from dispatch.domain import limits, matching, surge
from dispatch.domain.alert import Alert, Answer, NewAlert, Reasons
from dispatch.domain.claim import Claim
from dispatch.domain.events import EventKind, InboxKind
from dispatch.domain.forecast import Forecast
from dispatch.domain.kinds import KINDS, Kind
from dispatch.domain.lifecycle import HOLDS_SEATS, ClaimState, RequestState
from dispatch.domain.looking import Asked, Decision, Look, Policy, Promise, columns_of
from dispatch.domain.matching import DUTIES, Pool
from dispatch.domain.network import CODE, RINGS, rings_allowed
from dispatch.domain.people import Duty, Person
from dispatch.domain.push import Push
from dispatch.domain.request import Request, Secrets
from dispatch.domain.standing import REACHES, Bound, FlagKind, backing, within
from dispatch.domain.visibility import heard_view
from dispatch.ports import Candidates, Roster, Search, Tx
from geo import cells, distance, roads, travel
from geo.point import Point

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a look decided, ready to be written."""

    request_id: int
    planned_at: datetime
    wave: int
    """Its number; chunks of one wave share it."""
    ask: tuple[NewAlert, ...]
    next_look: datetime | None
    forecast: Forecast
    raised: bool
    exclusive: bool = False
    """Nobody is told who holds another fresh offer: asks compete here (actions/share_drivers.py)."""
    last: bool = True
    """False for a chunk that others follow: the look stays due until the last one is written."""

    def chunks(self) -> "list[Plan]":
        """The plan in transactions: a small one for the nearest, so that they hear at once, then larger ones."""
        starts = [0, *range(limits.FIRST_CHUNK, len(self.ask), limits.WAVE_CHUNK)]
        parts = [self.ask[start:end] for start, end in zip(starts, [*starts[1:], len(self.ask)], strict=True)]
        return [replace(self, ask=part, last=number == len(parts)) for number, part in enumerate(parts, 1)]


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


def search_for(tx: Tx, now: datetime, request: Request, secrets: Secrets, kind: Kind) -> Search | None:
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
        communities=communities,
        vouchers=tuple(tx.requests.vouchers(request.id)) if request.id else (),
        open=request.reach.open,
        now=now.timestamp(),
    )


def pool_for(tx: Tx, now: datetime, roster: Roster, request: Request, secrets: Secrets, bound: Bound) -> Pool | None:
    """Everybody who passes the gate for this request."""
    kind = KINDS[request.kind]
    question = search_for(tx, now, request, secrets, kind)
    if question is None:
        return None
    pool = pool_from(roster.search(question))
    out = tx.network.blocked_either_way(request.requester) | tx.claims.busy() | {request.requester}
    out |= tx.safety.held_now(now)
    strangers = pool.ring == CODE["open"]
    keep = matching.gate(pool, rings=rings_allowed(request) & bound.rings, never=frozenset(out))
    pool = pool.only(keep & (~strangers | (pool.duty == DUTIES.index(Duty.AVAILABLE))))
    if not kind.located or request.cell is None:
        return pool
    pool = with_minutes(pool, request.cell)
    return pool.only(matching.in_reach(pool))


def look_of(tx: Tx, now: datetime, roster: Roster, request: Request, secrets: Secrets) -> Look | None:
    """Everything the policy sees of this request now."""
    alerts = tx.alerts.of_request(request.id) if request.id else []
    claims = tx.claims.of_request(request.id) if request.id else []
    known = {alert.person_id for alert in alerts} | {claim.person_id for claim in claims}
    bound = bound_of(tx, request)
    everybody = pool_for(tx, now, roster, request, secrets, bound)
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


def plan(tx: Tx, now: datetime, roster: Roster, policy: Policy, request_id: int) -> Plan | None:
    """Whom to ask now; None when there is nothing to decide (over, or no place yet). Read only."""
    look = look_at(tx, now, roster, request_id)
    return None if look is None else planned(tx, now, roster, look, policy(look))


def look_at(tx: Tx, now: datetime, roster: Roster, request_id: int) -> Look | None:
    """What the policy sees of that request; None when it is over, held back, or has no place yet."""
    request = tx.requests.by_id(request_id)
    if request is None or request.over or tx.safety.frozen(request.id) is not None:
        return None
    return look_of(tx, now, roster, request, tx.requests.secrets(request.id))


def planned(tx: Tx, now: datetime, roster: Roster, look: Look, decision: Decision) -> Plan:
    """The decision with the reasons of everybody it asks, ready to be written."""
    request = look.request
    kept = _within_limits(tx, now, look, decision)
    return Plan(
        request_id=request.id,
        planned_at=now,
        wave=request.wave + 1,
        ask=_new_alerts(tx, roster, now, look, decision, kept),
        next_look=decision.next_look,
        forecast=decision.forecast,
        raised=bool(look.raised_by),
    )


def _within_limits(tx: Tx, now: datetime, look: Look, decision: Decision) -> list[tuple[int, int]]:
    """(place in the decision, asked this week) of everyone who may hear one more alert this week."""
    pool = look.pool
    people = pool.person[decision.ask].tolist()
    sent = tx.alerts.sent_since(people, now - WEEK) if people else {}
    most = pool.weekly_max[decision.ask].tolist()
    kept = [(at, week) for at, person in enumerate(people) if (week := sent.get(person, 0)) < most[at]]
    rings = pool.ring[decision.ask].tolist()
    return [kept[place] for place in _of_these(tx, now, look.request, look.bound, [rings[at] for at, _ in kept])]


def _new_alerts(
    tx: Tx,
    roster: Roster,
    now: datetime,
    look: Look,
    decision: Decision,
    kept: list[tuple[int, int]],
) -> tuple[NewAlert, ...]:
    """The alerts with the reasons each person will read: path, band, seats, how often this week."""
    request, pool = look.request, look.pool
    open_seats = request.seats.open
    quiet = matching.quiet(pool, now)
    communities = {c.id: c.public_id for c in tx.network.communities_of(request.requester)}
    alerts = []
    for at, asked_7d in kept:
        row = int(decision.ask[at])
        ring = int(pool.ring[row])
        person = int(pool.person[row])
        via = roster.path(request.requester, person) if ring in (CODE["2"], CODE["3"]) else ()
        seats = int(pool.seats[row])
        duty = int(pool.duty[row])
        reasons = Reasons(
            ring=RINGS[ring],
            via=via or (),
            community=communities.get(int(pool.community[row])),
            band_km=_band(request.cell, float(pool.lat[row]), float(pool.lon[row])),
            seats_useful=seats if open_seats is None else max(1, min(seats, open_seats)),
            asked_7d=asked_7d,
            duty=str(DUTIES[duty]) if duty >= 0 else None,
            urgency=str(request.urgency),
            raised_by=look.raised_by,
            chance=round(float(decision.chance[at]), 4),
            hears=round(float(decision.hears[at]), 4),
            usual=round(float(decision.usual[at]), 4),
            silent=bool(quiet[row]),
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


def send(tx: Tx, now: datetime, wave: Plan) -> int:
    """Writes a chunk of a wave: alerts, inbox events, an event, the next look. Answers how many were told.

    Re-checked here: the request is still open, and everyone still passes the gate.
    """
    request = tx.requests.lock(wave.request_id)
    if request is None or request.over:
        tx.due.remove(WAVE, wave.request_id)
        return 0
    if wave.last:
        # A decline since then has set a later date than the look's own: that one stands.
        tx.due.remove(WAVE, request.id, due_by=wave.planned_at)
        if wave.next_look is not None:
            tx.due.put(WAVE, request.id, wave.next_look, sooner_only=True)
    told: list[Alert] = []
    if request.status is RequestState.OPEN and wave.ask:
        people = tx.people.by_ids([alert.person_id for alert in wave.ask])
        bound = bound_of(tx, request)
        fit = _still_fit(tx, now, request, bound, wave.ask, people)
        if wave.exclusive:
            holding = offered_lately(tx, now, [alert.person_id for alert in fit])
            fit = [alert for alert in fit if alert.person_id not in holding]
        told = tx.alerts.add(request.id, wave.wave, now, [(tx.ids.public_id(), alert) for alert in fit])
        rows = [(alert.person_id, {"alert": alert.public_id}) for alert in told]
        tx.journal.append_inbox(InboxKind.ALERTED, rows, request.id)
        push_alerts(tx, now, told, Push.ALERT)
        if told:
            _flag_the_ceiling(tx, now, request, bound, len(told))
    forecast = wave.forecast.as_json() | {"alerted": request.alerted + len(told)}
    if not told and not _moved(request.forecast, forecast) and wave.raised == request.raised:
        return 0
    parts: dict[str, object] = {"forecast": forecast, "raised": wave.raised}
    columns: dict[str, object] = {"forecast": forecast, "raised": wave.raised}
    if told:
        columns |= {"wave": wave.wave, "alerted": request.alerted + len(told)}
    request = tx.requests.set(request.id, **columns)
    if told:
        parts |= {"wave": {"waves": request.wave}, "heard": heard_view(request)}
    tell(tx, request, EventKind.WAVE_SENT, None, off=None, **parts)
    return len(told)


def _still_fit(
    tx: Tx, now: datetime, request: Request, bound: Bound, ask: tuple[NewAlert, ...], people: dict[int, Person]
) -> list[NewAlert]:
    """The gate again, under the lock: another wave, a block or a break may have come since it was planned."""
    never = tx.network.blocked_either_way(request.requester) | tx.claims.busy() | tx.safety.held_now(now)
    if tx.safety.frozen(request.id) is not None:
        return []
    rings = rings_allowed(request)
    sent = tx.alerts.sent_since([alert.person_id for alert in ask], now - WEEK)
    fit = [
        alert
        for alert in ask
        if (person := people.get(alert.person_id)) is not None
        if not person.silent_at(now) and alert.person_id not in never and CODE[alert.reasons.ring] in rings
        if sent.get(alert.person_id, 0) < person.alerts_per_week_max
    ]
    return [fit[place] for place in _of_these(tx, now, request, bound, [CODE[alert.reasons.ring] for alert in fit])]


def offered_lately(tx: Tx, now: datetime, people: Sequence[int]) -> set[int]:
    """Those of them who hold an offer that is fresh and unanswered."""
    facts = tx.alerts.learned(people, now - surge.OFFER)
    return set(facts.person[facts.open].tolist())


def bound_of(tx: Tx, request: Request) -> Bound:
    """How far this call may go, by who stands behind the one who asks; a draft of nobody is a guest's."""
    person = tx.people.by_id(request.requester)
    guest = person is None or person.guest
    known = not guest and (
        (person is not None and person.external is not None)
        or tx.network.tied_to_imported(request.requester)
        or any(_known(tx, voucher) for voucher in (tx.requests.vouchers(request.id) if request.id else ()))
    )
    looked_at = not known and bool(request.id) and tx.safety.looked_at(request.id)
    return REACHES[backing(guest=guest, known=known, looked_at=looked_at)]


def _known(tx: Tx, person_id: int) -> bool:
    """Imported, or tied to somebody who was: a word of anybody else is worth no more than an invite."""
    person = tx.people.by_id(person_id)
    return person is not None and (person.external is not None or tx.network.tied_to_imported(person_id))


def _of_these(tx: Tx, now: datetime, request: Request, bound: Bound, rings: list[int]) -> list[int]:
    """Places in `rings` of those whom this call may still reach."""
    if not rings:
        return []
    return within(bound, reached(tx, now, request, bound), rings)


def _flag_the_ceiling(tx: Tx, now: datetime, request: Request, bound: Bound, more: int) -> None:
    """A coordinator is shown a call that may go no further without somebody's word; `more` were told just now."""
    most = bound.strangers
    if request.alerted + more < most or most >= limits.REQUEST_ALERTS_MAX:
        return
    if tx.alerts.reached(request.id, request.requester, now)[0] >= most:
        tx.safety.raise_flag(FlagKind.GUEST_CAP, request.id, None, now)


def nothing_to_ask(tx: Tx, now: datetime, request_id: int) -> None:
    """The request is over, or nobody knows where it is yet: no more looks until something changes."""
    tx.due.remove(WAVE, request_id)


def _moved(before: dict[str, object] | None, after: dict[str, object]) -> bool:
    """Is the forecast another one in the reader's eyes: another tenth, or another deadline?"""
    if before is None:
        return True
    tenth = [round(float(str(f["p"])), 1) for f in (before, after)]
    return tenth[0] != tenth[1] or before["by"] != after["by"]


def first_forecast(
    tx: Tx, now: datetime, roster: Roster, policy: Policy, request: Request, secrets: Secrets
) -> dict[str, object] | None:
    """What the asker is told at once, before anybody was asked; None without a place to start from.

    `request` is not stored yet: its id is 0.
    """
    look = look_of(tx, now, roster, request, secrets)
    return policy(look).forecast.as_json() if look is not None else None
