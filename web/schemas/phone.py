"""What may be sent to prove a phone, or to sign in by one."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dispatch.domain import limits
from dispatch.domain.errors import Invalid
from dispatch.domain.phone import number_of
from web.schemas.bodies import Body


def _number(text: str) -> str:
    try:
        return number_of(text)
    except Invalid as fault:
        raise PydanticCustomError("phone", "{says}", {"says": fault.errors[0]["says"]}) from None


Number = Annotated[
    str,
    Field(max_length=limits.PHONE_CHARS, description="With + and the country code, as in +17605550142."),
    AfterValidator(_number),
]
Code = Annotated[str, Field(pattern=rf"^[0-9]{{{limits.PHONE_CODE_DIGITS}}}$")]


def is_code(text: str) -> bool:
    """Can that be a code at all?"""
    return len(text) == limits.PHONE_CODE_DIGITS and text.isascii() and text.isdigit()


class PhoneBody(Body):
    """The number a code shall be sent to."""

    phone: Number


class CodeBody(Body):
    """The code that was sent."""

    code: Code


class PhoneCodeBody(Body):
    """The number, and the code that was sent to it."""

    phone: Number
    code: Code
