"""Phones that sleep: which devices are told, what is put into the outbox, and whether it is still true when sent.

What must be told is written in the action's own transaction; the sender asks `still_true` right before each try, so
that nobody is woken for what has passed meanwhile. Words are made in web/pages/pushed.py.
Invariants: off duty drops what asks somebody to come, queued or not; a device is told once of one alert
(tests/contract/test_push.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from dispatch.actions.look import alert_views, my_claim_view, request_state
from dispatch.domain import limits
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.claim import Claim
from dispatch.domain.errors import NotFound, SignIn
from dispatch.domain.lifecycle import ClaimState, RequestState
from dispatch.domain.people import Person
from dispatch.domain.push import MANNERS, Push
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role, Viewer, check_part
from dispatch.ports import Device, Fate, Later, OutboxItem, Tx

CHANNEL: Final = "push"
AGAIN_IN: Final = timedelta(seconds=2)
"""A standing down comes after its alert: while a worker is sending that one, it is tried again so much later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a device is told now: everything its words are made of, as its reader may see it."""

    why: Push
    device: Device
    reader: Person
    left: timedelta
    silent: bool
    request: Request | None = None
    view: Mapping[str, Any] | None = None
    """The alert or claim as its holder sees it, or the ask as its owner does."""


# -- devices -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A browser's push subscription, checked."""

    viewer: Viewer
    endpoint: str
    p256dh: bytes
    auth: bytes
    lang: str | None


def register(tx: Tx, now: datetime, command: Register) -> dict[str, Any]:
    """How many devices are told now. The same one again is one.

    Raises: SignIn.
    """
    person_id = _person(command.viewer)
    tx.devices.put(person_id, command.viewer.session, command.endpoint, command.p256dh, command.auth, command.lang)
    for request in tx.requests.of_person(person_id, limits.INBOX_ALERTS):
        nobody_later(tx, request)
    return devices_of(tx, person_id)


def unregister(tx: Tx, now: datetime, viewer: Viewer) -> None:
    """This browser is told no more; for a program's token, none of that person's. Twice is once.

    Raises: SignIn.
    """
    person_id = _person(viewer)
    if viewer.session is not None:
        tx.devices.drop_session(viewer.session)
    else:
        tx.devices.drop_person(person_id)


def send_test(tx: Tx, now: datetime, viewer: Viewer) -> int:
    """To how many devices a test goes: this browser's.

    Raises: SignIn; NotFound when this browser is not registered.
    """
    mine = [device for device, session in tx.devices.sessions(_person(viewer)) if session == viewer.session]
    if not mine:
        raise NotFound("device")
    _put(tx, now, Push.TEST, [(device, {}) for device in mine])
    return len(mine)


def devices_of(tx: Tx, person_id: int) -> dict[str, Any]:
    """What a person reads of their devices: how many."""
    return {"devices": len(tx.devices.of_people([person_id]))}


def here(tx: Tx, viewer: Viewer, person_id: int | None) -> dict[str, bool] | None:
    """Is this browser told, and is any device of that person? None for everybody but that person."""
    if person_id is None or viewer.person_id != person_id:
        return None
    sessions = [session for _, session in tx.devices.sessions(person_id)]
    return {"on": viewer.session in sessions, "reachable": bool(sessions)}


def _person(viewer: Viewer) -> int:
    if viewer.person_id is None:
        raise SignIn("Sign in first: open your own link, or send your token.")
    return viewer.person_id


# -- what is put into the outbox ---------------------------------------------------------------------------------------


def push_alerts(tx: Tx, now: datetime, alerts: Sequence[Alert], why: Push) -> None:
    """Every device of everybody who got one of these alerts."""
    by_person = {alert.person_id: alert.public_id for alert in alerts}
    devices = tx.devices.of_people(by_person) if by_person else []
    _put(tx, now, why, [(device, {"alert": by_person[person]}) for person, device in devices])


