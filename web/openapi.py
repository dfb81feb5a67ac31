"""/openapi.json: what FastAPI knows of the routes, completed with our bodies, answers and the problem."""

from importlib import metadata
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from web import asyncapi
from web.auth import SECURE_NAME
from web.call import answer
from web.errors import STATUS
from web.schemas.told import SCHEMAS

PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457. The facts of the refusal stand beside these members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "enum": sorted(STATUS)},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "says"],
                "properties": {"field": {"type": "string"}, "says": {"type": "string"}},
            },
        },
        "retry_after": {"type": "integer"},
        "seats_open": {"type": "integer"},
        "link": {"type": "string"},
    },
}
SECURITY: Final[dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A member's token or a link's."},
    "cookie": {"type": "apiKey", "in": "cookie", "name": SECURE_NAME, "description": "A browser's session."},
}
DROPPED: Final = ("HTTPValidationError", "ValidationError")

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def openapi_json(request: Request) -> Response:
    """The API, described."""
    return answer(request.app.openapi(), headers={"Cache-Control": "public, max-age=300"})


@router.get("/asyncapi.json")
async def asyncapi_json(request: Request) -> Response:
    """The live stream, described."""
    return answer(asyncapi.document(), headers={"Cache-Control": "public, max-age=300"})


def install(api: FastAPI) -> None:
    """Gives the application its description, made when it is first asked for."""

    def described() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _described(api)
        return api.openapi_schema

    api.openapi = described  # type: ignore[method-assign]  # FastAPI's own way of extending it


def _described(api: FastAPI) -> dict[str, Any]:
    told = get_openapi(
        title="Flare",
        version=metadata.version("flare-dispatch"),
        description="Somebody is stranded; their own people take seats. The live stream: /asyncapi.json.",
        routes=api.routes,
    )
    for route in api.routes:
        if isinstance(route, APIRoute) and route.include_in_schema and route.openapi_extra:
            for method in route.methods or ():
                operation = told["paths"].get(route.path_format, {}).get(method.lower())
                if operation is not None:
                    # FastAPI's own idea of an answer and of a 422 is not ours.
                    operation["responses"] = route.openapi_extra["responses"]
                    operation["operationId"] = route.name
    parts = told.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in DROPPED:
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM} | SCHEMAS
    parts["securitySchemes"] = SECURITY
    return told
