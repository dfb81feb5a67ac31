"""What people say of themselves, by HTTP: name, car, duty, where they are."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import push, set_me
from dispatch.domain.errors import Invalid
from dispatch.domain.network import closed_to
from dispatch.domain.people import Duty
from dispatch.ports import Tx
from geo.point import Point
from web.call import Call, answer, begin, written
from web.limiter import POSITION
from web.pages.render import LANG_COOKIE
from web.pages.speech import choose
from web.positions import tell_position
from web.routes.asks import whereabouts
from web.schemas import answers, bodies, told
from web.schemas.push import PushBody

router = APIRouter(prefix="/v1/me", tags=["me"])


@router.get("", **told.call("Me", answer=answers.MeView))
async def get_me(request: Request) -> Response:
    """Everything that is kept of me, and the key with which a browser subscribes to pushes."""
    call = await begin(request)
    return answer(_with_key(call, await call.read(lambda tx, now: set_me.show_me(tx, now, call.viewer))))


def _with_key(call: Call, mine: dict[str, Any]) -> dict[str, Any]:
    """Me, with the key of this server that a browser subscribes with."""
    mine |= {"phone_provable": call.flare.texts is not None}
    return mine | {"push": mine["push"] | {"key": call.flare.push.public_key}}


@router.put("", **told.call("Change me", body=bodies.MeBody, answer=answers.MeView))
async def put_me(request: Request) -> Response:
    """Replaces what is sent; what is absent stays, null erases."""
    call = await begin(request)
    _ = call.person_id
    body = await call.body(bodies.MeBody)
    changes = {name: getattr(body, name) for name in body.model_fields_set - {"asked_by"}}
    if "asked_by" in body.model_fields_set:
        changes["closed"] = 0 if body.asked_by is None else closed_to(body.asked_by)
    command = set_me.SetMe(viewer=call.viewer, changes=changes)
    return written(await call.write(lambda tx, now: _with_key(call, set_me.set_me(tx, now, command))))


@router.put("/duty", **told.call("My readiness", body=bodies.DutyBody, answer=answers.MeView))
async def put_duty(request: Request) -> Response:
    """Off duty or on a break silences every channel at once."""
    call = await begin(request)
    _ = call.person_id
    body = await call.body(bodies.DutyBody)
    place: Point | None = None
    if body.place is not None:
        place = (await whereabouts(body.place)).point
    changes = duty_changes(body)
    duty = Duty(body.duty)

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        if body.until is not None and body.until <= now:
            raise Invalid([{"field": "until", "says": "a time that has not passed yet"}])
        command = set_me.SetDuty(viewer=call.viewer, duty=duty, until=body.until, place=place, changes=changes)
        return _with_key(call, set_me.set_duty(tx, now, command))

    return written(await call.write(job))


@router.put("/push", **told.call("Alert this device", body=PushBody, answer=answers.DevicesView))
async def put_push(request: Request) -> Response:
    """A browser's push subscription, as `PushSubscription.toJSON()` gives it. The same one again is one."""
    call = await begin(request)
    _ = call.person_id
    body = await call.body(PushBody)
    p256dh, auth = call.flare.push.check(body.endpoint, body.keys.p256dh, body.keys.auth)
    lang = body.lang or choose(None, request.cookies.get(LANG_COOKIE), request.headers.get("accept-language"))
    command = push.Register(viewer=call.viewer, endpoint=body.endpoint, p256dh=p256dh, auth=auth, lang=lang)
    return written(await call.write(lambda tx, now: push.register(tx, now, command)))


@router.delete("/push", **told.call("Alert this device no more", status=204))
async def delete_push(request: Request) -> Response:
    """This browser's subscription; with a program's token every one of that person's. Twice is once."""
    call = await begin(request)
    return written(await call.write(lambda tx, now: push.unregister(tx, now, call.viewer), 204))


def duty_changes(body: bodies.DutyBody) -> dict[str, Any]:
    """The columns that were sent beside the duty itself."""
    sent = body.model_fields_set
    changes: dict[str, Any] = {}
    if "reach_minutes" in sent:
        changes["reach_minutes"] = body.reach_minutes
    if "alerts_per_week_max" in sent and body.alerts_per_week_max is not None:
        changes["alerts_per_week_max"] = body.alerts_per_week_max
    if "quiet_hours" in sent:
        start, end = body.quiet_hours.minutes if body.quiet_hours else (None, None)
        changes |= {"quiet_from": start, "quiet_to": end}
    return changes


@router.put("/position", **told.call("Where I am", body=bodies.Fix, answer=answers.KeptView))
async def put_position(request: Request) -> Response:
    """A phone's position. Kept is the cell; the point reaches only whoever may follow, and is not stored."""
    call = await begin(request, limit=())
    person = call.person_id
    body = await call.body(bodies.Fix)
    await call.limit(*POSITION)
    command = set_me.Move(viewer=call.viewer, point=body.point)
    done = await call.write(lambda tx, now: set_me.move_person(tx, now, command))
    await tell_position(call, person, body.lat, body.lon, body.accuracy_m)
    return written(done)
