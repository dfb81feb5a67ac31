"""Links become sessions: the token of a fragment is exchanged for a cookie, which scripts can't read."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import sign_in
from dispatch.actions.tend_network import alive
from dispatch.domain.errors import Refused, SignIn
from dispatch.domain.visibility import NOBODY
from dispatch.ports import Tx
from web import auth
from web.call import Call, Written, begin, written
from web.limiter import SESSION_PREFIX, WRONG_TOKEN
from web.schemas import answers, bodies, told

WAS, IS, BY = "was", "is", "by"
"""Sessions before and after, by their stored names, and the token that opened one; kept with the answer, untold."""

KeyOf = Callable[[Tx, datetime], str | Refused]
"""The token to open, or why there is none."""

router = APIRouter(prefix="/v1/session", tags=["session"])


async def open_session(call: Call, body: bodies.SessionBody) -> tuple[Written, str]:
    """What the link opens, and the browser's cookie; a repeated call makes a new session.

    Raises: SignIn for a link that has ended or never was, SlowDown.
    """
    await call.limit(near=SESSION_PREFIX)
    if not auth.TOKEN.fullmatch(body.token):
        await call.limit(near=WRONG_TOKEN)
        raise SignIn
    try:
        return await sign_in_with(call, lambda tx, now: body.token, body.name)
    except SignIn:
        await call.limit(near=WRONG_TOKEN)
        raise


async def sign_in_with(call: Call, key: KeyOf, name: str | None = None) -> tuple[Written, str]:
    """What the token opens that `key` gives, and the browser's cookie; a repeated call makes a new session.

    Raises: the refusal that `key` gives instead of a token; SignIn for a link that has ended or never was.
    """
    held = call.credential.cookie
    was = sign_in.session_of(held) if held else None
    # The old cookie ends with the first answer. Were the key its owner's, a repeat would be somebody else's.
    call.viewer = NOBODY
    cookies: list[str] = []

    def job(tx: Tx, now: datetime) -> dict[str, Any] | Refused:
        token = key(tx, now)
        if isinstance(token, Refused):
            return token
        command = sign_in.OpenLink(token=token, cookie=held, name=name)
        opened, cookie = sign_in.open_link(tx, now, command)
        cookies[:] = [cookie]
        return opened | {WAS: was, IS: sign_in.session_of(cookie), BY: token}

    done = await call.write(job)
    was_then, is_now, by = (done.body.pop(each) for each in (WAS, IS, BY))
    if done.replayed:
        # A cookie is never stored with an answer. An invite was accepted already: its member comes back.
        token = done.body.get("token") or by
        lost = is_now if was is not None and was == was_then else None
        cookies[:] = [await call.flare.store.write(lambda tx, now: _again(tx, now, token, held, lost))]
    return done, cookies[0]


def _again(tx: Tx, now: datetime, token: str, held: str | None, lost: str | None) -> str:
    """The cookie of a browser that repeats the call; with it, what it held when the first answer was lost.

    `lost`: the session of that answer, if this browser is the one that got it: it shows the cookie that
    was ended by it.
    """
    _, cookie = sign_in.open_link(tx, now, sign_in.OpenLink(token=token, cookie=held))
    if lost is None:
        return cookie
    session = sign_in.session_of(cookie)
    tx.devices.carry(lost, session)
    for grant in tx.grants.of_session(lost):
        if alive(grant, now):
            sign_in.add_to_session(tx, now, session, grant)
            tx.grants.revoke(grant.token_hash, now)
    return cookie


async def close_session(call: Call) -> dict[str, str]:
    """Ends the session of this browser, if it has one; the header that makes it forget its cookie."""
    cookie = call.credential.cookie
    if cookie is not None and call.viewer.session is not None:

        def job(tx: Tx, now: datetime) -> dict[str, Any]:
            sign_in.end_session(tx, now, cookie)
            return {}

        await call.write(job)
    return {"Set-Cookie": auth.drop_cookie(call.flare.settings)}


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
    return written(Written(None, 204), await close_session(await begin(request)))
