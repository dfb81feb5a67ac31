"""Links become sessions: the token of a fragment is exchanged for a cookie, which scripts can't read."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import sign_in
from dispatch.domain.errors import SignIn
from dispatch.ports import Tx
from web import auth
from web.call import Call, Written, begin, written
from web.limiter import SESSION_PREFIX, WRONG_TOKEN
from web.schemas import answers, bodies, told

router = APIRouter(prefix="/v1/session", tags=["session"])


async def open_session(call: Call, body: bodies.SessionBody) -> tuple[Written, str]:
    """What the link opens, and the browser's cookie; a repeated call makes a new session.

    Raises: SignIn for a link that has ended or never was, SlowDown.
    """
    call.limit(near=SESSION_PREFIX)
    if not auth.TOKEN.fullmatch(body.token):
        call.limit(near=WRONG_TOKEN)
        raise SignIn
    cookies: list[str] = []

    def job(tx: Tx, now: datetime) -> dict[str, Any]:
        command = sign_in.OpenLink(token=body.token, cookie=call.credential.cookie, name=body.name)
        opened, cookie = sign_in.open_link(tx, now, command)
        cookies[:] = [cookie]
        return opened

    try:
        done = await call.write(job)
        if done.replayed:
            # A cookie is never stored with an answer. An invite was accepted already: its member comes back.
            token = done.body.get("token") or body.token
            again = sign_in.OpenLink(token=token, cookie=call.credential.cookie)
            _, cookie = await call.flare.store.write(lambda tx, now: sign_in.open_link(tx, now, again))
            cookies[:] = [cookie]
    except SignIn:
        call.limit(near=WRONG_TOKEN)
        raise
    return done, cookies[0]


@router.post(
    "", **told.call("Open a link", body=bodies.SessionBody, answer=answers.SessionView, key=True, open_to_all=True)
)
async def post_session(request: Request) -> Response:
    """Exchanges a link's token, an invite's or a member's own for a session."""
    call = await begin(request, limit=())
    done, cookie = await open_session(call, await call.body(bodies.SessionBody))
    return written(done, {"Set-Cookie": auth.set_cookie(cookie, call.flare.settings)})


@router.delete("", **told.call("Sign out", status=204, open_to_all=True))
async def delete_session(request: Request) -> Response:
    """Ends this browser's session wherever its cookie is held."""
    call = await begin(request)
    cookie = call.credential.cookie
    if cookie is not None and call.viewer.session is not None:
        await call.write(lambda tx, now: sign_in.end_session(tx, now, cookie))
    return written(Written(None, 204), {"Set-Cookie": auth.drop_cookie(call.flare.settings)})
