"""Bytes into JSON values, strictly: what two parsers could read differently is refused.

Python's own json lets NaN, Infinity, 1e400 and repeated names in; a body that means two things
must mean nothing (tests/web/test_bad_input.py). Pure.
"""

import json
import math
from typing import Any

from dispatch.domain import limits
from dispatch.domain.errors import Malformed, TooLarge


def parse(body: bytes, content_type: str) -> object:
    """The value those bytes say.

    Raises: TooLarge, Malformed with the reason.
    """
    if len(body) > limits.BODY_BYTES:
        raise TooLarge(limits.BODY_BYTES)
    _check_type(content_type, bool(body))
    if not body:
        raise Malformed("The body is empty; send a JSON object.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    if text.startswith("\ufeff"):
        raise Malformed("The body begins with a byte order mark; send plain UTF-8.")
    if too_deep(text, limits.BODY_DEPTH):
        raise Malformed(f"The body is nested deeper than {limits.BODY_DEPTH} levels.")
    try:
        value: object = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
        return value
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.") from None


def canonical(value: object) -> bytes:
    """The same bytes for the same value, however it was written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def too_deep(text: str, most: int) -> bool:
    """Is a JSON text nested deeper than that? Looked at before parsing: depth is what costs."""
    if text.count("{") + text.count("[") <= most:
        return False
    depth, quoted, escaped = 0, False, False
    for char in text:
        if quoted:
            quoted, escaped = escaped or char != '"', not escaped and char == "\\"
        elif char == '"':
            quoted = True
        elif char in "{[":
            depth += 1
            if depth > most:
                return True
        elif char in "}]":
            depth -= 1
    return False


def _check_type(content_type: str, has_body: bool) -> None:
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() != "application/json":
        told = "no Content-Type" if not content_type else "another Content-Type"
        raise Malformed(f"The body came with {told}; send application/json." if has_body else "Send a JSON object.")
    for part in rest.split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() not in ("utf-8", "utf8"):
            raise Malformed("JSON is UTF-8; send it as that.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("A name stands twice in one object.")
    return found


def _no_constant(name: str) -> float:
    raise Malformed(f"{name} is not a JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("A number is too large to be one.")
    return number
