"""Writes what a look decided, chunk by chunk, as far as it still holds when its turn comes.

`actions/plan_wave.py` worked it out without a lock. Killed between two chunks, nothing is half-sent: the next look
sees what was written.
Invariants: nobody is asked twice for one request, nobody off duty or past their weekly limit, nobody beside an
exclusive offer that is fresh (tests/contract/test_waves.py, test_surge.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.actions.push import push_alerts
from dispatch.actions.reach import bound_of, drilled_lately, reached
from dispatch.actions.words import WAVE, tell
from dispatch.domain import limits, surge
from dispatch.domain.alert import Alert, NewAlert
from dispatch.domain.events import EventKind, InboxKind
from dispatch.domain.forecast import Forecast
from dispatch.domain.habits import first_of
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.network import CLOSES, CODE, rings_allowed
from dispatch.domain.people import Person
from dispatch.domain.push import Push
from dispatch.domain.request import Request
from dispatch.domain.standing import Bound, FlagKind, within
from dispatch.domain.visibility import heard_view
from dispatch.ports import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a look decided, or a chunk of it, ready to be written."""

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
    capped: bool = False
    """People were found, and not one of them may be told: a guest's call, or their neighbours', has gone its way."""
    last: bool = True
    """False for a chunk that others follow: the look stays due until the last one is written."""


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
    if wave.capped and request.status is RequestState.OPEN:
        tx.safety.raise_flag(FlagKind.GUEST_CAP, request.id, None, now)
    if request.status is RequestState.OPEN and wave.ask:
        people = tx.people.by_ids([alert.person_id for alert in wave.ask])
        bound = bound_of(tx, now, request)
        fit = _still_fit(tx, now, request, bound, wave.ask, people)
        holding = offered_lately(tx, now, [alert.person_id for alert in fit], any_offer=wave.exclusive)
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
    first = (request.forecast or {}).get("first") or first_of(wave.forecast, request.quantity)
    columns: dict[str, object] = {"forecast": forecast | {"first": first}, "raised": wave.raised}
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
    never |= drilled_lately(tx, now, request)
    if tx.safety.frozen(request.id) is not None:
        return []
    rings = rings_allowed(request)
    sent = tx.alerts.sent_since([alert.person_id for alert in ask], now - limits.WEEK)
    fit = [
        alert
        for alert in ask
        if (person := people.get(alert.person_id)) is not None
        if not person.silent_at(now) and alert.person_id not in never and CODE[alert.reasons.ring] in rings
        if not person.closed & CLOSES[CODE[alert.reasons.ring]]
        if sent.get(alert.person_id, 0) < person.alerts_per_week_max
    ]
    return [fit[at] for at in within_bound(tx, now, request, bound, [CODE[alert.reasons.ring] for alert in fit])]


def offered_lately(tx: Tx, now: datetime, people: Sequence[int], *, any_offer: bool) -> set[int]:
    """Who of them holds a fresh, unanswered exclusive offer; with `any_offer`, a fresh, unanswered one of any kind."""
    facts = tx.alerts.learned(people, now - surge.OFFER)
    return set(facts.person[facts.open & (facts.exclusive | any_offer)].tolist())


def within_bound(tx: Tx, now: datetime, request: Request, bound: Bound, rings: list[int]) -> list[int]:
    """Indices into `rings`, which has one ring a person: of the people whom this call may still reach."""
    if not rings:
        return []
    return within(bound, reached(tx, now, request, bound), rings)


def _flag_the_ceiling(tx: Tx, now: datetime, request: Request, bound: Bound, more: int) -> None:
    """A coordinator is shown a call that may go no further without somebody's word; `more` were told just now."""
    most = bound.strangers
    if request.alerted + more < most or most >= limits.REQUEST_ALERTS_MAX:
        return
    at_its_end = request.alerted + more >= bound.a_call
    if at_its_end or tx.alerts.reached(request.id, request.requester, now)[0] >= most:
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