def push_claimer(tx: Tx, now: datetime, claim: Claim, why: Push) -> None:
    """Every device of whoever holds that claim."""
    devices = tx.devices.of_people([claim.person_id])
    _put(tx, now, why, [(device, {"claim": claim.public_id}) for _, device in devices])


def push_owner(tx: Tx, now: datetime, request: Request, why: Push, claim: Claim | None = None) -> None:
    """Every device of whoever asked."""
    about = {"request": request.public_id} | ({"claim": claim.public_id} if claim else {})
    _put(tx, now, why, [(device, about) for _, device in tx.devices.of_people([request.requester])])


def nobody_later(tx: Tx, request: Request) -> None:
    """Whoever asked is told after a while that nobody has said yes, if that is so then."""
    if request.over or request.seats_taken:
        return
    at = request.created_at + limits.PUSH_NOBODY_AFTER
    devices = tx.devices.of_people([request.requester])
    _put(tx, at, Push.NOBODY, [(device, {"request": request.public_id}) for _, device in devices])


def _put(tx: Tx, at: datetime, why: Push, told: Sequence[tuple[int, Mapping[str, str]]]) -> None:
    moment = at.isoformat()
    rows = [
        (device, {"why": str(why), "at": moment, **about}, _name(why, about, device, moment)) for device, about in told
    ]
    tx.outbox.put_all(CHANNEL, rows, at)


def _name(why: Push, about: Mapping[str, str], device: int, moment: str) -> str:
    """Under which a message is put once: one alert a device, ever; anything else once a moment."""
    subject = " ".join(about.values())
    return f"{why} {subject} {device}" if why is Push.ALERT else f"{why} {subject} {device} {moment}"


# -- what is still true ------------------------------------------------------------------------------------------------


def still_true(tx: Tx, now: datetime, item: OutboxItem) -> Told | Later | None:
    """What that message says now; None when it has passed, or its device is gone."""
    why = Push(str(item.body["why"]))
    manner = MANNERS[why]
    left = manner.life - (now - datetime.fromisoformat(str(item.body["at"])))
    device = tx.devices.by_id(item.target) if left > timedelta(0) else None
    reader = tx.people.by_id(device.person_id) if device else None
    if device is None or reader is None or (manner.obeys_duty and reader.silent_at(now)):
        return None
    told = Told(why=why, device=device, reader=reader, left=left, silent=manner.silent)
    return _CHECKS[why](tx, now, told, item)


Check = Callable[[Tx, datetime, Told, OutboxItem], "Told | Later | None"]
"""What one kind of message says now, if it is still true."""


def _asked(tx: Tx, now: datetime, told: Told, item: OutboxItem) -> Told | Later | None:
    """The alert, while nobody has answered it and the ask is open."""
    alert, request = _alert(tx, told, item)
    if alert is None or request is None or request.status is not RequestState.OPEN:
        return None
    first = told.why is Push.ALERT
    if alert.answer not in ((None,) if first else (None, Answer.ACKNOWLEDGED)):
        return None
    blocked = request.requester in tx.network.blocked_either_way(alert.person_id)
    if blocked or tx.safety.is_held(alert.person_id) or tx.safety.frozen(request.id) is not None:
        return None
    heard = not first and _fate(tx, now, alert, told.device) is Fate.SENT
    return _saying_of_alert(tx, told, request, alert, silent=heard or alert.reasons.silent)


def _stood_down(tx: Tx, now: datetime, told: Told, item: OutboxItem) -> Told | Later | None:
    """Only to a phone that was told of the ask: to any other it would be a riddle."""
    alert, request = _alert(tx, told, item)
    if alert is None or request is None or alert.answer is not Answer.STOOD_DOWN:
        return None
    fate = _fate(tx, now, alert, told.device)
    if fate is Fate.ON_ITS_WAY:
        return Later(AGAIN_IN)
    return _saying_of_alert(tx, told, request, alert, silent=True) if fate is Fate.SENT else None


