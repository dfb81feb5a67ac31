"""Refusals as HTTP: one table from code to status, one form for every error (RFC 9457).

Invariant: an answer tells a stable code, a sentence and the facts of the refusal; a bug tells only
that there was one (tests/web/test_errors.py).
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import Response

from dispatch.domain.errors import Refused, Replayed

STATUS: Final[dict[str, int]] = {
    "malformed": 400,
    "key-missing": 400,
    "sign-in": 401,
    "not-allowed": 403,
    "foreign-origin": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "seat-taken": 409,
    "already-claimed": 409,
    "own-request": 409,
    "wrong-step": 409,
    "wrong-code": 409,
    "no-more-time": 409,
    "request-over": 409,
    "on-hold": 409,
    "below-claimed": 409,
    "no-more-passes": 409,
    "similar-ask": 409,
    "too-large": 413,
    "invalid": 422,
    "unknown-kind": 422,
    "place-unclear": 422,
    "key-reused": 422,
    "slow-down": 429,
    "headers-too-large": 431,
    "bug": 500,
    "busy": 503,
}
"""Every code there is and its status. A refusal that is not here would be a 500: tests/web/test_errors.py."""

TYPE: Final = "/problems#{code}"
BUG: Final = "Something went wrong on our side. Nothing was lost; try again, and in danger call the emergency number."


def code_of(refusal: Refused) -> str:
    """The stable code; of a refusal given again, the original's."""
    return refusal.original.code if isinstance(refusal, Replayed) else refusal.code


def problem(
    code: str, detail: str, facts: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that says no: `type, title, status, detail, code` and the facts."""
    status = STATUS[code]
    told: dict[str, Any] = {
        "type": TYPE.format(code=code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    for name, value in (facts or {}).items():
        # An ask that is over tells its own `status`: the members of RFC 9457 keep their names.
        told[name if name not in told else f"request_{name}"] = value
    body = json.dumps(told, separators=(",", ":")).encode()
    return Response(body, status, dict(headers or {}), "application/problem+json")


def refused(refusal: Refused, base: str = "") -> Response:
    """The answer to a refusal; links in it are made absolute with `base`."""
    code = code_of(refusal)
    facts = refusal.facts()
    link = facts.get("link")
    if isinstance(link, str) and link.startswith("/"):
        facts = facts | {"link": base + link}
    headers: dict[str, str] = {}
    if isinstance(after := facts.get("retry_after"), int):
        headers["Retry-After"] = str(after)
    if code == "sign-in":
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, Replayed):
        headers["Idempotency-Replayed"] = "true"
    return problem(code, refusal.says, facts, headers)


def by_status(status: int, detail: str = "") -> Response:
    """The same form for what the router itself refuses."""
    said = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 401: "sign-in", 403: "not-allowed"}
    code = said.get(status, "malformed" if status < 500 else "bug")
    words = {"not-found": "There is no such page, or it is not yours to see.", "bug": BUG}
    return problem(code, words.get(code) or detail or HTTPStatus(STATUS[code]).phrase)
