"""What a person sees when something is refused or broken: one sentence, the number to dial, a way on.

Only for pages: whoever asked for JSON, or under /v1, keeps the API's own answers. A bug shows nothing of itself.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from dispatch.domain.errors import Refused
from web.errors import STATUS, code_of
from web.pages.door import wants_json
from web.pages.render import page, reader_of

SAYS: Final = {
    "not-found": ("This page does not exist, or it is not yours to see.", "/"),
    "sign-in": ("Open your link again: this browser does not know you any more.", "/help"),
    "request-over": ("This ask has ended.", "/"),
    "slow-down": ("That was too fast. Wait a moment, then try again.", "/"),
    "busy": ("Flare is busy. Nothing was changed. Try again.", "/"),
    "foreign-origin": ("That came from another page and was refused. Try it from here.", "/"),
    "key-reused": ("This form was sent already. Look again.", "/"),
    "key-missing": ("This form is not complete. Go back and send it again.", "/"),
    "bug": ("Something broke on our side. Your ask is safe. Try again.", "/"),
}


def shown(request: Request, code: str, status: int) -> Response:
    """The page that says so."""
    reader = reader_of(request)
    says, to = SAYS.get(code, ("That did not work. Look again.", "/"))
    back = request.url.path if request.method == "GET" and code in ("busy", "slow-down", "bug") else to
    values = {"title": reader.speak.t(says), "text": None, "to": back}
    return page(request, reader, "say", values, status=status)


def for_people(request: Request) -> bool:
    """Was this asked for by a person's browser, outside the API?"""
    path = request.url.path
    return not path.startswith("/v1") and "text/html" in request.headers.get("accept", "") and not wants_json(request)


def fields_of(refusal: Refused) -> list[str]:
    """The fields it is about, the first one first."""
    errors = refusal.facts().get("errors")
    return [each["field"] for each in errors] if isinstance(errors, list) else []


class PageRoute(APIRoute):
    """A route whose refusals are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with refusals turned into pages."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as refusal:
                if not for_people(request):
                    raise
                code = code_of(refusal)
                return shown(request, code, STATUS[code])
            except RequestValidationError:
                if not for_people(request):
                    raise
                return shown(request, "not-found", 404)

        return handled


def install(api: FastAPI) -> None:
    """An address nobody knows is a page, too, for a person's browser."""
    others = api.exception_handlers.get(HTTPException)

    async def by_router(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if for_people(request) and status in (404, 405):
            return shown(request, "not-found", status)
        if others is None:
            raise error
        found: Response = await others(request, error)  # type: ignore[misc]  # ours are all coroutines
        return found

    api.add_exception_handler(HTTPException, by_router)