def _alert(tx: Tx, told: Told, item: OutboxItem) -> tuple[Alert | None, Request | None]:
    alert = tx.alerts.by_public(str(item.body["alert"]))
    if alert is None or alert.person_id != told.device.person_id:
        return None, None
    return alert, tx.requests.by_id(alert.request_id)


def _fate(tx: Tx, now: datetime, alert: Alert, device: Device) -> Fate:
    return tx.outbox.fate(_name(Push.ALERT, {"alert": alert.public_id}, device.id, ""), now)


def _saying_of_alert(tx: Tx, told: Told, request: Request, alert: Alert, *, silent: bool) -> Told:
    view = alert_views(tx, [alert])[0] | {"seats": request.seats.as_json()}
    return _saying(told, request, view, silent=silent)


def _coming(tx: Tx, now: datetime, told: Told, item: OutboxItem) -> Told | Later | None:
    """What became of the reader's own claim, while it is so."""
    claim = tx.claims.by_public(str(item.body["claim"]))
    if claim is None or claim.person_id != told.device.person_id or claim.status not in _CLAIM_STATES[told.why]:
        return None
    request = tx.requests.by_id(claim.request_id)
    return _saying(told, request, _shown(my_claim_view(tx, claim, request))) if request else None


def _waiting(tx: Tx, now: datetime, told: Told, item: OutboxItem) -> Told | Later | None:
    """How it stands with the reader's own ask."""
    request = tx.requests.by_public(str(item.body["request"]))
    if request is None or request.requester != told.device.person_id or request.over:
        return None
    nobody = request.seats_taken == 0
    if nobody is not (told.why is Push.NOBODY):
        return None
    view = _shown(request_state(tx, request, Role.OWNER))
    if told.why is Push.THERE:
        there = [c for c in view["claims"] if c["id"] == item.body.get("claim") and c["status"] == ClaimState.ON_SCENE]
        if not there:
            return None
        view = view | {"there": there[0]}
    return _saying(told, request, view)


def _unanswered(tx: Tx, now: datetime, told: Told, item: OutboxItem) -> Told | Later | None:
    """Whether the reader is safe, while they have not said so."""
    request = tx.requests.by_public(str(item.body["request"]))
    if request is None or request.requester != told.device.person_id:
        return None
    asked = check_part(tx.safety.flags_of(request.id))
    return _saying(told, request, {"id": request.public_id}) if asked else None


def _shown(view: Mapping[str, Any]) -> dict[str, Any]:
    """What may stand on a locked screen: counts, steps and first names; no place, phone, note or code."""
    shown = {name: view[name] for name in _ON_A_LOCKED_SCREEN & view.keys()}
    if "claims" in view:
        shown["claims"] = [_shown(claim) for claim in view["claims"]]
    return shown


def _saying(told: Told, request: Request, view: Mapping[str, Any], *, silent: bool = False) -> Told:
    return replace(told, request=request, view=view, silent=told.silent or silent)


_ON_A_LOCKED_SCREEN: Final = frozenset(
    {"id", "request", "kind", "drill", "seats", "status", "request_status", "name", "lease_until", "eta_at"}
)
_CLAIM_STATES: Final = {
    Push.PROMOTED: frozenset({ClaimState.COMMITTED}),
    Push.RELEASED: frozenset({ClaimState.STOOD_DOWN, ClaimState.LAPSED}),
}
"""The states of a claim in which such a message is still true."""
_CHECKS: Final[dict[Push, Check]] = {
    Push.ALERT: _asked,
    Push.AGAIN: _asked,
    Push.STAND_DOWN: _stood_down,
    Push.PROMOTED: _coming,
    Push.RELEASED: _coming,
    Push.YES: _waiting,
    Push.THERE: _waiting,
    Push.NOBODY: _waiting,
    Push.SAFE: _unanswered,
    Push.TEST: lambda tx, now, told, item: told,
}
