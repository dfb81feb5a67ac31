"""What many people are told at once: not needed any more, needed again; and what the owner hears of them.

Due work (dispatch/ticker.py), in transactions of at most WAVE_CHUNK people: a large wave never
holds up the people who are waiting.
"""

from datetime import datetime

from dispatch.actions.push import push_alerts
from dispatch.actions.words import REOPEN, SEEN, STAND_DOWN, tell
from dispatch.domain import limits
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.events import EventKind, InboxKind
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.push import Push
from dispatch.ports import Tx


def stand_down(tx: Tx, now: datetime, request_id: int) -> None:
    """Tells everyone who has not answered that they are not needed; the row stays due until all know."""
    request = tx.requests.lock(request_id)  # or seats could come back between this look and the telling
    tx.due.remove(STAND_DOWN, request_id)
    if request is None or request.status is RequestState.OPEN:
        return
    waiting = tx.alerts.unanswered(request_id, limits.WAVE_CHUNK)
    for alert in waiting:
        tx.alerts.answer(alert.id, Answer.STOOD_DOWN, now)
    _tell(tx, now, waiting, request_id, Push.STAND_DOWN)
    if len(waiting) == limits.WAVE_CHUNK:
        tx.due.put(STAND_DOWN, request_id, now)


def reopen(tx: Tx, now: datetime, request_id: int) -> None:
    """Seats are open again: whoever was stood down without having answered may answer after all."""
    request = tx.requests.lock(request_id)
    tx.due.remove(REOPEN, request_id)
    if request is None or request.status is not RequestState.OPEN:
        return
    resting = tx.alerts.stood_down(request_id, limits.WAVE_CHUNK)
    for alert in resting:
        tx.alerts.answer(alert.id, Answer.ACKNOWLEDGED if alert.seen_at else None, now)
    _tell(tx, now, resting, request_id, Push.AGAIN)
    if len(resting) == limits.WAVE_CHUNK:
        tx.due.put(REOPEN, request_id, now)


def _tell(tx: Tx, now: datetime, alerts: list[Alert], request_id: int, why: Push) -> None:
    rows = [(alert.person_id, {"alert": alert.public_id}) for alert in alerts]
    if rows:
        tx.journal.append_inbox(InboxKind.ALERT_CHANGED, rows, request_id)
        push_alerts(tx, now, alerts, why)


def tell_seen(tx: Tx, now: datetime, request_id: int) -> None:
    """Tells the owner how many have looked: at most one event in SEEN_EVERY, however many look at once."""
    request = tx.requests.lock(request_id)  # first, as everybody does, or this and a claim wait for each other
    tx.due.remove(SEEN, request_id)
    if request is None:
        return
    alerted, seen = tx.alerts.counts(request_id)
    if seen == request.seen:
        return
    request = tx.requests.set(request_id, seen=seen, alerted=alerted)
    tell(tx, request, EventKind.ALERT_SEEN, None, heard={"alerted": alerted, "seen": seen})
