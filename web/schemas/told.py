"""What /openapi.json says of a call: its body, answers, refusals, how to sign in. Pure data, built at import."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from dispatch.domain.limits import KEY_MAX, KEY_MIN

REF: Final = "#/components/schemas/{model}"
SCHEMAS: Final[dict[str, Any]] = {}
"""Every shape that some call names, by its name."""

KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Made once per action and kept across retries: the same key and body give the same answer.",
    "schema": {
        "type": "string",
        "minLength": KEY_MIN,
        "maxLength": KEY_MAX,
        "pattern": f"^[!-~]{{{KEY_MIN},{KEY_MAX}}}$",
    },
}
SIGNED: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"cookie": []}]
ANYBODY: Final[list[dict[str, list[str]]]] = [*SIGNED, {}]

_WHEN: Final = {
    400: "The bytes can't be read, or the key is missing.",
    401: "Nobody is signed in.",
    403: "Not yours to do, or a page of another site.",
    404: "It does not exist, or it is somebody else's.",
    409: "The world has moved on: the facts say how.",
    413: "Too much for one message.",
    422: "A field can't be used; each one is named.",
    429: "Too many at once; Retry-After says when.",
    503: "Busy; nothing was changed.",
}


def shape(model: type[BaseModel]) -> dict[str, str]:
    """A reference to the model's schema, which is kept in SCHEMAS with everything it names."""
    schema = model.model_json_schema(ref_template=REF, mode="validation", by_alias=True)
    SCHEMAS.update(schema.pop("$defs", {}))
    SCHEMAS[model.__name__] = schema
    return {"$ref": REF.format(model=model.__name__)}


def call(
    summary: str,
    *,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    key: bool = False,
    refuses: Sequence[int] = (),
    open_to_all: bool = False,
) -> dict[str, Any]:
    """Keyword arguments for a route: everything its documentation needs."""
    told: dict[str, Any] = {"description": "Done." if answer is None else (answer.__doc__ or "").split("\n")[0]}
    if answer is not None:
        told["content"] = {"application/json": {"schema": shape(answer)}}
    if status == 201 or key:
        told["headers"] = {
            "Idempotency-Replayed": {"description": "true: answered before", "schema": {"type": "string"}}
        }
    responses: dict[str, Any] = {str(status): told}
    always = (400, 401, 413, 422) if body is not None else (401, 422)
    for code in sorted({*always, *refuses, 429, 503}):
        if code == 429 and not (key or body or 429 in refuses):
            continue
        content = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
        responses[str(code)] = {"description": _WHEN[code], "content": content}
    extra: dict[str, Any] = {"responses": responses, "security": ANYBODY if open_to_all else SIGNED}
    if body is not None:
        needed = any(field.is_required() for field in body.model_fields.values())
        extra["requestBody"] = {"required": needed, "content": {"application/json": {"schema": shape(body)}}}
    if key:
        extra["parameters"] = [KEY]
    return {"summary": summary, "status_code": status, "openapi_extra": extra}
