"""`/phone`: a code proves a phone; whoever proved one signs in by it in another browser. Two forms, no script.

What is said is the same for every number (actions/prove_phone.py); where no texts are sent the page says so.
"""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from dispatch.actions import set_me
from dispatch.domain.errors import Invalid, Refused, Replayed, SignIn, WrongCode
from dispatch.domain.people import Person
from dispatch.domain.phone import number_of
from dispatch.domain.plain_text import in_plain_digits
from web.errors import STATUS, code_of
from web.pages.door import flare_of, form_call, look, ours, with_cookie
from web.pages.faults import PageRoute
from web.pages.follow import link_page
from web.pages.render import Reader, page, reader_of
from web.routes.phone import code_asked, code_typed, signed_in
from web.schemas.phone import is_code

router = APIRouter(include_in_schema=False, route_class=PageRoute)

HERE = "/phone"
BACK = "/help"


def _page(
    request: Request,
    reader: Reader,
    *,
    to: str = BACK,
    person: Person | None = None,
    number: str = "",
    asked: bool = False,
    fault: Markup | None = None,
    status: int = 200,
) -> Response:
    """Either form: the number, or once a code was asked for the code. `person` None: somebody who signs in."""
    values = {
        "to": to,
        "me": person,
        "number": number,
        "asked": asked,
        "fault": fault,
        "texts": flare_of(request).texts is not None,
        "action": HERE if person is not None else f"{HERE}/in",
    }
    return page(request, reader, "phone", values, status=status)


@router.get(HERE)
async def phone_page(request: Request) -> Response:
    """My number, and whether it is proved; after a code was asked for, the place to type it."""
    call = await look(request)
    try:
        person = await call.read(lambda tx, now: set_me.me(tx, call.viewer))
    except SignIn:
        return link_page(request, HERE, status=401)
    asked = "asked" in request.query_params
    return _page(request, reader_of(request), to=_to(request), person=person, number=person.phone or "", asked=asked)


def _to(request: Request, wanted: str = "") -> str:
    to = wanted or request.query_params.get("to", "")
    return to if ours(to) else BACK


@router.post(HERE)
async def send_code(request: Request) -> Response:
    """A code is sent to the number that was typed."""
    call, form = await form_call(request)
    person = await call.read(lambda tx, now: set_me.me(tx, call.viewer))
    to, typed = _to(request, form.get("to")), form.get("phone")
    try:
        number = number_of(typed)
    except Invalid as fault:
        reader = reader_of(request)
        return _page(request, reader, to=to, person=person, number=typed, fault=_says(reader, fault), status=422)
    await code_asked(call, number, call.viewer)
    return RedirectResponse(f"{HERE}?asked=1&to={quote(to)}", status_code=303)


@router.post(f"{HERE}/check")
async def check(request: Request) -> Response:
    """The code; back to where one came from."""
    call, form = await form_call(request)
    person = await call.read(lambda tx, now: set_me.me(tx, call.viewer))
    to = _to(request, form.get("to"))
    try:
        await code_typed(call, _code(form.get("code")))
    except (WrongCode, Invalid, Replayed) as fault:
        reader, status = reader_of(request), STATUS[code_of(fault)]
        return _page(request, reader, to=to, person=person, asked=True, fault=_says(reader, fault), status=status)
    return RedirectResponse(to, status_code=303)


@router.post(f"{HERE}/in")
async def send_sign_in(request: Request) -> Response:
    """The place to type the code, whoever has that number, or nobody."""
    call, form = await form_call(request)
    reader, typed = reader_of(request), form.get("phone")
    try:
        number = number_of(typed)
    except Invalid as fault:
        return _page(request, reader, number=typed, fault=_says(reader, fault), status=422)
    await code_asked(call, number, None)
    return _page(request, reader, number=number, asked=True)


@router.post(f"{HERE}/in/check")
async def sign_in(request: Request) -> Response:
    """Signed in as the member who proved that number last."""
    call, form = await form_call(request)
    number = number_of(form.get("phone"))
    try:
        _, cookie = await signed_in(call, number, _code(form.get("code")))
    except (WrongCode, Invalid, Replayed) as fault:
        reader, status = reader_of(request), STATUS[code_of(fault)]
        return _page(request, reader, number=number, asked=True, fault=_says(reader, fault), status=status)
    return with_cookie(RedirectResponse(BACK, status_code=303), cookie, call.flare)


def _code(typed: str) -> str:
    """What was typed. Raises: Invalid: what can't be a code costs no try."""
    code = in_plain_digits(typed)
    if not is_code(code):
        raise Invalid([{"field": "code", "says": "six digits"}])
    return code


def _says(reader: Reader, fault: Refused) -> Markup:
    if isinstance(fault, Invalid):
        about_code = fault.errors[0]["field"] == "code"
        return reader.speak.t("The code has six digits." if about_code else "Type it with + and the country code.")
    left = fault.facts().get("tries_left")
    if isinstance(left, int) and left > 0:
        one, other = "That is not the code. {n} try left.", "That is not the code. {n} tries left."
        return reader.speak.tn(one, other, left)
    return reader.speak.t("That is not the code, or it lasts no longer. Ask for a new one.")
