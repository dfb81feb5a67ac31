"""What somebody who was asked answers: seen, or not now. A no is replaced at once and costs nothing.

To a drill they say that they could, or not: it is told to the asker at once, and nobody else is asked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.actions.look import alert_views
from dispatch.actions.words import SEEN, look_soon, tell, tell_alert
from dispatch.domain import limits
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.drill import ANSWERS, drilled
from dispatch.domain.errors import Invalid, NotFound, RequestOver
from dispatch.domain.events import EventKind
from dispatch.domain.request import Request
from dispatch.ports import Tx

STANDS = frozenset({Answer.DECLINED, Answer.CLAIMED, Answer.COULD, Answer.STOOD_DOWN})
"""Answers that a mere look does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAlert:
    """Who answers which alert, and how."""

    alert: str
    person_id: int
    answer: Answer
    reason: str | None = None


def answer_alert(tx: Tx, now: datetime, command: AnswerAlert) -> dict[str, Any]:
    """The alert as its owner sees it afterwards.

    Raises: NotFound for somebody else's alert; Invalid for `could` to a real call; RequestOver once a drill has ended.
    """
    alert = tx.alerts.by_public(command.alert)
    if alert is None or alert.person_id != command.person_id:
        raise NotFound("alert")
    # The lock first and then the alert once more, or a look that comes with a standing down would undo it.
    request = tx.requests.lock(alert.request_id)
    alert = tx.alerts.by_public(command.alert)
    if request is None or alert is None:
        raise NotFound("alert")
    if command.answer is Answer.COULD and not request.drill:
        raise Invalid([{"field": "answer", "says": "this is no drill: take seats, or decline"}])
    if request.drill and command.answer in ANSWERS:
        return alert_views(tx, [_to_a_drill(tx, now, command, request, alert)])[0]
    unchanged = command.answer is alert.answer
    too_late = alert.answer in STANDS if command.answer is Answer.ACKNOWLEDGED else alert.answer is Answer.CLAIMED
    if not unchanged and not too_late:
        alert = _written(tx, now, command, alert)
        # Where many were asked, one refusal leaves the sum and the next look fills the gap: a look per refusal sends
        # a third more alerts and brings nobody sooner (docs/matching.md).
        few = not request.over and request.alerted <= limits.DECLINE_AT_ONCE
        if command.answer is Answer.DECLINED and few:
            look_soon(tx, request, now)
    return alert_views(tx, [alert])[0]


def _written(tx: Tx, now: datetime, command: AnswerAlert, alert: Alert) -> Alert:
    """The alert with that answer, told to its owner; the asker hears of it soon, together with others."""
    answered = tx.alerts.answer(alert.id, command.answer, now, command.reason)
    tell_alert(tx, answered)
    tx.due.put(SEEN, answered.request_id, now + limits.SEEN_EVERY, sooner_only=True)
    return answered


def _to_a_drill(tx: Tx, now: datetime, command: AnswerAlert, request: Request, alert: Alert) -> Alert:
    """One event an answer: a drill asks few. Who could before may still say no, and the other way round."""
    if request.over:
        raise RequestOver(request.status)
    if alert.answer is not command.answer:
        alert = _written(tx, now, command, alert)
        counts = drilled(request.created_at, tx.alerts.of_request(request.id))
        tell(tx, request, EventKind.ALERT_SEEN, None, drilled=counts.as_json())
    return alert
