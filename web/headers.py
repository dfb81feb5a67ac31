"""What every answer carries beside its body. Set by name; a route may say otherwise for itself."""

from typing import Final

CSP: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For answers that are no page. Pages set their own."""

ALWAYS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(self)"),
    (b"cache-control", b"no-store"),
)
"""Given unless the answer has a header of that name. A value must not end in a space: uvicorn would send nothing."""

OF_DOCUMENTS: Final = frozenset(
    {b"content-security-policy", b"referrer-policy", b"cross-origin-opener-policy", b"permissions-policy"}
)
"""What browsers heed on pages and workers alone. Files that are kept for ever are neither, and go over bad lines."""

HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
"""Behind TLS only."""


def completed(headers: list[tuple[bytes, bytes]], secure: bool, request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, with everything that was not said."""
    said = {name.lower() for name, _ in headers}
    if any(name.lower() == b"cache-control" and b"immutable" in value for name, value in headers):
        said |= OF_DOCUMENTS
    added = [pair for pair in ALWAYS if pair[0] not in said]
    if secure and HSTS[0] not in said:
        added.append(HSTS)
    return [*headers, *added, (b"x-request-id", request_id.encode())]
