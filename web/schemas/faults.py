"""What is wrong with a body, field by field, in words a person can act on. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

FAULTS_MAX: Final = 20

_SAYS: Final[dict[str, str]] = {
    "missing": "is needed",
    "extra_forbidden": "is not a field of this call",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "string_pattern_mismatch": "is not in the form this takes",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "is_instance_of": "is of the wrong type",
}


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    """`{field, says}` for each fault, at most FAULTS_MAX. What was sent is not repeated."""
    found = error.errors(include_url=False, include_input=False)
    return [{"field": _field(each["loc"]), "says": _says(each)} for each in found[:FAULTS_MAX]]


def _field(loc: tuple[int | str, ...]) -> str:
    parts = [str(part) for part in loc]
    name = ".".join(parts)[:120]
    # A made-up field name may hold anything: it is told as ASCII, and only as much of it as helps.
    return name.encode("ascii", "backslashreplace").decode() or "body"


def _says(fault: Mapping[str, Any]) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    match kind:
        case "greater_than_equal":
            return f"at least {_number(context['ge'])}"
        case "greater_than":
            return f"more than {_number(context['gt'])}"
        case "less_than_equal":
            return f"at most {_number(context['le'])}"
        case "string_too_long" | "too_long":
            return f"at most {context['max_length']:,} {'characters' if kind == 'string_too_long' else 'of them'}"
        case "string_too_short" | "too_short":
            return "must not be empty"
        case "literal_error" | "enum":
            return f"one of {context.get('expected', 'the known words')}"
        case _:
            return _SAYS.get(kind, str(fault["msg"]))


def _number(bound: float) -> str:
    """A bound as a person writes it: 90 and not 90.0."""
    return f"{int(bound) if bound == int(bound) else bound:,}"


def faults_of_query(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """`{field, says}` for each fault of a path or query."""
    return [{"field": _field(tuple(each["loc"])[1:]), "says": _says(each)} for each in found[:FAULTS_MAX]]
