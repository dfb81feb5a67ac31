"""A phone, by HTTP: a code is sent to it; typed back it proves the phone, or signs a member in.

Whoever asks gets the same answer for every number. Where no gateway is set nothing is sent and nothing proved.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dispatch.actions import prove_phone
from dispatch.domain.errors import Busy, NotAllowed, WrongCode
from dispatch.domain.visibility import Viewer
from dispatch.ports import Tx
from web import auth
from web.call import Call, Written, begin, written
from web.limiter import PHONE_GUESS, TEXT_PREFIX
from web.pages.render import LANG_COOKIE
from web.pages.speech import choose
from web.routes.session import sign_in_with
from web.schemas import answers, told
from web.schemas.phone import CodeBody, PhoneBody, PhoneCodeBody

router = APIRouter(prefix="/v1", tags=["phone"])

AWAY_S = 60


def _sends_texts(call: Call) -> None:
    """Raises: NotAllowed where nobody does."""
    if call.flare.texts is None:
        raise NotAllowed("This server sends no text messages: a phone can't be checked here.")


async def code_asked(call: Call, number: str, viewer: Viewer | None) -> Written:
    """The answer that is the same for everybody; a text goes out if there is somebody to reach and room for one.

    Raises: NotAllowed, SlowDown, SignIn; Busy while what all workers count together is not to be had.
    """
    _sends_texts(call)
    prefixes = call.flare.settings.sms_countries
    accepted = call.request.headers.get("accept-language")
    lang = choose(call.request.query_params.get("lang"), call.request.cookies.get(LANG_COOKIE), accepted)

    async with call.limited(near=TEXT_PREFIX) as count:
        if call.limiter.away:
            raise Busy(AWAY_S)

        def job(tx: Tx, now: datetime) -> dict[str, Any]:
            count()
            command = prove_phone.AskCode(number=number, viewer=viewer, prefixes=prefixes, lang=lang)
            return prove_phone.ask_code(tx, now, command)

        return await call.write(job, 202)


async def code_typed(call: Call, code: str) -> Written:
    """Me, with a phone that is proved.

    Raises: WrongCode, SlowDown, SignIn, NotAllowed.
    """
    _sends_texts(call)
    await call.limit(near=PHONE_GUESS)

    def job(tx: Tx, now: datetime) -> dict[str, Any] | WrongCode:
        return prove_phone.check_code(tx, now, call.viewer, code)

    return await call.write(job)


async def signed_in(call: Call, number: str, code: str) -> tuple[Written, str]:
    """What the member's sign-in opened, and the browser's cookie.

    Raises: WrongCode, SlowDown, NotAllowed.
    """
    _sends_texts(call)
    await call.limit(near=PHONE_GUESS)
    return await sign_in_with(call, lambda tx, now: prove_phone.token_for(tx, now, number, code))


@router.post(
    "/me/phone",
    **told.call("Send me a code", body=PhoneBody, answer=answers.CodeAskedView, status=202, key=True, refuses=(403,)),
)
async def post_phone(request: Request) -> Response:
    """A code of six digits to that number, as long as it and its country have room for one."""
    call = await begin(request)
    _ = call.person_id
    body = await call.body(PhoneBody)
    return written(await code_asked(call, body.phone, call.viewer))


@router.post(
    "/me/phone/check",
    **told.call("This is the code", body=CodeBody, answer=answers.MeView, key=True, refuses=(403, 409)),
)
async def post_check(request: Request) -> Response:
    """Proves the phone the newest code went to. Five tries, ten minutes."""
    call = await begin(request)
    _ = call.person_id
    body = await call.body(CodeBody)
    return written(await code_typed(call, body.code))


@router.post(
    "/session/phone",
    **told.call(
        "Send a code to sign in with",
        body=PhoneBody, answer=answers.CodeAskedView, status=202, key=True, refuses=(403,), open_to_all=True,
    ),
)  # fmt: skip
async def post_sign_in(request: Request) -> Response:
    """For a member who proved that number. Nobody learns from the answer whether there is one."""
    call = await begin(request)
    body = await call.body(PhoneBody)
    return written(await code_asked(call, body.phone, None))


@router.post(
    "/session/phone/check",
    **told.call(
        "Sign in with a code",
        body=PhoneCodeBody, answer=answers.SessionView, key=True, refuses=(403, 409), open_to_all=True,
    ),
)  # fmt: skip
async def post_sign_in_check(request: Request) -> Response:
    """Signs this browser in as the member who proved that number last."""
    call = await begin(request)
    body = await call.body(PhoneCodeBody)
    done, cookie = await signed_in(call, body.phone, body.code)
    return written(done, {"Set-Cookie": auth.set_cookie(cookie, call.flare.settings)})
