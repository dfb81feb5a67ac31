"""What a text message says, in its reader's language: a code, how long it lasts, and never a link.

Never a name or a place: a phone shows its messages to whoever holds it, and a number can be mistyped.
"""

from datetime import datetime, timedelta
from typing import Final

from dispatch.actions.prove_phone import still_to_send
from dispatch.domain import limits
from dispatch.ports import OutboxItem, Text, Tx
from web.pages.speech import LANGUAGES, Speaker, zone_named

SAYS: Final = "{code} is your Flare code. It lasts {n} minutes. Nobody of Flare will ever ask you for it."


def write(tx: Tx, now: datetime, item: OutboxItem) -> Text | None:
    """The message in its final words; None when there is nobody to send it to, or it is too late."""
    held = still_to_send(tx, now, item)
    if held is None or held.code is None:
        return None
    speak = Speaker(held.lang if held.lang in LANGUAGES else "en", zone_named("UTC"))
    minutes = limits.PHONE_CODE_LIFE // timedelta(minutes=1)
    return Text(to=held.number, text=speak.plain(SAYS, code=held.code, n=str(minutes)))
