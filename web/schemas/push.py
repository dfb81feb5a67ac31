"""What a browser sends to be told of things while its page is closed."""

from typing import Annotated

from pydantic import Field

from dispatch.domain import limits
from web.schemas.bodies import Body, Lang

Key = Annotated[str, Field(max_length=limits.PUSH_KEY_CHARS)]


class PushKeys(Body):
    """The two keys that messages for one browser are encrypted with, in base64url as it gives them."""

    p256dh: Key
    auth: Key


class PushBody(Body):
    """A browser's push subscription; `lang`: in which language it is told, without it the browser's own."""

    endpoint: Annotated[str, Field(max_length=limits.PUSH_ENDPOINT_CHARS)]
    keys: PushKeys
    expirationTime: float | None = None  # noqa: N815 - the browser's own word for it
    lang: Lang | None = None
