"""How a page's call comes in: the API's own `Call`, with the key and the fields taken from a form.

A form is never trusted more than a program: same origin check, same limits, same key rules (web/call.py). The one
thing added is that the key may stand in a hidden field. Invariant: a form that is sent twice has one effect
(tests/pages/test_ask.py).
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from fastapi import Request, Response

from dispatch.domain import limits
from dispatch.domain.errors import Malformed, TooLarge
from dispatch.runtime import Flare
from web import auth
from web.call import Call, begin

KEY_FIELD: Final = "key"
_WHOLE: Final = re.compile(r"\d{1,11}|\d{1,3}(?:[.,]\d{3}){1,3}")


def flare_of(request: Request) -> Flare:
    """The running Flare behind this request."""
    return cast("Flare", request.app.state.flare)


def new_key() -> str:
    """A key nobody can guess: 22 characters."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Form:
    """What a form sent: the last value of each field, and every value of the repeated ones."""

    pairs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The field without outer blanks."""
        return next((value for key, value in reversed(self.pairs) if key == name), default).strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that name."""
        return tuple(value for key, value in self.pairs if key == name)

    def number(self, name: str, most: int = 10**11) -> int | None:
        """The field as a whole number in anybody's digits, no more than that; None for "20.50", which is not 2,050."""
        text = self.get(name)
        return min(most, int(re.sub("[.,]", "", text))) if _WHOLE.fullmatch(text) else None

    def decimal(self, name: str) -> float | None:
        """The field as a number; None when it is none."""
        try:
            value = float(self.get(name)[:32])
        except ValueError:
            return None
        return value if -1e7 < value < 1e7 else None

    def without_key(self) -> dict[str, Any]:
        """What the key stands for: every field but itself."""
        return {"form": [[key, value] for key, value in self.pairs if key != KEY_FIELD]}


async def look(request: Request) -> Call:
    """The call of somebody who only looks."""
    return await begin(request)


async def form_call(request: Request) -> tuple[Call, Form]:
    """The call and the fields of somebody who changes something.

    Raises: as web.call.begin; TooLarge.
    """
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) > limits.BODY_BYTES:
            raise TooLarge(limits.BODY_BYTES)
    try:
        pairs = parse_qsl(held.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=limits.FORM_FIELDS)
    except ValueError:
        raise Malformed("This form has more fields than any of ours.") from None
    form = Form(tuple((key, value.replace("\r\n", "\n")) for key, value in pairs))
    if "idempotency-key" not in request.headers and (key := form.get(KEY_FIELD)):
        headers = [*request.scope["headers"], (b"idempotency-key", key.encode("ascii", "replace"))]
        request.scope["headers"] = headers
    call = await begin(request)
    call.value = form.without_key()
    return call, form


def with_cookie(response: Response, cookie: str | None, flare: Flare) -> Response:
    """The response, which also signs this browser in when there is a cookie."""
    if cookie:
        response.headers.append("Set-Cookie", auth.set_cookie(cookie, flare.settings))
    return response


def ours(to: str) -> bool:
    """Is that a page of this server, to lead back to? Nothing else is followed."""
    return to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable() and len(to) < 200


def wants_json(request: Request) -> bool:
    """Did our own script send this, rather than the browser by itself?"""
    return request.headers.get("accept", "").startswith("application/json")
